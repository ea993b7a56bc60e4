//! Where programs stand in a command: first, after what is set for them, and after programs that run others. Pure.

use super::lexer::Words;
use super::program;
use super::programs::{is_listed, is_shell, operands_of_command};

/// Words of a shell's own language that a program may follow.
const KEYWORDS: [&str; 16] = [
    "if", "then", "else", "elif", "do", "while", "until", "!", "{", "}", "coproc", "&", "fi", "done", "esac",
    "in",
];
/// What a program follows in any place: options of `find`, `fd` and `git rebase`, and the beginning of a function.
const BEFORE: [&str; 9] = ["-exec", "-execdir", "-ok", "-okdir", "--exec", "--exec-batch", "-x", "-X", "{"];

/// How many words after a program are looked at for a command of its that runs others (`docker exec`), options and their values left out.
const COMMANDS_MAX: usize = 8;
/// And with them.
const COMMAND_WORDS_MAX: usize = 32;
/// Longest beginning and end of a word with braces that are repeated for each part, bytes.
const AROUND_BYTES_MAX: usize = 64;

/// Where programs stand in a command.
pub(super) struct Places {
    /// Of its words, in rising order, each once.
    pub programs: Vec<usize>,
    /// Words that are commands themselves.
    pub texts: Vec<String>,
    /// Whether one of the programs runs what it reads.
    pub has_shell: bool,
    /// Whether one of the programs runs what follows it.
    pub has_runner: bool,
}

pub(super) fn places(command: &Words) -> Places {
    let words = &command.words;
    let (mut programs, mut texts, mut runner) = (Vec::new(), Vec::new(), None);
    // The first word from each that is no setting and no word of the language.
    let mut after = vec![words.len(); words.len() + 1];
    for (at, word) in words.iter().enumerate().rev() {
        // A name of wildcards alone may be a program that runs others.
        let is_before = word.chars().all(|c| matches!(c, '*' | '?'))
            || is_setting(word)
            || KEYWORDS.contains(&word.as_str());
        after[at] = if is_before { after[at + 1] } else { at };
    }
    let starts = std::iter::once(0).chain(command.starts.iter().copied());
    let before = (0..words.len()).filter(|at| BEFORE.contains(&words[*at].as_str())).map(|at| at + 1);
    for start in starts.chain(before) {
        let Some(at) = after.get(start).copied().filter(|at| *at < words.len()) else { continue };
        programs.push(at);
        let runs = is_listed(&program(&words[at])).then_some(at);
        let runs = runs.or_else(|| running_command(words, at));
        runner = runner.into_iter().chain(runs).min();
        // {rm,-r,folder} is three words. The first program has all other words after it.
        if texts.is_empty() && (programs.len() == 1 || has_braces(&words[at])) {
            texts.extend(expanded(&words[at..]));
        }
    }
    if let Some(runner) = runner {
        programs.extend(runner + 1..words.len());
    }
    programs.sort_unstable();
    programs.dedup();
    let first_told = runner.map_or(words.len(), |runner| runner + 1);
    let is_told = |at: usize| at >= first_told || at > 0 && BEFORE.contains(&words[at - 1].as_str());
    texts.extend(
        (0..words.len()).filter(|at| is_told(*at) && is_text(&words[*at])).map(|at| words[at].clone()),
    );
    if let Some(at) = runner.filter(|at| program(&words[*at]) == "eval") {
        texts.push(words[at + 1..].join(" "));
    }
    let has_shell = programs.iter().any(|at| is_shell(&program(&words[*at])));
    Places { programs, texts, has_shell, has_runner: runner.is_some() }
}

/// A command with its options apart from what is attached to them, if that may be run: `env -S'git push'`, `su --command='rm x'`, `fd -xrm`.
pub(super) fn apart(command: &Words, has_runner: bool) -> Option<Words> {
    let has_exec = command.words.iter().any(|word| matches!(program(word).as_str(), "fd" | "fdfind" | "git"));
    let split = |word: &str| {
        let (option, value) = match word.strip_prefix("--") {
            Some(_) => word.split_once('=')?,
            None => word
                .strip_prefix('-')?
                .chars()
                .next()
                .filter(char::is_ascii_alphabetic)
                .map(|_| word.split_at(2))?,
        };
        let is_run = has_runner || BEFORE.contains(&option) && (option.starts_with("--") || has_exec);
        (is_run && !value.is_empty()).then(|| (option.to_owned(), value.to_owned()))
    };
    let mut out = Words::default();
    let mut places = Vec::with_capacity(command.words.len() + 1);
    for word in &command.words {
        places.push(out.words.len());
        match split(word) {
            Some((option, value)) => out.words.extend([option, value]),
            None => out.words.push(word.clone()),
        }
    }
    places.push(out.words.len());
    out.starts = command.starts.iter().filter_map(|start| places.get(*start).copied()).collect();
    (out.words.len() > command.words.len()).then_some(out)
}

/// Where a command of the program at a place stands that runs what follows it.
fn running_command(words: &[String], at: usize) -> Option<usize> {
    let name = program(&words[at]);
    let (mut said, mut is_value) = (0, false);
    for (n, word) in words.iter().enumerate().take(at + COMMAND_WORDS_MAX).skip(at + 1) {
        if word == "run" || operands_of_command(&name, word) > 0 {
            return Some(n);
        }
        let is_option = word.starts_with('-');
        said += usize::from(!is_option && !is_value);
        if said >= COMMANDS_MAX {
            return None;
        }
        is_value = is_option;
    }
    None
}

/// Whether a word is more than a name: it may be a command.
fn is_text(word: &str) -> bool {
    word.contains(|c: char| c.is_whitespace() || ";&|()<>`$'\"\\".contains(c))
}

fn has_braces(word: &str) -> bool {
    word.contains('{') && word.contains(',')
}

/// A command whose words with braces are those that a shell makes of them: `git {push,origin}`. What has operators or blanks stood in quotes, unless it is the program.
fn expanded(words: &[String]) -> Option<String> {
    let is_meant = |at: usize| has_braces(&words[at]) && (at == 0 || !is_text(&words[at]));
    let word = |at: usize| {
        if is_meant(at) {
            parts(&words[at])
        } else if is_text(&words[at]) {
            "_".to_owned()
        } else {
            words[at].clone()
        }
    };
    (0..words.len()).any(is_meant).then(|| (0..words.len()).map(word).collect::<Vec<_>>().join(" "))
}

/// `push pull` for `pu{sh,ll}`.
fn parts(word: &str) -> String {
    let (before, rest) = word.split_once('{').unwrap_or(("", word));
    let (inner, after) = rest.rsplit_once('}').unwrap_or((rest, ""));
    if before.len() + after.len() > AROUND_BYTES_MAX {
        return word.replace(['{', '}', ','], " ");
    }
    let parts = inner.split(',').map(|part| format!("{before}{part}{after}"));
    parts.collect::<Vec<_>>().join(" ").replace(['{', '}'], "")
}

/// `NAME=value` before a program sets a variable for it.
pub(super) fn is_setting(word: &str) -> bool {
    let is_name = |name: &str| {
        let name = name.strip_suffix('+').unwrap_or(name);
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    word.split_once('=').is_some_and(|(name, _)| is_name(name.split('[').next().unwrap_or_default()))
}
