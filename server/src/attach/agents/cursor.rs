//! Cursor: `hooks.json`, seconds, after its documentation: it was not tried. Pure.

use serde_json::json;

use super::super::Place;
use super::super::command::Care;
use super::super::json::{Habits, Shape};
use super::{Folders, TIMEOUT_S, Wish, entry, hooks_file};
use crate::ingest::Agent;

/// Names that its documentation has had for long: one that a version does not know may cost the whole file.
const EVENTS: [&str; 10] = [
    "sessionStart",
    "sessionEnd",
    "beforeSubmitPrompt",
    "preToolUse",
    "postToolUse",
    "postToolUseFailure",
    "subagentStart",
    "subagentStop",
    "stop",
    "preCompact",
];

pub(super) fn places(folders: &Folders, wish: &Wish) -> Vec<Place> {
    let file = folders.file(Agent::Cursor, ".cursor/hooks.json", "hooks.json");
    let line = wish.line(Agent::Cursor, None, Care::CannotFail);
    let hook = json!({"command": line, "timeout": TIMEOUT_S});
    let entries = EVENTS.map(|event| entry(event, hook.clone())).to_vec();
    let habits = Habits { comments: false, bom: false };
    let shape = Shape { grouped: false, top: &[], no_http: false };
    vec![hooks_file(file, habits, shape, entries).with_frame(vec![("version", json!(1))])]
}
