//! Claude Code: `settings.json`, hooks in groups, seconds; telemetry by variables that the same file sets. Pure.

use serde_json::{Value, json};

use super::super::Place;
use super::super::json::{Habits, Shape};
use super::{Folders, TIMEOUT_S, Wish, entry, hooks_file};
use crate::ingest::Agent;

/// Left out: what comes often and says nothing new (`MessageDisplay`, `PostToolBatch`, `InstructionsLoaded`), what would take the place
/// of Claude's own doing (`WorktreeCreate`), and names that older versions complain of at every start.
const EVENTS: [&str; 19] = [
    "SessionStart",
    "SessionEnd",
    "UserPromptSubmit",
    "PreToolUse",
    "PostToolUse",
    "PostToolUseFailure",
    "PermissionRequest",
    "PermissionDenied",
    "Notification",
    "Elicitation",
    "ElicitationResult",
    "SubagentStart",
    "SubagentStop",
    "TaskCreated",
    "TaskCompleted",
    "Stop",
    "StopFailure",
    "PreCompact",
    "PostCompact",
];

pub(super) fn places(folders: &Folders, wish: &Wish) -> Vec<Place> {
    let file = folders.file(Agent::Claude, ".claude/settings.json", "settings.json");
    let line = wish.line(Agent::Claude, None, folders.care());
    let group = |line: &str, timeout: u64| json!({"hooks": [{"type": "command", "command": line, "timeout": timeout}]});
    let (asking, patience) = wish.asking(Agent::Claude, folders.care());
    let (beginning, moment) = wish.beginning(Agent::Claude, folders.care());
    let hook = |event| match event {
        "PermissionRequest" | "Elicitation" => entry(event, group(&asking, patience)),
        "PreToolUse" => entry(event, group(&beginning, moment)),
        event => entry(event, group(&line, TIMEOUT_S)),
    };
    let entries = EVENTS.map(hook).to_vec();
    let habits = Habits { comments: false, bom: true };
    let shape = Shape { grouped: true, top: &[], no_http: false };
    let settings = wish.telemetry.as_deref().map(telemetry).unwrap_or_default();
    vec![hooks_file(file, habits, shape, entries).with_settings(settings)]
}

/// The log has tokens, cost and decisions; what the switches for content would add is not asked for.
fn telemetry(endpoint: &str) -> Vec<(Vec<&'static str>, Value)> {
    [
        ("CLAUDE_CODE_ENABLE_TELEMETRY", "1"),
        ("OTEL_LOGS_EXPORTER", "otlp"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
        ("OTEL_LOGS_EXPORT_INTERVAL", "1000"),
    ]
    .into_iter()
    .map(|(name, value)| (vec!["env", name], json!(value)))
    .collect()
}
