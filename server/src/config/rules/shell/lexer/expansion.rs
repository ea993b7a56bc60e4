//! What shells put in the place of `$…`, and where here-documents begin and end. Pure.

use super::{Dialect, Lexer, Text};

/// Most here-documents of a text that wait for their line, or have no end; with more of them it may be any command.
const DOCUMENTS_MAX: usize = 16;
/// Longest `${…}` that is taken for one, characters.
const BRACES_CHARS_MAX: usize = 256;

/// A here-document whose text is not reached yet.
#[derive(Debug)]
pub(super) struct Document {
    /// The line after its last.
    end: String,
    /// Whether substitutions in it run.
    runs: bool,
    /// `<<-`: tabs before the end do not count.
    has_tabs: bool,
}

impl Lexer {
    /// After a `$`.
    pub(super) fn dollar(&mut self) {
        let is_quoted = self.is_quoted();
        match self.peek() {
            Some('(') => {
                self.at += 1;
                self.substitute(')');
            }
            Some('{') => {
                self.at += 1;
                self.braces();
            }
            Some('\'') if !is_quoted => {
                self.at += 1;
                self.escaped();
            }
            Some('"') if !is_quoted => {}
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                while self.peek().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_') {
                    self.at += 1;
                }
                self.gap();
            }
            Some(c) if c.is_ascii_digit() || "@*#?$!-".contains(c) => {
                self.at += 1;
                self.gap();
            }
            _ => self.push('$'),
        }
    }

    /// `${name}`, and what may stand in it. A default (`${CC:-rm}`) holds where variables separate words.
    fn braces(&mut self) {
        let (mut open, mut before) = (1, ' ');
        let end = self.chars[self.at..].iter().take(BRACES_CHARS_MAX).position(|c| {
            open += i32::from(*c == '{' && before == '$') - i32::from(*c == '}');
            before = *c;
            open == 0
        });
        let Some(length) = end else { return self.gap() };
        let inner: String = self.chars[self.at..self.at + length].iter().collect();
        self.at += length + 1;
        self.gap();
        let value = inner.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let value = value.strip_prefix(':').unwrap_or(value);
        if self.dialect != Dialect::Posix
            && let Some(value) = value.strip_prefix(['-', '=', '+'])
        {
            let is_quoted = self.is_quoted();
            for c in value.chars().filter(|c| !"'\"\\".contains(*c)) {
                if c.is_whitespace() && !is_quoted { self.end_word() } else { self.push(c) }
            }
        }
        if inner.contains("$(") || inner.contains('`') {
            self.out.texts.push(Text::Quoted(inner));
        }
    }

    /// `$'…'`: letters may be written by their numbers.
    fn escaped(&mut self) {
        while let Some(c) = self.next() {
            match c {
                '\'' => return,
                '\\' => {
                    let (radix, digits) = match self.next() {
                        Some('x') => (16, 2),
                        Some('u') => (16, 4),
                        Some('U') => (16, 8),
                        Some('0'..='7') => {
                            self.at -= 1;
                            (8, 3)
                        }
                        Some('n') => {
                            self.push('\n');
                            continue;
                        }
                        Some('t' | 'r' | 'a' | 'b' | 'f' | 'v' | 'e') => {
                            self.push(' ');
                            continue;
                        }
                        Some(c) => {
                            self.push(c);
                            continue;
                        }
                        None => return,
                    };
                    let code = self.number(radix, digits);
                    self.push(char::from_u32(code).unwrap_or(' '));
                }
                c => self.push(c),
            }
        }
    }

    fn number(&mut self, radix: u32, digits: usize) -> u32 {
        let mut code: u32 = 0;
        for _ in 0..digits {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(radix)) else { break };
            code = code.wrapping_mul(radix).wrapping_add(digit);
            self.at += 1;
        }
        code
    }

    /// After `<<`.
    pub(super) fn announce(&mut self) {
        let has_tabs = self.peek() == Some('-');
        self.at += usize::from(has_tabs);
        while self.peek().is_some_and(|c| matches!(c, ' ' | '\t')) {
            self.at += 1;
        }
        let (mut end, mut runs) = (String::new(), true);
        while let Some(c) = self.peek().filter(|c| !c.is_whitespace() && !";&|<>()".contains(*c)) {
            if "'\"\\".contains(c) {
                runs = false;
            } else {
                end.push(c);
            }
            self.at += 1;
        }
        if self.announced.len() >= DOCUMENTS_MAX {
            self.out.is_too_deep = true;
        } else if !end.is_empty() {
            self.announced.push(Document { end, runs, has_tabs });
        }
    }

    /// At the beginning of a line: the texts of what was announced. One without an end is read as commands, like all that follows.
    pub(super) fn documents(&mut self) {
        for document in std::mem::take(&mut self.announced) {
            if self.out.is_too_deep {
                return;
            }
            let is_end = |line: &[char]| {
                let line = line.strip_suffix(&['\r']).unwrap_or(line);
                let tabs = line.iter().take_while(|c| document.has_tabs && **c == '\t').count();
                line[tabs..].iter().copied().eq(document.end.chars())
            };
            let mut at = self.at;
            let mut lines = self.chars[self.at..].split(|c| *c == '\n');
            let found = lines.find(|line| {
                let is_end = is_end(line);
                at += if is_end { 0 } else { line.len() + 1 };
                is_end
            });
            let Some(line) = found else {
                self.endless += 1;
                self.out.is_too_deep |= self.endless > DOCUMENTS_MAX;
                continue;
            };
            let text: String = self.chars[self.at..at].iter().collect();
            self.at = (at + line.len() + 1).min(self.chars.len());
            if document.runs && (text.contains("$(") || text.contains('`')) {
                self.out.texts.push(Text::Quoted(text.clone()));
            }
            self.out.documents.push(text);
        }
    }
}
