//! Tokens as they come to the page, and what they allow it to offer. Pure.

use serde_json::Value;

use crate::answers::{text, texts};
use crate::dictionary::Term;
use crate::summary::shorten;

/// What stands before the token in the fragment of a link that signs a browser in.
const FRAGMENT: &str = "#login=";
/// Longest token that is read, bytes: what servers read of a request's head is not much more.
const TOKEN_BYTES_MAX: usize = 8_192;

/// What signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential<'a> {
    /// A token.
    Token(&'a str),
    /// What a link carries, to be exchanged for a token, and the server that it is for; empty, if there is only a fragment.
    Link(&'a str, &'a str),
}

/// Whether the fragment of an address is that of a link.
#[must_use]
pub fn is_link(fragment: &str) -> bool {
    fragment.starts_with(FRAGMENT)
}

/// What signs in, in a text: a token by itself, or a link or its fragment. `None`: there is none.
#[must_use]
pub fn read<'a>(text: &'a str) -> Option<Credential<'a>> {
    let text = text.trim();
    let (token, link) = match text.split_once(FRAGMENT) {
        Some((link, token)) => (token, Some(link)),
        None => (text, None),
    };
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let is_token =
        token.len() <= TOKEN_BYTES_MAX && token.split('.').count() == 3 && token.split('.').all(is_part);
    let of_address = |link: &'a str| link.split('?').next().unwrap_or_default().trim_end_matches('/');
    is_token.then(|| match link {
        Some(link) => Credential::Link(token, of_address(link)),
        None => Credential::Token(token),
    })
}

/// Why spells are not offered to whom `GET /whoami` tells of, and who that is; `None`: they are.
#[must_use]
pub fn without_spells(who: &Value) -> Option<(String, Term)> {
    let why = if !may(who, "cast") {
        Term::MayNotCast
    } else if !is_of(who, arcane_shared::room::DEFAULT_ROOM) {
        Term::MayNotCastHere
    } else {
        return None;
    };
    Some((shorten(text(who, "subject"), 40), why))
}

/// Why whom `GET /whoami` tells of cannot say in a room that a failure was seen; empty: it is offered.
#[must_use]
pub fn without_seen(who: &Value, room: &str) -> String {
    if may(who, "answer") && is_of(who, room) {
        return String::new();
    }
    [&shorten(text(who, "subject"), 40), " may read here, and not say that a failure was seen."].concat()
}

fn may(who: &Value, right: &str) -> bool {
    texts(&who["can"]).iter().any(|can| can == right)
}

fn is_of(who: &Value, room: &str) -> bool {
    texts(&who["rooms"]).iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(beginning) => room.starts_with(beginning),
        None => pattern == room,
    })
}

/// Who is signed in, and until when; empty: nobody has to.
#[must_use]
pub fn user(who: &Value) -> String {
    match text(who, "expires_at").get(..16) {
        Some(until) => {
            [&shorten(text(who, "subject"), 40), " until ", &until.replace('T', " "), " UTC"].concat()
        }
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_token_is_read_by_itself_or_from_a_link() {
        for text in ["a.b-_.C9", " a.b-_.C9\n"] {
            assert_eq!(read(text), Some(Credential::Token("a.b-_.C9")), "{text}");
        }
        for (text, server) in [
            ("https://bus.example/arcane/#login=a.b-_.C9", "https://bus.example/arcane"),
            ("http://127.0.0.1:8000/?room=lab#login=a.b-_.C9", "http://127.0.0.1:8000"),
            ("#login=a.b-_.C9", ""),
        ] {
            assert_eq!(read(text), Some(Credential::Link("a.b-_.C9", server)), "{text}");
        }
        for text in
            ["", "a.b", "a..c", "a.b.c.d", "a b.c.d", "a.b.c,evil", "http://a.b.c/", "#login=", "ä.b.c"]
        {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read(&format!("a.b.{}", "c".repeat(TOKEN_BYTES_MAX))), None);
        assert!(is_link("#login=x") && !is_link("#log"));
    }

    #[test]
    fn spells_are_offered_to_those_who_may_cast_them() {
        let why = |can: &[&str], rooms: &[&str]| {
            without_spells(&json!({"subject": "ada", "can": can, "rooms": rooms}))
        };
        assert_eq!(why(&["subscribe", "cast"], &["*"]), None);
        assert_eq!(why(&["cast"], &["lab", "ma*"]), None);
        assert_eq!(why(&["subscribe"], &["*"]), Some(("ada".into(), Term::MayNotCast)));
        assert_eq!(why(&["cast"], &["lab", "team-*"]), Some(("ada".into(), Term::MayNotCastHere)));
    }

    #[test]
    fn who_may_publish_in_a_room_may_say_there_that_a_failure_was_seen() {
        let is_offered = |can: &[&str], rooms: &[&str], room: &str| {
            without_seen(&json!({"subject": "ada", "can": can, "rooms": rooms}), room).is_empty()
        };
        assert!(is_offered(&["subscribe", "cast", "answer"], &["*"], "main"));
        assert!(is_offered(&["answer"], &["lab*"], "lab-2"));
        assert!(!is_offered(&["subscribe", "publish"], &["*"], "main"));
        assert!(!is_offered(&["answer"], &["lab"], "main"));
    }

    #[test]
    fn who_is_signed_in_has_an_end() {
        let who = json!({"subject": "ada", "expires_at": "2026-01-02T03:04:05.000000"});
        assert_eq!(user(&who), "ada until 2026-01-02 03:04 UTC");
        assert_eq!(user(&json!({"subject": "anonymous"})), "");
    }
}
