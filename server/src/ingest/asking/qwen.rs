//! Qwen Code's `PermissionRequest`: in the form of Claude Code's. Pure.

use serde_json::Value;

use super::super::payload::Fields;
use super::{Form, Question, codex};
use crate::requests::Decision;

pub(super) fn question(fields: Fields<'_>, event: Option<&str>) -> Option<Question> {
    codex::question(fields, event).map(|question| Question { form: Form::Qwen, ..question })
}

pub(super) fn answer(decision: &Decision) -> Option<Value> {
    codex::answer(decision)
}
