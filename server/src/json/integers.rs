//! Whole numbers that 64 bits cannot hold: read as floats they would lose digits.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// Digits of 2^64.
const UNSIGNED_DIGITS: usize = 20;
/// Digits of 2^63, for what is negative.
const SIGNED_DIGITS: usize = 19;
/// Characters of a number that a message shows.
const SHOWN_CHARS_MAX: usize = 40;

/// A whole number below -2^63 or above 2^64 - 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{digits} is beyond 64 bits and would lose digits; send it as a string")]
pub(crate) struct BeyondBits {
    /// Where: a JSON pointer.
    pub(crate) pointer: String,
    /// As it was written, or the beginning of it.
    pub(crate) digits: String,
}

/// The first whole number of a JSON text that 64 bits cannot hold. Nothing if it is no JSON.
pub(crate) fn beyond_64_bits(json: &[u8]) -> Option<BeyondBits> {
    if !has_long_run(json) {
        return None;
    }
    let value: &RawValue = serde_json::from_slice(json).ok()?;
    let mut pointer = String::new();
    let digits = find(value, &mut pointer)?;
    Some(BeyondBits { pointer, digits: digits.chars().take(SHOWN_CHARS_MAX).collect() })
}

/// Whether there are so many digits in a row anywhere, in a string or not. Looks at few of the bytes.
fn has_long_run(json: &[u8]) -> bool {
    (SIGNED_DIGITS - 1..json.len()).step_by(SIGNED_DIGITS).any(|at| {
        let is_digit = |byte: &&u8| byte.is_ascii_digit();
        let before = json[..at].iter().rev().take(UNSIGNED_DIGITS).take_while(is_digit).count();
        let after = json[at..].iter().take(UNSIGNED_DIGITS).take_while(is_digit).count();
        let is_negative = json[..at - before].ends_with(b"-");
        after > 0 && before + after >= if is_negative { SIGNED_DIGITS } else { UNSIGNED_DIGITS }
    })
}

fn find<'a>(value: &'a RawValue, pointer: &mut String) -> Option<&'a str> {
    let text = value.get();
    let len = pointer.len();
    let mut within = |name: &str, value: &'a RawValue| {
        *pointer += "/";
        *pointer += &name.replace('~', "~0").replace('/', "~1");
        let found = find(value, pointer);
        if found.is_none() {
            pointer.truncate(len);
        }
        found
    };
    match text.as_bytes().first()? {
        b'{' => {
            // Keys that are half a character cannot be read; then the others are not looked at.
            let fields: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
            fields.into_iter().find_map(|(name, value)| within(&name, value))
        }
        b'[' => {
            let values: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            values.into_iter().enumerate().find_map(|(index, value)| within(&index.to_string(), value))
        }
        b'-' | b'0'..=b'9' => {
            let is_whole = !text.contains(['.', 'e', 'E']);
            let fits = text.parse::<u64>().is_ok() || text.parse::<i64>().is_ok();
            (is_whole && !fits).then_some(text)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn named(json: &str) -> Option<(String, String)> {
        beyond_64_bits(json.as_bytes()).map(|found| (found.pointer, found.digits))
    }

    #[test]
    fn whole_numbers_that_64_bits_cannot_hold_are_named() {
        for (json, pointer, digits) in [
            ("18446744073709551616", "", "18446744073709551616"),
            ("[1,-9223372036854775809]", "/1", "-9223372036854775809"),
            (
                r#"[{"metadata":{"a/b":[0,{"id":99999999999999999999}]}}]"#,
                "/0/metadata/a~1b/1/id",
                "99999999999999999999",
            ),
        ] {
            assert_eq!(named(json), Some((pointer.into(), digits.into())), "{json}");
        }
        assert_eq!(named(&"9".repeat(1000)).unwrap().1.len(), SHOWN_CHARS_MAX);
        for json in [
            "18446744073709551615",
            "-9223372036854775808",
            "1e300",
            "123456789012345678901234567890.5",
            "18446744073709551616e0",
            r#"{"id":"18446744073709551616"}"#,
            "[18446744073709551616",
        ] {
            assert_eq!(named(json), None, "{json}");
        }
    }

    proptest! {
        #[test]
        fn exactly_what_becomes_a_float_is_named(number: i128, before in 0_usize..40, bits in 0_u32..128) {
            let number = number >> bits;
            let json = format!("{}{number}", " ".repeat(before));
            let is_float = serde_json::from_str::<serde_json::Value>(&json).unwrap().is_f64();
            prop_assert_eq!(named(&json).is_some(), is_float);
        }
    }
}
