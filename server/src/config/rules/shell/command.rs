//! One command as words, and whether it goes on as a rule says. Pure.

use std::collections::BTreeMap;

use super::runners::is_setting;

/// Programs that do all that they are told, one word after the other: `make clean deploy`.
const MANY: [&str; 22] = [
    "make",
    "gmake",
    "bmake",
    "nmake",
    "mingw32-make",
    "just",
    "ninja",
    "task",
    "go-task",
    "mise",
    "rake",
    "mage",
    "invoke",
    "inv",
    "mvn",
    "mvnw",
    "gradle",
    "gradlew",
    "ant",
    "sbt",
    "turbo",
    "run-s",
];

/// Whether a program takes this word besides those of a rule.
pub(super) type IsBesides = fn(&str) -> bool;

/// Most options and their values that may stand between two words of a rule. With more of them the second is taken to be there.
const BETWEEN_MAX: usize = 32;

/// A command without its operators.
#[derive(Debug)]
pub(super) struct Command {
    words: Vec<String>,
    /// Which of them may stand between two words of any rule: what is set, a toolchain, nothing.
    passed: Vec<bool>,
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
        let passed = words.iter().map(|word| word.is_empty() || word.starts_with('+') || is_setting(word));
        Self { passed: passed.collect(), words, options }
    }

    pub(super) fn word(&self, at: usize) -> &str {
        self.words.get(at).map_or("", String::as_str)
    }

    /// Whether these words follow the program at a place: options anywhere, in any order and put together or not, other words in their order, with nothing before each but
    /// options and their values, what is set (`make ENV=prod deploy`), a toolchain (`cargo +nightly publish`), and what a program is told besides (`make all deploy`).
    pub(super) fn goes_on(&self, program: usize, words: &[String], is_besides: IsBesides) -> bool {
        let mut at = program + 1;
        words.iter().all(|word| {
            if word.starts_with('-') && word.len() > 1 {
                return self.has_option(program, word);
            }
            let Some(after) = self.after(at, word, is_besides) else { return false };
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
    fn after(&self, from: usize, word: &str, is_besides: IsBesides) -> Option<usize> {
        let mut is_value = false;
        for (n, at) in (from..self.words.len()).enumerate() {
            let found = &self.words[at];
            if found.eq_ignore_ascii_case(word) || n > BETWEEN_MAX {
                return Some(at + 1);
            }
            let is_option = found.starts_with('-');
            if !is_option && !is_value && !self.passed[at] && !is_besides(found) {
                return None;
            }
            is_value = is_option;
        }
        None
    }
}

/// Whether the program of that name takes a word and then goes on as if without it.
pub(super) fn besides(program: &str) -> IsBesides {
    match program {
        "gcloud" => |word| matches!(word, "alpha" | "beta" | "preview"),
        name if MANY.contains(&name) => |_| true,
        _ => |_| false,
    }
}
