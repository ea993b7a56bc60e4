//! Secrets in texts, masked: those that are known by their beginning, by the name before them, or by where they stand. Pure.

mod flags;
mod kinds;
mod named;
mod word;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use kinds::{KINDS, Kind};
use named::is_plain;
use serde_json::Value;

/// What stands in the place of a secret.
pub(crate) const MASK: &str = "[masked]";

/// Kinds by their first letter.
static BY_FIRST: LazyLock<Vec<Vec<&'static Kind>>> = LazyLock::new(|| {
    let mut by_first: Vec<Vec<&'static Kind>> = (0..256).map(|_| Vec::new()).collect();
    for kind in KINDS {
        by_first[usize::from(kind.0.as_bytes()[0])].push(kind);
    }
    by_first
});

/// Addresses whose last parts are secrets.
const SECRET_ADDRESSES: [&str; 5] = [
    "hooks.slack.com/services/",
    "discord.com/api/webhooks/",
    "discordapp.com/api/webhooks/",
    "webhook.office.com/webhookb2/",
    "api.telegram.org/bot",
];

/// Most levels of a value of which something is told.
const DEPTH_MAX: usize = 16;

/// Whether the value of a field of JSON is a secret by the field's name.
pub(crate) fn is_secret(name: &str, value: &Value) -> bool {
    let is_plain = matches!(value, Value::Null | Value::Bool(_));
    !is_plain && named::is_secret(name, value.is_number())
}

/// How far behind the end of a beginning it is looked for the rest of a secret, bytes.
const AHEAD_BYTES: usize = 4096;

/// The beginning of a text, at most so many bytes. One that is cut has no secret left, nor the beginning of one: by its beginning
/// alone it would not be known. One that is whole is masked by who tells of it.
pub(crate) fn beginning(text: &str, bytes_max: usize) -> Cow<'_, str> {
    if text.len() <= bytes_max {
        return Cow::Borrowed(text);
    }
    let clean = masked(&text[..text.floor_char_boundary(bytes_max.saturating_add(AHEAD_BYTES))]);
    Cow::Owned(clean[..clean.floor_char_boundary(bytes_max)].to_owned())
}

/// The text with every secret masked that is known for one.
pub(crate) fn masked(text: &str) -> Cow<'_, str> {
    let mut spans = Vec::new();
    known_by_beginning(text, &mut spans);
    key_blocks(text, &mut spans);
    addresses(text, &mut spans);
    named::find(text, &mut spans);
    flags::find(text, &mut spans);
    if spans.is_empty() {
        return Cow::Borrowed(text);
    }
    spans.sort_by_key(|span| span.start);
    let (mut out, mut done) = (String::with_capacity(text.len()), 0);
    for span in spans {
        if span.end <= done {
            continue;
        }
        if span.start > done || out.is_empty() {
            out.push_str(&text[done..span.start]);
            out.push_str(MASK);
        }
        done = span.end;
    }
    out.push_str(&text[done..]);
    Cow::Owned(out)
}

/// A value of JSON with every secret masked that is known for one, and that has as many bytes of text as are told of it: in the
/// text of the whole value lines are not told apart, and what stands in quotes is one word. Texts that are JSON are values, too.
pub(crate) fn masked_within(value: &Value, bytes_max: usize) -> Value {
    within(value, DEPTH_MAX, &mut bytes_max.clone())
}

fn within(value: &Value, depth: usize, left: &mut usize) -> Value {
    match value {
        Value::String(_) | Value::Array(_) | Value::Object(_) if depth == 0 || *left == 0 => Value::Null,
        Value::String(text) => {
            if text.starts_with(['{', '[', '"'])
                && let Ok(inner @ (Value::Object(_) | Value::Array(_) | Value::String(_))) =
                    serde_json::from_str(text)
            {
                return Value::String(within(&inner, depth - 1, left).to_string());
            }
            let text = beginning(text, *left);
            *left -= text.len();
            Value::String(masked(&text).into_owned())
        }
        Value::Array(all) => all.iter().map(|one| within(one, depth - 1, left)).collect(),
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| {
                let is_secret = is_secret(name, value);
                let value = if is_secret { Value::from(MASK) } else { within(value, depth - 1, left) };
                (masked(name).into_owned(), value)
            };
            fields.iter().map(field).collect()
        }
        plain => plain.clone(),
    }
}

/// Secrets whose first letters say what they are.
fn known_by_beginning(text: &str, spans: &mut Vec<Range<usize>>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut in_word = false;
    while at < bytes.len() {
        let starts = !in_word;
        in_word = bytes[at].is_ascii_alphanumeric() || bytes[at] == b'_';
        if starts
            && in_word
            && let Some(end) = end_of_known(bytes, at)
        {
            spans.push(at..end);
            at = end;
            in_word = false;
            continue;
        }
        at += 1;
    }
}

fn end_of_known(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at..];
    let of_kind = BY_FIRST[usize::from(rest[0])].iter().find_map(|Kind(prefix, letters, min)| {
        let tail = rest.strip_prefix(prefix.as_bytes())?;
        let len = tail.iter().take_while(|letter| letters.has(**letter)).count();
        (len >= *min).then_some(at + prefix.len() + len)
    });
    of_kind.or_else(|| bot_token(rest).map(|len| at + len))
}

/// A number and a key of 35 letters with a colon between: how Telegram names its bots.
fn bot_token(rest: &[u8]) -> Option<usize> {
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let key = (8..=12).contains(&digits).then(|| rest.get(digits + 1..))??;
    let len = key.iter().take_while(|letter| kinds::Letters::Word.has(**letter)).count();
    (rest[digits] == b':' && len >= 30).then_some(digits + 1 + len)
}

/// Private keys as they stand in files.
fn key_blocks(text: &str, spans: &mut Vec<Range<usize>>) {
    let mut from = 0;
    while let Some(begin) = text[from..].find("-----BEGIN ").map(|at| from + at) {
        let head = &text[begin..text.floor_char_boundary(begin + 80)];
        let end = text[begin..].find("-----END ").map_or(text.len(), |at| {
            let end = begin + at + "-----END ".len();
            text[end..].find("-----").map_or(text.len(), |at| end + at + "-----".len())
        });
        if head.contains("PRIVATE KEY") {
            spans.push(begin..end);
        }
        from = end.max(begin + 1);
    }
}

/// Passwords in addresses, and addresses that are secrets.
fn addresses(text: &str, spans: &mut Vec<Range<usize>>) {
    let mut from = 0;
    while let Some(at) = text[from..].find("://").map(|at| from + at + 3) {
        let len = text[at..].find(|c: char| c.is_whitespace() || "/?#\"'`<>".contains(c));
        let authority = &text[at..len.map_or(text.len(), |len| at + len)];
        // Behind `ssh://` and the like is who signs in; behind `https://` mostly a token.
        let is_of_web = ["http://", "https://"].iter().any(|scheme| text[..at].ends_with(scheme));
        if let Some(user) = authority.rfind('@')
            && (authority[..user].contains(':') || user >= 20 || is_of_web)
            && !is_plain(&authority[..user])
        {
            spans.push(at..at + user);
        }
        from = at;
    }
    for address in SECRET_ADDRESSES {
        let mut from = 0;
        while let Some(at) = text[from..].find(address).map(|at| from + at + address.len()) {
            let len = text[at..].find(|c: char| c.is_whitespace() || "\"'`<>)".contains(c));
            let end = len.map_or(text.len(), |len| at + len);
            if end > at {
                spans.push(at..end);
            }
            from = end;
        }
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_of_shells;
