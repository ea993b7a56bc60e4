//! Where programs stand in a command: first, after what is set for them, and after programs that run others. Pure.

use super::lexer::Words;
use super::program;

/// Programs that run what follows them, or what they are told: all words after one may be programs, or commands of their own.
const RUNNERS: [&str; 38] = [
    "sudo",
    "doas",
    "pkexec",
    "runuser",
    "env",
    "command",
    "builtin",
    "exec",
    "nohup",
    "time",
    "nice",
    "ionice",
    "chrt",
    "taskset",
    "timeout",
    "stdbuf",
    "setsid",
    "watch",
    "entr",
    "strace",
    "ltrace",
    "valgrind",
    "unbuffer",
    "flock",
    "chroot",
    "unshare",
    "nsenter",
    "systemd-run",
    "caffeinate",
    "arch",
    "proot",
    "fakeroot",
    "busybox",
    "toybox",
    "npx",
    "bunx",
    "trap",
    "start",
];
/// Programs that run what they read, too.
const SHELLS: [&str; 27] = [
    "bash",
    "sh",
    "zsh",
    "dash",
    "ash",
    "ksh",
    "mksh",
    "csh",
    "tcsh",
    "fish",
    "nu",
    "rbash",
    "yash",
    "pwsh",
    "powershell",
    "cmd",
    "wsl",
    "su",
    "ssh",
    "eval",
    "source",
    ".",
    "xargs",
    "parallel",
    "iex",
    "invoke-expression",
    "at",
];
/// Commands of programs that run what follows them: `docker exec`, `kubectl exec`, `uv run`.
const RUNNING: [&str; 2] = ["exec", "run"];
/// Words of a shell's own language that a program may follow.
const KEYWORDS: [&str; 16] = [
    "if", "then", "else", "elif", "do", "while", "until", "!", "{", "}", "coproc", "&", "fi", "done", "esac",
    "in",
];
/// What a program follows in any place: options of `find`, `fd` and `git rebase`, and the beginning of a function.
const BEFORE: [&str; 9] = ["-exec", "-execdir", "-ok", "-okdir", "--exec", "--exec-batch", "-x", "-X", "{"];

/// How many words after a program are looked at for such a command.
const COMMANDS_MAX: usize = 8;

/// Where programs stand in a command.
pub(super) struct Places {
    /// Of its words, in rising order, each once.
    pub programs: Vec<usize>,
    /// Words that are commands themselves.
    pub texts: Vec<String>,
    /// Whether one of the programs runs what it reads.
    pub has_shell: bool,
}

/// Programs that run code of their language: a rule that allows one of them names the code, too.
const INTERPRETERS: [&str; 14] = [
    "python",
    "python2",
    "python3",
    "node",
    "deno",
    "bun",
    "perl",
    "ruby",
    "php",
    "lua",
    "tclsh",
    "awk",
    "osascript",
    "rscript",
];
/// Their options that code follows.
const CODE: [&str; 8] = ["-c", "-e", "-E", "-r", "-p", "--eval", "--print", "eval"];

/// Whether a command that begins with these words may be any command: what runs others is named, and not what it runs. A word after an option may be its value.
pub(crate) fn runs_others(words: &[String]) -> bool {
    let Some((first, rest)) = words.split_first() else { return true };
    let name = program(first);
    if INTERPRETERS.contains(&name.as_str()) {
        return rest.last().is_none_or(|last| CODE.contains(&last.as_str()));
    }
    let mut missing = operands(&name);
    let mut is_value = false;
    for word in rest {
        let is_option = word.starts_with('-');
        if missing > 0 && !is_option && !is_setting(word) && !is_value {
            missing -= 1;
            if missing == 0 {
                missing = operands(&program(word));
            }
        }
        is_value = is_option;
    }
    missing > 0
}

/// Whether a program runs what follows it, or what it reads.
pub(crate) fn is_runner(word: &str) -> bool {
    operands(&program(word)) > 0
}

/// How many words after a program, options left out, it takes until it is known what runs.
fn operands(name: &str) -> usize {
    match name {
        "ssh" | "chroot" | "flock" | "timeout" | "taskset" | "chrt" | "su" | "runuser" => 2,
        name => usize::from(is_listed(name)),
    }
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
        let runs = runs.or_else(|| {
            (at + 1..words.len().min(at + COMMANDS_MAX)).find(|at| RUNNING.contains(&words[*at].as_str()))
        });
        runner = runner.into_iter().chain(runs).min();
        // {rm,-r,folder} is three words.
        if texts.is_empty() && words[at].contains('{') && words[at].contains(',') {
            texts.push(words[at..].join(" ").replace(['{', '}', ','], " "));
        }
    }
    if let Some(runner) = runner {
        programs.extend(runner + 1..words.len());
    }
    programs.sort_unstable();
    programs.dedup();
    let first_told = runner.map_or(words.len(), |runner| runner + 1);
    let is_told = |at: usize| at >= first_told || at > 0 && BEFORE.contains(&words[at - 1].as_str());
    let is_text = |word: &str| word.contains(|c: char| c.is_whitespace() || ";&|()<>`$'\"\\".contains(c));
    texts.extend(
        (0..words.len()).filter(|at| is_told(*at) && is_text(&words[*at])).map(|at| words[at].clone()),
    );
    if let Some(at) = runner.filter(|at| program(&words[*at]) == "eval") {
        texts.push(words[at + 1..].join(" "));
    }
    let has_shell = programs.iter().any(|at| SHELLS.contains(&program(&words[*at]).as_str()));
    Places { programs, texts, has_shell }
}

fn is_listed(name: &str) -> bool {
    RUNNERS.contains(&name) || SHELLS.contains(&name)
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
