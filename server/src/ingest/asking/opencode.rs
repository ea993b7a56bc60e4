//! opencode: its plugin asks for `permission.asked`, and replies to opencode's server with what it is given. Pure.

use arcane_shared::api::ChoiceKind;
use serde_json::{Value, json};

use super::super::payload::Fields;
use super::{Form, Question, choice, object, yes_or_no};
use crate::requests::Decision;

/// The option that opencode calls so.
const ALWAYS: &str = "always";

pub(super) fn question(fields: Fields<'_>) -> Option<Question> {
    if fields.text(&["type", "event"])? != "permission.asked" {
        return None;
    }
    let asked = fields.inner(&["properties"]).unwrap_or(fields);
    let permission = asked.name(&["permission"])?;
    let input = json!({
        "permission": permission, "patterns": asked.get(&["patterns"]), "metadata": asked.get(&["metadata"]),
    });
    let patterns = asked.get(&["always"]).and_then(Value::as_array).into_iter().flatten();
    let patterns: Vec<&str> = patterns.filter_map(Value::as_str).take(8).collect();
    let label = format!("Always allow {} until opencode ends", patterns.join(", "));
    let between = if patterns.is_empty() || label.len() > 400 {
        Vec::new()
    } else {
        vec![choice(ALWAYS, label, ChoiceKind::AllowAlways)]
    };
    let mut options = yes_or_no(between, "Reject");
    options[0].label = "Allow once".into();
    Some(Question {
        tool: Some(permission),
        input,
        options,
        takes_message: false,
        fields: Vec::new(),
        form: Form::Opencode,
    })
}

pub(super) fn answer(decision: &Decision) -> Option<Value> {
    let reply = match decision {
        Decision::Allow => "once",
        Decision::Deny(_) => "reject",
        Decision::Option(id) if **id == *ALWAYS => ALWAYS,
        Decision::Option(_) | Decision::Answers(_) => return None,
    };
    Some(object("reply", reply).into())
}
