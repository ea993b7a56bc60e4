//! Any program that follows the conventions for generative AI, those of today and those before, or OpenInference's. Pure.
//!
//! A span is sent once it has ended, children before their parents: the first of a conversation shows that an agent is there, and the end of
//! the outermost one that it has answered. What is about no agent, tool or model is left alone: most programs do something else as well.

use std::collections::HashMap;

use arcane_shared::DaemonName;

use super::super::super::sign::{By, Outcome, What, Who};
use super::super::model::{Attributes, Record, Span};
use super::super::program::daemon_named;
use super::super::tell::{Called, Tell, end_of, error_line, failed, model_of, usage_of};

/// Most spans that are gone up from one to the agent that it is of.
const DEPTH_MAX: usize = 64;
/// Who a span is of.
const CONVERSATION: &[&str] =
    &["gen_ai.conversation.id", "session.id", "traceloop.association.properties.session_id"];

/// What a span is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Model,
    Tool,
    Agent,
    /// Something that is no one of these.
    Other,
}

pub(in super::super) fn record(tell: &mut Tell<'_>, record: &Record<'_>) {
    if record.event() != "gen_ai.client.inference.operation.details" {
        return;
    }
    let attributes = &record.attributes;
    let said = attributes.name(CONVERSATION).or_else(|| tell.program.session.clone());
    let session = said.or_else(|| trace(record.trace));
    let Some(session) = session else { return };
    let mut who = tell.program.who(session, record.at());
    if let Some(daemon) = named(attributes) {
        who.daemon = daemon;
    }
    who.model = model_of(attributes);
    let response = attributes.text("gen_ai.response.id").unwrap_or_default();
    let key = format!("{response} {:x} {}", record.span, record.nanos.max(record.observed_nanos));
    tell.usage(who, record.event(), By::Log, key, usage_of(attributes));
}

pub(in super::super) fn spans(tell: &mut Tell<'_>, spans: &[Span<'_>]) {
    let by_id: HashMap<u64, &Span<'_>> = spans.iter().map(|span| (span.id, span)).collect();
    for span in spans {
        let about = about(&span.attributes);
        if about == About::Other {
            continue;
        }
        // What a span does not say, one that it is part of may.
        let from_above = |what: &dyn Fn(&Span<'_>) -> bool| {
            let up = std::iter::successors(Some(span), |span| by_id.get(&span.parent).copied());
            up.take(DEPTH_MAX).find(|span| what(span))
        };
        let conversation = from_above(&|span| span.attributes.any(CONVERSATION).is_some());
        let said = conversation.and_then(|span| span.attributes.name(CONVERSATION));
        let said = said.or_else(|| tell.program.session.clone());
        let is_of_trace = said.is_none();
        let Some(session) = said.or_else(|| trace(span.trace)) else { continue };
        let mut who = tell.program.who(session, end_of(span));
        if let Some(daemon) =
            from_above(&|span| named(&span.attributes).is_some()).and_then(|span| named(&span.attributes))
        {
            who.daemon = daemon;
        }
        read(tell, span, about, who, is_of_trace);
    }
}

fn read(tell: &mut Tell<'_>, span: &Span<'_>, about: About, mut who: Who, is_of_trace: bool) {
    let attributes = &span.attributes;
    let event = span.name.as_ref();
    let error = attributes.text("error.type");
    let is_failure = error.is_some() || span.is_error;
    let message = Some(span.message.as_ref()).filter(|message| !message.is_empty()).or(error);
    match about {
        About::Model => {
            who.model = model_of(attributes);
            tell.usage(who, event, By::Span, format!("{:x}", span.id), usage_of(attributes));
        }
        About::Tool => {
            let id = attributes.name(&["gen_ai.tool.call.id", "gen_ai.tool.call_id", "tool_call.id"]);
            let id = id.unwrap_or_else(|| format!("{:016x}", span.id).into());
            let tool = attributes.name(&["gen_ai.tool.name", "tool.name", "traceloop.entity.name"]);
            let tool = tool.or_else(|| event.strip_prefix("execute_tool ").map(Into::into));
            let called = Called::of(Some(id), tool, attributes.text("gen_ai.tool.call.arguments"));
            let outcome = if is_failure { failed(message) } else { Outcome::Done };
            tell.ends(who, event, called, outcome, span.seconds());
        }
        About::Agent => {
            let what = match message.filter(|_| is_failure) {
                Some(message) => {
                    What::TurnFailed { error: error_line(Some(message)), kind: error.map(Into::into) }
                }
                None if is_failure => What::TurnFailed { error: "the turn failed".into(), kind: None },
                None => What::TurnEnded { text: None },
            };
            tell.turn_is_over(who.clone(), event, what);
            if is_of_trace && span.parent == 0 {
                tell.say(who, event, What::Ended { reason: "done".into() });
            }
        }
        About::Other => {}
    }
}

fn about(attributes: &Attributes<'_>) -> About {
    match attributes.text("gen_ai.operation.name").unwrap_or_default() {
        "chat" | "generate_content" | "text_completion" | "completion" | "embeddings" => return About::Model,
        "execute_tool" => return About::Tool,
        "invoke_agent" | "invoke_workflow" => return About::Agent,
        // Older ones say the provider alone.
        "" => {}
        _ => return About::Other,
    }
    match attributes.any(&["openinference.span.kind", "traceloop.span.kind"]).unwrap_or_default() {
        "LLM" | "EMBEDDING" => About::Model,
        "TOOL" | "tool" => About::Tool,
        "AGENT" | "agent" => About::Agent,
        "" if attributes.any(&["gen_ai.system", "gen_ai.provider.name"]).is_some() => About::Model,
        _ => About::Other,
    }
}

/// The agent that attributes name.
fn named(attributes: &Attributes<'_>) -> Option<DaemonName> {
    daemon_named(attributes.any(&["gen_ai.agent.name", "agent.name"])?)
}

/// A trace as a session, where nothing else names one.
fn trace(id: u128) -> Option<Box<str>> {
    (id != 0).then(|| format!("{id:032x}").into())
}
