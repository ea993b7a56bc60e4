//! Copilot's telemetry: spans alone, by the conventions for generative AI. Its hooks have no ids of calls, its spans no ids of subagents. Pure.

use super::super::super::sign::{By, Outcome, Subagent, What};
use super::super::model::Span;
use super::super::tell::{Called, Tell, end_of, error_line, exited, failed, model_of, usage_of};

/// What stands for an error where a human stopped it.
const CANCELLED: &str = "cancelled";

pub(in super::super) fn span(tell: &mut Tell<'_>, span: &Span<'_>) {
    let attributes = &span.attributes;
    let event = span.name.as_ref();
    let Some(session) = attributes.name(&["gen_ai.conversation.id"]) else { return };
    let mut who = tell.program.who(session, end_of(span));
    let agent = attributes.name(&["gen_ai.agent.name"]).filter(|name| !is_main(name));
    who.agent = agent.map(|name| Subagent { id: name.clone(), kind: Some(name), parent: None });
    let error = attributes.text("error.type");
    match attributes.text("gen_ai.operation.name") {
        Some("chat") => {
            who.model = model_of(attributes);
            tell.usage(who, event, By::Span, format!("{:x}", span.id), usage_of(attributes));
        }
        Some("execute_tool") => {
            let id = attributes.name(&["gen_ai.tool.call.id"]);
            let called = Called::of(id, attributes.name(&["gen_ai.tool.name"]), None);
            let code = attributes.text("process.exit.code").and_then(|code| code.parse().ok());
            let code = code
                .or_else(|| attributes.count(&["process.exit.code"]).and_then(|code| code.try_into().ok()));
            let outcome = match error {
                Some(CANCELLED) => Outcome::Interrupted,
                Some(error) => failed(Some(if span.message.is_empty() { error } else { &span.message })),
                None if span.is_error => failed(Some(&span.message)),
                None => code.map_or(Outcome::Done, |code| exited(code, false)),
            };
            // A command that ran was allowed.
            if outcome == Outcome::Interrupted && attributes.text("process.executable.name").is_some() {
                tell.say(who.clone(), event, What::WaitOver { request: None, denied: false });
            }
            tell.ends(who, event, called, outcome, span.seconds());
        }
        Some("invoke_agent") if who.agent.is_some() => {
            let error = error.map(|error| error_line(Some(error)));
            tell.say(who, event, What::SubagentEnded { error });
        }
        Some("invoke_agent") => {
            let what = match error {
                Some(CANCELLED) => What::Interrupted,
                Some(error) => What::TurnFailed {
                    error: error_line(Some(if span.message.is_empty() { error } else { &span.message })),
                    kind: Some(error.into()),
                },
                None => What::TurnEnded { text: None },
            };
            tell.turn_is_over(who, event, what);
        }
        // A human has answered, which no hook tells of.
        None if event == "permission"
            && attributes.text("github.copilot.permission.result") == Some("approved") =>
        {
            tell.say(who, event, What::WaitOver { request: None, denied: false });
        }
        _ => {}
    }
}

/// Whether an agent's name is that of the program itself.
fn is_main(name: &str) -> bool {
    matches!(name, "GitHub Copilot Chat" | "copilotcli" | "copilot" | "github-copilot" | "GitHub Copilot")
}
