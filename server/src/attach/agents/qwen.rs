//! Qwen Code: as Gemini CLI, with Claude Code's events. Pure.

use serde_json::json;

use super::super::Place;
use super::super::json::{Habits, Shape};
use super::{Folders, TIMEOUT_S, Wish, entry, hooks_file, telemetry_of_gemini};
use crate::ingest::Agent;

/// Left out: `PostToolBatch`, `MessageDisplay` and `InstructionsLoaded`, which come often and say nothing new.
const EVENTS: [&str; 14] = [
    "SessionStart",
    "SessionEnd",
    "UserPromptSubmit",
    "PreToolUse",
    "PostToolUse",
    "PostToolUseFailure",
    "PermissionRequest",
    "Notification",
    "SubagentStart",
    "SubagentStop",
    "Stop",
    "StopFailure",
    "PreCompact",
    "PostCompact",
];

pub(super) fn places(folders: &Folders, wish: &Wish) -> Vec<Place> {
    let file = folders.file(Agent::Qwen, ".qwen/settings.json", "settings.json");
    let line = wish.line(Agent::Qwen, None, folders.care());
    let hook = json!({"name": "arcane", "type": "command", "command": line, "timeout": TIMEOUT_S * 1000});
    let group = json!({"matcher": "*", "hooks": [hook]});
    let entries = EVENTS.map(|event| entry(event, group.clone())).to_vec();
    let habits = Habits { comments: true, bom: true };
    let shape = Shape { grouped: true, top: &[], no_http: false };
    let settings = wish.telemetry.as_deref().map(telemetry_of_gemini).unwrap_or_default();
    vec![hooks_file(file, habits, shape, entries).with_settings(settings)]
}
