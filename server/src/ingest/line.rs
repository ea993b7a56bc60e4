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

    /// A text without the folder that the agent works in, and without whose home it is in.
    fn relative(&self, text: &str) -> String {
        let Some(cwd) = self.cwd.map(|cwd| cwd.trim_end_matches(['/', '\\'])).filter(|cwd| cwd.len() > 1)
        else {
            return text.to_owned();
        };
        let within = without_folder(text, cwd);
        home(cwd).map_or_else(|| within.clone(), |home| within.replace(home, "~"))
    }
}

/// A text in which paths below a folder begin there, and the folder itself is a dot. `arcane-2` is not below `arcane`.
fn without_folder(text: &str, folder: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find(folder) {
        let (before, after) = (&rest[..at], &rest[at + folder.len()..]);
        out.push_str(before);
        rest = match after.strip_prefix('/') {
            Some(below) => below,
            None => {
                let goes_on =
                    after.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
                out.push_str(if goes_on { folder } else { "." });
                after
            }
        };
    }
    out.push_str(rest);
    out
}

/// The home that a folder is in.
fn home(folder: &str) -> Option<&str> {
    let root = ["/home/", "/Users/"].into_iter().find(|root| folder.starts_with(root))?;
    let name = folder[root.len()..].split('/').next().filter(|name| !name.is_empty())?;
    Some(&folder[..root.len() + name.len()])
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_call_is_told_in_a_line() {
        for (name, input, task) in [
            ("Bash", json!({"command": "cargo test", "description": "Test it"}), "Test it"),
            ("Bash", json!({"command": "cat /home/me/arcane/src/a.rs /home/me/arcane"}), "cat src/a.rs ."),
            ("Bash", json!({"command": "ls /home/me/other /home/you"}), "ls ~/other /home/you"),
            ("Bash", json!({"command": "ls /home/me/arcane-2/src"}), "ls ~/arcane-2/src"),
            ("Bash", json!({"command": "echo a\n\n  b"}), "echo a b"),
            ("Read", json!({"file_path": "/home/me/arcane/src/a.rs"}), "Read src/a.rs"),
            ("Read", json!({"file_path": "/etc/ssl/certs/ca.pem"}), "Read …/certs/ca.pem"),
            ("Read", json!({"file_path": "/home/me/arcane-2/a.rs"}), "Read …/arcane-2/a.rs"),
            ("Write", json!({"file_path": "C:\\Users\\me\\a.txt", "content": "secret"}), "Write …/me/a.txt"),
            (
                "WebFetch",
                json!({"url": "https://me:pw@docs.rs/tokio?x=1", "prompt": "p"}),
                "WebFetch docs.rs",
            ),
            ("Grep", json!({"pattern": "fn main"}), "Grep fn main"),
            ("Agent", json!({"prompt": "p", "subagent_type": "Explore"}), "Agent Explore"),
            ("mcp__github__create_issue", json!({"title": "t"}), "github.create_issue"),
            (
                "apply_patch",
                json!({"command": "*** Begin Patch\n*** Add File: a.rs\n+x\n*** End Patch"}),
                "apply_patch a.rs",
            ),
            ("AskUserQuestion", json!({"questions": [{"question": "Which?"}]}), "Which?"),
            ("Odd", json!("text"), "Odd"),
        ] {
            let tool = Tool { name, input: &input, cwd: Some("/home/me/arcane") };
            assert_eq!(&*tool.task(), task, "{input}");
        }
    }

    #[test]
    fn lines_have_a_bound_and_no_secret() {
        let long = short(&"word ".repeat(1000), LINE_CHARS);
        assert_eq!((long.chars().count() <= LINE_CHARS, long.ends_with('…')), (true, true));
        assert_eq!(
            &*short(&format!("{} ghp_{}", "x".repeat(10), "a1B2".repeat(9)), 40),
            "xxxxxxxxxx [masked]"
        );
        assert_eq!(project("/home/me/arcane/").as_deref(), Some("arcane"));
        assert_eq!(project("/"), None);
    }
}
