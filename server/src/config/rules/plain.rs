//! The strict reading of a command, by which rules allow: words that mean themselves in every shell, or nothing. Pure.
//!
//! The list says what is let through, not what is kept out, because shells differ and grow: a character that nobody thought of is a person's question, never an answer.
//! Let through are the letters and digits of ASCII, the space, and `- _ . / : , @ + =`; and words in a pair of quotes (`'…'` or `"…"`) that hold nothing else either. So
//! there is no operator, substitution, redirection, expansion, glob, escape, comment, line break, tab, control character, or anything that only looks like a space.
//! A `=` may not stand in the first word, which would set a variable, nor begin a word, which zsh expands. The words of a rule are not quoted in the command.

use super::shell::{self, Open};

/// Longest command that a rule may allow, bytes.
const COMMAND_BYTES_MAX: usize = 4096;

/// The first words of commands that a rule is for, each of them whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandPrefix {
    words: Vec<String>,
    is_exact: bool,
}

/// A word of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word<'c> {
    /// Without its quotes.
    pub text: &'c str,
    /// Whether it stood in quotes.
    pub is_quoted: bool,
}

impl CommandPrefix {
    /// Longest prefix, bytes.
    pub(super) const BYTES_MAX: usize = 512;

    /// Its words, at least one.
    #[must_use]
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// Whether nothing may follow them.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.is_exact
    }

    /// Reads what a rule has in `command`. `is_exact`: nothing may follow; only what allows has that.
    pub(super) fn parse(text: &str, allows: bool, is_exact: bool) -> Result<Self, String> {
        let words: Vec<String> = text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
        if !allows {
            // Compared with words whose quotes are gone, so most characters mean themselves; operators never stand in a word.
            let unfit = text.chars().find(|c| !matches!(c, ' '..='~') || "'\"\\;&|<>(){}$`".contains(*c));
            if let Some(unfit) = unfit {
                return Err(format!(
                    "has {unfit:?}; it is the first words of one command, such as \"git push\""
                ));
            }
        } else if words_of(text).is_none_or(|words| words.iter().any(|word| word.is_quoted)) {
            return Err(
                "is no plain beginning of a command, such as \"cargo test\"; what is allowed has letters, digits and - _ . / : , @ + = only, \
                 and sets no variable"
                    .into(),
            );
        } else if let Some(open) = shell::left_open(&words).filter(|_| !is_exact) {
            return Err(match open {
                Open::Command(program) => {
                    format!("allows any command, as {program} runs what follows it; name that, too")
                }
                Open::Always(program) => {
                    format!(
                        "allows any command, as {program} may run what follows it; write all of it, and exact = true"
                    )
                }
                Open::Program(program) => format!(
                    "allows all that {program} can do; write more of it, such as \"{program} …\", or exact = true"
                ),
            });
        }
        // A rule that would not deny its own words would deny nothing.
        if !shell::Reading::of(text).runs(&words) || words[0].contains(['*', '?', '[']) {
            return Err("begins with no name of a program, such as \"git push\"".into());
        }
        Ok(Self { words, is_exact })
    }

    /// Whether a command begins with these words and does nothing else.
    pub(super) fn allows(&self, command: &str) -> bool {
        let Some(words) = words_of(command) else { return false };
        words.len() >= self.words.len()
            && !(self.is_exact && words.len() > self.words.len())
            && self.words.iter().zip(&words).all(|(expected, word)| !word.is_quoted && word.text == expected)
    }
}

/// The words of a command that can mean one thing only; `None`: it might do anything.
pub(super) fn words_of(command: &str) -> Option<Vec<Word<'_>>> {
    if command.len() > COMMAND_BYTES_MAX {
        return None;
    }
    let (mut words, mut rest) = (Vec::new(), command.trim_start_matches(' '));
    while !rest.is_empty() {
        let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'));
        let (text, after) = match quote {
            Some(quote) => rest[1..].split_once(quote)?,
            None => rest.split_at(rest.find(' ').unwrap_or(rest.len())),
        };
        let is_plain = text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_./:,@+=".contains(&byte) || byte == b' ');
        let ends = after.is_empty() || after.starts_with(' ');
        let is_named = !words.is_empty() || (quote.is_none() && !text.contains('='));
        if !is_plain || !ends || !is_named || text.starts_with('=') {
            return None;
        }
        words.push(Word { text, is_quoted: quote.is_some() });
        rest = after.trim_start_matches(' ');
    }
    (!words.is_empty()).then_some(words)
}
