//! Which hooks of a file `arcane attach` wrote: the note says it, and without one their form. Pure.

use serde_json::{Map, Value};

use super::super::command;
use super::super::hooked::Hooked;
use super::super::undo::{Setting, Undo};
use super::{Step, Wanted, at, keys, read};

/// Knows hooks that `arcane attach` wrote from those that a user wrote by hand, though both run this program.
pub(super) struct Own<'a> {
    pub(super) wanted: &'a Wanted,
    /// Events and lines that were there before.
    before: Vec<(Vec<String>, String)>,
    /// Events and lines that were there afterwards.
    after: Vec<(Vec<String>, String)>,
}

impl<'a> Own<'a> {
    /// By what was noted of a file, if anything was.
    pub(super) fn of(wanted: &'a Wanted, undo: Option<&Undo>) -> Self {
        let lines = |text: Option<&str>| {
            let value = text.and_then(|text| read(text, wanted.habits).ok()).unwrap_or_default();
            all(&value, wanted).iter().filter_map(|path| signature(&value, path)).collect()
        };
        Self {
            wanted,
            before: lines(undo.and_then(|undo| undo.before.as_deref())),
            after: lines(undo.map(|undo| &*undo.after.text)),
        }
    }

    /// The paths of the hooks that were written.
    pub(super) fn paths(&self, value: &Value) -> Vec<Vec<Step>> {
        let mut paths = all(value, self.wanted);
        paths.retain(|path| self.is_own(value, path));
        paths
    }

    /// Whether a hook with the same line is there for an event, whoever wrote it.
    pub(super) fn runs_already(&self, value: &Value, path: &[&str], hook: &Value) -> bool {
        let (path, line) = (keys(path), line(hook));
        let mut there = all(value, self.wanted).into_iter().filter(|there| there.starts_with(&path));
        there.any(|there| at(value, &there).and_then(self::line) == line)
    }

    fn is_own(&self, value: &Value, path: &[Step]) -> bool {
        let (Some(signature), Some(hook)) = (signature(value, path), at(value, path)) else { return false };
        !self.before.contains(&signature)
            && (self.after.contains(&signature)
                || self.wanted.entries.iter().any(|(_, entry)| is_alike(hook, hook_of(entry))))
    }

    /// A value without what was written and without what is empty: what both texts have to agree on.
    pub(super) fn stripped(&self, mut value: Value, settings: &[Setting]) -> Value {
        for Setting { path, .. } in settings {
            if let Some((last, above)) = path.split_last() {
                let parent = above.iter().try_fold(&mut value, |value, name| value.get_mut(name));
                if let Some(parent) = parent.and_then(Value::as_object_mut) {
                    parent.shift_remove(last);
                }
            }
        }
        while let Some(path) = self.paths(&value).pop() {
            remove(&mut value, &path);
        }
        for top in tops(self.wanted) {
            if let Some(value) = value.get_mut(top) {
                without_empty_groups(value);
            }
        }
        without_empty(&mut value);
        value
    }
}

/// Whether a hook is one that `arcane attach` writes: like another one, but for the program, the server, the room and
/// how long it may wait.
fn is_alike(hook: &Value, wanted: &Value) -> bool {
    let (Some(said), Some(would)) = (line(hook), line(wanted)) else { return false };
    // A hook that may wait has a time of its own.
    let waits = [said, would].iter().any(|line| command::option(line, "--hold").is_some());
    let others = |hook: &Value| {
        let mut hook = hook.as_object().cloned().unwrap_or_default();
        hook.retain(|name, _| !(LINES.contains(&name.as_str()) || waits && name == "timeout"));
        hook
    };
    others(hook) == others(wanted) && command::is_written(said, would)
}

/// The hook of an entry, which may be in a group.
pub(super) fn hook_of(entry: &Value) -> &Value {
    entry.get("hooks").and_then(|hooks| hooks.get(0)).unwrap_or(entry)
}

/// What agents call the line that a hook runs.
const LINES: [&str; 2] = ["command", "bash"];

fn line(hook: &Value) -> Option<&str> {
    LINES.iter().find_map(|name| hook.get(name)?.as_str())
}

/// The event of a hook, and what it runs.
fn signature(value: &Value, path: &[Step]) -> Option<(Vec<String>, String)> {
    let names =
        path.iter().filter_map(|step| if let Step::Key(name) = step { Some(name.clone()) } else { None });
    Some((names.collect(), line(at(value, path)?)?.to_owned()))
}

fn tops(wanted: &Wanted) -> Vec<&str> {
    let mut tops: Vec<&str> = wanted.entries.iter().filter_map(|(path, _)| path.first().copied()).collect();
    tops.dedup();
    tops
}

/// The paths of all hooks that run this program, whoever wrote them.
fn all(value: &Value, wanted: &Wanted) -> Vec<Vec<Step>> {
    let mut found = Vec::new();
    for top in tops(wanted) {
        if let Some(value) = value.get(top) {
            find(value, &mut keys(&[top]), &mut found);
        }
    }
    found
}

fn find(value: &Value, path: &mut Vec<Step>, found: &mut Vec<Vec<Step>>) {
    match value {
        Value::Object(_) if line(value).is_some_and(command::is_ours) => found.push(path.clone()),
        Value::Object(all) => {
            for (name, value) in all {
                path.push(Step::Key(name.clone()));
                find(value, path, found);
                path.pop();
            }
        }
        Value::Array(all) => {
            for (n, value) in all.iter().enumerate() {
                path.push(Step::Index(n));
                find(value, path, found);
                path.pop();
            }
        }
        _ => {}
    }
}

fn remove(value: &mut Value, path: &[Step]) {
    let Some((last, above)) = path.split_last() else { return };
    let parent = above.iter().try_fold(value, |value, step| match step {
        Step::Key(name) => value.get_mut(name),
        Step::Index(n) => value.get_mut(n),
    });
    match (parent, last) {
        (Some(Value::Object(all)), Step::Key(name)) => drop(all.shift_remove(name)),
        (Some(Value::Array(all)), Step::Index(n)) => drop(all.remove(*n)),
        _ => {}
    }
}

fn without_empty_groups(value: &mut Value) {
    match value {
        Value::Array(all) => {
            all.iter_mut().for_each(without_empty_groups);
            let is_empty = |group: &Map<String, Value>| group.get("hooks") == Some(&Value::Array(Vec::new()));
            all.retain(|value| !value.as_object().is_some_and(is_empty));
        }
        Value::Object(all) => all.values_mut().for_each(without_empty_groups),
        _ => {}
    }
}

fn without_empty(value: &mut Value) {
    if let Value::Object(all) = value {
        all.values_mut().for_each(without_empty);
        all.retain(|_, value| {
            !matches!(value, Value::Object(all) if all.is_empty())
                && !matches!(value, Value::Array(all) if all.is_empty())
        });
    }
}

/// The hooks of a file that run this program, whoever wrote them.
pub(crate) fn hooked(value: &Value, wanted: &Wanted) -> Vec<Hooked> {
    let hooked = |path: &Vec<Step>| {
        let event = path.iter().rev().find_map(|step| match step {
            Step::Key(name) if name != "hooks" => Some(name.clone()),
            _ => None,
        })?;
        let mut places =
            path.iter().filter_map(|step| if let Step::Index(n) = step { Some(*n) } else { None });
        let place = (places.next().unwrap_or(0), places.next().unwrap_or(0));
        let line = line(at(value, path)?)?.to_owned();
        let url = command::option(&line, "--url");
        let room = command::option(&line, "--room");
        Some(Hooked { event, place, line, url, room, answers: false })
    };
    all(value, wanted).iter().filter_map(hooked).collect()
}
