//! What one daemon's drawer tells beside its state: its last failures and the files that its calls were about, of the events that
//! the page holds.

use arcane_shared::roster::BEGIN;
use arcane_shared::visible::lines;
use arcane_shared::{ReceivedEvent, SpellName, UnixMillis, counted};

use crate::dictionary::Tongue;
use crate::store::{Entry, Store};
use crate::summary;
use crate::time_travel::past::taken_at;

/// Most failures that are told.
pub const FAILURES_MAX: usize = 5;
/// Most files that are told by name.
pub const FILES_MAX: usize = 6;

/// A call that failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Failed {
    /// What was to be done, in a line.
    pub task: String,
    /// Why it failed, in a line; empty: no event says.
    pub error: String,
    /// When.
    pub at: UnixMillis,
}

/// A file that calls were about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path, as its agent's adapter tells it.
    pub path: String,
    /// Calls that changed it.
    pub edits: usize,
}

impl File {
    /// What was done with it.
    #[must_use]
    pub fn done(&self) -> String {
        match self.edits {
            0 => "read".into(),
            n => counted(n as u64, "edit"),
        }
    }
}

/// What is told of a daemon.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Told {
    /// The newest first; at most [`FAILURES_MAX`].
    pub failures: Vec<Failed>,
    /// The one of the latest call first; at most [`FILES_MAX`].
    pub files: Vec<File>,
    /// How many more files there are.
    pub more_files: usize,
}

/// What the chronicle tells of a daemon.
#[must_use]
pub fn told(store: &Store, name: &str) -> Told {
    let mut told = Told::default();
    for entry in store.newest_first() {
        let Entry::Event(stored, _) = entry else { continue };
        let event = &stored.event;
        let is_own = event.daemon_name.as_ref().is_some_and(|daemon| daemon.as_str() == name);
        let is_end =
            event.spell_name.known() == Some(SpellName::Invoke) && event.text("phase") != Some(BEGIN);
        if !is_own || !is_end {
            continue;
        }
        if !event.success {
            if told.failures.len() < FAILURES_MAX {
                told.failures.push(failed(event));
            }
        } else if let Some((path, edits)) = file(event) {
            match told.files.iter_mut().find(|file| file.path == path) {
                Some(file) => file.edits += usize::from(edits),
                None => told.files.push(File { path, edits: usize::from(edits) }),
            }
        }
    }
    told.more_files = told.files.len().saturating_sub(FILES_MAX);
    told.files.truncate(FILES_MAX);
    told
}

fn failed(event: &ReceivedEvent) -> Failed {
    let error = event.text("error").unwrap_or_default();
    Failed {
        task: summary::task(event, Tongue::Fantasy),
        error: summary::shorten(error, summary::SUMMARY_MAX),
        at: taken_at(event),
    }
}

/// The file that a call was about, and whether it changed it: adapters tell of a file as the tool's name and the path.
fn file(event: &ReceivedEvent) -> Option<(String, bool)> {
    let (tool, task) = (event.text("tool")?, event.text("task")?);
    let path = task.strip_prefix(tool)?.strip_prefix(' ')?;
    let has = |words: &[&str]| {
        let tool = tool.as_bytes();
        words
            .iter()
            .any(|word| tool.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes())))
    };
    let edits = has(&["edit", "write", "patch", "replace", "create"]);
    let is_path = !path.contains(char::is_whitespace) && path.contains(['.', '/']);
    (is_path && (edits || has(&["read", "view", "open"]))).then(|| (lines(path).into_owned(), edits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message;
    use arcane_shared::Timestamp;
    use serde_json::{Value, json};

    fn call(name: &str, tool: &str, task: &str, more: &Value) -> ReceivedEvent {
        let mut metadata = json!({"tool": tool, "task": task});
        metadata.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let success = metadata.get("error").is_none();
        let event = json!({"spell_name": "invoke", "daemon_name": name, "description": "d", "metadata": metadata,
            "success": success, "timestamp": "1970-01-01T00:00:01"});
        message::event(event, Timestamp::from_unix_micros(0)).unwrap()
    }

    #[test]
    fn failures_and_files_are_of_ends_of_its_own_calls() {
        let mut store = Store::default();
        let none = json!({});
        for event in [
            call("codex", "Read", "Read src/a.rs", &none),
            call("codex", "Edit", "Edit src/a.rs", &none),
            call("codex", "Edit", "Edit src/a.rs", &none),
            call("codex", "Edit", "Edit src/b.rs", &json!({"phase": "begin"})),
            call("codex", "Read", "Read Cargo.toml", &none),
            call("codex", "Bash", "Bash ./run.sh", &none),
            call("codex", "Grep", "Grep a.b", &none),
            call("codex", "Edit", "Edit the whole file", &none),
            call("codex", "Bash", "cargo build", &json!({"error": "exit 101"})),
            call("claude", "Edit", "Edit src/c.rs", &json!({"error": "no"})),
        ] {
            store.receive(event);
        }
        let told = told(&store, "codex");
        let files: Vec<_> = told.files.iter().map(|file| (file.path.as_str(), file.done())).collect();
        assert_eq!(files, [("Cargo.toml", "read".into()), ("src/a.rs", "2 edits".into())]);
        let failed = Failed { task: "cargo build".into(), error: "exit 101".into(), at: 1_000.0 };
        assert_eq!((told.failures, told.more_files), (vec![failed], 0));
    }

    #[test]
    fn more_than_fits_is_counted() {
        let mut store = Store::default();
        for n in 0..9 {
            store.receive(call("codex", "write_file", &format!("write_file f{n}.rs"), &json!({})));
            store.receive(call("codex", "Bash", "x", &json!({"error": n.to_string()})));
        }
        let told = told(&store, "codex");
        assert_eq!((told.failures.len(), told.files.len(), told.more_files), (FAILURES_MAX, FILES_MAX, 3));
        assert_eq!((told.failures[0].error.as_str(), told.files[0].path.as_str()), ("8", "f8.rs"));
    }
}
