//! Secrets that are known by the name before them: `password=…`, `--token …`, `Authorization: …`. Pure.

use std::ops::Range;

use super::MASK;
use super::word::{self, Enclosure, Part, Reading, bare, blanks, end_of, is_variable, parts, skip};

/// Ends of names of secrets, without `_`, `-` and `.`, in lower case.
const NAMES: [&str; 22] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "secretkey",
    "secretstring",
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
/// Words that end as `pass` does, and are none.
const NO_PASSES: [&str; 6] = ["bypass", "compass", "trespass", "surpass", "overpass", "underpass"];
/// Keys that open nothing.
const OPEN_KEYS: [&str; 6] = ["publickey", "primarykey", "foreignkey", "sortkey", "partitionkey", "cachekey"];
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
    let plain = plain(name);
    let last = name.rsplit(['_', '-', '.']).next().unwrap_or_default().to_ascii_lowercase();
    let is_pass = plain.ends_with("pass") && !NO_PASSES.iter().any(|word| plain.ends_with(word));
    let is_named = NAMES.iter().any(|end| plain.ends_with(end)) || WHOLE_NAMES.contains(&last.as_str());
    if !is_named && !is_pass {
        return None;
    }
    let ends = |words: &[&str]| words.iter().any(|word| plain.ends_with(word));
    Some(match () {
        () if ends(&OF_A_LINE) => Named::SecretLine,
        () if ends(&ALSO_COUNTS) => Named::SecretUnlessNumber,
        () => Named::Secret,
    })
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-' | '.')).collect::<String>().to_ascii_lowercase()
}

/// Whether a variable of the environment of this name has a secret: those of any key as well.
pub(super) fn is_assigned_secret(name: &str) -> bool {
    let is_key = name.ends_with("_KEY") && !OPEN_KEYS.iter().any(|open| plain(name).ends_with(open));
    is_key || is_secret(name, false)
}

/// Whether a value is none of a secret's, or is masked.
pub(super) fn is_plain(value: &str) -> bool {
    let value = value.trim_end_matches(['"', '\'', '\\', ',', '}', ')', ';']);
    let value = value.trim_start_matches(['"', '\'', '\\', '[', '{', '(']);
    value == &MASK[1..] || matches!(value, "true" | "false" | "null" | "None" | "")
}

/// A name's place: what encloses it, and what follows.
struct Place<'t> {
    text: &'t str,
    part: Option<&'t Part>,
    /// Where the value begins.
    at: usize,
    /// Whether the name is in quotes of its own: `"name": "value"`.
    is_field: bool,
    /// Whether it is of an address: `?name=value&…`.
    is_query: bool,
    /// Whether its quotes begin with it, and are no program's text.
    is_whole: bool,
}

/// `name=value`, `name: value`, `"name": "value"`.
fn assigned(text: &str, spans: &mut Vec<Range<usize>>) {
    assigned_by(text, Reading::default(), spans);
    if word::may_be_prose(text) {
        assigned_by(text, Reading { is_prose: true, in_double: false }, spans);
    }
}

fn assigned_by(text: &str, reading: Reading, spans: &mut Vec<Range<usize>>) {
    let parts = parts(text, 0..text.len(), reading);
    let (mut next_part, mut done) = (0, 0);
    for (at, sign) in text.match_indices(['=', ':']) {
        // What is masked already has no names.
        if at < done {
            continue;
        }
        let floor = text.floor_char_boundary(at.saturating_sub(2 * NAME_BYTES_MAX));
        let before = text[floor..at].trim_end_matches([' ', ':', '+', '?']);
        let name_end = before.trim_end_matches(['"', '\'', ']', '\\']);
        let head = name_end.len().saturating_sub(NAME_BYTES_MAX);
        let head = name_end.ceil_char_boundary(head);
        let start = name_end[head..]
            .rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')))
            .map_or(head, |n| head + n + name_end[head + n..].chars().next().map_or(1, char::len_utf8));
        let name = &name_end[start..];
        let name_start = floor + start;
        let is_query = name_end[..start].ends_with(['?', '&']);
        let is_key = sign == "=" && (is_query && name == "key" || is_assigned_secret(name));
        let Some(kind) = named(name).or(is_key.then_some(Named::Secret)) else { continue };
        while parts.get(next_part).is_some_and(|part| part.inner.end <= at) {
            next_part += 1;
        }
        let part = parts.get(next_part).filter(|part| part.inner.start <= at);
        let limit = part.map_or(text.len(), |part| part.inner.end);
        // `::` and `:=` and `==` of programs.
        let begin = at + sign.len();
        let begin = begin + text[begin..limit].bytes().take_while(|byte| b":=>".contains(byte)).count();
        let place = Place {
            text,
            part,
            at: blanks(text, begin, limit),
            is_field: before.ends_with(['"', '\'']) && text[begin - 1..].starts_with([':', '>']),
            is_query,
            is_whole: part.is_some_and(|part| {
                part.by != Enclosure::Substitution && part.inner.start == name_start && !is_script(text, part)
            }),
        };
        let Some([value, joined]) = place.value(matches!(kind, Named::SecretLine)) else { continue };
        let is_number = text[value.clone()].bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        if is_number && joined.is_empty() && matches!(kind, Named::SecretUnlessNumber) {
            continue;
        }
        done = value.end.max(joined.end);
        spans.extend([value, joined].into_iter().filter(|span| !span.is_empty()));
    }
}

/// Whether quotes have a program's text: `sh -c '…'`.
fn is_script(text: &str, part: &Part) -> bool {
    let before = text[..part.inner.start].trim_end_matches(['"', '\'', '$', '\\', ' ']);
    let flag = before.rsplit(|c: char| c.is_whitespace()).next().unwrap_or_default();
    flag.len() < 6 && flag.starts_with('-') && flag.ends_with('c')
}

impl Place<'_> {
    /// Where the value is, and what is joined to it behind the quotes around both; `None`: there is none, or it is no secret but a variable.
    fn value(&self, is_line: bool) -> Option<[Range<usize>; 2]> {
        let (text, at) = (self.text, self.at);
        let limit = self.part.map_or(text.len(), |part| part.inner.end);
        let reading = Reading {
            in_double: self.part.is_some_and(|part| part.by == Enclosure::Double),
            is_prose: false,
        };
        let rest = &text[at..limit];
        let opens = rest.trim_start_matches('\\').starts_with(['"', '\'', '`']);
        let end = match () {
            () if is_line && !opens && self.part.is_some() => limit,
            () if is_line && !opens => rest.find('\n').map_or(limit, |len| at + len),
            () if self.is_field => self.end_of_field(limit, reading),
            () if self.is_whole && !self.is_query => limit,
            () if rest.starts_with('(') => end_of_list(text, at, limit, reading),
            () if self.is_query && self.part.is_some() => {
                at + rest.find(|c: char| c == '&' || c == '#' || c.is_whitespace()).unwrap_or(rest.len())
            }
            () if self.part.is_some() => self.end_in_quotes(limit, reading),
            () => end_of(text, at, limit, reading),
        };
        // What follows the quotes at once is of the same word.
        let joins = end == limit && self.part.is_some_and(|part| part.by != Enclosure::Substitution);
        let outer = Reading::default();
        let close = (limit + 1).min(text.len());
        let joined =
            if joins && !self.is_json_after(close) { end_of(text, close, text.len(), outer) } else { close };
        if joined > close {
            return Some([at..end, close..joined]);
        }
        let whole = at..end;
        let shown = &text[whole.clone()];
        let quoted = at..at + shown.trim_end_matches([',', '}', ']', ';', ')']).len();
        let word = shown.trim_end_matches([',', '}', ']']);
        let value = match bare(text, &quoted, reading) {
            inner if inner != quoted => inner,
            _ if word.contains(['[', '{']) => whole.clone(),
            _ => at..at + word.len(),
        };
        let word = &text[whole];
        let is_variable = is_variable(word.trim_end_matches([',', ']'])) && !word.starts_with('\'');
        (!is_variable && !is_plain(&text[value.clone()])).then_some([value, end..end])
    }

    /// Whether a text's quotes were of JSON: `"…",`, `"…"}`.
    fn is_json_after(&self, close: usize) -> bool {
        self.text[close..].starts_with([',', '}', ']', ':'])
    }

    /// Within quotes only blanks end a word, and the ends of commands.
    fn end_in_quotes(&self, limit: usize, reading: Reading) -> usize {
        let mut at = self.at;
        while at < limit && !self.text.as_bytes()[at].is_ascii_whitespace() {
            at = skip(self.text, at, limit, reading);
        }
        at
    }

    /// The end of a value as JSON has them.
    fn end_of_field(&self, limit: usize, reading: Reading) -> usize {
        let (text, at) = (self.text, self.at);
        match text.as_bytes()[at..limit].first() {
            None => limit,
            Some(b'[' | b'{' | b'(') => end_of_list(text, at, limit, reading),
            Some(b'"' | b'\'' | b'`' | b'\\') => skip(text, at, limit, reading),
            Some(_) => {
                let mut end = at;
                while end < limit && !b",}] \n\t\r".contains(&text.as_bytes()[end]) {
                    end = skip(text, end, limit, reading);
                }
                end
            }
        }
    }
}

/// The end of `[…]`, `{…}`, `(…)`.
fn end_of_list(text: &str, at: usize, limit: usize, reading: Reading) -> usize {
    let (mut at, mut depth) = (at, 0_usize);
    while at < limit {
        match text.as_bytes()[at] {
            b'[' | b'{' | b'(' => depth += 1,
            b']' | b'}' | b')' => depth -= 1,
            _ => {}
        }
        at = skip(text, at, limit, reading);
        if depth == 0 {
            break;
        }
    }
    at
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
            if starts && looks && len >= CREDENTIAL_MIN && !is_variable(value) {
                spans.push(from..from + len);
            }
        }
    }
}
