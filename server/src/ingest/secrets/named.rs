//! Secrets that are known by the name before them: `password=…`, `--token …`, `Authorization: …`. Pure.

use std::ops::Range;

use super::MASK;

/// Ends of names of secrets, without `_`, `-` and `.`, in lower case.
const NAMES: [&str; 21] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "authkey",
    "accountkey",
    "sharedaccesskey",
    "encryptionkey",
    "signingkey",
    "masterkey",
    "credential",
    "credentials",
    "signature",
    "authorization",
    "cookie",
];
/// Names that are so only as a whole, or behind a `_`, `-` or `.`: `DB_PASS`, not `bypass`.
const WHOLE_NAMES: [&str; 9] = ["pat", "sig", "pass", "auth", "bearer", "jwt", "otp", "pw", "psw"];
/// Names whose secret goes to the end of the line.
const OF_A_LINE: [&str; 2] = ["authorization", "cookie"];
/// Names of counts as well.
const ALSO_COUNTS: [&str; 3] = ["token", "signature", "sig"];
/// Schemes before a credential.
const SCHEMES: [&str; 3] = ["bearer ", "basic ", "token "];
/// Longest name that is looked at, bytes.
const NAME_BYTES_MAX: usize = 64;
/// Shortest credential after a scheme.
const CREDENTIAL_MIN: usize = 8;

/// Adds where they are.
pub(super) fn find(text: &str, spans: &mut Vec<Range<usize>>) {
    assigned(text, spans);
    after_schemes(text, spans);
}

/// Whether a value of this name is a secret.
pub(super) fn is_secret(name: &str, is_number: bool) -> bool {
    match named(name) {
        Some(Named::SecretUnlessNumber) => !is_number,
        Some(_) => true,
        None => false,
    }
}

/// What a name says of what follows.
enum Named {
    Secret,
    SecretLine,
    SecretUnlessNumber,
}

fn named(name: &str) -> Option<Named> {
    let plain: String =
        name.chars().filter(|c| !matches!(c, '_' | '-' | '.')).collect::<String>().to_ascii_lowercase();
    let last = name.rsplit(['_', '-', '.']).next().unwrap_or_default().to_ascii_lowercase();
    let is_named = NAMES.iter().any(|end| plain.ends_with(end)) || WHOLE_NAMES.contains(&last.as_str());
    if !is_named {
        return None;
    }
    let ends = |words: &[&str]| words.iter().any(|word| plain.ends_with(word));
    Some(match () {
        () if ends(&OF_A_LINE) => Named::SecretLine,
        () if ends(&ALSO_COUNTS) => Named::SecretUnlessNumber,
        () => Named::Secret,
    })
}

/// `name=value`, `name: value`, `"name": "value"`.
fn assigned(text: &str, spans: &mut Vec<Range<usize>>) {
    for (at, sign) in text.match_indices(['=', ':']) {
        let before = text[..at].trim_end_matches([' ', ':']).trim_end_matches(['"', '\'', ']']);
        let head = before.len().saturating_sub(NAME_BYTES_MAX);
        let head = &before[before.ceil_char_boundary(head)..];
        let start = head
            .rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')))
            .map_or(0, |n| n + head[n..].chars().next().map_or(1, char::len_utf8));
        let Some(kind) = named(&head[start..]) else { continue };
        let begin = at + sign.len();
        // `::` and `:=` and `==` of programs.
        let rest = text[begin..].trim_start_matches([':', '=']);
        let rest = rest.trim_start_matches([' ', '\t']);
        let Some(value) = value_of(rest, matches!(kind, Named::SecretLine)) else { continue };
        let is_number = value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        if is_number && matches!(kind, Named::SecretUnlessNumber) {
            continue;
        }
        let from = text.len() - rest.len() + (value.as_ptr() as usize - rest.as_ptr() as usize);
        spans.push(from..from + value.len());
    }
}

/// The value at a text's beginning; `None`: there is none, or it is no secret but the name of a variable.
fn value_of(rest: &str, is_line: bool) -> Option<&str> {
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'));
    let value = match quote {
        Some(quote) => rest[1..].split([quote, '\n']).next()?,
        None if is_line => rest.split(['\n', '"', '\'']).next()?,
        None => rest.split(|c: char| c.is_whitespace() || ",;&)}]|<>\"'`".contains(c)).next()?,
    };
    let is_variable = value.starts_with(['$', '<', '{', '%', '('])
        || value.starts_with(MASK.trim_end_matches(']'))
        || matches!(value, "true" | "false" | "null" | "None" | "");
    (!is_variable).then_some(value)
}

/// `Bearer …`, `Basic …`, wherever they stand.
fn after_schemes(text: &str, spans: &mut Vec<Range<usize>>) {
    let lower = text.to_ascii_lowercase();
    for scheme in SCHEMES {
        for (at, _) in lower.match_indices(scheme) {
            let from = at + scheme.len();
            let len = text[from..]
                .find(|c: char| c.is_whitespace() || ",;\"'`<>)".contains(c))
                .unwrap_or(text.len() - from);
            let value = &text[from..from + len];
            let starts = at == 0 || !lower.as_bytes()[at - 1].is_ascii_alphanumeric();
            let looks = value.bytes().any(|byte| byte.is_ascii_digit())
                || value.ends_with('=')
                || scheme == "bearer ";
            if starts && looks && len >= CREDENTIAL_MIN && !value.starts_with(['$', '<', '{']) {
                spans.push(from..from + len);
            }
        }
    }
}
