//! Homes and addresses of people in what programs print: shortened, and left out. Pure.

use std::borrow::Cow;

/// Where homes are.
const HOMES: [&str; 4] = ["/home/", "/Users/", "\\Users\\", "/root/"];
/// The home that has no name.
const ROOT: &str = "/root/";
/// What stands in the place of an address.
const ADDRESS: &str = "[address]";

/// A text without homes, of whose files the last two parts stay, and without e-mail addresses.
pub(super) fn without_people(text: &str) -> Cow<'_, str> {
    let has_home = HOMES.iter().any(|home| text.contains(home));
    if !has_home && !text.contains('@') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let is_end = |c: char| c.is_whitespace() || "\"'`<>()[]{},;|=".contains(c);
    let mut rest = text;
    while !rest.is_empty() {
        let len = rest.find(is_end).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(len);
        out.push_str(&told(word));
        let end = behind.chars().next().map_or(0, char::len_utf8);
        out.push_str(&behind[..end]);
        rest = &behind[end..];
    }
    Cow::Owned(out)
}

fn told(word: &str) -> Cow<'_, str> {
    if let Some((at, home)) = HOMES.iter().filter_map(|home| Some((word.find(home)?, *home))).min() {
        // A drive's letter is part of the path, what else stands before it is not.
        let before = if home.starts_with('\\') { "" } else { &word[..at] };
        return Cow::Owned(format!("{before}{}", shortened(&word[at + home.len()..], home)));
    }
    let bare = word.trim_end_matches(['.', ':', '!', '?']);
    if is_address(bare) {
        return Cow::Owned(format!("{ADDRESS}{}", &word[bare.len()..]));
    }
    Cow::Borrowed(word)
}

/// A path below a home: its last two parts.
fn shortened(below: &str, home: &str) -> String {
    // `file.rs:7:3` stays as it is, and so does the mark behind a name.
    let mut parts = below.split(['/', '\\']);
    if home != ROOT {
        parts.next();
    }
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        [] => "~".to_owned(),
        [.., _, _, _] => format!("…/{}", parts[parts.len() - 2..].join("/")),
        few => format!("~/{}", few.join("/")),
    }
}

fn is_address(word: &str) -> bool {
    let Some((name, host)) = word.split_once('@') else { return false };
    let is_name = |c: char| c.is_ascii_alphanumeric() || "._%+-".contains(c);
    let is_host = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
    let last = host.rsplit_once('.').map(|(_, last)| last).unwrap_or_default();
    !name.is_empty()
        && name.chars().all(is_name)
        && host.chars().all(is_host)
        && last.len() >= 2
        && last.bytes().all(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes_are_shortened_and_addresses_left_out() {
        for (text, told) in [
            ("cannot open /home/jane/work/arcane/src/main.rs: denied", "cannot open …/src/main.rs: denied"),
            ("error at /Users/jane/x.rs:7:3", "error at ~/x.rs:7:3"),
            ("cd: /home/jane: no such", "cd: ~ no such"),
            ("'/root/a/b/c/d'", "'…/c/d'"),
            ("C:\\Users\\jane\\src\\a\\b.rs", "…/a/b.rs"),
            ("file:///home/jane/a", "file://~/a"),
            ("mail to <jane.doe+x@example.org>.", "mail to <[address]>."),
            ("no such user: jane@example.org", "no such user: [address]"),
            ("@scope/pkg@1.2.3 and a@b", "@scope/pkg@1.2.3 and a@b"),
            ("exit code 1", "exit code 1"),
        ] {
            assert_eq!(without_people(text), told, "{text}");
        }
    }
}
