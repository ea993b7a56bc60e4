//! Payloads of hooks, as short as they may be.

use serde_json::{Value, json};

use super::super::dialect::Agent;
use super::Lab;

/// A payload: an event of a session, and what else it has.
#[allow(clippy::needless_pass_by_value, reason = "payloads are written where they are used")]
pub(super) fn hook(event: &str, more: Value) -> Value {
    let mut payload = json!({"session_id": "s", "cwd": "/home/user/arcane", "hook_event_name": event});
    payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    payload
}

pub(super) fn bash(event: &str, id: Option<&str>, command: &str) -> Value {
    hook(
        event,
        json!({"tool_name": "Bash", "tool_use_id": id, "tool_input": {"command": command}, "prompt_id": "p"}),
    )
}

pub(super) fn begin(id: &str, command: &str) -> Value {
    bash("PreToolUse", Some(id), command)
}

pub(super) fn end(id: &str, command: &str) -> Value {
    bash("PostToolUse", Some(id), command)
}

pub(super) fn ask(command: &str) -> Value {
    bash("PermissionRequest", None, command)
}

pub(super) fn notice(kind: &str) -> Value {
    hook("Notification", json!({"notification_type": kind, "message": "Claude needs your permission"}))
}

pub(super) fn prompt(id: &str, text: &str) -> Value {
    hook("UserPromptSubmit", json!({"prompt_id": id, "prompt": text}))
}

/// What payloads tell after a session has begun.
pub(super) fn tells(agent: Agent, payloads: &[Value]) -> String {
    let mut lab = Lab::of(agent);
    lab.hear(&hook("SessionStart", json!({"source": "startup"}))).told();
    for payload in payloads {
        lab.hear(payload);
    }
    lab.told()
}
