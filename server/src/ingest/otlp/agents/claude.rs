//! Claude Code's telemetry. Its log records and spans have the ids of calls that its hooks have. Pure.

use super::super::super::sign::{By, Outcome, Prompter, Subagent, Usage, What, Who};
use super::super::model::{Attributes, Record, Span};
use super::super::tell::{Called, Tell, end_of, error_line, failed, said};

const ID: &[&str] = &["tool_use_id", "gen_ai.tool.call.id"];
const TOOL: &[&str] = &["tool_name", "gen_ai.tool.name"];

pub(in super::super) fn record(tell: &mut Tell<'_>, record: &Record<'_>) {
    let attributes = &record.attributes;
    let event = record.event();
    let event = event.strip_prefix("claude_code.").unwrap_or(event);
    let Some(session) = attributes.name(&["session.id"]) else { return };
    let known = matches!(
        event,
        "user_prompt"
            | "tool_decision"
            | "tool_result"
            | "api_request"
            | "api_error"
            | "api_retries_exhausted"
            | "subagent_completed"
            | "compaction"
    );
    if !known {
        return tell.heard(Some(session), record.at(), event);
    }
    let mut who = tell.program.who(session, record.at());
    who.agent = subagent(attributes);
    who.turn = attributes.name(&["prompt.id"]);
    let text = |name: &str| attributes.text(name);
    match event {
        // A command of its own is no prompt.
        "user_prompt" if attributes.text("command_name").is_some() => tell.say(who, event, What::Heard),
        "user_prompt" => {
            let chars = attributes.count(&["prompt_length"]).unwrap_or_default();
            let digest = attributes.text("message.uuid").unwrap_or_default();
            tell.prompt(who, event, Prompter::Human, chars, digest);
        }
        "tool_decision" => {
            let called = called(attributes);
            if text("decision") == Some("reject") {
                return tell.ends(who, event, called, Outcome::Denied { reason: "denied".into() }, None);
            }
            tell.begins(who, event, called);
        }
        "tool_result" => {
            let is_done = attributes.flag("success") != Some(false);
            let outcome = if is_done { Outcome::Done } else { failed(text("error").or(text("error_type"))) };
            tell.ends(who, event, called(attributes), outcome, attributes.seconds_of_ms("duration_ms"));
        }
        "api_request" => {
            who.model = attributes.name(&["model"]);
            let key = request_key(attributes, &who);
            tell.usage(who, event, By::Log, key, usage(attributes));
        }
        "api_error" => {
            let status = attributes.count(&["status_code"]).unwrap_or_default();
            // What is not asked again has failed.
            if (400..500).contains(&status) && status != 408 && status != 429 {
                return tell.say(who, event, turn_failed(attributes));
            }
            let attempt = attributes.count(&["attempt"]).map(Into::into);
            let error = said(Some(error_line(text("error"))));
            tell.state(who, event, "retry", &[("attempt", attempt), ("error", error)]);
        }
        "api_retries_exhausted" => tell.say(who, event, turn_failed(attributes)),
        "subagent_completed" => tell.say(who, event, What::SubagentEnded { error: None }),
        _ => tell.state(who, event, "compacted", &[("trigger", said(attributes.name(&["trigger"])))]),
    }
}

pub(in super::super) fn span(tell: &mut Tell<'_>, span: &Span<'_>) {
    let attributes = &span.attributes;
    let event = span.name.as_ref();
    let Some(session) = attributes.name(&["session.id"]) else { return };
    let mut who = tell.program.who(session, end_of(span));
    who.agent = subagent(attributes);
    match event {
        "claude_code.llm_request" => {
            who.model = attributes.name(&["model"]);
            let key = request_key(attributes, &who);
            tell.usage(who, event, By::Span, format!("span {key}"), usage(attributes));
        }
        // The call itself does not say how it ended; its execution does, and that names no tool.
        "claude_code.tool" => {
            let input =
                attributes.text("full_command").map(|command| serde_json::json!({"command": command}));
            let input =
                input.or_else(|| Some(serde_json::json!({"file_path": attributes.text("file_path")?})));
            let called = Called::with(attributes.name(ID), attributes.name(TOOL), &input.unwrap_or_default());
            tell.begins(who, event, called);
        }
        "claude_code.tool.execution" => {
            let is_done = attributes.flag("success") != Some(false) && !span.is_error;
            let outcome = if is_done { Outcome::Done } else { failed(attributes.text("error")) };
            tell.ends(who, event, called(attributes), outcome, span.seconds());
        }
        "claude_code.interaction" => tell.turn_is_over(who, event, What::TurnEnded { text: None }),
        _ => {}
    }
}

fn subagent(attributes: &Attributes<'_>) -> Option<Subagent> {
    let id = attributes.name(&["agent_id"])?;
    Some(Subagent { id, kind: attributes.name(&["agent_type", "agent.name"]), parent: None })
}

fn called(attributes: &Attributes<'_>) -> Called {
    Called::of(attributes.name(ID), attributes.name(TOOL), attributes.any(&["tool_input", "tool_parameters"]))
}

/// What a request used. Its own counts leave a cache out, those of the conventions do not; only its own are read.
fn usage(attributes: &Attributes<'_>) -> Usage {
    Usage {
        input: attributes.tokens(&["input_tokens"]),
        output: attributes.tokens(&["output_tokens"]),
        cache_read: attributes.tokens(&["cache_read_tokens"]),
        cache_write: attributes.tokens(&["cache_creation_tokens"]),
        cost_usd: attributes.dollars(&["cost_usd"]),
        ..Usage::default()
    }
}

fn request_key(attributes: &Attributes<'_>, who: &Who) -> String {
    let at = who.at.map(|at| at.unix_micros()).unwrap_or_default();
    format!("{} {at}", attributes.text("request_id").unwrap_or_default())
}

fn turn_failed(attributes: &Attributes<'_>) -> What {
    let kind = attributes.count(&["status_code"]).map(|status| format!("http_{status}").into());
    What::TurnFailed { error: error_line(attributes.text("error")), kind }
}
