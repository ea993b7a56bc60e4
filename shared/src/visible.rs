//! Text of others as it is shown: what is not seen, or turns the text around it, stands as a sign that says what it is. Pure.
//!
//! A reader decides by what is shown, so nothing may be read otherwise than it is written. Letters of every script, and what joins
//! them or the parts of an emoji, stay as they are.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Characters beyond a cut that are looked at: what follows a joiner decides whether it stays.
const AHEAD: usize = 8;
/// Most tags of a flag, its end included: "gbeng" of England's and one more.
const TAGS_MAX: usize = 7;

/// A text of any number of lines; line breaks and tabs stay. What is hidden stands as `⟨RLO⟩` where its name is short, else as
/// `⟨U+200B⟩`; control characters stand as their pictures, `␛`.
#[must_use]
pub fn lines(text: &str) -> Cow<'_, str> {
    written(text, sign)
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// What is seen as it is written.
    Text(String),
    /// A character that is not seen, or changes how its neighbours are seen; and how many of it stand here in a row.
    Hidden(char, usize),
}

/// A text of any number of lines in parts, so that what is hidden can be shown otherwise than text.
#[must_use]
pub fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let rest = written(text, |out, c| {
        if !out.is_empty() {
            parts.push(Part::Text(std::mem::take(out)));
        }
        match parts.last_mut() {
            Some(Part::Hidden(last, count)) if *last == c => *count += 1,
            _ => parts.push(Part::Hidden(c, 1)),
        }
    });
    if !rest.is_empty() {
        parts.push(Part::Text(rest.into_owned()));
    }
    parts
}

/// What a hidden character is called; empty: its number has to do.
#[must_use]
pub fn name_of(c: char) -> &'static str {
    match c {
        '\u{0}' => "null",
        '\u{7}' => "bell",
        '\u{8}' => "backspace",
        '\r' => "carriage return",
        '\u{1B}' => "escape",
        '\u{7F}' => "delete",
        '\u{AD}' => "soft hyphen",
        '\u{61C}' => "Arabic letter mark",
        '\u{200B}' => "zero-width space",
        '\u{200C}' => "zero-width non-joiner",
        '\u{200D}' => "zero-width joiner",
        '\u{200E}' => "left-to-right mark",
        '\u{200F}' => "right-to-left mark",
        '\u{2028}' => "line separator",
        '\u{2029}' => "paragraph separator",
        '\u{202A}' => "left-to-right embedding",
        '\u{202B}' => "right-to-left embedding",
        '\u{202C}' => "pop directional formatting",
        '\u{202D}' => "left-to-right override",
        '\u{202E}' => "right-to-left override",
        '\u{2060}' => "word joiner",
        '\u{2066}' => "left-to-right isolate",
        '\u{2067}' => "right-to-left isolate",
        '\u{2068}' => "first strong isolate",
        '\u{2069}' => "pop directional isolate",
        '\u{3164}' | '\u{FFA0}' => "Hangul filler",
        '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}' => "variation selector",
        '\u{FEFF}' => "byte order mark",
        '\u{E0000}'..='\u{E007F}' => "tag",
        _ => "",
    }
}

/// JSON that says the same, with what is hidden in its strings escaped: `\u202e`.
#[must_use]
pub fn json(text: &str) -> Cow<'_, str> {
    written(text, |out, c| {
        // White space between values.
        if c == '\r' {
            return out.push(c);
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    })
}

/// A text on one line, of at most so many characters; what is longer ends in an ellipsis.
#[must_use]
pub fn line(text: &str, max: usize) -> String {
    let end = text.char_indices().nth(max + AHEAD).map_or(text.len(), |(at, _)| at);
    let whole = lines(&text[..end]);
    let mut short: String = whole.chars().take(max).map(|c| if is_break(c) { ' ' } else { c }).collect();
    if whole.chars().nth(max).is_some() {
        short.pop();
        // Nothing follows any more that it would join.
        while short.ends_with(|c| matches!(c, '\u{200C}' | '\u{200D}' | '\u{E0020}'..='\u{E007F}')) {
            short.pop();
        }
        short.push('…');
    }
    short
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\t')
}

fn written(text: &str, mut mark: impl FnMut(&mut String, char)) -> Cow<'_, str> {
    if text.bytes().all(|byte| matches!(byte, b'\n' | b'\t' | b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let (mut before, mut tags) = ('\0', 0);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let rest = chars.as_str();
        let is_tag = tags > 0;
        tags = if c == '\u{1F3F4}' { tags_of(rest) } else { tags.saturating_sub(1) };
        before = if is_tag || !is_hidden(c) || stays(before, c, rest) {
            out.push(c);
            c
        } else {
            mark(&mut out, c);
            '\0'
        };
    }
    Cow::Owned(out)
}

/// Whether a character is not seen, or changes how its neighbours are seen.
fn is_hidden(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\t')
        || matches!(c, '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
            | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Whether a hidden character has a place here: it joins two letters or two pictures, or says how the one before it is drawn.
fn stays(before: char, c: char, rest: &str) -> bool {
    let next = rest.chars().next().unwrap_or('\0');
    match c {
        '\r' => next == '\n',
        // Between words of scripts that have no spaces.
        '\u{200B}' => is_spaceless(before) && is_spaceless(next),
        // Persian sets a suffix off from a foreign word with it; an end of a word may have either.
        '\u{200C}' => is_joined(before) || is_joined(next),
        '\u{200D}' => {
            is_joined(before)
                || (is_picture(before) || matches!(before, '\u{FE0F}' | '\u{E007F}')) && is_picture(next)
        }
        '\u{FE0E}' | '\u{FE0F}' => {
            is_picture(before) || matches!(before, '0'..='9' | '#' | '*') && next == '\u{20E3}'
        }
        '\u{180B}'..='\u{180F}' => matches!(before, '\u{1820}'..='\u{18AA}'),
        '\u{FE00}'..='\u{FE0D}' | '\u{E0100}'..='\u{E01EF}' => {
            matches!(before, '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
        }
        _ => false,
    }
}

/// Whether a letter or sign is of a script whose letters are joined, or kept from it: Arabic, those of India and their neighbours.
fn is_joined(c: char) -> bool {
    matches!(c, '\u{620}'..='\u{8FF}' | '\u{900}'..='\u{DFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{18AA}'
        | '\u{FB50}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}')
        && !is_hidden(c)
}

/// Whether a letter is Thai, Lao, Burmese or Khmer.
fn is_spaceless(c: char) -> bool {
    matches!(c, '\u{E01}'..='\u{EDF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17E9}') && !is_hidden(c)
}

/// Whether a character is drawn as a picture, or may be.
fn is_picture(c: char) -> bool {
    matches!(c, '©' | '®' | '‼' | '⁉' | '™' | '\u{2139}' | '\u{2190}'..='\u{21FF}' | '\u{2300}'..='\u{23FF}' | 'Ⓜ'
        | '\u{25A0}'..='\u{27BF}' | '\u{2900}'..='\u{2BFF}' | '〰' | '〽' | '㊗' | '㊙' | '\u{1F000}'..='\u{1FAFF}')
}

/// How many of the characters after a black flag are its tags: letters or figures, and the end.
fn tags_of(rest: &str) -> usize {
    let is_tag = |c: &char| matches!(c, '\u{E0030}'..='\u{E0039}' | '\u{E0061}'..='\u{E007A}');
    let tags = rest.chars().take_while(is_tag).count();
    let is_flag = tags > 0 && tags < TAGS_MAX && rest.chars().nth(tags) == Some('\u{E007F}');
    if is_flag { tags + 1 } else { 0 }
}

fn sign(out: &mut String, c: char) {
    let code = u32::from(c);
    let at = |first: u32| (code - first) as usize;
    let name = match code {
        0..0x20 => return out.extend(char::from_u32(0x2400 + code)),
        0x7F => return out.push('␡'),
        0x61C => "ALM",
        0x200B..=0x200F => ["ZWSP", "ZWNJ", "ZWJ", "LRM", "RLM"][at(0x200B)],
        0x202A..=0x202E => ["LRE", "RLE", "PDF", "LRO", "RLO"][at(0x202A)],
        0x2066..=0x2069 => ["LRI", "RLI", "FSI", "PDI"][at(0x2066)],
        _ => "",
    };
    let _ = if name.is_empty() { write!(out, "⟨U+{code:04X}⟩") } else { write!(out, "⟨{name}⟩") };
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_is_taken_apart_where_something_is_hidden() {
        let text = |text: &str| Part::Text(text.into());
        assert_eq!(parts("git push"), [text("git push")]);
        assert_eq!(parts(""), []);
        assert_eq!(
            parts("origin\u{200B}\u{200B} m\u{1B}"),
            [text("origin"), Part::Hidden('\u{200B}', 2), text(" m"), Part::Hidden('\u{1B}', 1)]
        );
        assert_eq!(parts("\u{202E}ä\r\n"), [Part::Hidden('\u{202E}', 1), text("ä\r\n")]);
    }

    #[test]
    fn what_is_hidden_is_shown() {
        for (text, shown) in [
            ("rm \u{202E}fr-", "rm ⟨RLO⟩fr-"),
            ("\u{2066}a\u{2069}\u{202C}", "⟨LRI⟩a⟨PDI⟩⟨PDF⟩"),
            ("a\u{200E}b\u{200F}c\u{61C}d", "a⟨LRM⟩b⟨RLM⟩c⟨ALM⟩d"),
            ("pass\u{200B}word", "pass⟨ZWSP⟩word"),
            ("a\u{200D}b\u{200C}c", "a⟨ZWJ⟩b⟨ZWNJ⟩c"),
            ("co\u{AD}op \u{2060}\u{FEFF}", "co⟨U+00AD⟩op ⟨U+2060⟩⟨U+FEFF⟩"),
            ("x\u{E0068}\u{E0069}", "x⟨U+E0068⟩⟨U+E0069⟩"),
            ("a\u{1B}[2J\u{0}\u{7F}\u{9B}", "a␛[2J␀␡⟨U+009B⟩"),
            ("a\r\nb\rc\td", "a\r\nb␍c\td"),
            ("a\u{2028}b", "a⟨U+2028⟩b"),
            ("a\u{FE0F}\u{E0100}", "a⟨U+FE0F⟩⟨U+E0100⟩"),
            // A chain of selectors can hold a message, and so can a flag that is none.
            ("👍\u{FE0F}\u{FE0F}", "👍\u{FE0F}⟨U+FE0F⟩"),
            ("🏴\u{E0061}", "🏴⟨U+E0061⟩"),
            ("👩\u{200D}", "👩⟨ZWJ⟩"),
            ("\u{FE0F}\u{200D}👩", "⟨U+FE0F⟩⟨ZWJ⟩👩"),
            ("\u{3164}\u{2800}", "⟨U+3164⟩⟨U+2800⟩"),
        ] {
            assert_eq!(lines(text), shown);
        }
    }

    #[test]
    fn what_people_write_stays() {
        for text in [
            "cargo test --workspace",
            "שלום עולם",
            "مرحبا بالعالم",
            "می\u{200C}خواهم API\u{200C}ها 20\u{200C}ساله ه\u{200D}.",
            "അവന്\u{200D} ক্\u{200C} ",
            "ភាសា\u{200B}ខ្មែរ ไทย\u{200B}ลาว",
            "क्\u{200D}ष න්\u{200D}ද",
            "👩‍👩‍👧‍👦 👩🏽‍💻 🏳️‍🌈 🏴‍☠️ ❤️‍🔥 🏃‍♀️‍➡️",
            "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F} 1\u{FE0F}\u{20E3} ©\u{FE0F}",
            "葛\u{E0100}城 naïve e\u{301} Ångström\u{A0}€",
            "Z̸̡͎",
        ] {
            assert_eq!(lines(text), text);
            assert_eq!(line(text, 200), text);
        }
    }

    #[test]
    fn a_line_ends_where_it_is_cut() {
        assert_eq!(line("ab\ncd\te\r\nf", 20), "ab cd e  f");
        assert_eq!(line("abcdef", 6), "abcdef");
        assert_eq!(line("abcdefg", 6), "abcde…");
        assert_eq!(line("abc👩‍💻d", 6), "abc👩…");
        assert_eq!(line("\u{200B}", 5), "⟨ZWS…");
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_left(text in "[ab ا-ي\u{E0}-\u{FF}👩👍🏴\u{0}-\u{20}\u{AD}\u{200B}-\u{200F}\u{202A}-\u{202E}\u{2060}-\u{206F}\u{FE0F}\u{E0061}-\u{E007F}]{0,40}") {
            let shown = lines(&text);
            let turns = |c| matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
            prop_assert!(!shown.contains(turns));
            prop_assert!(!shown.contains(|c: char| c.is_control() && !is_break(c)));
            // What is left joins what it stands between: there is something, and not more of it than that.
            let left = |text: &str| text.chars().filter(|c| is_hidden(*c) && !is_break(*c)).count();
            prop_assert!(left(&shown) <= TAGS_MAX * shown.chars().filter(|c| !is_hidden(*c)).count());
            prop_assert_eq!(lines(&shown), shown.clone());
            let short = line(&text, 12);
            prop_assert!(short.chars().count() <= 12 && !short.contains(turns) && !short.contains(char::is_control));
        }

        #[test]
        fn letters_stay(text in "[\\p{L}\\p{N}\\p{P}\\p{S} ]{0,40}") {
            prop_assume!(!text.contains(is_hidden));
            prop_assert_eq!(lines(&text), text.as_str());
        }

        #[test]
        fn escaped_json_says_the_same(text in any::<String>()) {
            let value = serde_json::json!({ "text": text });
            let pretty = serde_json::to_string_pretty(&value)?;
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&json(&pretty))?, value);
        }
    }
}
