//! Tokens as they come to the page, and what they allow it to offer. Pure.

use serde_json::Value;

use crate::answers::{text, texts};
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

/// Why spells are not offered to whom `GET /whoami` tells of; empty: they are.
#[must_use]
pub fn without_spells(who: &Value) -> String {
    let acts_in = arcane_shared::room::DEFAULT_ROOM;
    let is_in = |pattern: &String| match pattern.strip_suffix('*') {
        Some(beginning) => acts_in.starts_with(beginning),
        None => pattern == acts_in,
    };
    let why = if !texts(&who["can"]).iter().any(|right| right == "cast") {
        " may read here, and not cast spells."
    } else if !texts(&who["rooms"]).iter().any(is_in) {
        " may not cast spells: they act in the room main."
    } else {
        return String::new();
    };
    [&shorten(text(who, "subject"), 40), why].concat()
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
        assert_eq!(why(&["subscribe", "cast"], &["*"]), "");
        assert_eq!(why(&["cast"], &["lab", "ma*"]), "");
        assert_eq!(why(&["subscribe"], &["*"]), "ada may read here, and not cast spells.");
        assert_eq!(why(&["cast"], &["lab", "team-*"]), "ada may not cast spells: they act in the room main.");
    }

    #[test]
    fn who_is_signed_in_has_an_end() {
        let who = json!({"subject": "ada", "expires_at": "2026-01-02T03:04:05.000000"});
        assert_eq!(user(&who), "ada until 2026-01-02 03:04 UTC");
        assert_eq!(user(&json!({"subject": "anonymous"})), "");
    }
}
