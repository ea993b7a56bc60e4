//! Codex CLI: `hooks.json`, in groups, seconds, no comments and no other names; telemetry in `config.toml`. Pure.

use serde_json::json;

use super::super::json::{Habits, Shape};
use super::super::{Content, Place, toml};
use super::{Folders, TIMEOUT_S, Wish, entry, hooks_file};
use crate::ingest::Agent;

/// Left out: `PreModelRequest`, which comes with every request.
const EVENTS: [&str; 12] = [
    "SessionStart",
    "SessionEnd",
    "UserPromptSubmit",
    "PreToolUse",
    "PostToolUse",
    "PermissionRequest",
    "Interrupt",
    "SubagentStart",
    "SubagentStop",
    "Stop",
    "PreCompact",
    "PostCompact",
];

pub(super) fn places(folders: &Folders, wish: &Wish) -> Vec<Place> {
    let file = folders.file(Agent::Codex, ".codex/hooks.json", "hooks.json");
    let line = wish.line(Agent::Codex, None, folders.care());
    let group = |line: &str, timeout: u64| json!({"hooks": [{"type": "command", "command": line, "timeout": timeout}]});
    let (asking, patience) = wish.asking(Agent::Codex, folders.care());
    let (beginning, moment) = wish.beginning(Agent::Codex, folders.care());
    let hook = |event| match event {
        "PermissionRequest" => entry(event, group(&asking, patience)),
        "PreToolUse" => entry(event, group(&beginning, moment)),
        event => entry(event, group(&line, TIMEOUT_S)),
    };
    let entries = EVENTS.map(hook).to_vec();
    let habits = Habits { comments: false, bom: false };
    let shape = Shape { grouped: true, top: &["description", "hooks"], no_http: true };
    let mut places = vec![hooks_file(file, habits, shape, entries)];
    if let Some(endpoint) = wish.telemetry.as_deref().filter(|_| !folders.is_project()) {
        // Its traces are of its own insides, by the thousand.
        let exporter = format!(
            "{{ otlp-http = {{ endpoint = {:?}, protocol = \"binary\" }} }}",
            format!("{endpoint}/v1/logs")
        );
        let wanted = toml::Wanted { table: "otel", settings: vec![("exporter", exporter)] };
        let file = super::folder(Agent::Codex, folders).join("config.toml");
        places.push(Place { file, what: "telemetry", content: Content::Toml(wanted) });
    }
    places
}
