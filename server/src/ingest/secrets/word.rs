//! Words as a shell reads them: quotes, escapes, `$'…'`, substitutions, joins and continued lines. Pure, in linear time.

use std::ops::Range;

/// What is open while a word is read.
enum Open {
    Single,
    /// `$'…'`, in which a backslash escapes.
    Ansi,
    Double,
    /// A quote behind so many backslashes, within double quotes: `"{\"a\":\"b\"}"`.
    Escaped(u8, usize),
    Paren,
    Brace,
    Tick,
}

/// How a text is read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reading {
    /// Within double quotes: a quote behind a backslash opens and closes.
    pub(super) in_double: bool,
    /// An apostrophe of an English word is no quote.
    pub(super) is_prose: bool,
}

/// What encloses a part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Enclosure {
    Single,
    Double,
    /// `$(…)`, `${…}` and backticks.
    Substitution,
}

/// The inside of quotes or of a substitution.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) inner: Range<usize>,
    pub(super) by: Enclosure,
}

/// Whether a text has apostrophes as words of English have, and is to be read as prose as well.
pub(super) fn may_be_prose(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'\'', bytes).any(|at| is_apostrophe(bytes, at))
}

/// As in `don't`, `it's`, `they're`.
fn is_apostrophe(bytes: &[u8], at: usize) -> bool {
    let is_letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphabetic);
    let rest = bytes.get(at + 1..).unwrap_or_default();
    let ends = [&b"t"[..], b"s", b"m", b"d", b"re", b"ve", b"ll"];
    bytes[at] == b'\''
        && is_letter(at.checked_sub(1).and_then(|n| bytes.get(n)))
        && ends.iter().any(|end| rest.starts_with(end) && !is_letter(rest.get(end.len())))
}

/// The end of what begins at `at`: a letter, an escape, a quoted text or a substitution. What never closes goes to `end`.
pub(super) fn skip(text: &str, at: usize, end: usize, reading: Reading) -> usize {
    let bytes = &text.as_bytes()[..end];
    let mut open = Vec::new();
    let mut at = at;
    loop {
        at = match open.last() {
            _ if at >= end => return end,
            None if reading.is_prose && is_apostrophe(bytes, at) => at + 1,
            None => plain(bytes, at, reading.in_double, &mut open),
            Some(Open::Single) => match memchr::memchr(b'\'', &bytes[at..]) {
                Some(close) => closed(&mut open, at + close),
                None => end,
            },
            Some(Open::Ansi) if bytes[at] == b'\'' => closed(&mut open, at),
            Some(Open::Double) if bytes[at] == b'"' => closed(&mut open, at),
            Some(Open::Paren) if bytes[at] == b')' => closed(&mut open, at),
            Some(Open::Brace) if bytes[at] == b'}' => closed(&mut open, at),
            Some(Open::Tick) if bytes[at] == b'`' => closed(&mut open, at),
            Some(Open::Escaped(quote, depth)) => {
                let (quote, depth, run) = (*quote, *depth, backslashes(bytes, at));
                let is_quote = bytes.get(at + run) == Some(&quote);
                // Each level of quotes doubles the backslashes of the one within.
                let closes = run < depth || (run - depth).is_multiple_of(2 * (depth + 1));
                match () {
                    () if is_quote && closes => closed(&mut open, at + run),
                    () if is_quote => at + run + 1,
                    () => at + run.max(1),
                }
            }
            Some(_) if bytes[at] == b'\\' => at + 2,
            Some(Open::Ansi | Open::Tick) => at + 1,
            Some(Open::Double) => substitution(bytes, at, &mut open),
            Some(Open::Paren) if bytes[at] == b'(' => opened(&mut open, Open::Paren, at + 1),
            Some(Open::Brace) if bytes[at] == b'{' => opened(&mut open, Open::Brace, at + 1),
            Some(Open::Paren | Open::Brace) => plain(bytes, at, false, &mut open),
        };
        if open.is_empty() {
            return text.ceil_char_boundary(at.min(end));
        }
    }
}

fn closed(open: &mut Vec<Open>, at: usize) -> usize {
    open.pop();
    at + 1
}

fn opened(open: &mut Vec<Open>, what: Open, at: usize) -> usize {
    open.push(what);
    at
}

fn backslashes(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().take_while(|byte| **byte == b'\\').count()
}

/// Backslashes before the last byte, at most so many.
fn escapes_before_last(bytes: &[u8], max: usize) -> usize {
    bytes.iter().rev().skip(1).take(max).take_while(|byte| **byte == b'\\').count()
}

/// Outside of quotes.
fn plain(bytes: &[u8], at: usize, in_double: bool, open: &mut Vec<Open>) -> usize {
    match (bytes[at], bytes.get(at + 1)) {
        (b'\\', _) if in_double => {
            let run = backslashes(bytes, at);
            match bytes.get(at + run) {
                Some(quote @ (b'"' | b'\'' | b'`')) if run % 2 == 1 => {
                    opened(open, Open::Escaped(*quote, run), at + run + 1)
                }
                _ => at + run + run % 2,
            }
        }
        (b'\\', _) => at + 2,
        (b'$', Some(b'\'')) => opened(open, Open::Ansi, at + 2),
        (b'\'', _) => opened(open, Open::Single, at + 1),
        (b'"', _) => opened(open, Open::Double, at + 1),
        _ => substitution(bytes, at, open),
    }
}

fn substitution(bytes: &[u8], at: usize, open: &mut Vec<Open>) -> usize {
    match (bytes[at], bytes.get(at + 1)) {
        (b'$', Some(b'(')) => opened(open, Open::Paren, at + 2),
        (b'$', Some(b'{')) => opened(open, Open::Brace, at + 2),
        (b'`', _) => opened(open, Open::Tick, at + 1),
        _ => at + 1,
    }
}

/// The end of the word that begins at `at`.
pub(super) fn end_of(text: &str, at: usize, end: usize, reading: Reading) -> usize {
    let mut at = at;
    while at < end && !ends_word(text.as_bytes()[at]) {
        at = skip(text, at, end, reading);
    }
    at
}

fn ends_word(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b";&|<>()".contains(&byte)
}

/// The end of blanks, and of ends of lines that a backslash takes away.
pub(super) fn blanks(text: &str, at: usize, end: usize) -> usize {
    let (bytes, mut at) = (&text.as_bytes()[..end], at);
    loop {
        at += match &bytes[at..] {
            [b' ' | b'\t' | b'\r', ..] => 1,
            [b'\\', b'\n', ..] => 2,
            [b'\\', b'\r', b'\n', ..] => 3,
            _ => return at,
        };
    }
}

/// Words, and what stands between commands and before files: `&&`, `<<<`, `(`, an end of a line.
pub(super) fn words(text: &str, within: Range<usize>, reading: Reading) -> Vec<Range<usize>> {
    let (bytes, end) = (text.as_bytes(), within.end);
    let mut words = Vec::new();
    let mut at = blanks(text, within.start, end);
    while at < end {
        let start = at;
        if ends_word(bytes[at]) {
            while at < end && bytes[at] == bytes[start] {
                at += 1;
            }
        } else {
            at = end_of(text, at, end, reading);
        }
        words.push(start..at);
        at = blanks(text, at, end);
    }
    words
}

/// The insides of quotes and substitutions, those within others left out.
pub(super) fn parts(text: &str, within: Range<usize>, reading: Reading) -> Vec<Part> {
    let (bytes, mut at) = (text.as_bytes(), within.start);
    let mut parts = Vec::new();
    while at < within.end {
        let next = skip(text, at, within.end, reading);
        let run = if reading.in_double { backslashes(bytes, at) } else { 0 };
        let (front, by) = match &bytes[at..next] {
            [b'$', b'\'', ..] => (2, Enclosure::Single),
            [b'\'', ..] if next > at + 1 || !reading.is_prose => (1, Enclosure::Single),
            [b'"', ..] => (1, Enclosure::Double),
            [b'$', b'(' | b'{', ..] => (2, Enclosure::Substitution),
            [b'`', ..] => (1, Enclosure::Substitution),
            [b'\\', ..] if run % 2 == 1 && matches!(bytes.get(at + run), Some(b'"' | b'\'' | b'`')) => {
                (run + 1, Enclosure::Double)
            }
            _ => {
                at = next;
                continue;
            }
        };
        let close = bytes[at + front - 1];
        let close = [b'(', b'{'].iter().position(|c| *c == close).map_or(close, |n| b")}"[n]);
        let start = (at + front).min(next);
        let is_closed = next > start && bytes[next - 1] == close;
        let back = if is_closed { 1 + escapes_before_last(&bytes[start..next], run) } else { 0 };
        parts.push(Part { inner: start..next.saturating_sub(back).max(start), by });
        at = next;
    }
    parts
}

/// A word without the quotes around all of it.
pub(super) fn bare(text: &str, word: &Range<usize>, reading: Reading) -> Range<usize> {
    let bytes = &text.as_bytes()[word.clone()];
    let front = usize::from(bytes.first() == Some(&b'$') && bytes.get(1) == Some(&b'\''));
    let run = backslashes(bytes, 0);
    let quote = bytes.get(front.max(run)).copied().filter(|c| matches!(c, b'"' | b'\'' | b'`'));
    let Some(quote) = quote else { return word.clone() };
    let is_whole = skip(text, word.start, word.end, reading) == word.end;
    let (front, back) = (front.max(run) + 1, 1 + escapes_before_last(bytes, run));
    if is_whole && bytes.len() >= front + back && bytes.last() == Some(&quote) {
        word.start + front..word.end - back
    } else {
        word.clone()
    }
}

/// Whether a word is nothing but one variable, bare or in double quotes.
pub(super) fn is_variable(word: &str) -> bool {
    let word = word.strip_prefix("\\\"").and_then(|word| word.strip_suffix("\\\"")).unwrap_or(word);
    let word = word.strip_prefix('"').and_then(|word| word.strip_suffix('"')).unwrap_or(word);
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let within = |front: &str, back: &str| word.strip_prefix(front).and_then(|word| word.strip_suffix(back));
    if let Some(expression) = within("${{", "}}") {
        return expression.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-. ".contains(&byte));
    }
    within("${", "}").is_some_and(is_name)
        || within("%", "%").is_some_and(is_name)
        || word.strip_prefix("$env:").is_some_and(is_name)
        || word.strip_prefix('$').is_some_and(is_name)
}
