//! Gemini CLI's telemetry: log records tell everything but ids of calls, which only its spans have. Pure.

use super::super::super::failure;
use super::super::super::sign::{
    By, Outcome, Prompter, Start, Subagent, Usage, What, Who, print_of, with_reasoning, without_cache,
};
use super::super::model::{Attributes, Record, Span};
use super::super::tell::{Called, Tell, end_of, error_line, failed, said, usage_of};

pub(in super::super) fn record(tell: &mut Tell<'_>, record: &Record<'_>) {
    let attributes = &record.attributes;
    let event = record.event();
    let session = attributes.name(&["session.id"]).or_else(|| tell.program.session.clone());
    let Some(session) = session else { return };
    let mut who = tell.program.who(session, record.at());
    match event {
        "gemini_cli.config" => {
            who.model = attributes.name(&["model"]);
            tell.say(who, event, What::Began(Start::New));
        }
        "gemini_cli.user_prompt" => {
            let chars = attributes.count(&["prompt_length"]).unwrap_or_default();
            who.turn = attributes.name(&["prompt_id"]);
            tell.prompt(who, event, Prompter::Human, chars, "");
        }
        "gemini_cli.tool_call" => tool_called(tell, who, attributes),
        "gemini_cli.api_response" => {
            who.model = attributes.name(&["model"]);
            let key = key(attributes, &who);
            tell.usage(who, event, By::Log, key, usage(attributes));
        }
        "gemini_cli.api_error" => {
            let status = attributes.count(&["status_code", "http.status_code"]).unwrap_or_default();
            let error = error_line(attributes.any(&["error", "error.message"]));
            if error.contains("AbortError") {
                return tell.say(who, event, What::Interrupted);
            }
            if (400..500).contains(&status) && status != 408 && status != 429 {
                let kind = Some(format!("http_{status}").into());
                return tell.say(who, event, What::TurnFailed { error, kind });
            }
            tell.state(who, event, "retry", &[("error", said(Some(error)))]);
        }
        "gemini_cli.agent.start" => {
            who.agent = subagent(attributes);
            tell.say(who, event, What::SubagentBegan);
        }
        "gemini_cli.agent.finish" => {
            who.agent = subagent(attributes);
            let reason = attributes.text("terminate_reason").unwrap_or_default();
            let error = reason.starts_with("ERROR").then(|| error_line(Some(reason)));
            tell.say(who, event, What::SubagentEnded { error });
        }
        "gemini_cli.chat_compression" => {
            let tokens = attributes.count(&["tokens_after"]).map(Into::into);
            tell.state(who, event, "compacted", &[("tokens", tokens)]);
        }
        "gemini_cli.conversation_finished" => tell.say(who, event, What::TurnEnded { text: None }),
        _ => tell.heard(Some(who.session), who.at, event),
    }
}

pub(in super::super) fn span(tell: &mut Tell<'_>, span: &Span<'_>) {
    let attributes = &span.attributes;
    if attributes.text("gen_ai.operation.name") != Some("llm_call") {
        return;
    }
    let session = attributes.name(&["gen_ai.conversation.id"]).or_else(|| tell.program.session.clone());
    let Some(session) = session else { return };
    let who = tell.program.who(session, end_of(span));
    // They do not say how much came from a cache.
    tell.usage(who, &span.name, By::Span, format!("{:x}", span.id), usage_of(attributes));
}

fn tool_called(tell: &mut Tell<'_>, who: Who, attributes: &Attributes<'_>) {
    let tool = attributes.name(&["function_name"]);
    let mut called = Called::of(None, tool, attributes.text("function_args"));
    // Without arguments its time tells it apart.
    if attributes.text("function_args").is_none() {
        called.call.print = print_of(&format!("{:?} {}", who.at, called.call.tool));
    }
    let error = attributes.any(&["error", "error.message"]);
    let outcome = match (attributes.text("decision"), attributes.flag("success")) {
        (Some("reject"), Some(false)) => Outcome::Denied { reason: "denied".into() },
        _ if error.is_some_and(failure::is_interruption) => Outcome::Interrupted,
        (_, Some(false)) => failed(error),
        _ => Outcome::Done,
    };
    tell.ends(who, "gemini_cli.tool_call", called, outcome, attributes.seconds_of_ms("duration_ms"));
}

fn subagent(attributes: &Attributes<'_>) -> Option<Subagent> {
    let id = attributes.name(&["agent_id"])?;
    Some(Subagent { id, kind: attributes.name(&["agent_name"]), parent: None })
}

fn key(attributes: &Attributes<'_>, who: &Who) -> String {
    let at = who.at.map(|at| at.unix_micros()).unwrap_or_default();
    format!("{} {at}", attributes.text("prompt_id").unwrap_or_default())
}

/// Tokens of a cache are among the input; those of thoughts are not among the output.
pub(super) fn usage(attributes: &Attributes<'_>) -> Usage {
    let cache_read = attributes.tokens(&["cached_content_token_count"]);
    let reasoning = attributes.tokens(&["thoughts_token_count"]);
    let all = attributes.tokens(&["input_token_count"]);
    Usage {
        input: all.map(|all| without_cache(all, [cache_read, None])),
        output: attributes.tokens(&["output_token_count"]).map(|output| with_reasoning(output, reasoning)),
        cache_read,
        reasoning,
        ..Usage::default()
    }
}
