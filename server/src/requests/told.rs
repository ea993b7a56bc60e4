//! The event that tells of the end of a request. Pure.

use arcane_shared::api::{AWAIT_END, ChoiceKind, Via};
use arcane_shared::{Metadata, SpellName};
use serde_json::{Value, json};

use super::ask::Ask;
use super::end::{Decision, End};
use crate::intake::Draft;

/// The subject of whoever needs no token.
const ANONYMOUS: &str = "anonymous";

/// The event of an end. `captures_content`: what was said to the agent may stand in it.
pub(super) fn ended(id: &str, ask: &Ask, end: &End, captures_content: bool) -> Draft {
    let mut metadata: Metadata = ask.about.clone();
    let mut put = |key: &str, value: Value| metadata.insert(key.into(), value);
    put("event", AWAIT_END.into());
    put("request_id", id.into());
    put("task", (*ask.task).into());
    if let Some(tool) = &ask.tool {
        put("tool", (**tool).into());
    }
    if let Some(decision) = &end.decision {
        put("decision", decision.word().into());
        match decision {
            Decision::Option(_) => {
                put("choice", label(ask, decision).into());
            }
            Decision::Deny(Some(message)) if captures_content => {
                put("message", (**message).into());
            }
            Decision::Answers(answers) if captures_content => {
                put("answers", Value::Object(answers.clone()));
            }
            _ => {}
        }
    }
    if let Some(by) = &end.by {
        put("by", (**by).into());
    }
    put("via", end.via.word().into());
    put("waited_s", json!(seconds(end)));
    if end.waits_on(ask.has_prompt) {
        put("waits_on", true.into());
    }
    Draft {
        spell_name: SpellName::Voice,
        daemon_name: Some(ask.daemon.clone()),
        timestamp: None,
        success: true,
        description: Some(sentence(ask, end)),
        metadata,
        directives: None,
    }
}

/// How long a request was open, seconds.
pub(super) fn seconds(end: &End) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a wait fit 53 bits")]
    let ms = end.waited_ms as f64;
    ms / 1000.0
}

/// How it ended, in a sentence.
fn sentence(ask: &Ask, end: &End) -> String {
    let (name, task) = (ask.daemon.as_str().to_uppercase(), &ask.task);
    let by = end.by.as_deref().filter(|by| *by != ANONYMOUS);
    let by = match (by, end.via) {
        (Some(rule), Via::Rule) => format!("The rule {rule}"),
        (Some(by), _) => by.to_owned(),
        (None, _) => "A human".to_owned(),
    };
    match (&end.decision, end.via) {
        (Some(Decision::Allow), _) => format!("{by} lets {name} go on: {task}"),
        (Some(Decision::Deny(_)), _) => format!("{by} tells {name} not to: {task}"),
        (Some(decision @ Decision::Option(_)), _) => {
            format!("{by} answers {name}: {}", label(ask, decision))
        }
        (Some(Decision::Answers(_)), _) => format!("{by} answers {name}: {task}"),
        (None, Via::Terminal) => format!("{name} was answered where it runs: {task}"),
        (None, Via::Expired) => format!("Nobody answered {name} in time: {task}"),
        (None, _) => format!("{name} waits for no answer from here any more: {task}"),
    }
}

/// The label of an option, as the log may have it.
fn label<'a>(ask: &'a Ask, decision: &'a Decision) -> &'a str {
    let at = ask.options.iter().position(|choice| *choice.id == *decision.word());
    at.and_then(|at| ask.told_labels.get(at)).map_or(decision.word(), |label| label)
}

/// Whether an end is a denial.
pub(super) fn is_denied(ask: &Ask, end: &End) -> bool {
    end.decision.as_ref().is_some_and(|decision| {
        let choice = ask.options.iter().find(|choice| *choice.id == *decision.word());
        choice.is_some_and(|choice| choice.kind == ChoiceKind::Deny)
    })
}
