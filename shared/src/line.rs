//! What an event says in a line, in the words of its reader. Text, never markup.

use serde_json::Value;

use crate::api::AWAIT_END;
use crate::dictionary::{Term, Tongue};
use crate::roster::{ACKNOWLEDGE, BEGIN, PROGRESS, is_of_a_guard};
use crate::{ReceivedEvent, SpellName};

/// The largest count that is said in figures.
const COUNT_MAX: u64 = 9_999_999;

/// What happened, without the daemon's name in front, as long as what was told of it.
#[must_use]
pub fn of(event: &ReceivedEvent, tongue: Tongue) -> String {
    let text = |key: &str| event.text(key).filter(|text| !text.trim().is_empty());
    let count = |key: &str| event.metadata.get(key).and_then(Value::as_u64);
    let line = match event.spell_name.known() {
        Some(SpellName::Summon) if event.success => match text("parent_daemon") {
            Some(parent) => tongue.say_of(Term::SummonedBy, parent),
            None => tongue.say(Term::Summoned).into(),
        },
        // What nobody counted is 0 on the wire.
        Some(SpellName::Banish) if event.success => match count("invocation_count").filter(|n| *n > 0) {
            Some(1) => tongue.say(Term::BanishedAfterOne).into(),
            Some(n) => tongue.say_of(Term::BanishedAfter, &count_of(n)),
            None => tongue.say(Term::Banished).into(),
        },
        Some(SpellName::Summon | SpellName::Banish) => {
            text("error").or(text("reason")).map_or_else(|| event.description.clone(), str::to_owned)
        }
        Some(SpellName::Invoke) => text("task").unwrap_or(&event.description).to_owned(),
        Some(SpellName::Reveal) => match (text("query_type"), text("task"), count("daemon_count")) {
            (Some(PROGRESS), Some(task), _) if text("phase") == Some(BEGIN) => format!("begins: {task}"),
            (Some(PROGRESS), Some(task), _) => task.into(),
            (Some("state"), ..) => "is looked at".into(),
            (Some(ACKNOWLEDGE), ..) => "its failure was seen".into(),
            (_, _, Some(1)) if event.daemon_name.is_none() => tongue.say(Term::LookedAtOne).into(),
            (_, _, Some(n)) if event.daemon_name.is_none() => tongue.say_of(Term::LookedAt, &count_of(n)),
            _ => event.description.clone(),
        },
        Some(SpellName::Parse) => match (text("spell_text"), text("parsed_action")) {
            (Some(spell), Some(action)) if event.success => format!("“{spell}” → {action}"),
            (Some(spell), _) => format!("“{spell}” was not understood"),
            _ => event.description.clone(),
        },
        Some(SpellName::Voice)
            if text("task").is_some() && event.metadata.get("attention") == Some(&Value::Bool(true)) =>
        {
            format!("asks: {}", text("task").unwrap_or_default())
        }
        Some(SpellName::Voice) if text("event") == Some(AWAIT_END) => answered(event, tongue),
        // The server speaks of the daemon.
        Some(SpellName::Voice) if is_of_a_guard(event) => event.description.clone(),
        Some(SpellName::Voice) => tongue.say_of(Term::Said, &event.description),
        None => event.description.clone(),
    };
    if line.trim().is_empty() { event.spell_name.as_str().to_owned() } else { line }
}

/// How what an agent asked came to its end, by whom, and what it was.
fn answered(event: &ReceivedEvent, tongue: Tongue) -> String {
    let text = |key: &str| event.text(key).filter(|text| !text.trim().is_empty());
    let what = match (text("decision"), text("via")) {
        (Some("allow"), _) => tongue.say(Term::Allowed),
        (Some("deny"), _) => tongue.say(Term::Denied),
        (Some(_), _) => "answered",
        (None, Some("terminal")) => "answered where it runs",
        (None, Some("expired")) => "nobody answered in time",
        (None, _) => "asks no more here",
    };
    let mut line = what.to_owned();
    // Who needs no token has no name.
    if let Some(by) = text("by").filter(|by| *by != "anonymous") {
        line.push_str(" by ");
        if text("via") == Some("rule") {
            line.push_str(tongue.say(Term::Rule));
        }
        line.push_str(by);
    }
    for part in [text("choice"), text("task")].into_iter().flatten() {
        line.push_str(": ");
        line.push_str(part);
    }
    line
}

fn count_of(n: u64) -> String {
    if n > COUNT_MAX { "> 9999999".into() } else { n.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_said_in_the_words_of_its_reader() {
        let said = |json: &str, tongue: Tongue| of(&serde_json::from_str(json).unwrap(), tongue);
        let left = r#"{"spell_name":"banish","daemon_name":"claude","success":true,"timestamp":"2026-01-01T00:00:00Z","description":"","metadata":{"invocation_count":2}}"#;
        assert_eq!(said(left, Tongue::Plain), "left, 2 tasks done");
        assert_eq!(said(left, Tongue::Fantasy), "returns to the void after 2 tasks");
        let looked = r#"{"spell_name":"reveal","success":true,"timestamp":"2026-01-01T00:00:00Z","description":"","metadata":{"daemon_count":3}}"#;
        assert_eq!(said(looked, Tongue::Plain), "looked: 3 agents");
        let ended = |more: &str| {
            format!(
                r#"{{"spell_name":"voice","daemon_name":"claude","success":true,"timestamp":"2026-01-01T00:00:00Z","description":"d","metadata":{{"event":"await_end","request_id":"r","task":"git push",{more}}}}}"#
            )
        };
        for (more, fantasy) in [
            (r#""decision":"allow","by":"ada","via":"stage""#, "granted by ada: git push"),
            (r#""decision":"deny","by":"anonymous","via":"cli""#, "refused: git push"),
            (
                r#""decision":"always-1","choice":"Yes, always","by":"ada","via":"stage""#,
                "answered by ada: Yes, always: git push",
            ),
            (r#""decision":"allow","by":"read","via":"rule""#, "granted by the ward read: git push"),
            (r#""via":"terminal""#, "answered where it runs: git push"),
            (r#""via":"expired","waits_on":true"#, "nobody answered in time: git push"),
            (r#""via":"withdrawn""#, "asks no more here: git push"),
        ] {
            assert_eq!(said(&ended(more), Tongue::Fantasy), fantasy);
        }
        assert_eq!(
            said(&ended(r#""decision":"allow","by":"ada""#), Tongue::Plain),
            "allowed by ada: git push"
        );
        let unknown = r#"{"spell_name":"transmute","success":true,"timestamp":"2026-01-01T00:00:00Z","description":"","metadata":{}}"#;
        assert_eq!(said(unknown, Tongue::Plain), "transmute");
    }
}
