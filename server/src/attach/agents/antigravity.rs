//! Antigravity's `agy`: `hooks.json` with a name above the events, seconds, after what others found out: it was not tried. Pure.

use serde_json::{Value, json};

use super::super::Place;
use super::super::command::Care;
use super::super::json::{Habits, Shape};
use super::{Folders, TIMEOUT_S, Wish, hooks_file};
use crate::ingest::Agent;

/// The hooks' name in the file.
const NAME: &str = "arcane";

/// Left out: `PreToolUse`, whose answer is a permission: an empty one denies every tool in some versions.
pub(super) fn places(folders: &Folders, wish: &Wish) -> Vec<Place> {
    let file = match &folders.project {
        Some(project) => project.join(".agents/hooks.json"),
        None => folders.home.join(".gemini/config/hooks.json"),
    };
    let hook = |event| {
        let line = wish.line(Agent::Antigravity, Some(event), Care::Answers);
        json!({"type": "command", "command": line, "timeout": TIMEOUT_S})
    };
    let group = json!({"matcher": "*", "hooks": [hook("PostToolUse")]});
    let entry = |event, entry: Value| (vec![NAME, event], entry);
    let entries = vec![
        entry("PreInvocation", hook("PreInvocation")),
        entry("PostToolUse", group),
        entry("Stop", hook("Stop")),
    ];
    let habits = Habits { comments: false, bom: false };
    let shape = Shape { grouped: false, top: &[], no_http: false };
    vec![hooks_file(file, habits, shape, entries)]
}
