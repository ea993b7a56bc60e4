//! Hooks of Antigravity's `agy`, after what others found out: they were not recorded. Pure.

use serde_json::Value;

use super::super::failure;
use super::super::payload::Fields;
use super::super::sign::{Call, Outcome, What};
use super::reader::{Reader, text_of};

const KNOWN: &[&str] = &[
    "conversationId",
    "stepIdx",
    "toolCall",
    "transcriptPath",
    "workspacePaths",
    "artifactDirectoryPath",
    "error",
    "hookEventName",
    "hook_event_name",
    "modelName",
    "terminationReason",
    "fullyIdle",
    "executionNum",
    "invocationNum",
    "initialNumSteps",
    "session_id",
    "cwd",
    "tool_name",
    "tool_input",
    "tool_response",
];

pub(super) fn read(reader: &mut Reader<'_>) {
    reader.know(&[KNOWN]);
    let fields = reader.fields;
    let said = fields.text(&["hook_event_name", "hookEventName"]).or(reader.context.event.as_deref());
    // The payload does not always name the event: what came of a tool has a field for its error.
    let event = said.unwrap_or(match (fields.has("toolCall"), fields.has("error")) {
        (_, true) => "PostToolUse",
        (true, false) => "PreToolUse",
        _ if fields.has("terminationReason") || fields.has("fullyIdle") => "Stop",
        _ => "PreInvocation",
    });
    if !reader.begin(event, fields.name(&["conversationId", "session_id"])) {
        return;
    }
    let folder =
        fields.get(&["workspacePaths"]).and_then(Value::as_array).and_then(|all| all.first()?.as_str());
    let folder = folder.map(|folder| super::super::secrets::beginning(folder, 512).into());
    let who = reader.who();
    (who.cwd, who.model) = (folder.or_else(|| fields.name(&["cwd"])), fields.name(&["modelName"]));
    match event {
        "PreToolUse" => {
            let (call, task) = call(reader);
            reader.tell(What::CallBegan { call, task });
        }
        "PostToolUse" => {
            let (call, task) = call(reader);
            let outcome = match fields.get(&["error"]).map(text_of).filter(|text| !text.trim().is_empty()) {
                Some(error) => Outcome::Failed { error: failure::reason(&error), is_inferred: false },
                None => Outcome::Done,
            };
            reader.tell(What::CallEnded { call, task, outcome, seconds: None, output: None, result: None });
        }
        "PreInvocation" | "PostInvocation" => reader.tell(What::Alive),
        "Stop" => reader.turn_ends(&[]),
        _ => reader.unknown_event(),
    }
}

/// A step has at most one call, so its number is the call's id.
fn call(reader: &mut Reader<'_>) -> (Call, Box<str>) {
    let fields = reader.fields;
    let call = fields.inner(&["toolCall"]);
    let tool = call.and_then(|call| call.name(&["name"])).unwrap_or_else(|| "tool".into());
    let input =
        call.and_then(|call: Fields<'_>| call.get(&["args", "arguments", "input"])).unwrap_or(&Value::Null);
    let id = fields.count(&["stepIdx"]).map(|step| format!("step-{step}").into());
    reader.call_of(id, tool, input)
}
