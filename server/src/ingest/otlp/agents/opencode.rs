//! opencode's telemetry: a few of its many spans. Calls have the ids that its plugin's hooks have. Pure.

use super::super::super::sign::{By, Outcome};
use super::super::model::Span;
use super::super::tell::{Called, Tell, end_of, failed, model_of, usage_of};

pub(in super::super) fn span(tell: &mut Tell<'_>, span: &Span<'_>) {
    let event = span.name.as_ref();
    if !matches!(event, "Tool.execute" | "ai.streamText.doStream" | "ai.generateText.doGenerate") {
        return;
    }
    let attributes = &span.attributes;
    let Some(session) = attributes.name(&["session.id", "ai.telemetry.metadata.sessionId"]) else { return };
    let mut who = tell.program.who(session, end_of(span));
    if event == "Tool.execute" {
        let called = Called::of(attributes.name(&["tool.call_id"]), attributes.name(&["tool.name"]), None);
        let outcome = if span.is_error { failed(Some(&span.message)) } else { Outcome::Done };
        return tell.ends(who, event, called, outcome, span.seconds());
    }
    who.model = model_of(attributes);
    tell.usage(who, event, By::Span, format!("{:x}", span.id), usage_of(attributes));
}
