//! What a call is answered, cut to what an agent can read. Pure.

use arcane_shared::DaemonName;
use serde_json::{Map, Value, json};

use super::telling::Told;

/// Most daemons of one answer.
const DAEMONS_MAX: usize = 50;
/// Most tasks and waits of one daemon.
const CALLS_MAX: usize = 4;
/// Longest line, characters.
const LINE_CHARS_MAX: usize = 280;
/// What an answer keeps of an event's metadata.
const KEPT: [&str; 9] =
    ["task", "tool", "error", "text", "execution_time", "call_id", "phase", "parent_daemon", "attention"];

/// What was published.
pub(super) fn told(told: &Told, published: &Value) -> Value {
    let seq = &published["events"][0]["seq"];
    let mut answer = json!({"daemon": told.daemon, "room": published["room"], "seq": seq});
    if let Some(id) = &told.call_id {
        answer["call_id"] = json!(id);
    }
    answer
}

/// Who is present, from the answer of `GET /roster`.
pub(super) fn present(roster: &Value, waiting: bool) -> Value {
    let all = roster["roster"]["daemons"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_meant = |daemon: &&Value| {
        let doing = daemon["doing"].as_str().unwrap_or("gone");
        if waiting { doing == "waiting" } else { doing != "gone" }
    };
    let meant: Vec<&Value> = all.iter().filter(is_meant).collect();
    let shown: Vec<Value> = meant.iter().take(DAEMONS_MAX).map(|daemon| one(daemon)).collect();
    let name = if waiting { "waiting" } else { "present" };
    let mut answer = json!({"room": roster["room"], name: shown});
    if meant.len() > DAEMONS_MAX {
        answer["left_out"] = json!(meant.len() - DAEMONS_MAX);
    }
    answer
}

fn one(daemon: &Value) -> Value {
    let mut told = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() && value != json!([]) && value != json!("") {
            told.insert(name.to_owned(), value);
        }
    };
    for name in ["daemon_name", "doing", "present_since", "heard_at", "waiting_since"] {
        put(name, daemon[name].clone());
    }
    put("last", line(&daemon["last"]));
    let few = |list: &Value, field: &str| -> Value {
        let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
        list.iter()
            .take(CALLS_MAX)
            .map(|one| json!({field: line(&one[field]), "since": one["since"]}))
            .collect()
    };
    put("tasks", few(&daemon["calls"], "task"));
    put("waits", few(&daemon["waiting"], "reason"));
    let sessions = daemon["sessions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let parent = sessions.iter().rev().find_map(|session| session.get("parent_daemon"));
    put("parent_daemon", parent.cloned().unwrap_or_default());
    Value::Object(told)
}

/// The latest events of a daemon, the latest first, from the answer of `GET /events`.
pub(super) fn events(daemon: &DaemonName, page: &Value) -> Value {
    let all = page["events"].as_array().map(Vec::as_slice).unwrap_or_default();
    let events: Vec<Value> = all
        .iter()
        .map(|event| {
            let mut told = json!({"seq": event["seq"], "timestamp": event["timestamp"], "spell": event["spell_name"],
                                  "success": event["success"], "description": line(&event["description"])});
            for name in KEPT {
                let value = &event["metadata"][name];
                if !(value.is_null() || value.is_object() || value.is_array()) {
                    told[name] = line(value);
                }
            }
            told
        })
        .collect();
    json!({"room": page["room"], "daemon": daemon, "events": events})
}

/// A value; a text at most [`LINE_CHARS_MAX`] long.
fn line(value: &Value) -> Value {
    match value.as_str() {
        Some(text) if text.chars().count() > LINE_CHARS_MAX => {
            let cut: String = text.chars().take(LINE_CHARS_MAX - 1).collect();
            json!(format!("{cut}…"))
        }
        _ => value.clone(),
    }
}
