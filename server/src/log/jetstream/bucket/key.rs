//! Keys of records as keys of a bucket, which are subjects: a slash is a dot, and what a subject cannot have is written as
//! bytes in hexadecimal. Pure.

use std::fmt::Write as _;

/// Bytes of a key as it is written. A subject has to fit into one line of the protocol, which is 4 KiB.
const LEN_MAX: usize = 2048;
/// Before two hexadecimal digits of a byte; alone it is a part without a character.
const ESCAPE: char = '=';

/// The key of a bucket for the key of a record; `None` if that is empty or too long.
pub(super) fn write(key: &str) -> Option<String> {
    let mut written = String::with_capacity(key.len() + 8);
    for (n, part) in key.split('/').enumerate() {
        if n > 0 {
            written.push('.');
        }
        if part.is_empty() {
            written.push(ESCAPE);
        }
        for byte in part.bytes() {
            if matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-') {
                written.push(char::from(byte));
            } else {
                write!(written, "{ESCAPE}{byte:02X}").expect("memory takes what is written");
            }
        }
    }
    (!key.is_empty() && written.len() <= LEN_MAX).then_some(written)
}

/// The key of a record for the key of a bucket; `None` if [`write`] writes no such key.
pub(super) fn read(written: &str) -> Option<String> {
    let mut key = Vec::with_capacity(written.len());
    for (n, part) in written.split('.').enumerate() {
        if n > 0 {
            key.push(b'/');
        }
        let mut pieces = part.split(ESCAPE);
        key.extend_from_slice(pieces.next()?.as_bytes());
        for piece in pieces.filter(|_| part.len() > 1) {
            key.push(u8::from_str_radix(piece.get(..2)?, 16).ok()?);
            key.extend_from_slice(&piece.as_bytes()[2..]);
        }
    }
    // One key, one way to write it: otherwise two keys of a bucket would be one record.
    String::from_utf8(key).ok().filter(|key| write(key).as_deref() == Some(written))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_are_readable_where_they_can_be() {
        let keys = ["consumer/main/billing", "key/main/00ab", "rule/a b é", "color/team.a/", "/", "A=b"];
        insta::assert_snapshot!(keys.map(|key| write(key).unwrap()).join("\n"), @r"
        consumer.main.billing
        key.main.00ab
        rule.a=20b=20=C3=A9
        color.team=2Ea.=
        =.=
        =41=3Db
        ");
        assert_eq!((write(""), write(&"x".repeat(2049))), (None, None));
    }

    #[test]
    fn what_is_not_written_so_is_no_key() {
        for key in ["", "a..b", "A", "a=2f", "a=6", "a=61", "=", "a.=C3", "a b", "=É1"] {
            assert_eq!(read(key), None, "{key}");
        }
    }

    proptest! {
        #[test]
        fn a_key_is_read_as_it_was(key in "([a-z0-9_/.-]|\\PC){1,60}") {
            let written = write(&key).unwrap();
            prop_assert!(!written.split('.').any(str::is_empty), "{}", written);
            prop_assert!(written.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._=-".contains(&byte)));
            prop_assert_eq!(read(&written), Some(key));
        }

        #[test]
        fn no_text_is_the_end_of_a_reader(text in "\\PC{0,30}") {
            let _ = read(&text);
        }
    }
}
