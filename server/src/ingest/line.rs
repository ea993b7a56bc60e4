//! What a call does, in a line that people read: the command, the file, the pattern. Pure.

use arcane_shared::roster::LINE_CHARS_MAX;
use serde_json::Value;

use super::payload::Fields;
use super::secrets::masked;
use super::sign::print_of;

/// Most characters of a line.
pub(crate) const LINE_CHARS: usize = LINE_CHARS_MAX;
/// Most characters of a command.
const COMMAND_CHARS: usize = 120;

const COMMAND: &[&str] = &["command", "CommandLine", "cmd"];
const PATH: &[&str] = &[
    "file_path",
    "filePath",
    "path",
    "absolute_path",
    "notebook_path",
    "AbsolutePath",
    "TargetFile",
    "dir_path",
];
const PATTERN: &[&str] = &["pattern", "query", "Query", "glob"];
const URL: &[&str] = &["url", "Url", "uri"];
const PURPOSE: &[&str] = &["description", "Description"];

/// A tool with what it was given.
pub(crate) struct Tool<'a> {
    pub(crate) name: &'a str,
    pub(crate) input: &'a Value,
    pub(crate) cwd: Option<&'a str>,
}

impl Tool<'_> {
    /// What it does.
    pub(crate) fn task(&self) -> Box<str> {
        let Some(input) = Fields::of(self.input) else { return self.named("") };
        if let Some(question) = question(input) {
            return short(question, LINE_CHARS);
        }
        if let Some(purpose) = input.text(PURPOSE) {
            return short(&self.relative(purpose), LINE_CHARS);
        }
        if let Some(command) = input.text(COMMAND) {
            return match patched(command) {
                Some(path) => self.named(&self.path(path)),
                None => short(&self.relative(command), COMMAND_CHARS),
            };
        }
        if let Some(path) = input.text(PATH) {
            return self.named(&self.path(path));
        }
        if let Some(url) = input.text(URL) {
            return self.named(host_of(url));
        }
        if let Some(pattern) = input.text(PATTERN) {
            return self.named(pattern);
        }
        if let Some(kind) = input.text(&["subagent_type", "agent_name", "agent_type", "task_name", "name"]) {
            return self.named(kind);
        }
        self.named("")
    }

    /// The tool's name and what it is about.
    fn named(&self, about: &str) -> Box<str> {
        let name = tool_words(self.name);
        short(format!("{name} {about}").trim_end(), LINE_CHARS)
    }

    /// A path below the folder that the agent works in, or the end of another one.
    fn path(&self, path: &str) -> String {
        let within = self.cwd.and_then(|cwd| path.strip_prefix(cwd.trim_end_matches(['/', '\\'])));
        if let Some(rest) = within.and_then(|rest| rest.strip_prefix(['/', '\\'])) {
            return rest.to_owned();
        }
        if !path.starts_with(['/', '~']) && !path.contains(":\\") {
            return path.to_owned();
        }
        let parts: Vec<&str> = path.split(['/', '\\']).filter(|part| !part.is_empty()).collect();
        match parts.as_slice() {
            [.., folder, name] if parts.len() > 2 => format!("…/{folder}/{name}"),
            _ => path.to_owned(),
        }
    }

    /// A text without the folder that the agent works in.
    fn relative(&self, text: &str) -> String {
        match self.cwd.map(|cwd| cwd.trim_end_matches(['/', '\\'])).filter(|cwd| cwd.len() > 1) {
            Some(cwd) if text.contains(cwd) => text.replace(&format!("{cwd}/"), "").replace(cwd, "."),
            _ => text.to_owned(),
        }
    }
}

/// Whether a tool asks a human something.
pub(crate) fn is_question(tool: &str) -> bool {
    matches!(
        tool,
        "AskUserQuestion"
            | "ask_permission"
            | "ask_user_question"
            | "ask_user"
            | "request_user_input"
            | "question"
            | "AskQuestion"
    )
}

/// What tells a call apart where it has no id: the command, the path, or all of its input. A request for permission may name
/// less than the call has.
pub(crate) fn call_print(input: &Value) -> u64 {
    let known = Fields::of(input).and_then(|fields| fields.text(COMMAND).or_else(|| fields.text(PATH)));
    known.map_or_else(|| print_of(&input.to_string()), print_of)
}

/// The last part of a folder.
pub(crate) fn project(cwd: &str) -> Option<Box<str>> {
    let last = cwd.split(['/', '\\']).rfind(|part| !part.is_empty())?;
    Some(short(last, 64))
}

/// At most so many characters on one line, with no secret in it.
pub(crate) fn short(text: &str, chars_max: usize) -> Box<str> {
    let head = super::payload::cut(text, 16 * chars_max + 1024);
    let text = masked(head);
    let mut line = String::new();
    let mut chars = text.split_whitespace().flat_map(|word| word.chars().chain([' ']));
    for _ in 0..chars_max {
        match chars.next() {
            Some(c) => line.push(if c.is_control() { ' ' } else { c }),
            None => return line.trim_end().into(),
        }
    }
    if chars.next().is_some_and(|c| c != ' ') || chars.next().is_some() {
        line.pop();
        line.push('…');
    }
    line.trim_end().into()
}

/// A tool of an MCP server as `server.tool`.
fn tool_words(name: &str) -> String {
    match name.strip_prefix("mcp__").and_then(|rest| rest.split_once("__")) {
        Some((server, tool)) => format!("{server}.{tool}"),
        None => name.to_owned(),
    }
}

/// The first question that is asked.
fn question(input: Fields<'_>) -> Option<&str> {
    let questions = input.get(&["questions"])?.as_array()?;
    Fields::of(questions.first()?)?.text(&["question"])
}

/// The file that a patch changes.
fn patched(command: &str) -> Option<&str> {
    command.starts_with("*** Begin Patch").then_some(())?;
    let head = command.lines().nth(1)?;
    head.strip_prefix("*** ")?.split_once(": ").map(|(_, path)| path)
}

fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    host.rsplit_once('@').map_or(host, |(_, host)| host)
}
