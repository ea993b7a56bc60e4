//! Copilot CLI: a file of its own among its hooks, seconds, keys in camelCase. It denies every tool whose hook fails. Pure.

use serde_json::json;

use super::super::Place;
use super::super::command::Care;
use super::super::json::{Habits, Shape};
use super::{Folders, TIMEOUT_S, Wish, entry, hooks_file};
use crate::ingest::Agent;

/// Left out: `userPromptTransformed`, and `permissionRequest`, which comes for every tool and is no wait.
const EVENTS: [&str; 12] = [
    "sessionStart",
    "sessionEnd",
    "userPromptSubmitted",
    "preToolUse",
    "postToolUse",
    "postToolUseFailure",
    "agentStop",
    "subagentStart",
    "subagentStop",
    "errorOccurred",
    "preCompact",
    "notification",
];

pub(super) fn places(folders: &Folders, wish: &Wish) -> Vec<Place> {
    let file = folders.file(Agent::Copilot, ".github/hooks/arcane.json", "hooks/arcane.json");
    let hook = |event| {
        let line = wish.line(Agent::Copilot, Some(event), Care::CannotFail);
        entry(event, json!({"type": "command", "bash": line, "timeoutSec": TIMEOUT_S}))
    };
    let habits = Habits { comments: false, bom: false };
    let shape = Shape { grouped: false, top: &[], no_http: false };
    let place = hooks_file(file, habits, shape, EVENTS.map(hook).to_vec());
    vec![place.with_frame(vec![("version", json!(1))]).for_this_alone()]
}
