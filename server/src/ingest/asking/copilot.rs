//! Copilot CLI's `permissionRequest`: it fires for calls, too, that would have been allowed without a word. So it can only be told no. Pure.

use serde_json::Value;

use super::super::payload::Fields;
use super::{Form, Question, choice, denied};
use crate::requests::Decision;
use arcane_shared::api::ChoiceKind;

pub(super) fn question(fields: Fields<'_>, event: Option<&str>) -> Option<Question> {
    let name = fields.text(&["hookName", "hook_event_name"]).or(event)?;
    if !matches!(name, "permissionRequest" | "PermissionRequest") {
        return None;
    }
    Some(Question {
        tool: Some(fields.name(&["toolName", "tool_name"])?),
        input: fields.get(&["toolInput", "tool_input"]).cloned().unwrap_or(Value::Null),
        options: vec![choice("deny", "No", ChoiceKind::Deny)],
        takes_message: true,
        fields: Vec::new(),
        form: Form::Copilot,
    })
}

pub(super) fn answer(decision: &Decision) -> Option<Value> {
    match decision {
        Decision::Deny(message) => Some(denied(message.as_deref()).into()),
        _ => None,
    }
}
