//! Codex CLI's hooks. Pure.

use serde_json::Value;

use super::super::failure;
use super::super::sign::{Outcome, Prompter, What};
use super::claude::session_starts;
use super::reader::{CallFields, Reader};

const CALL: CallFields = CallFields { id: &["tool_use_id"], tool: &["tool_name"], input: &["tool_input"] };

const KNOWN: &[&str] = &[
    "session_id",
    "turn_id",
    "transcript_path",
    "cwd",
    "hook_event_name",
    "model",
    "permission_mode",
    "agent_id",
    "agent_type",
    "source",
    "reason",
    "prompt",
    "tool_name",
    "tool_input",
    "tool_use_id",
    "tool_response",
    "agent_transcript_path",
    "stop_hook_active",
    "last_assistant_message",
    "trigger",
];

pub(super) fn read(reader: &mut Reader<'_>) {
    reader.know(&[KNOWN]);
    let fields = reader.fields;
    let Some(event) = reader.begin_as_claude() else { return };
    let agent = reader.subagent(&["agent_id"], &["agent_type"], &[]);
    let who = reader.who();
    who.model = fields.name(&["model"]);
    who.turn = fields.name(&["turn_id"]);
    who.agent = agent;
    match event {
        "SessionStart" => session_starts(reader),
        "SessionEnd" => reader.tell(What::Ended { reason: fields.name(&["reason"]).unwrap_or_default() }),
        "UserPromptSubmit" => {
            // The older set of tools tells of a subagent's task as of a prompt.
            let by = if fields.has("agent_id") { Prompter::Agent } else { Prompter::Human };
            reader.prompt(fields.text(&["prompt"]).unwrap_or_default(), by);
        }
        "PreToolUse" => reader.call_begins(&CALL),
        "PostToolUse" => {
            let outcome = outcome(fields.get(&["tool_response"]));
            reader.call_ends(&CALL, outcome, None);
        }
        "PermissionRequest" => reader.waits_for_tool(&CALL),
        "Interrupt" => reader.tell(What::Interrupted),
        "SubagentStart" => reader.tell(What::SubagentBegan),
        "SubagentStop" => reader.tell(What::SubagentEnded { error: None }),
        "Stop" => reader.turn_ends(&["last_assistant_message"]),
        "PreCompact" => reader.triggered("compacting"),
        "PostCompact" => reader.triggered("compacted"),
        // A subagent's does not say whose it is.
        "PreModelRequest" => reader.tell(What::Heard),
        _ => reader.unknown_event(),
    }
}

/// Codex says nowhere that a tool failed; the text of a result may.
fn outcome(response: Option<&Value>) -> Outcome {
    let text = response.and_then(Value::as_str).unwrap_or_default();
    match failure::exit_code(text) {
        Some(code) if code != 0 => {
            Outcome::Failed { error: format!("exit code {code}").into(), is_inferred: true }
        }
        _ => Outcome::Done,
    }
}
