//! What the words of a rule that allows leave open: whether they say what runs. Pure.
//!
//! A word after an option may be its value, so it says nothing, unless it is known that the option has none.

use super::program;
use super::programs::{NEVER, is_listed, language, operands, operands_of_command};
use super::runners::is_setting;

/// Programs of which nothing is told until a command of theirs is.
const UNTOLD: [&str; 36] = [
    "git",
    "tar",
    "docker",
    "podman",
    "nerdctl",
    "kubectl",
    "oc",
    "gh",
    "aws",
    "gcloud",
    "az",
    "adb",
    "npm",
    "pnpm",
    "yarn",
    "cargo",
    "go",
    "rg",
    "uv",
    "poetry",
    "pipenv",
    "pdm",
    "hatch",
    "rye",
    "pixi",
    "pipx",
    "conda",
    "mamba",
    "micromamba",
    "mise",
    "rtx",
    "direnv",
    "nix",
    "vagrant",
    "rustup",
    "bundle",
];
/// Commands that are groups of commands.
const GROUPS: [&str; 6] = ["compose", "container", "submodule", "tool", "compute", "bisect"];

/// What a rule would allow besides what it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Open {
    /// Any command: this program runs what follows, and it is not said what.
    Command(String),
    /// Any command: this program may run others whatever was said before.
    Always(String),
    /// All that this program can do.
    Program(String),
}

/// What a command that begins with these words may do besides what they say; `None`: they say what runs.
pub(crate) fn left_open(words: &[String]) -> Option<Open> {
    let first = words.first()?;
    let name = program(first);
    if let Some(language) = language(&name) {
        return (!names_code(language, &words[1..])).then(|| Open::Command(first.clone()));
    }
    let said = operands_at(words);
    let after = |missing: usize, at: usize| match missing {
        NEVER => Some(Open::Always(first.clone())),
        missing => match said.iter().filter(|n| **n > at).nth(missing - 1) {
            Some(at) => left_open(&words[*at..]),
            None => Some(Open::Command(first.clone())),
        },
    };
    if operands(&name) > 0 {
        return after(operands(&name), 0);
    }
    // A command of it that runs others may stand anywhere before what is known to be told.
    let command = (1..words.len())
        .map(|at| (at, operands_of_command(&name, &words[at])))
        .find(|(_, missing)| *missing > 0);
    if let Some((at, missing)) = command {
        return after(missing, at);
    }
    let is_told =
        !UNTOLD.contains(&name.as_str()) || said.iter().any(|at| !GROUPS.contains(&words[*at].as_str()));
    (!is_told).then(|| Open::Program(first.clone()))
}

/// Whether one of the words makes it likely that another one runs: no rule is suggested for such.
pub(crate) fn is_runner(word: &str) -> bool {
    let name = program(word);
    is_listed(&name) || language(&name).is_some()
}

/// Which words after the first are neither options, nor may be their values, nor set anything.
fn operands_at(words: &[String]) -> Vec<usize> {
    let mut is_value = false;
    let mut said = Vec::new();
    for (at, word) in words.iter().enumerate().skip(1) {
        let is_option = word.starts_with('-');
        if !is_option && !is_value && !is_setting(word) && !word.starts_with('+') {
            said.push(at);
        }
        is_value = match word.as_str() {
            "--" => is_value,
            word => {
                is_option && !word.starts_with("--no-") && !(word.starts_with("--") && word.contains('='))
            }
        };
    }
    said
}

/// Whether words after an interpreter name what it runs: a file, a module, or the code.
fn names_code(language: &str, words: &[String]) -> bool {
    let is_python = matches!(language, "python" | "pypy");
    let mut is_value = false;
    for word in words {
        let letters = word.strip_prefix('-').filter(|letters| !letters.starts_with('-'));
        match letters {
            _ if word.starts_with("--") => is_value = !word.contains('='),
            // -m, -c and -f are the last of their word, or what follows in it is their value.
            Some(letters) if is_python && letters.ends_with(['m', 'c']) => return words.last() != Some(word),
            Some("f") if language.ends_with("awk") => return words.last() != Some(word),
            Some(letters) if is_python => {
                is_value = !letters.chars().all(|letter| "bBdEhIOPqsSuv".contains(letter));
            }
            Some(_) => is_value = true,
            None if is_value => is_value = false,
            None if matches!(language, "deno" | "bun")
                && matches!(word.as_str(), "run" | "x" | "eval" | "exec" | "task") => {}
            None => return true,
        }
    }
    false
}
