//! Gemini CLI: `settings.json`, hooks in groups, milliseconds. It stops for a hook that cannot be run. Pure.

use serde_json::json;

use super::super::Place;
use super::super::command::Care;
use super::super::json::{Habits, Shape};
use super::{Folders, TIMEOUT_S, Wish, entry, hooks_file, telemetry_of_gemini};
use crate::ingest::Agent;

/// Left out: `BeforeModel`, `AfterModel`, `BeforeToolSelection` and `PreCompress`, which come with every request.
const EVENTS: [&str; 7] =
    ["SessionStart", "SessionEnd", "BeforeAgent", "AfterAgent", "BeforeTool", "AfterTool", "Notification"];

pub(super) fn places(folders: &Folders, wish: &Wish) -> Vec<Place> {
    let file = folders.file(Agent::Gemini, ".gemini/settings.json", "settings.json");
    let line = wish.line(Agent::Gemini, None, Care::CannotFail);
    let hook = json!({"name": "arcane", "type": "command", "command": line, "timeout": TIMEOUT_S * 1000});
    let group = json!({"matcher": "*", "hooks": [hook]});
    let entries = EVENTS.map(|event| entry(event, group.clone())).to_vec();
    let habits = Habits { comments: true, bom: false };
    let shape = Shape { grouped: true, top: &[], no_http: false };
    let settings = wish.telemetry.as_deref().map(telemetry_of_gemini).unwrap_or_default();
    vec![hooks_file(file, habits, shape, entries).with_settings(settings)]
}
