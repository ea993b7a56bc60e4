//! Which shortcut a key means, on any layout: by what it writes where that is a shortcut, by where it is where it writes another script.

/// What has a meaning on the page, or in a dialog of it, outside of fields.
const SHORTCUTS: &str = "/?, 123456adfijkmnrstwy";

/// From here on characters are of other scripts than Latin: Greek, Cyrillic, Hebrew, Arabic …
const OTHER_SCRIPTS: char = '\u{370}';

/// A key that was pressed, as a browser tells it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Key<'a> {
    /// What it writes, or its name: `m`, `Enter`.
    pub key: &'a str,
    /// Where it is on a keyboard: `KeyM`.
    pub code: &'a str,
    /// Whether Shift is held.
    pub shift: bool,
    /// Whether it belongs to an input method that composes.
    pub composing: bool,
    /// The old number of the key: 229 is one that an input method took. Safari ends a composition before it tells of the key that
    /// ended it.
    pub number: u32,
}

impl Key<'_> {
    /// Whether an input method takes it: it means nothing to the page.
    #[must_use]
    pub fn is_composed(&self) -> bool {
        self.composing || self.number == 229 || self.key == "Process"
    }

    /// The shortcut that it means, lower case.
    #[must_use]
    pub fn shortcut(&self) -> Option<char> {
        let mut characters = self.key.chars();
        let (written, None) = (characters.next()?, characters.next()) else { return None };
        let lower = written.to_ascii_lowercase();
        if SHORTCUTS.contains(lower) {
            return Some(lower);
        }
        if lower.is_ascii_alphanumeric() {
            return None;
        }
        let place = self.place()?;
        let meant = match place {
            // The digits of French and Czech keyboards write signs without Shift.
            '1'..='6' => true,
            // Russian and Hebrew ones write a full stop there.
            '/' | '?' => written == '.' || written >= OTHER_SCRIPTS,
            _ => written >= OTHER_SCRIPTS,
        };
        meant.then_some(place)
    }

    /// What an American keyboard has there.
    fn place(&self) -> Option<char> {
        let place = match (self.code, self.shift) {
            ("Slash", false) => '/',
            ("Slash", true) => '?',
            ("Comma", false) => ',',
            (code, _) => {
                let place = code.strip_prefix("Key").or_else(|| code.strip_prefix("Digit"))?;
                place.chars().next()?.to_ascii_lowercase()
            }
        };
        SHORTCUTS.contains(place).then_some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key<'a>(key: &'a str, code: &'a str, shift: bool) -> Key<'a> {
        Key { key, code, shift, ..Key::default() }
    }

    #[test]
    fn layouts() {
        for (layout, pressed, meant) in [
            ("American", key("m", "KeyM", false), Some('m')),
            ("Caps Lock", key("M", "KeyM", false), Some('m')),
            ("Dvorak", key("m", "KeyM", false), Some('m')),
            ("Dvorak, where M is on AZERTY", key("m", "Semicolon", false), Some('m')),
            ("Dvorak, where / is", key("z", "Slash", false), None),
            ("German", key("/", "Digit7", true), Some('/')),
            ("German ?", key("?", "Minus", true), Some('?')),
            ("German -", key("-", "Slash", false), None),
            ("German ö", key("ö", "Semicolon", false), None),
            ("French 1", key("&", "Digit1", false), Some('1')),
            ("French é", key("é", "Digit2", false), Some('2')),
            ("Turkish ö", key("ö", "Comma", false), None),
            ("Russian m", key("ь", "KeyM", false), Some('m')),
            ("Russian M", key("Ь", "KeyM", true), Some('m')),
            ("Russian /", key(".", "Slash", false), Some('/')),
            ("Russian ? as it is written", key("?", "Digit7", true), Some('?')),
            ("Russian ,", key("б", "Comma", false), Some(',')),
            ("Greek w", key("ς", "KeyW", false), Some('w')),
            ("Greek /", key("/", "Slash", false), Some('/')),
            ("Hebrew m", key("צ", "KeyM", false), Some('m')),
            ("Hebrew /", key(".", "Slash", false), Some('/')),
            ("Arabic m", key("ة", "KeyM", false), Some('m')),
            ("Arabic /", key("ظ", "Slash", false), Some('/')),
            ("Arabic 3", key("٣", "Digit3", false), Some('3')),
            ("Persian ?", key("؟", "Slash", true), Some('?')),
            ("a full stop", key(".", "Period", false), None),
            ("named", key("Enter", "Enter", false), None),
            ("dead", key("Dead", "KeyM", false), None),
            ("space", key(" ", "Space", false), Some(' ')),
            ("nine", key("9", "Digit9", false), None),
        ] {
            assert_eq!(pressed.shortcut(), meant, "{layout}");
        }
    }

    #[test]
    fn what_an_input_method_takes_means_nothing() {
        let enter = key("Enter", "Enter", false);
        assert!(!enter.is_composed());
        assert!(Key { composing: true, ..enter }.is_composed());
        assert!(Key { number: 229, ..enter }.is_composed());
        assert!(key("Process", "KeyM", false).is_composed());
    }

    proptest! {
        #[test]
        fn whatever_comes_is_a_shortcut_or_nothing(text in ".{0,3}", code in "(Key|Digit|Slash|Comma)?.{0,2}", shift: bool) {
            let meant = key(&text, &code, shift).shortcut();
            prop_assert!(meant.is_none_or(|meant| SHORTCUTS.contains(meant)));
        }
    }
}
