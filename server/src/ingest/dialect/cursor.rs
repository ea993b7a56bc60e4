//! Cursor's hooks, after its documentation: they were not recorded. Pure.

use serde_json::{Value, json};

use super::super::failure;
use super::super::payload::Fields;
use super::super::result::result_print;
use super::super::sign::{Outcome, Prompter, Start, What};
use super::reader::{CallFields, Reader};

const CALL: CallFields = CallFields { id: &["tool_use_id"], tool: &["tool_name"], input: &["tool_input"] };

const KNOWN: &[&str] = &[
    "conversation_id",
    "generation_id",
    "session_id",
    "hook_event_name",
    "workspace_roots",
    "model",
    "cursor_version",
    "transcript_path",
    "user_email",
    "cwd",
    "tool_name",
    "tool_input",
    "tool_use_id",
    "tool_output",
    "duration",
    "duration_ms",
    "error_message",
    "failure_type",
    "is_interrupt",
    "agent_message",
    "command",
    "output",
    "sandbox",
    "result_json",
    "url",
    "file_path",
    "content",
    "edits",
    "attachments",
    "prompt",
    "text",
    "status",
    "loop_count",
    "subagent_id",
    "subagent_type",
    "parent_conversation_id",
    "task",
    "description",
    "summary",
    "tool_call_id",
    "is_parallel_worker",
    "git_branch",
    "is_background_agent",
    "composer_mode",
    "reason",
    "final_status",
    "error",
    "trigger",
    "context_usage_percent",
    "context_tokens",
    "context_window_size",
    "message_count",
    "messages_to_compact",
    "is_first_compaction",
    "subagent_model",
    "agent_transcript_path",
    "modified_files",
];

pub(super) fn read(reader: &mut Reader<'_>) {
    reader.know(&[KNOWN]);
    let fields = reader.fields;
    let event = fields.text(&["hook_event_name"]).or(reader.context.event.as_deref()).unwrap_or_default();
    if !reader.begin(event, fields.name(&["conversation_id", "session_id"])) {
        return;
    }
    let root =
        fields.get(&["workspace_roots"]).and_then(Value::as_array).and_then(|all| all.first()?.as_str());
    let root = root.map(|root| super::super::secrets::beginning(root, 512).into());
    let who = reader.who();
    (who.cwd, who.model) = (fields.name(&["cwd"]).or(root), fields.name(&["model"]));
    who.turn = fields.name(&["generation_id"]);
    match event {
        "sessionStart" => reader.tell(What::Began(Start::New)),
        "sessionEnd" => reader.tell(What::Ended { reason: fields.name(&["reason"]).unwrap_or_default() }),
        "beforeSubmitPrompt" => reader.prompt(fields.text(&["prompt"]).unwrap_or_default(), Prompter::Human),
        "preToolUse" => reader.call_begins(&CALL),
        "postToolUse" => {
            let outcome = outcome(fields.get(&["tool_output"]));
            reader.call_ends(&CALL, outcome, fields.seconds_of_ms(&["duration", "duration_ms"]));
        }
        "postToolUseFailure" => tool_failed(reader),
        "beforeShellExecution" => shell(reader, None),
        "afterShellExecution" => {
            let outcome = outcome(fields.get(&["output"]));
            shell(reader, Some(outcome));
        }
        "beforeMCPExecution" => reader.call_begins(&CALL),
        "afterMCPExecution" => {
            reader.call_ends(&CALL, Outcome::Done, fields.seconds_of_ms(&["duration"]));
        }
        "subagentStart" | "subagentStop" => subagent(reader, event),
        "stop" => match fields.text(&["status"]).unwrap_or("completed") {
            "error" => {
                reader.tell(What::TurnFailed { error: "the turn failed".into(), kind: Some("error".into()) });
            }
            "aborted" => {
                reader.tell(What::Interrupted);
                reader.tell(What::Idle);
            }
            _ => reader.turn_ends(&["text"]),
        },
        "preCompact" => reader.triggered("compacting"),
        "beforeReadFile" | "afterFileEdit" | "afterAgentResponse" | "afterAgentThought" => {
            reader.tell(What::Alive);
        }
        "beforeTabFileRead" | "afterTabFileEdit" | "workspaceOpen" => {}
        _ => reader.unknown_event(),
    }
}

fn tool_failed(reader: &mut Reader<'_>) {
    let fields = reader.fields;
    let outcome = match fields.text(&["failure_type"]).unwrap_or_default() {
        _ if fields.is(&["is_interrupt"]) => Outcome::Interrupted,
        "permission_denied" => Outcome::Denied { reason: "denied".into() },
        _ => reader.failed(&["error_message", "error"]),
    };
    reader.call_ends(&CALL, outcome, fields.seconds_of_ms(&["duration", "duration_ms"]));
}

/// A shell's own hooks tell of a call that the general ones tell of, too, with an id.
fn shell(reader: &mut Reader<'_>, outcome: Option<Outcome>) {
    let fields = reader.fields;
    let input = json!({ "command": fields.text(&["command"]).unwrap_or_default() });
    let (call, task) = reader.call_of(None, "Shell".into(), &input);
    let seconds = fields.seconds_of_ms(&["duration"]);
    let what = match outcome {
        None => What::CallBegan { call, task },
        Some(outcome) => {
            let gave = fields.get(&["output"]);
            let (output, result) = (reader.output(gave), gave.map(result_print));
            What::CallEnded { call, task, outcome, seconds, output, result }
        }
    };
    reader.tell(what);
}

fn subagent(reader: &mut Reader<'_>, event: &str) {
    let fields = reader.fields;
    let parent = fields.name(&["parent_conversation_id"]);
    let agent = reader.subagent(&["subagent_id", "tool_call_id"], &["subagent_type"], &[]);
    if let Some(parent) = parent {
        reader.who().session = parent;
    }
    reader.who().agent = agent;
    if reader.who().agent.is_none() {
        return reader.tell(What::Alive);
    }
    let failed = fields.text(&["status"]) == Some("error");
    reader.tell(if event == "subagentStart" {
        What::SubagentBegan
    } else {
        What::SubagentEnded { error: failed.then(|| "failed".into()) }
    });
}

/// A result says how a command ended only within its text.
fn outcome(output: Option<&Value>) -> Outcome {
    let text = output.and_then(Value::as_str).unwrap_or_default();
    let parsed = serde_json::from_str::<Value>(text).ok();
    let code = parsed
        .as_ref()
        .and_then(Fields::of)
        .and_then(|fields| fields.get(&["exitCode", "exit_code"])?.as_i64());
    match code.or_else(|| failure::exit_code(text)) {
        Some(code) if code != 0 => {
            Outcome::Failed { error: format!("exit code {code}").into(), is_inferred: true }
        }
        _ => Outcome::Done,
    }
}
