//! Gemini CLI's hooks. They have no ids of calls, and nothing marks a subagent's. Pure.

use serde_json::Value;

use super::super::failure;
use super::super::payload::Fields;
use super::super::sign::{Outcome, Prompter, Subagent, Usage, What, Why, with_reasoning, without_cache};
use super::claude::session_starts;
use super::reader::{CallFields, Reader, said, text_of};

const CALL: CallFields = CallFields { id: &[], tool: &["tool_name"], input: &["tool_input"] };
/// The tool that starts a subagent.
const INVOKE: &str = "invoke_agent";
/// What an answer is that never came.
const NO_ANSWER: &str = "[no response text]";

const KNOWN: &[&str] = &[
    "session_id",
    "transcript_path",
    "cwd",
    "hook_event_name",
    "timestamp",
    "source",
    "reason",
    "prompt",
    "prompt_response",
    "stop_hook_active",
    "trigger",
    "llm_request",
    "llm_response",
    "tool_name",
    "tool_input",
    "tool_response",
    "mcp_context",
    "original_request_name",
    "notification_type",
    "message",
    "details",
];

pub(super) fn read(reader: &mut Reader<'_>) {
    reader.know(&[KNOWN]);
    let fields = reader.fields;
    let Some(event) = reader.begin_as_claude() else { return };
    let who = reader.who();
    who.at = fields.time(&["timestamp"]);
    who.model = fields.inner(&["llm_request"]).and_then(|request| request.name(&["model"]));
    match event {
        "SessionStart" => session_starts(reader),
        "SessionEnd" => reader.tell(What::Ended { reason: fields.name(&["reason"]).unwrap_or_default() }),
        "BeforeAgent" => reader.prompt(fields.text(&["prompt"]).unwrap_or_default(), Prompter::Human),
        "AfterAgent" if fields.text(&["prompt_response"]) == Some(NO_ANSWER) => {
            let error = "no answer: the model failed, or a human interrupted it".into();
            reader.tell(What::TurnFailed { error, kind: Some("no_answer".into()) });
        }
        "AfterAgent" => reader.turn_ends(&["prompt_response"]),
        "BeforeTool" => {
            reader.call_begins(&CALL);
            if let Some(agent) = started(reader) {
                reader.who().agent = Some(agent);
                reader.tell(What::SubagentBegan);
            }
        }
        "AfterTool" => tool_used(reader),
        "Notification" => notification(reader),
        "AfterModel" => model_answered(reader),
        // It comes before almost every request, though nothing is made shorter then.
        "PreCompress" if fields.text(&["trigger"]) == Some("manual") => {
            reader.triggered("compacting");
        }
        "PreCompress" | "BeforeModel" | "BeforeToolSelection" => reader.tell(What::Alive),
        _ => reader.unknown_event(),
    }
}

fn tool_used(reader: &mut Reader<'_>) {
    let fields = reader.fields;
    let response = fields.inner(&["tool_response"]);
    let outcome = response.map_or(Outcome::Done, outcome);
    if let Some(agent) = started(reader) {
        let main = reader.who().agent.replace(agent);
        reader.tell(What::SubagentEnded { error: None });
        reader.who().agent = main;
    }
    reader.call_ends(&CALL, outcome, None);
}

/// A command that failed is no error to Gemini: its code is in the text for the model.
fn outcome(response: Fields<'_>) -> Outcome {
    if let Some(error) = response.get(&["error"]) {
        let text = text_of(error);
        if failure::is_interruption(&text) {
            return Outcome::Interrupted;
        }
        return Outcome::Failed { error: failure::reason(&text), is_inferred: false };
    }
    let text = response.text(&["llmContent"]).unwrap_or_default();
    if failure::is_interruption(text) {
        return Outcome::Interrupted;
    }
    // Only a shell's result names the group of its process; a file may say anything.
    match failure::exit_code(text) {
        Some(code) if code != 0 && text.contains("Process Group PGID") => {
            Outcome::Failed { error: format!("exit code {code}").into(), is_inferred: true }
        }
        _ => Outcome::Done,
    }
}

/// The subagent that a call starts. It has no id, so what it was given tells it apart.
fn started(reader: &mut Reader<'_>) -> Option<Subagent> {
    let fields = reader.fields;
    (fields.text(&["tool_name"])? == INVOKE).then_some(())?;
    let kind = fields.inner(&["tool_input"])?.name(&["agent_name"])?;
    let (call, _) = reader.call(&CALL);
    Some(Subagent { id: format!("{kind}-{:08x}", call.print >> 32).into(), kind: Some(kind), parent: None })
}

fn notification(reader: &mut Reader<'_>) {
    let fields = reader.fields;
    let message = fields.text(&["message"]).unwrap_or("waits for you");
    if fields.text(&["notification_type"]) != Some("ToolPermission") {
        reader.state("notice", &[("kind", said(fields.name(&["notification_type"])))], false);
        return;
    }
    let details = fields.inner(&["details"]);
    let kind = details.and_then(|details| details.text(&["type"])).unwrap_or_default();
    match details.and_then(|details| details.text(&["command"])) {
        Some(command) => {
            let input = serde_json::json!({ "command": command });
            reader.waits_for("run_shell_command", &input);
        }
        None if kind == "ask_user" => reader.waits(Why::Question, message),
        None => reader.waits(Why::Permission, message),
    }
}

fn model_answered(reader: &mut Reader<'_>) {
    let usage = reader.fields.inner(&["llm_response"]).and_then(|answer| answer.inner(&["usageMetadata"]));
    let Some(usage) = usage else { return reader.tell(What::Alive) };
    let cached = usage.tokens(&["cachedContentTokenCount"]);
    let reasoning = usage.tokens(&["thoughtsTokenCount"]);
    let usage = Usage {
        // Those from the cache are among them.
        input: usage.tokens(&["promptTokenCount"]).map(|all| without_cache(all, [cached, None])),
        output: usage.tokens(&["candidatesTokenCount"]).map(|output| with_reasoning(output, reasoning)),
        cache_read: cached,
        reasoning,
        ..Usage::default()
    };
    // Chunks of one answer repeat it; each has its own time.
    let finished = finishes(reader.fields.get(&["llm_response"]));
    if finished {
        reader.usage(usage, None);
    }
    reader.tell(What::Alive);
}

/// Whether this is the last part of an answer.
fn finishes(answer: Option<&Value>) -> bool {
    let candidates = answer.and_then(|answer| answer.get("candidates")).and_then(Value::as_array);
    candidates.is_none_or(|all| all.iter().any(|one| one.get("finishReason").is_some_and(Value::is_string)))
}
