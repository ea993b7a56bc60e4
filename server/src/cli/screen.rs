//! Texts of others on a terminal: what would move its cursor, change its colours, hide or turn its text around is shown,
//! not obeyed. Pure.

use std::io::{self, Write};

use arcane_shared::visible;
pub(super) use arcane_shared::visible::json;

/// A text of several lines. Line breaks and tabs stay.
pub(super) fn lines(text: &str) -> String {
    visible::lines(text).replace("\r\n", "\n")
}

/// A text on one line.
pub(super) fn line(text: &str) -> String {
    let breaks = |c| matches!(c, '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}');
    let text: String = text.chars().map(|c| if breaks(c) { ' ' } else { c }).collect();
    visible::lines(&text).into_owned()
}

/// Writes lines of JSON as [`json`] has them.
#[derive(Debug)]
pub(super) struct JsonLines<W> {
    out: W,
    /// A line that is not over yet: a character may be cut in two.
    line: Vec<u8>,
}

impl<W: Write> JsonLines<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, line: Vec::new() }
    }
}

impl<W: Write> Write for JsonLines<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                self.out.write_all(json(&String::from_utf8_lossy(&line)).as_bytes())?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn orders_are_shown() {
        let text = "a\u{1b}[2Jb\r\nc\td\re\u{9b}31m\u{7f}\u{202e}gnp.\u{2069}exe \u{5d0} é 👩‍💻";
        assert_eq!(lines(text), "a␛[2Jb\nc\td␍e⟨U+009B⟩31m␡⟨RLO⟩gnp.⟨PDI⟩exe \u{5d0} é 👩‍💻");
        assert_eq!(line("a\u{1b}b\nc\u{2028}d"), "a␛b c d");
    }

    #[test]
    fn a_character_that_comes_in_two_pieces_is_one() {
        let text = "{\"a\":\"\u{9b}é\u{202e}\"}\n{\"b\":1}\n";
        let mut out = JsonLines::new(Vec::new());
        text.as_bytes().chunks(1).for_each(|piece| assert!(out.write_all(piece).is_ok()));
        assert_eq!(String::from_utf8_lossy(&out.out), "{\"a\":\"\\u009bé\\u202e\"}\n{\"b\":1}\n");
    }

    proptest! {
        #[test]
        fn nothing_that_is_shown_is_an_order(text in any::<String>()) {
            let is_order = |c: char| c.is_control() || matches!(c, '\u{200E}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
            prop_assert!(!lines(&text).contains(|c| is_order(c) && c != '\n' && c != '\t'));
            prop_assert!(!line(&text).contains(is_order));
        }
    }
}
