//! One command as words, and whether it goes on as a rule says. Pure.

use std::collections::BTreeMap;

/// Most options and their values that may stand between two words of a rule. With more of them the second is taken to be there.
const BETWEEN_MAX: usize = 32;

/// A command without its operators.
#[derive(Debug)]
pub(super) struct Command {
    words: Vec<String>,
    /// Where each option stands last: `--force`, and `-r` and `-f` of `-rf`.
    options: BTreeMap<String, usize>,
}

impl Command {
    pub(super) fn new(words: Vec<String>) -> Self {
        let mut options = BTreeMap::new();
        for (at, word) in words.iter().enumerate().filter(|(_, word)| word.starts_with('-')) {
            if let Some((name, _)) = word.split_once('=') {
                options.insert(name.to_owned(), at);
            }
            if !word.starts_with("--") {
                options.extend(word.chars().skip(1).map(|letter| (format!("-{letter}"), at)));
            }
            options.insert(word.clone(), at);
        }
        Self { words, options }
    }

    pub(super) fn word(&self, at: usize) -> &str {
        self.words.get(at).map_or("", String::as_str)
    }

    /// Whether these words follow the program at a place: options anywhere, in any order and put together or not, other words in their order, with nothing but options and
    /// their values before each.
    pub(super) fn goes_on(&self, program: usize, words: &[String]) -> bool {
        let mut at = program + 1;
        words.iter().all(|word| {
            if word.starts_with('-') && word.len() > 1 {
                return self.has_option(program, word);
            }
            let Some(after) = self.after(at, word) else { return false };
            at = after;
            true
        })
    }

    fn has_option(&self, program: usize, word: &str) -> bool {
        let has = |option: &str| self.options.get(option).is_some_and(|at| *at > program);
        let letters = || word.chars().skip(1).all(|letter| has(&format!("-{letter}")));
        has(word) || (!word.starts_with("--") && letters())
    }

    /// What follows the word, if it comes next.
    fn after(&self, from: usize, word: &str) -> Option<usize> {
        let mut is_value = false;
        for (n, at) in (from..self.words.len()).enumerate() {
            let found = &self.words[at];
            if found.eq_ignore_ascii_case(word) || n > BETWEEN_MAX {
                return Some(at + 1);
            }
            let is_option = found.starts_with('-');
            if !is_option && !is_value && !found.is_empty() {
                return None;
            }
            is_value = is_option;
        }
        None
    }
}
