//! A text taken apart into commands and words, as shells do it: operators, quotes, escapes, redirections, comments. Pure, linear in the text's length.

mod expansion;

/// How deep substitutions and groups may stand in each other.
const NESTING_MAX: usize = 128;

/// Which reading: what is nothing in one is a blank in another, and the escape of one is the separator of folders in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// As a POSIX shell where variables are empty.
    Posix,
    /// The same, where variables separate words (`rm$IFS-r`) and defaults hold.
    Spaced,
    /// The second, where `\` is a `/`, and `^` an escape.
    Windows,
}

/// What is read.
#[derive(Debug)]
pub(super) enum Text {
    /// Commands.
    Commands(String),
    /// What stands as if in `"…"`: only substitutions run.
    Quoted(String),
}

impl Text {
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Commands(text) | Self::Quoted(text) => text,
        }
    }
}

/// A command without its operators, quotes and redirections.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    pub words: Vec<String>,
    /// Where else than at its beginning a program may stand: after a substitution, which may come to anything.
    pub starts: Vec<usize>,
}

/// What was found in a text.
#[derive(Debug, Default)]
pub(super) struct Lexed {
    pub commands: Vec<Words>,
    /// What has to be read, too.
    pub texts: Vec<Text>,
    /// What here-documents say.
    pub documents: Vec<String>,
    pub is_too_deep: bool,
}

/// A command in progress, in its substitution or group.
#[derive(Debug, Default)]
struct Frame {
    /// What ends it.
    closer: Option<char>,
    /// Whether it stands in the place of a part of a word.
    is_substitution: bool,
    command: Words,
    word: Option<String>,
    /// Where the quoted text began that is read.
    quoted_from: Option<usize>,
    /// What the next word is of a redirection, if it is one.
    target: Option<Target>,
}

/// What a word is of a redirection.
#[derive(Debug, Clone, Copy)]
enum Target {
    /// `> file`
    File,
    /// `<<< text`: what is read, as in a here-document.
    Text,
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
    dialect: Dialect,
    /// Those above the first, `base`.
    frames: Vec<Frame>,
    base: Frame,
    out: Lexed,
    /// Whether all is as in quotes.
    is_document: bool,
    /// Here-documents whose text begins on the next line.
    announced: Vec<expansion::Document>,
    /// How many here-documents had no end.
    endless: usize,
    /// Whether it is known that no `'` follows.
    has_no_single: bool,
    /// After the last substitution.
    substituted_to: Option<usize>,
}

pub(super) fn lex(text: &Text, dialect: Dialect) -> Lexed {
    let is_document = matches!(text, Text::Quoted(_));
    let mut lexer = Lexer {
        chars: text.as_str().chars().collect(),
        at: 0,
        dialect,
        frames: Vec::new(),
        base: Frame { quoted_from: is_document.then_some(0), ..Frame::default() },
        out: Lexed::default(),
        is_document,
        announced: Vec::new(),
        endless: 0,
        has_no_single: false,
        substituted_to: None,
    };
    while let Some(c) = lexer.next() {
        if lexer.is_quoted() { lexer.quoted(c) } else { lexer.plain(c) }
    }
    lexer.finish()
}

/// Whether a character is not seen and changes nothing of what is read: joiners, marks of direction, variants.
pub(crate) fn is_ignored(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E0FFF}')
}

impl Lexer {
    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn top(&mut self) -> &mut Frame {
        self.frames.last_mut().unwrap_or(&mut self.base)
    }

    fn is_quoted(&mut self) -> bool {
        self.top().quoted_from.is_some()
    }

    fn plain(&mut self, c: char) {
        if self.top().closer == Some(c) {
            return self.close();
        }
        match c {
            '\n' | '\r' => {
                self.end_command();
                self.documents();
            }
            // Of the command before for bash, and before a command for dash.
            '&' if self.peek() == Some('>') => {
                self.end_word();
                self.may_start();
                self.at += 1;
                self.redirect('>');
            }
            ';' | '&' | '|' | ')' => self.end_command(),
            '(' => {
                self.end_command();
                self.open(')', false);
            }
            '<' | '>' => self.redirect(c),
            '\'' => self.single(),
            '"' => {
                let at = self.at;
                self.top().quoted_from = Some(at);
                self.begin_word();
            }
            '\\' => self.escape(),
            '^' if self.dialect == Dialect::Windows => {}
            '`' => self.substitute('`'),
            '$' => self.dollar(),
            '#' if self.begins_comment() => {
                // `…` is taken out before it is read, so its end is the comment's, too.
                let is_ticked = self.frames.iter().any(|frame| frame.closer == Some('`'));
                while self.peek().is_some_and(|c| c != '\n' && !(is_ticked && c == '`')) {
                    self.at += 1;
                }
            }
            c if c.is_whitespace() || c.is_control() => self.end_word(),
            c => self.push(c),
        }
    }

    fn quoted(&mut self, c: char) {
        match c {
            '"' if !(self.is_document && self.frames.is_empty()) => self.top().quoted_from = None,
            '\\' => match (self.dialect, self.peek()) {
                (_, Some(next @ '"')) => {
                    self.push(next);
                    self.at += 1;
                }
                (Dialect::Windows, _) => self.push('/'),
                (_, Some('\n')) => self.at += 1,
                (_, Some(next @ ('$' | '`' | '\\'))) => {
                    self.push(next);
                    self.at += 1;
                }
                _ => self.push('\\'),
            },
            '`' => self.substitute('`'),
            '$' => self.dollar(),
            c => self.push(c),
        }
    }

    fn escape(&mut self) {
        match (self.dialect, self.next()) {
            (_, Some(c @ ('"' | '\''))) => self.push(c),
            (Dialect::Windows, Some('\n')) => self.end_word(),
            (Dialect::Windows, c) => {
                self.push('/');
                self.at -= usize::from(c.is_some());
            }
            (_, Some('\n') | None) => {}
            (_, Some(c)) => self.push(c),
        }
    }

    /// A comment begins where a word may: other blanks than these, and what is put in the place of a substitution, are parts of words.
    fn begins_comment(&mut self) -> bool {
        let before = self.at.checked_sub(2).and_then(|at| self.chars.get(at)).copied();
        let may_begin = before.is_none_or(|c| " \t\n;&|()".contains(c));
        may_begin && self.substituted_to != Some(self.at - 1) && self.top().word.is_none()
    }

    /// `'…'`; without an end it is an apostrophe.
    fn single(&mut self) {
        let length = self.chars[self.at..].iter().position(|c| *c == '\'').filter(|_| !self.has_no_single);
        let Some(length) = length else {
            self.has_no_single = true;
            return;
        };
        self.begin_word();
        for at in self.at..self.at + length {
            self.push(self.chars[at]);
        }
        self.at += length + 1;
    }

    fn redirect(&mut self, c: char) {
        // The number of a stream is no word, nor is the name of a variable that has it: `{fd}>file`.
        let is_number = |word: &String| {
            let is_named = word.len() > 2 && word.starts_with('{') && word.ends_with('}');
            is_named || !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
        };
        if self.top().word.as_ref().is_some_and(is_number) {
            self.top().word = None;
        }
        self.end_word();
        if c == '<' && self.peek() == Some('<') {
            self.at += 1;
            if self.peek() == Some('<') {
                self.at += 1;
                self.top().target = Some(Target::Text);
            } else {
                self.announce();
            }
            return;
        }
        while self.peek().is_some_and(|c| matches!(c, '<' | '>' | '&' | '|')) {
            self.at += 1;
        }
        if self.peek() == Some('(') {
            self.at += 1;
            self.open(')', true);
        } else {
            self.top().target = Some(Target::File);
        }
    }

    /// A substitution: commands, up to the closer, in the place of a part of a word.
    fn substitute(&mut self, closer: char) {
        self.gap();
        self.open(closer, true);
    }

    /// What stands for a text that is not known.
    fn gap(&mut self) {
        // What a redirection is given is a word, even if it comes to nothing.
        if self.top().target.is_some() {
            self.begin_word();
        }
        match (self.dialect, self.is_quoted()) {
            (Dialect::Posix, _) => {}
            (_, true) => self.push(' '),
            (_, false) => self.end_word(),
        }
    }

    fn open(&mut self, closer: char, is_substitution: bool) {
        if self.frames.len() < NESTING_MAX {
            self.frames.push(Frame { closer: Some(closer), is_substitution, ..Frame::default() });
        } else {
            self.out.is_too_deep = true;
        }
    }

    fn close(&mut self) {
        self.end_command();
        if self.frames.pop().is_some_and(|frame| frame.is_substitution) {
            self.substituted_to = Some(self.at);
        }
        self.may_start();
    }

    /// Marks the word in progress and the next one: a program may stand there.
    fn may_start(&mut self) {
        let command = &mut self.top().command;
        let next = command.words.len();
        command.starts.extend([next, next + 1]);
    }

    fn begin_word(&mut self) {
        self.top().word.get_or_insert_default();
    }

    fn push(&mut self, c: char) {
        let is_data = self.is_document && self.frames.is_empty();
        if !is_data && !is_ignored(c) {
            self.top().word.get_or_insert_default().push(c);
        }
    }

    fn end_word(&mut self) {
        let frame = self.top();
        let Some(word) = frame.word.take() else { return };
        match frame.target.take() {
            None => frame.command.words.push(word),
            Some(Target::File) => {}
            Some(Target::Text) => self.out.documents.push(word),
        }
    }

    fn end_command(&mut self) {
        self.end_word();
        let frame = self.top();
        frame.target = None;
        let command = std::mem::take(&mut frame.command);
        if !command.words.is_empty() {
            self.out.commands.push(command);
        }
    }

    fn finish(mut self) -> Lexed {
        loop {
            let is_base = self.frames.is_empty();
            if let Some(from) = self.top().quoted_from
                && !(is_base && self.is_document)
            {
                // A quote without an end is none.
                let text = self.chars[from..].iter().collect();
                self.out.texts.push(Text::Commands(text));
            }
            self.end_command();
            if self.frames.pop().is_none() {
                return self.out;
            }
        }
    }
}
