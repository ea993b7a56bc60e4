//! Codex CLI's telemetry: log records alone, for its spans are of its inner works. Pure.

use serde_json::json;

use super::super::super::failure;
use super::super::super::sign::{By, Outcome, Prompter, Start, Subagent, Usage, What, without_cache};
use super::super::model::{Attributes, Record};
use super::super::tell::{Called, Tell, error_line, exited, failed};

/// The tool that runs JavaScript, whose calls of other tools are told one by one.
const CODE_MODE: &str = "exec";
/// How many times a request is sent again.
const ATTEMPTS_MAX: u64 = 4;

pub(in super::super) fn record(tell: &mut Tell<'_>, record: &Record<'_>) {
    let attributes = &record.attributes;
    let event = record.event();
    if event == "codex.agent_communication" {
        return spawned(tell, record);
    }
    let Some(session) = attributes.name(&["conversation.id"]) else { return };
    let mut who = tell.program.who(session, record.at());
    who.model = attributes.name(&["model"]);
    match event {
        "codex.conversation_starts" => tell.say(who, event, What::Began(Start::New)),
        "codex.user_prompt" => {
            let chars = attributes.count(&["prompt_length"]).unwrap_or_default();
            let digest = attributes.text("event.timestamp").unwrap_or_default();
            tell.prompt(who, event, Prompter::Human, chars, digest);
        }
        "codex.tool_decision" if attributes.text("tool_name") != Some(CODE_MODE) => {
            let decision = attributes.text("decision").unwrap_or_default();
            let called = called(attributes);
            if matches!(decision, "denied" | "abort" | "rejected") {
                return tell.ends(who, event, called, Outcome::Denied { reason: "denied".into() }, None);
            }
            tell.begins(who, event, called);
        }
        "codex.tool_result" if attributes.text("tool_name") != Some(CODE_MODE) => {
            let seconds = attributes.seconds_of_ms("duration_ms");
            tell.ends(who, event, called(attributes), outcome(attributes), seconds);
        }
        "codex.sse_event" if attributes.text("event.kind") == Some("response.completed") => {
            let key = attributes.text("event.timestamp").unwrap_or_default().to_owned();
            tell.usage(who, event, By::Log, key, usage(attributes));
        }
        "codex.api_request" => {
            let status = attributes.count(&["http.response.status_code"]).unwrap_or(200);
            let attempt = attributes.count(&["attempt"]).unwrap_or_default();
            let is_last = (400..500).contains(&status) && status != 429 || attempt >= ATTEMPTS_MAX;
            if status >= 400 && is_last {
                let error = error_line(attributes.any(&["error.message", "error"]));
                return tell.say(
                    who,
                    event,
                    What::TurnFailed { error, kind: Some(format!("http_{status}").into()) },
                );
            }
            tell.heard(Some(who.session), who.at, event);
        }
        _ => tell.heard(Some(who.session), who.at, event),
    }
}

/// A conversation that another one began: its telemetry goes by its own id.
fn spawned(tell: &mut Tell<'_>, record: &Record<'_>) {
    let attributes = &record.attributes;
    if attributes.text("kind") != Some("spawn") {
        return;
    }
    let (Some(session), Some(id)) =
        (attributes.name(&["sender_thread_id"]), attributes.name(&["receiver_thread_id"]))
    else {
        return;
    };
    let mut who = tell.program.who(session, record.at());
    who.agent = Some(Subagent { id, kind: None, parent: None });
    tell.say(who, "codex.agent_communication", What::SubagentBegan);
}

fn called(attributes: &Attributes<'_>) -> Called {
    let name = attributes.text("tool_name").unwrap_or("tool");
    let namespace = attributes.text("tool_namespace").filter(|namespace| *namespace != "functions");
    // As its hooks call it.
    let tool = match (namespace, name) {
        (None, "exec_command") => "Bash".into(),
        (None, name) => name.into(),
        (Some(namespace), name) => format!("{namespace}{name}").into(),
    };
    let id = attributes.name(&["call_id"]);
    match attributes.text("arguments") {
        Some(patch) if patch.starts_with("*** Begin Patch") => {
            Called::with(id, Some(tool), &json!({ "command": patch }))
        }
        arguments => Called::of(id, Some(tool), arguments),
    }
}

/// `success` is that of the tool, not of the command: its code is in the text.
fn outcome(attributes: &Attributes<'_>) -> Outcome {
    let output = attributes.text("output").unwrap_or_default();
    if attributes.flag("success") == Some(false) {
        return failed(Some(output).filter(|output| !output.is_empty()));
    }
    failure::exit_code(output).map_or(Outcome::Done, |code| exited(code, true))
}

fn usage(attributes: &Attributes<'_>) -> Usage {
    let cache_read = attributes.tokens(&["cached_token_count"]);
    let cache_write = attributes.tokens(&["cache_write_token_count"]);
    Usage {
        input: attributes
            .tokens(&["input_token_count"])
            .map(|all| without_cache(all, [cache_read, cache_write])),
        output: attributes.tokens(&["output_token_count"]),
        cache_read,
        cache_write,
        reasoning: attributes.tokens(&["reasoning_token_count"]),
        ..Usage::default()
    }
}
