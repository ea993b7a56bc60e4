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
    let group = |line: &str, timeout: u64| {
        let hook = json!({"name": "arcane", "type": "command", "command": line, "timeout": timeout * 1000});
        json!({"matcher": "*", "hooks": [hook]})
    };
    let (asking, patience) = wish.asking(Agent::Qwen, folders.care());
    let hook = |event| match event {
        "PermissionRequest" => entry(event, group(&asking, patience)),
        event => entry(event, group(&line, TIMEOUT_S)),
    };
    let entries = EVENTS.map(hook).to_vec();
    let habits = Habits { comments: true, bom: true };
    let shape = Shape { grouped: true, top: &[], no_http: false };
    let settings = wish.telemetry.as_deref().map(telemetry_of_gemini).unwrap_or_default();
    vec![hooks_file(file, habits, shape, entries).with_settings(settings)]
}
