//! The eager reading of a command, by which rules deny or ask: everything that some shell would run of it. Pure.
//!
//! It finds a program after an operator, in a substitution, after variables that are set for it, after programs that run others (`sudo`, `env`, `xargs`), in what a
//! shell is told to run (`bash -c '…'`, `eval`, a here-document), in quotes, by its path, behind an escape, and in upper case. It is a guard against
//! what agents do by mistake or are talked into, and no wall: what a program does that a command starts, and what is put together at run time, no reading of text can tell.

mod command;
mod echo;
mod lexer;
mod programs;
mod runners;
mod told;

use std::collections::BTreeMap;

use command::Command;
use lexer::{Dialect, Lexed, Text};

use super::wildcard::matches_name;
pub(super) use lexer::is_ignored;
pub(super) use told::{Open, is_runner, left_open};

/// Longest command that is read, bytes: Linux passes no longer one to `sh -c`. A longer one is taken for any command.
const COMMAND_BYTES_MAX: usize = 128 * 1024;
/// Most bytes that are read of a command, those in it that are commands again included.
const READ_BYTES_MAX: usize = 8 * COMMAND_BYTES_MAX;
/// How deep commands may stand in commands. Deeper ones are taken for any command.
const DEPTH_MAX: usize = 8;

/// All that a command may run.
#[derive(Debug, Default)]
pub(super) struct Reading {
    commands: Vec<Command>,
    /// Where programs stand, by their name in lower case: which command, which of its words.
    programs: BTreeMap<String, Vec<(usize, usize)>>,
    /// Programs whose names have wildcards.
    globs: Vec<(String, usize, usize)>,
    /// Whether it is too long or too deep to be read: it may be any command.
    is_unread: bool,
}

impl Reading {
    pub(super) fn of(command: &str) -> Self {
        let mut reading = Self::default();
        if command.len() > COMMAND_BYTES_MAX {
            reading.is_unread = true;
            return reading;
        }
        reading.read(command, Dialect::Posix);
        if command.contains(['$', '`']) {
            reading.read(command, Dialect::Spaced);
        }
        if command.contains(['\\', '^']) {
            reading.read(command, Dialect::Windows);
        }
        reading
    }

    fn read(&mut self, command: &str, dialect: Dialect) {
        let mut left = vec![(Text::Commands(command.to_owned()), 0)];
        // What is data unless the command has a shell that may read it: here-documents, and what `echo` says if something passes that on.
        let (mut documents, mut said) = (Vec::new(), Vec::new());
        let (mut bytes, mut has_shell, mut is_passed_on) = (0, false, false);
        while let Some((text, depth)) = left.pop() {
            bytes += text.as_str().len();
            if depth > DEPTH_MAX || bytes > READ_BYTES_MAX {
                self.is_unread = true;
                return;
            }
            is_passed_on |= echo::passes_on(text.as_str());
            let Lexed { commands, texts, documents: found, is_too_deep } = lexer::lex(&text, dialect);
            self.is_unread |= is_too_deep;
            left.extend(texts.into_iter().map(|text| (text, depth + 1)));
            documents.extend(found.into_iter().map(|text| (text, depth + 1)));
            for command in commands {
                let places = runners::places(&command);
                said.extend(echo::said(&command, &places).into_iter().map(|text| (text, depth + 1)));
                let apart = runners::apart(&command, places.has_runner)
                    .map(|command| (runners::places(&command), command));
                for (places, command) in std::iter::once((places, command)).chain(apart) {
                    has_shell |= places.has_shell;
                    left.extend(places.texts.into_iter().map(|text| (Text::Commands(text), depth + 1)));
                    self.keep(Command::new(command.words), &places.programs);
                }
            }
            if left.is_empty() && has_shell {
                let said = if is_passed_on { std::mem::take(&mut said) } else { Vec::new() };
                left.extend(
                    documents.drain(..).chain(said).map(|(text, depth)| (Text::Commands(text), depth)),
                );
            }
        }
    }

    fn keep(&mut self, command: Command, programs: &[usize]) {
        let n = self.commands.len();
        for at in programs {
            let name = program(command.word(*at));
            if name.contains(['*', '?', '[']) {
                // A pattern of a `case`, such as `*)`, is none of a program.
                if name.contains(|c: char| c.is_alphanumeric()) {
                    self.globs.push((without_classes(&name), n, *at));
                }
            } else if !name.is_empty() {
                self.programs.entry(name).or_default().push((n, *at));
            }
        }
        if !programs.is_empty() {
            self.commands.push(command);
        }
    }

    /// Whether one of the commands begins with these words, or may.
    pub(super) fn runs(&self, words: &[String]) -> bool {
        let Some((first, rest)) = words.split_first() else { return false };
        let name = program(first);
        let named = self.programs.get(&name).into_iter().flatten().copied();
        let globs = self.globs.iter().filter(|(glob, ..)| matches_name(glob, &name));
        let is_besides = command::besides(&name);
        self.is_unread
            || named
                .chain(globs.map(|(_, n, at)| (*n, *at)))
                .any(|(n, at)| self.commands[n].goes_on(at, rest, is_besides))
    }
}

/// The name of a program, without its folder and, on Windows, its kind.
fn program(word: &str) -> String {
    let name = word.rsplit('/').next().unwrap_or_default().trim_start_matches('@').to_lowercase();
    for kind in [".exe", ".cmd", ".bat", ".com", ".ps1"] {
        if let Some(stem) = name.strip_suffix(kind)
            && !stem.is_empty()
        {
            return stem.to_owned();
        }
    }
    name
}

/// A name with `?` for each `[abc]`.
fn without_classes(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('[') {
        out.push_str(before);
        out.push('?');
        rest = after.split_once(']').map_or("", |(_, after)| after);
    }
    out + rest
}
