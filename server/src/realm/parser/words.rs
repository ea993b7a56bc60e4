//! Words and where they stand.

/// A word or a punctuation mark of the input.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word<'a> {
    /// As it was typed.
    pub(super) text: &'a str,
    /// Its first byte in the input.
    pub(super) start: usize,
}

impl Word<'_> {
    /// One past its last byte.
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether it is `other`, whatever its case and kind of apostrophe.
    pub(super) fn is(&self, other: &str) -> bool {
        self.text.eq_ignore_ascii_case(other)
            || (self.text.contains('’') && self.text.replace('’', "'").eq_ignore_ascii_case(other))
    }

    /// Whether it is one of `others`.
    pub(super) fn is_any(&self, others: &[&str]) -> bool {
        others.iter().any(|other| self.is(other))
    }
}

fn splits_anywhere(c: char) -> bool {
    matches!(c, ',' | ':' | ';')
}

fn splits_at_the_end(c: char) -> bool {
    splits_anywhere(c) || matches!(c, '.' | '!' | '?' | '…')
}

/// Splits at white space, at `,` `:` `;` and before punctuation at the end of a word: a dot inside stays, so
/// that `gpt-4.1` is one word.
pub(super) fn split(input: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut rest = input;
    let mut at = 0;
    while !rest.is_empty() {
        let blank = rest.len() - rest.trim_start().len();
        rest = &rest[blank..];
        at += blank;
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        split_chunk(&rest[..end], at, &mut words);
        rest = &rest[end..];
        at += end;
    }
    words
}

fn split_chunk<'a>(chunk: &'a str, at: usize, words: &mut Vec<Word<'a>>) {
    let body = chunk.trim_end_matches(splits_at_the_end).len();
    let mut from = 0;
    for (i, c) in chunk.char_indices().filter(|&(i, c)| i >= body || splits_anywhere(c)) {
        if i > from {
            words.push(Word { text: &chunk[from..i], start: at + from });
        }
        from = i + c.len_utf8();
        words.push(Word { text: &chunk[i..from], start: at + i });
    }
    if from < chunk.len() {
        words.push(Word { text: &chunk[from..], start: at + from });
    }
}

/// A reader of words that can look ahead and go back.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    /// All that was typed.
    pub(super) input: &'a str,
    words: Vec<Word<'a>>,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Before the first word.
    pub(super) fn new(input: &'a str) -> Self {
        Self { input, words: split(input), at: 0 }
    }

    /// The word `n` places ahead; 0 is the next one.
    pub(super) fn peek(&self, n: usize) -> Option<Word<'a>> {
        self.words.get(self.at + n).copied()
    }

    /// What is still to be read.
    pub(super) fn rest(&self) -> &[Word<'a>] {
        self.words.get(self.at..).unwrap_or_default()
    }

    /// Passes `n` words.
    pub(super) fn advance(&mut self, n: usize) {
        self.at = (self.at + n).min(self.words.len());
    }

    /// Passes everything that begins before `byte`.
    pub(super) fn seek(&mut self, byte: usize) {
        self.at = self.words.partition_point(|word| word.start < byte);
    }

    /// Takes the next word if it is one of `choices`.
    pub(super) fn take(&mut self, choices: &[&str]) -> Option<Word<'a>> {
        let word = self.peek(0).filter(|word| word.is_any(choices))?;
        self.advance(1);
        Some(word)
    }

    /// Takes several words in a row, or none; gives their bytes.
    pub(super) fn take_phrase(&mut self, phrase: &str) -> Option<(usize, usize)> {
        let mut n = 0;
        for expected in phrase.split(' ') {
            self.peek(n).filter(|word| word.is(expected))?;
            n += 1;
        }
        let span = (self.peek(0)?.start, self.peek(n - 1)?.end());
        self.advance(n);
        Some(span)
    }

    /// The first byte of the next word, or the end of the input.
    pub(super) fn byte(&self) -> usize {
        self.peek(0).map_or(self.input.len(), |word| word.start)
    }
}
