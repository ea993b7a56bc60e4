//! Where a text is cut that finds no room: in its middle, since the end of a command or a path says most.

use crate::layout::labels::width_of;

/// How much of a text its end is at most.
const END_PART: f32 = 0.6;

/// A text in two: what gives way, from its own end on, and what stays, at most so many ems wide. Both together are the text.
///
/// The end begins at a word or a part of a path. A text that has none near its end, one from right to left and one that changes
/// its direction stay in one piece.
#[must_use]
pub fn ends(text: &str, ems: f32) -> (&str, &str) {
    if text.chars().any(turns) {
        return (text, "");
    }
    let room = ems.min(width_of(text, 1.0) * END_PART);
    let (mut wide, mut at) = (0.0, text.len());
    for (index, c) in text.char_indices().rev() {
        wide += width_of(c.encode_utf8(&mut [0; 4]), 1.0);
        if wide > room {
            break;
        }
        match c {
            // A space is cut with what gives way, unless something is drawn onto it.
            ' ' if !text[index + 1..].starts_with(joins) => at = index + 1,
            '/' | '-' | '_' | '.' | ':' => at = index,
            _ => {}
        }
    }
    text.split_at(at)
}

/// Whether a character is drawn onto the one before it, or with it.
fn joins(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}' | '\u{200D}' | '\u{20D0}'..='\u{20FF}' | '\u{FE00}'..='\u{FE0F}'
        | '\u{1F3FB}'..='\u{1F3FF}' | '\u{E0020}'..='\u{E007F}')
}

/// Whether a character is written from right to left, or changes the direction.
fn turns(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8FF}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
        | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFF}' | '\u{10800}'..='\u{10FFF}' | '\u{1E800}'..='\u{1EFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_end_of_a_command_stays() {
        for (text, end) in [
            ("git push origin main", "origin main"),
            ("git push origin main · webshop", "main · webshop"),
            ("cargo test --workspace", "--workspace"),
            ("Edit server/src/bus/ring.rs", "/src/bus/ring.rs"),
            ("code-reviewer", ""),
            ("liquidmetal", ""),
            ("npm ci: registry timeout", "timeout"),
            ("supercalifragilistic", ""),
            ("测试测试测试测试测试", ""),
            ("", ""),
        ] {
            let (head, tail) = ends(text, 9.0);
            assert_eq!((tail, [head, tail].concat().as_str()), (end, text));
        }
    }

    #[test]
    fn what_is_one_to_the_eye_is_not_cut() {
        // A mark on a space, a family of four, flags.
        for text in ["abcdefgh \u{301}e", "see 👨‍👩‍👧‍👦", "abcdefgh🇩🇪🇫🇷🇯🇵"]
        {
            let (_, tail) = ends(text, 9.0);
            assert!(tail.is_empty() || tail == "👨‍👩‍👧‍👦", "{tail:?}");
        }
        // Narrow places keep less.
        assert_eq!(ends("asks: git push origin main", 5.0).1, "main");
        assert_eq!(ends("מה לעשות עכשיו", 9.0).1, "");
        assert_eq!(ends("git \u{202E}niam", 9.0).1, "");
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_the_end_is_narrow(text in "\\PC{0,200}") {
            let (head, tail) = ends(&text, 9.0);
            prop_assert_eq!([head, tail].concat(), text.clone());
            prop_assert!(width_of(tail, 1.0) <= 9.0 && width_of(tail, 1.0) <= width_of(&text, 1.0) * END_PART + 0.01);
        }
    }
}
