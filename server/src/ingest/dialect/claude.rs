//! Claude Code's hooks. Pure.

use serde_json::{Value, json};

use super::super::payload::Fields;
use super::super::sign::{Outcome, Prompter, Start, Usage, What, Why};
use super::reader::{CallFields, Reader, said, text_of};

const CALL: CallFields = CallFields { id: &["tool_use_id"], tool: &["tool_name"], input: &["tool_input"] };

/// What every payload may have.
pub(super) const BASE: &[&str] = &[
    "session_id",
    "transcript_path",
    "cwd",
    "prompt_id",
    "permission_mode",
    "effort",
    "hook_event_name",
    "agent_id",
    "agent_type",
];

/// What single events have besides.
const OWN: &[&str] = &[
    "source",
    "model",
    "session_title",
    "seconds_since_last_response",
    "context_tokens",
    "prompt_cache_likely_expired",
    "estimated_cache_write_usd",
    "reason",
    "prompt",
    "tool_name",
    "tool_input",
    "tool_use_id",
    "tool_response",
    "duration_ms",
    "error",
    "error_details",
    "is_interrupt",
    "permission_suggestions",
    "message",
    "title",
    "notification_type",
    "stop_hook_active",
    "last_assistant_message",
    "background_tasks",
    "session_crons",
    "agent_transcript_path",
    "trigger",
    "custom_instructions",
    "compact_summary",
    "tool_calls",
    "turn_id",
    "message_id",
    "index",
    "final",
    "delta",
    "from_model",
    "to_model",
    "requested_model",
    "prompt_cache_warm",
    "cache_ttl",
    "pricing",
    "task_id",
    "task_subject",
    "task_description",
    "teammate_name",
    "team_name",
    "file_path",
    "memory_type",
    "load_reason",
    "old_cwd",
    "new_cwd",
    "directory",
    "event",
    "name",
    "worktree_path",
    "mcp_server_name",
    "mode",
    "url",
    "elicitation_id",
    "requested_schema",
    "action",
    "content",
    "expansion_type",
    "command_name",
    "command_args",
    "command_source",
    "globs",
    "trigger_file_path",
    "parent_file_path",
];

pub(super) fn read(reader: &mut Reader<'_>) {
    reader.know(&[BASE, OWN]);
    let fields = reader.fields;
    let Some(event) = reader.begin_as_claude() else { return };
    let agent = reader.subagent(&["agent_id"], &["agent_type"], &[]);
    let who = reader.who();
    who.model = fields.name(&["model"]);
    who.turn = fields.name(&["prompt_id"]);
    who.agent = agent;
    match event {
        "SessionStart" => session_starts(reader),
        "SessionEnd" => reader.tell(What::Ended { reason: fields.name(&["reason"]).unwrap_or_default() }),
        "UserPromptSubmit" => prompt(reader),
        "PreToolUse" => reader.call_begins(&CALL),
        "PostToolUse" => tool_used(reader),
        "PostToolUseFailure" => tool_failed(reader, &CALL),
        "PostToolBatch" => batch(reader, "tool_use_id"),
        "PermissionRequest" => reader.waits_for_tool(&CALL),
        "PermissionDenied" => {
            let reason = fields.text(&["reason"]).unwrap_or("denied");
            let reason = super::super::line::short(reason, 160);
            reader.call_ends(&CALL, Outcome::Denied { reason }, None);
        }
        "Notification" => notification(reader),
        "Elicitation" => {
            reader.waits(Why::Question, fields.text(&["message"]).unwrap_or("a server has a question"));
        }
        "ElicitationResult" => reader.tell(What::WaitOver { request: None, denied: false }),
        "SubagentStart" => reader.tell(What::SubagentBegan),
        "SubagentStop" => reader.tell(What::SubagentEnded { error: None }),
        "Stop" => reader.turn_ends(&["last_assistant_message"]),
        "StopFailure" => turn_failed(reader),
        "PreCompact" => reader.triggered("compacting"),
        "PostCompact" => reader.triggered("compacted"),
        "PreModelSwitch" => reader.tell(What::Alive),
        "PostModelSwitch" => {
            let to = fields.name(&["to_model"]);
            reader.who().model = to.clone();
            reader.state("model", &[("model", said(to))], true);
        }
        "TaskCreated" | "TodoCreated" => task(reader, "task_created"),
        "TaskCompleted" | "TodoCompleted" => task(reader, "task_completed"),
        "TeammateIdle" => {
            reader.state("teammate_idle", &[("teammate", said(fields.name(&["teammate_name"])))], false);
        }
        "CwdChanged" => {
            let cwd = fields.name(&["new_cwd"]);
            reader.who().cwd = cwd;
            reader.state("folder", &[], true);
        }
        "MessageDisplay" | "UserPromptExpansion" | "PreSkillShellCommand" | "DirectoryAdded" => {
            reader.tell(What::Alive);
        }
        // What is loaded or changes beside the agent shows nothing of what it does.
        "Setup" | "InstructionsLoaded" | "ConfigChange" | "FileChanged" | "WorktreeCreate"
        | "WorktreeRemove" | "SessionDelete" => {}
        _ => reader.unknown_event(),
    }
}

pub(super) fn session_starts(reader: &mut Reader<'_>) {
    let fields = reader.fields;
    let start = match fields.text(&["source"]) {
        Some("resume" | "fork") => Start::Resumed,
        Some("compact") => Start::Compacted,
        _ => Start::New,
    };
    reader.tell(What::Began(start));
    let context = fields.tokens(&["context_tokens"]);
    reader.usage(Usage { context, ..Usage::default() }, None);
}

fn prompt(reader: &mut Reader<'_>) {
    let text = reader.fields.text(&["prompt"]).unwrap_or_default();
    let by = if text.starts_with("<task-notification>") || text.is_empty() {
        Prompter::Agent
    } else {
        Prompter::Human
    };
    reader.prompt(text, by);
}

fn tool_used(reader: &mut Reader<'_>) {
    let fields = reader.fields;
    let response = fields.inner(&["tool_response"]);
    let outcome = match response {
        Some(response) if response.is(&["interrupted"]) => Outcome::Interrupted,
        _ => Outcome::Done,
    };
    // A subagent's result tells what its last request used. Telemetry tells of every request, so that is not counted.
    reader.call_ends(&CALL, outcome, fields.seconds_of_ms(&["duration_ms"]));
}

pub(super) fn tool_failed(reader: &mut Reader<'_>, call: &CallFields) {
    let fields = reader.fields;
    let outcome = if fields.is(&["is_interrupt"]) { Outcome::Interrupted } else { reader.failed(&["error"]) };
    reader.call_ends(call, outcome, fields.seconds_of_ms(&["duration_ms"]));
}

/// The results of calls go back to the model: whatever is open of them ended without a hook of its own.
pub(super) fn batch(reader: &mut Reader<'_>, id: &'static str) {
    let calls = reader.fields.get(&["tool_calls"]).and_then(Value::as_array).into_iter().flatten();
    let calls: Vec<&Value> = calls.take(64).collect();
    for call in calls {
        let Some(fields) = Fields::of(call) else { continue };
        let tool = fields.name(&["tool_name"]).unwrap_or_else(|| "tool".into());
        let input = fields.get(&["tool_input"]).unwrap_or(&Value::Null);
        let (call, task) = reader.call_of(fields.name(&[id]), tool, input);
        if call.id.is_some() {
            reader.tell(What::CallEnded {
                call,
                task,
                outcome: Outcome::Unknown,
                seconds: None,
                output: None,
                result: None,
            });
        }
    }
    reader.tell(What::Alive);
}

fn notification(reader: &mut Reader<'_>) {
    let fields = reader.fields;
    let message = fields.text(&["message"]).unwrap_or("waits for you");
    match fields.text(&["notification_type"]).unwrap_or_default() {
        "permission_prompt" => reader.waits(Why::Permission, message),
        "agent_needs_input" | "elicitation_dialog" => reader.waits(Why::Input, message),
        "elicitation_complete" | "elicitation_response" => {
            reader.tell(What::WaitOver { request: None, denied: false });
        }
        "idle_prompt" | "agent_completed" => reader.tell(What::Idle),
        "auth_success" => {}
        _ => reader.state("notice", &[("kind", said(fields.name(&["notification_type"])))], false),
    }
}

pub(super) fn turn_failed(reader: &mut Reader<'_>) {
    let fields = reader.fields;
    let kind = fields.name(&["error"]);
    let error = fields.get(&["error_details"]).map(text_of);
    let error =
        error.or_else(|| kind.as_deref().map(str::to_owned)).unwrap_or_else(|| "the turn failed".into());
    reader.tell(What::TurnFailed { error: super::super::line::short(&error, 160), kind });
}

fn task(reader: &mut Reader<'_>, name: &'static str) {
    let subject = reader.fields.text(&["task_subject"]).map(|text| super::super::line::short(text, 160));
    let id = said(reader.fields.name(&["task_id"]));
    reader.state(name, &[("task_id", id), ("subject", subject.map(|text| json!(text)))], true);
}
