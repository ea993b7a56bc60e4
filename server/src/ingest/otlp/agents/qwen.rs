//! Qwen Code's telemetry: log records and spans, both with the model's ids of calls, which its hooks have as well. Pure.

use super::super::super::failure;
use super::super::super::sign::{By, Outcome, Prompter, Start, Subagent, Usage, What, Who, without_cache};
use super::super::model::{Attributes, Record, Span};
use super::super::tell::{Called, Tell, end_of, error_line, failed, model_of, said, usage_of};

pub(in super::super) fn record(tell: &mut Tell<'_>, record: &Record<'_>) {
    let attributes = &record.attributes;
    let event = record.event();
    let session = attributes.name(&["session.id"]).or_else(|| tell.program.session.clone());
    let Some(session) = session else { return };
    let mut who = tell.program.who(session, record.at());
    who.turn = attributes.name(&["prompt_id"]);
    match event {
        "session.start" => tell.say(who, event, What::Began(Start::New)),
        // Without a terminal no hook says so.
        "session.end" => tell.say(who, event, What::Ended { reason: "done".into() }),
        "qwen-code.user_prompt" => {
            let chars = attributes.count(&["prompt_length"]).unwrap_or_default();
            tell.prompt(who, event, Prompter::Human, chars, "");
        }
        "qwen-code.tool_call" => {
            let called = Called::of(
                attributes.name(&["call_id"]),
                attributes.name(&["function_name"]),
                attributes.text("function_args"),
            );
            let seconds = attributes.seconds_of_ms("duration_ms");
            tell.ends(who, event, called, outcome(attributes), seconds);
        }
        "qwen-code.api_response" => {
            who.model = attributes.name(&["model"]);
            let key = key(attributes, &who);
            tell.usage(who, event, By::Log, key, usage(attributes));
        }
        "qwen-code.api_error" => {
            let status = attributes.count(&["status_code", "http.status_code"]).unwrap_or_default();
            let error = error_line(attributes.any(&["error", "error.message"]));
            if (400..500).contains(&status) && status != 408 && status != 429 {
                let kind = Some(format!("http_{status}").into());
                return tell.say(who, event, What::TurnFailed { error, kind });
            }
            tell.state(who, event, "retry", &[("error", said(Some(error)))]);
        }
        "qwen-code.subagent_execution" => {
            // It has no id here: its name has to do.
            let Some(kind) = attributes.name(&["subagent_name"]) else { return };
            who.agent = Some(Subagent { id: kind.clone(), kind: Some(kind), parent: None });
            let what = match attributes.text("status") {
                Some("started") => What::SubagentBegan,
                Some("failed") => What::SubagentEnded { error: Some("failed".into()) },
                _ => What::SubagentEnded { error: None },
            };
            tell.say(who, event, what);
        }
        "qwen-code.chat_compression" => tell.state(who, event, "compacted", &[]),
        _ => tell.heard(Some(who.session), who.at, event),
    }
}

pub(in super::super) fn span(tell: &mut Tell<'_>, span: &Span<'_>) {
    let attributes = &span.attributes;
    let event = span.name.as_ref();
    let Some(session) = attributes.name(&["session.id", "gen_ai.conversation.id"]) else { return };
    let mut who = tell.program.who(session, end_of(span));
    match event {
        "qwen-code.llm_request" => {
            who.model = model_of(attributes);
            let usage =
                Usage { reasoning: attributes.tokens(&["thoughts_token_count"]), ..usage_of(attributes) };
            tell.usage(who, event, By::Span, format!("{:x}", span.id), usage);
        }
        "qwen-code.tool" => {
            let id = attributes.name(&["tool.call_id", "call_id", "gen_ai.tool.call.id"]);
            let called = Called::of(id, attributes.name(&["gen_ai.tool.name", "tool_name"]), None);
            let is_done = attributes.flag("success") != Some(false) && !span.is_error;
            let outcome = if is_done { Outcome::Done } else { failed(Some(&span.message)) };
            tell.ends(who, event, called, outcome, span.seconds());
        }
        "qwen-code.interaction" => tell.turn_is_over(who, event, What::TurnEnded { text: None }),
        _ => {}
    }
}

fn outcome(attributes: &Attributes<'_>) -> Outcome {
    let error = attributes.any(&["error", "error.message"]);
    match (attributes.text("decision"), attributes.text("status"), attributes.flag("success")) {
        (Some("reject"), _, _) => Outcome::Denied { reason: "denied".into() },
        (_, Some("cancelled"), _) => Outcome::Interrupted,
        _ if error.is_some_and(failure::is_interruption) => Outcome::Interrupted,
        (_, _, Some(false)) => failed(error),
        _ => Outcome::Done,
    }
}

fn key(attributes: &Attributes<'_>, who: &Who) -> String {
    let at = who.at.map(|at| at.unix_micros()).unwrap_or_default();
    format!("{} {at}", attributes.text("response_id").unwrap_or_default())
}

/// Tokens of a cache are among the input, and those of thoughts among the output: the total is both together.
fn usage(attributes: &Attributes<'_>) -> Usage {
    let cache_read = attributes.tokens(&["cached_content_token_count"]);
    let all = attributes.tokens(&["input_token_count"]);
    Usage {
        input: all.map(|all| without_cache(all, [cache_read, None])),
        output: attributes.tokens(&["output_token_count"]),
        cache_read,
        reasoning: attributes.tokens(&["thoughts_token_count"]),
        ..Usage::default()
    }
}
