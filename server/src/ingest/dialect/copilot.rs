//! Copilot CLI's hooks: two casings of every field, sometimes mixed in one payload, and no ids of calls. Pure.

use super::super::failure;
use super::super::payload::Fields;
use super::super::sign::{Outcome, Prompter, Start, Subagent, What, Why};
use super::reader::{CallFields, Reader, said, text_of};

const CALL: CallFields =
    CallFields { id: &[], tool: &["toolName", "tool_name"], input: &["toolArgs", "tool_input", "toolInput"] };
const AGENT: &[&str] = &["agentId", "agent_id"];
const KIND: &[&str] = &["agentType", "agent_type", "agentName", "agent_name"];
const PARENT: &[&str] = &["parentAgentId", "parent_agent_id"];
const RESULT: &[&str] = &["toolResult", "tool_result"];

const KNOWN: &[&str] = &[
    "sessionId",
    "session_id",
    "timestamp",
    "cwd",
    "hook_event_name",
    "hookName",
    "traceparent",
    "tracestate",
    "source",
    "initialPrompt",
    "initial_prompt",
    "prompt",
    "transformedPrompt",
    "transformed_prompt",
    "toolName",
    "tool_name",
    "toolArgs",
    "tool_input",
    "toolInput",
    "toolResult",
    "tool_result",
    "permissionSuggestions",
    "permission_suggestions",
    "agentId",
    "agent_id",
    "agentType",
    "agent_type",
    "agentName",
    "agent_name",
    "agentDisplayName",
    "agent_display_name",
    "agentDescription",
    "agent_description",
    "parentAgentId",
    "parent_agent_id",
    "transcriptPath",
    "transcript_path",
    "stopReason",
    "stop_reason",
    "stop_hook_active",
    "response",
    "last_assistant_message",
    "reason",
    "error",
    "errorContext",
    "error_context",
    "recoverable",
    "message",
    "title",
    "notification_type",
    "trigger",
    "customInstructions",
    "custom_instructions",
];

pub(super) fn read(reader: &mut Reader<'_>) {
    reader.know(&[KNOWN]);
    let fields = reader.fields;
    let event = event(fields, reader.context.event.as_deref());
    // A subagent's hooks come with an id of its own for the session's; those about it with its parent's.
    let agent = reader.subagent(AGENT, KIND, PARENT);
    let session = fields.name(&["sessionId", "session_id"]);
    let root = agent.as_ref().filter(|agent| session.as_ref() == Some(&agent.id));
    let session = root.and_then(|agent| agent.parent.clone()).or(session);
    if !reader.begin(event, session.clone()) {
        return;
    }
    let who = reader.who();
    who.cwd = fields.name(&["cwd"]);
    who.at = fields.time(&["timestamp"]);
    who.agent = agent
        .map(|agent| Subagent { parent: agent.parent.filter(|id| Some(id) != session.as_ref()), ..agent });
    match event {
        "sessionStart" => {
            let resumed = fields.text(&["source"]) == Some("resume");
            reader.tell(What::Began(if resumed { Start::Resumed } else { Start::New }));
        }
        "sessionEnd" => reader.tell(What::Ended { reason: fields.name(&["reason"]).unwrap_or_default() }),
        "userPromptSubmitted" => {
            let by = if reader.who().agent.is_some() { Prompter::Agent } else { Prompter::Human };
            reader.prompt(fields.text(&["prompt"]).unwrap_or_default(), by);
        }
        "preToolUse" => reader.call_begins(&CALL),
        "postToolUse" => {
            let outcome = fields.inner(RESULT).map_or(Outcome::Done, outcome);
            reader.call_ends(&CALL, outcome, None);
        }
        "postToolUseFailure" => {
            let outcome = reader.failed(&["error"]);
            reader.call_ends(&CALL, outcome, None);
        }
        // It comes for every tool that is checked, also right before it is allowed: it is no wait.
        "permissionRequest" | "userPromptTransformed" => reader.tell(What::Heard),
        "notification" => notification(reader),
        "subagentStart" => reader.tell(What::SubagentBegan),
        "subagentStop" => reader.tell(What::SubagentEnded { error: None }),
        "agentStop" => reader.turn_ends(&["last_assistant_message", "response"]),
        "errorOccurred" => {
            let error = fields.get(&["error"]).map_or_else(|| "the turn failed".into(), text_of);
            let kind = fields.name(&["errorContext", "error_context"]);
            reader.tell(What::TurnFailed { error: failure::reason(&error), kind });
        }
        "preCompact" => reader.triggered("compacting"),
        _ => reader.unknown_event(),
    }
}

/// The event in camel case: as the payload says, as whoever sent it says, or as its fields tell.
fn event<'a>(fields: Fields<'a>, said: Option<&'a str>) -> &'a str {
    let named = fields.text(&["hook_event_name", "hookName"]).or(said);
    match named.unwrap_or_default() {
        "SessionStart" => "sessionStart",
        "SessionEnd" => "sessionEnd",
        "UserPromptSubmit" | "UserPromptSubmitted" => "userPromptSubmitted",
        "UserPromptTransformed" => "userPromptTransformed",
        "PreToolUse" => "preToolUse",
        "PostToolUse" => "postToolUse",
        "PostToolUseFailure" => "postToolUseFailure",
        "PermissionRequest" => "permissionRequest",
        "Notification" => "notification",
        "SubagentStart" => "subagentStart",
        "SubagentStop" => "subagentStop",
        "Stop" | "AgentStop" => "agentStop",
        "ErrorOccurred" => "errorOccurred",
        "PreCompact" => "preCompact",
        "" => shape(fields),
        other => other,
    }
}

fn shape(fields: Fields<'_>) -> &'static str {
    let has = |names: &[&str]| names.iter().any(|name| fields.has(name));
    if has(RESULT) {
        "postToolUse"
    } else if has(&["toolName", "tool_name"]) && has(&["error"]) {
        "postToolUseFailure"
    } else if has(&["toolArgs", "tool_input"]) {
        "preToolUse"
    } else if has(&["transformedPrompt", "transformed_prompt"]) {
        "userPromptTransformed"
    } else if has(&["prompt"]) {
        "userPromptSubmitted"
    } else if has(&["notification_type"]) {
        "notification"
    } else if has(&["source", "initialPrompt", "initial_prompt"]) {
        "sessionStart"
    } else if has(&["errorContext", "error_context"]) {
        "errorOccurred"
    } else if has(&["trigger"]) {
        "preCompact"
    } else if has(&["reason"]) {
        "sessionEnd"
    } else if has(&["stopReason", "stop_reason"]) {
        if has(&["response", "agentName", "agent_name"]) { "subagentStop" } else { "agentStop" }
    } else if has(&["agentName", "agent_name"]) {
        "subagentStart"
    } else {
        ""
    }
}

/// A command that failed is a success to Copilot: its code is in the text for the model.
fn outcome(result: Fields<'_>) -> Outcome {
    let text = result.text(&["textResultForLlm", "text_result_for_llm"]).unwrap_or_default();
    match result.text(&["resultType", "result_type"]).unwrap_or("success") {
        "success" => match failure::exit_code(text).filter(|_| text.contains("<shellId:")) {
            Some(code) if code != 0 => {
                Outcome::Failed { error: format!("exit code {code}").into(), is_inferred: true }
            }
            _ => Outcome::Done,
        },
        "denied" | "rejected" => Outcome::Denied { reason: "denied".into() },
        "cancelled" | "aborted" => Outcome::Interrupted,
        _ => Outcome::Failed { error: failure::reason(text), is_inferred: false },
    }
}

fn notification(reader: &mut Reader<'_>) {
    let fields = reader.fields;
    let message = fields.text(&["message"]).unwrap_or("waits for you");
    match fields.text(&["notification_type"]).unwrap_or_default() {
        "permission_prompt" => match message.strip_prefix("Run command: ") {
            Some(command) => {
                let input = serde_json::json!({ "command": command });
                reader.waits_for("bash", &input);
            }
            None => reader.waits(Why::Permission, message),
        },
        "elicitation_dialog" => reader.waits(Why::Question, message),
        _ => reader.state("notice", &[("kind", said(fields.name(&["notification_type"])))], false),
    }
}
