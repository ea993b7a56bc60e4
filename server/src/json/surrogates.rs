//! Halves of characters: programs that cut texts by UTF-16 units send `"\ud83d"`, which is no character.

use std::borrow::Cow;

use super::without_bom;

/// U+FFFD as an escape; as long as what it replaces, so that places in error messages stay right.
const REPLACEMENT: &[u8] = br"\ufffd";

/// The text as JSON libraries read it: without a byte order mark, and with U+FFFD for each half of a
/// surrogate pair. Borrowed if there is nothing to replace.
pub(crate) fn plain(json: &[u8]) -> Cow<'_, [u8]> {
    let json = without_bom(json);
    let mut mended = Cow::Borrowed(json);
    for at in halves(json) {
        mended.to_mut()[at..at + REPLACEMENT.len()].copy_from_slice(REPLACEMENT);
    }
    mended
}

/// Where the escapes are that are half a pair.
fn halves(json: &[u8]) -> Vec<usize> {
    let mut halves = Vec::new();
    let mut at = 0;
    while let Some(offset) = memchr::memchr(b'\\', &json[at..]) {
        at += offset;
        match unit(json, at) {
            Some(0xD800..0xDC00) => {
                if matches!(unit(json, at + 6), Some(0xDC00..0xE000)) {
                    at += 6;
                } else {
                    halves.push(at);
                }
                at += 6;
            }
            Some(0xDC00..0xE000) => {
                halves.push(at);
                at += 6;
            }
            Some(_) => at += 6,
            // The escaped character is none that begins an escape.
            None => at = (at + 2).min(json.len()),
        }
    }
    halves
}

/// The UTF-16 unit that is escaped here.
fn unit(json: &[u8], at: usize) -> Option<u16> {
    let digits = json.get(at..at + 6)?.strip_prefix(br"\u")?;
    // `from_str_radix` takes a sign.
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn halves_are_replaced_and_nothing_else() {
        for (json, mended) in [
            (r#"{"a":"\ud83d"}"#, r#"{"a":"\ufffd"}"#),
            (r#"["\uDE00 first","\ud83d\ude00"]"#, r#"["\ufffd first","\ud83d\ude00"]"#),
            (r#"["\ud83d\ud83d\ude00","\ud83d\n"]"#, r#"["\ufffd\ud83d\ude00","\ufffd\n"]"#),
            (r#"["\\ud83d","\\\ud83d"]"#, r#"["\\ud83d","\\\ufffd"]"#),
            (r#"{"\udfff":1}"#, r#"{"\ufffd":1}"#),
            ("\u{feff}[1]", "[1]"),
            (r#"["\u+83d","\ud8"]"#, r#"["\u+83d","\ud8"]"#),
            (r"\", r"\"),
        ] {
            assert_eq!(String::from_utf8_lossy(&plain(json.as_bytes())), mended);
        }
        assert!(matches!(plain(br#"["\u00e9 \ud83d\ude00"]"#), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn every_string_of_escapes_can_be_read_afterwards(units in proptest::collection::vec(any::<u16>(), 0..20)) {
            let json: String = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
            let read: String = serde_json::from_slice(&plain(format!("\"{json}\"").as_bytes())).unwrap();
            prop_assert_eq!(read, String::from_utf16_lossy(&units));
        }
    }
}
