//! All commands and files that a call's input names, in whatever field: for rules that deny or ask. What a rule may allow is read by `case`. Pure.
//!
//! Fields of tools that nobody knows are read by their names, without case, `_` and `-`. What stands under names of content is never read: a file about `git push` is no push.

mod field;

use serde_json::{Map, Value};

use field::{Field, field};

/// Most commands of a call.
const COMMANDS_MAX: usize = 64;
/// Most bytes of them together.
const COMMANDS_BYTES_MAX: usize = 1024 * 1024;
/// Most files of a call.
const PATHS_MAX: usize = 256;
/// Longest text under a name that only may be a file's, bytes: what Linux takes.
const PATH_BYTES_MAX: usize = 4096;
/// How many objects in each other are looked into: `{"files": [{"path": "a"}]}` is one in another.
const NESTED_MAX: usize = 2;
/// What stands for all that is beyond these bounds: longer than what rules read, which any rule for commands or paths denies.
const UNREAD_BYTES: usize = 128 * 1024 + 1;

/// How Codex's patches name files.
const PATCHED: [&str; 4] = ["*** Add File:", "*** Update File:", "*** Delete File:", "*** Move to:"];
/// What opencode asks for by patterns that are paths.
const PERMISSIONS_OF_FILES: [&str; 9] =
    ["read", "edit", "write", "multiedit", "patch", "apply_patch", "list", "glob", "external_directory"];

/// Commands, or files.
type Texts = Box<[Box<str>]>;

/// What a call names.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// Lines that a shell may be given; what is given in parts with all its parts first.
    pub(super) commands: Vec<Box<str>>,
    /// Files and folders.
    pub(super) paths: Vec<Box<str>>,
    command_bytes: usize,
    /// Commands were left out.
    has_more_commands: bool,
    /// Files were left out.
    has_more_paths: bool,
}

impl Named {
    /// What an input names.
    pub(super) fn of(tool: &str, input: &Map<String, Value>) -> Self {
        let mut named = Self::default();
        named.read(tool, input, 0);
        named
    }

    /// What opencode's patterns name, by the permission that is asked for.
    pub(super) fn add_patterns(&mut self, permission: &str, patterns: &Value) {
        let patterns = texts(patterns);
        if permission.eq_ignore_ascii_case("bash") {
            patterns.for_each(|pattern| self.command(pattern));
        } else if PERMISSIONS_OF_FILES.iter().any(|of| permission.eq_ignore_ascii_case(of)) {
            patterns.for_each(|pattern| self.path(pattern));
        }
    }

    /// All of it but what is known already. What was left out is there as what no rule lets pass that denies anything of its kind.
    pub(super) fn besides(self, command: Option<&str>, path: Option<&str>) -> (Texts, Texts) {
        let others = |all: Vec<Box<str>>, known: Option<&str>, is_more: bool| {
            let unread = is_more.then(|| "?".repeat(UNREAD_BYTES).into());
            all.into_iter().filter(|text| Some(&**text) != known).chain(unread).collect()
        };
        (
            others(self.commands, command, self.has_more_commands),
            others(self.paths, path, self.has_more_paths),
        )
    }

    fn read(&mut self, tool: &str, input: &Map<String, Value>, depth: usize) {
        let is_patch = is_patch(tool);
        let (mut heads, mut words) = (Vec::new(), Vec::new());
        for (name, value) in input {
            let field = field(tool, name);
            match field {
                Field::Command | Field::Commands => {
                    texts(value).for_each(|text| self.patched(text));
                    if field == Field::Commands {
                        heads.extend(texts(value).map(str::to_owned));
                    }
                    heads.extend(line(value).filter(|_| !(is_patch && value.is_string())));
                }
                Field::Words => words.extend(line(value).map(|line| (line, value.is_array()))),
                Field::Path => {
                    let is_sure = name.to_lowercase().ends_with("path");
                    let of = texts(value).filter(|text| is_sure || text.len() <= PATH_BYTES_MAX);
                    of.for_each(|text| self.path(text));
                }
                Field::Address => {
                    let of = texts(value).filter(|text| is_of_a_file(text) || !text.contains("://"));
                    of.for_each(|text| self.path(text));
                }
                Field::Content => continue,
                Field::Other if is_patch => texts(value).for_each(|text| self.patched(text)),
                Field::Other => {}
            }
            if depth < NESTED_MAX {
                objects(value).for_each(|object| self.read(tool, object, depth + 1));
            }
        }
        self.lines(&heads, &words);
    }

    /// What commands and the words that follow them may stand for.
    fn lines(&mut self, heads: &[String], words: &[(String, bool)]) {
        let all = words.iter().map(|(line, _)| line.as_str()).collect::<Vec<_>>().join(" ");
        for head in heads {
            self.command(&format!("{head} {all}"));
        }
        for head in heads {
            self.command(head);
            words
                .iter()
                .filter(|_| words.len() > 1)
                .for_each(|(line, _)| self.command(&format!("{head} {line}")));
        }
        // Words alone are a command where they are a list.
        if heads.is_empty() && words.iter().any(|(_, is_list)| *is_list) {
            self.command(&all);
        }
    }

    fn command(&mut self, text: &str) {
        let text = text.trim();
        if text.is_empty() || self.commands.iter().any(|known| **known == *text) {
            return;
        }
        self.command_bytes += text.len();
        if self.commands.len() >= COMMANDS_MAX || self.command_bytes > COMMANDS_BYTES_MAX {
            self.has_more_commands = true;
        } else {
            self.commands.push(text.into());
        }
    }

    fn path(&mut self, text: &str) {
        if let Some(path) = path_of_address(text) {
            self.add_path(&path);
        }
        self.add_path(text);
    }

    fn add_path(&mut self, text: &str) {
        if text.trim().is_empty() || self.paths.iter().any(|known| **known == *text) {
            return;
        }
        if self.paths.len() >= PATHS_MAX {
            self.has_more_paths = true;
        } else {
            self.paths.push(text.into());
        }
    }

    /// The files of a patch, which may stand in a command.
    fn patched(&mut self, text: &str) {
        if !text.contains("*** ") {
            return;
        }
        for line in text.split('\n').flat_map(|line| line.split("\\n")) {
            let line = line.trim();
            if let Some(path) = PATCHED.iter().find_map(|mark| line.strip_prefix(mark)) {
                self.add_path(path.trim());
            }
        }
    }
}

/// Whether a tool's command is a patch.
pub(super) fn is_patch(tool: &str) -> bool {
    tool.eq_ignore_ascii_case("apply_patch")
}

/// A text, or those of a list.
fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let list = value.as_array().into_iter().flatten().filter_map(Value::as_str);
    value.as_str().into_iter().chain(list)
}

/// An object, or those of a list.
fn objects(value: &Value) -> impl Iterator<Item = &Map<String, Value>> {
    let list = value.as_array().into_iter().flatten().filter_map(Value::as_object);
    value.as_object().into_iter().chain(list)
}

/// A text, or the words of a list as one.
fn line(value: &Value) -> Option<String> {
    let line = texts(value).collect::<Vec<_>>().join(" ");
    (!line.is_empty()).then_some(line)
}

fn is_of_a_file(address: &str) -> bool {
    address.trim_start().get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("file:"))
}

/// The path of a `file:` address.
fn path_of_address(text: &str) -> Option<String> {
    let rest = is_of_a_file(text).then(|| &text.trim_start()[5..])?;
    let path = match rest.strip_prefix("//") {
        // The name of a machine is before it.
        Some(whole) => &whole[whole.find('/')?..],
        None => rest,
    };
    let bytes = path.as_bytes();
    let (mut decoded, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let hex = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        match (bytes[at], hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.extend(u8::try_from(16 * high + low));
                at += 3;
            }
            (byte, ..) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    Some(String::from_utf8_lossy(&decoded).into_owned())
}
