//! Qwen Code's hooks: Claude's names, with times and traps of their own. Pure.

use super::super::failure;
use super::super::sign::{Outcome, Prompter, Subagent, Usage, What, Why};
use super::claude::{batch, session_starts, tool_failed, turn_failed};
use super::reader::{CallFields, Reader, said};

/// `tool_use_id` is made by the hooks themselves; telemetry has the model's id.
const CALL: CallFields =
    CallFields { id: &["tool_call_id", "tool_use_id"], tool: &["tool_name"], input: &["tool_input"] };

const KNOWN: &[&str] = &[
    "session_id",
    "transcript_path",
    "cwd",
    "hook_event_name",
    "timestamp",
    "permission_mode",
    "prompt_id",
    "agent_id",
    "agent_type",
    "source",
    "model",
    "reason",
    "prompt",
    "submitted_prompt",
    "tool_name",
    "tool_input",
    "tool_use_id",
    "tool_call_id",
    "tool_response",
    "tool_calls",
    "duration_ms",
    "error",
    "error_details",
    "is_interrupt",
    "message",
    "title",
    "notification_type",
    "permission_suggestions",
    "stop_hook_active",
    "last_assistant_message",
    "background_tasks",
    "crons",
    "context_usage",
    "context_limit",
    "input_tokens",
    "agent_transcript_path",
    "trigger",
    "custom_instructions",
    "compact_summary",
    "file_path",
    "memory_type",
    "load_reason",
    "turn_id",
    "message_id",
    "index",
    "final",
    "delta",
    "displayed_text",
    "is_final",
    "task_id",
    "task_subject",
    "execution_status",
    "todos",
    "todo",
];

pub(super) fn read(reader: &mut Reader<'_>) {
    reader.know(&[KNOWN]);
    let fields = reader.fields;
    let Some(event) = reader.begin_as_claude() else { return };
    let agent = reader.subagent(&["agent_id"], &["agent_type"], &[]).map(named_by_its_id);
    let who = reader.who();
    who.model = fields.name(&["model"]);
    (who.turn, who.at) = (fields.name(&["prompt_id"]), fields.time(&["timestamp"]));
    who.agent = agent;
    match event {
        "SessionStart" => session_starts(reader),
        "SessionEnd" => reader.tell(What::Ended { reason: fields.name(&["reason"]).unwrap_or_default() }),
        "UserPromptSubmit" => {
            // After every batch of tools it comes again, with nothing in it.
            let text = fields.text(&["prompt"]).unwrap_or_default();
            reader.prompt(text, if text.is_empty() { Prompter::Agent } else { Prompter::Human });
        }
        "PreToolUse" => reader.call_begins(&CALL),
        "PostToolUse" => {
            let seconds = fields.seconds_of_ms(&["duration_ms"]);
            reader.call_ends(&CALL, Outcome::Done, seconds);
        }
        "PostToolUseFailure" => {
            let error = fields.text(&["error"]).unwrap_or_default();
            if failure::is_interruption(error) {
                reader.call_ends(&CALL, Outcome::Interrupted, fields.seconds_of_ms(&["duration_ms"]));
            } else {
                tool_failed(reader, &CALL);
            }
        }
        "PostToolBatch" => batch(reader, "tool_call_id"),
        "PermissionRequest" => reader.waits_for_tool(&CALL),
        "Notification" => match fields.text(&["notification_type"]).unwrap_or_default() {
            "permission_prompt" => {
                reader.waits(Why::Permission, fields.text(&["message"]).unwrap_or("waits for you"));
            }
            "idle_prompt" => reader.tell(What::Idle),
            "auth_success" => {}
            _ => reader.state("notice", &[("kind", said(fields.name(&["notification_type"])))], false),
        },
        "SubagentStart" => reader.tell(What::SubagentBegan),
        "SubagentStop" => reader.tell(What::SubagentEnded { error: None }),
        "Stop" => stop(reader),
        "StopFailure" => turn_failed(reader),
        "PreCompact" => reader.triggered("compacting"),
        "PostCompact" => reader.triggered("compacted"),
        "MessageDisplay" | "TodoCreated" | "TodoCompleted" | "TaskCreated" | "TaskCompleted" => {
            reader.tell(What::Alive);
        }
        "InstructionsLoaded" | "SessionDelete" | "ConfigChange" => {}
        _ => reader.unknown_event(),
    }
}

/// Only the start of a subagent says what it is for, but its id begins with that.
fn named_by_its_id(agent: Subagent) -> Subagent {
    let kind = agent.kind.or_else(|| agent.id.split_once("-call_").map(|(kind, _)| kind.into()));
    Subagent { kind, ..agent }
}

/// The end of a turn tells how full the context is. It says nothing of what was spent: its tokens are those of the last request.
fn stop(reader: &mut Reader<'_>) {
    let context = reader.fields.tokens(&["input_tokens"]);
    let context_limit = reader.fields.tokens(&["context_limit"]);
    reader.usage(Usage { context, context_limit, ..Usage::default() }, None);
    reader.turn_ends(&["last_assistant_message"]);
}
