//! Codex CLI's `PermissionRequest`. Its own prompt is not shown while the hook holds on, and it takes no field that it does not know. Pure.

use serde_json::Value;

use super::super::payload::Fields;
use super::{Form, Question, decided, denied, object, yes_or_no};
use crate::requests::Decision;

pub(super) fn question(fields: Fields<'_>, event: Option<&str>) -> Option<Question> {
    if fields.text(&["hook_event_name"]).or(event)? != "PermissionRequest" {
        return None;
    }
    Some(Question {
        tool: Some(fields.name(&["tool_name"])?),
        input: fields.get(&["tool_input"]).cloned().unwrap_or(Value::Null),
        options: yes_or_no(Vec::new(), "No"),
        takes_message: true,
        fields: Vec::new(),
        form: Form::Codex,
    })
}

pub(super) fn answer(decision: &Decision) -> Option<Value> {
    match decision {
        Decision::Allow => Some(decided(object("behavior", "allow"))),
        Decision::Deny(message) => Some(decided(denied(message.as_deref()))),
        Decision::Option(_) | Decision::Answers(_) => None,
    }
}
