//! Events in one line, for the chronicle and the labels. Text, never markup.

use arcane_shared::api::AWAIT_END;
use arcane_shared::roster::{ACKNOWLEDGE, BUDGET, LOOP, LOOP_END, is_of_a_guard};
use arcane_shared::{ReceivedEvent, SpellName, visible};

use crate::dictionary::Tongue;
use crate::duration::{Form, duration};

/// Most characters of a summary; what is longer ends in an ellipsis.
pub const SUMMARY_MAX: usize = 160;

/// Most characters of the reason of a failure at the end of a line.
const REASON_MAX: usize = 28;

/// What happened, without the daemon's name in front.
#[must_use]
pub fn of(event: &ReceivedEvent, tongue: Tongue) -> String {
    let line = of_guard(event).unwrap_or_else(|| arcane_shared::line::of(event, tongue));
    shorten(&line, SUMMARY_MAX)
}

/// What a guard tells of a daemon, the figure first: the rest may find no room.
fn of_guard(event: &ReceivedEvent) -> Option<String> {
    let number = |key: &str, digits| event.number(key).map(|number| fixed(number, digits));
    let (name, task) = (event.text("event")?, event.text("task").unwrap_or_default());
    match name {
        BUDGET => {
            let (percent, budget) = (number("percent", 0)?, number("budget_usd", 2)?);
            let spent = number("spent_usd", 2)?;
            Some([&percent, " % of today's $", &budget, " spent: $", &spent].concat())
        }
        LOOP => Some([&number("count", 0)?, " times the same: ", task].concat()),
        LOOP_END => Some(["goes on after ", &number("count", 0)?, " times: ", task].concat()),
        _ => None,
    }
}

/// What is to be done, or was, in a line.
#[must_use]
pub fn task(event: &ReceivedEvent, tongue: Tongue) -> String {
    let task = event.text("task").filter(|text| !text.trim().is_empty());
    task.map_or_else(|| of(event, tongue), |task| shorten(task, SUMMARY_MAX))
}

/// What stands at the end of the line: a time, or why it failed.
#[must_use]
pub fn aside(event: &ReceivedEvent) -> String {
    if !event.success && !is_of_a_guard(event) {
        let error = event.text("error").filter(|error| !error.trim().is_empty());
        return error.map_or_else(|| "failed".into(), |error| shorten(error, REASON_MAX));
    }
    let seconds = event.number("execution_time").or_else(|| event.number("total_time"));
    let seconds = seconds.or_else(|| event.number("waited_s"));
    match seconds {
        Some(seconds) if seconds.is_finite() && seconds > 0.0 => duration(seconds * 1e3, Form::Took),
        _ => String::new(),
    }
}

/// A count for people: exact while it is short.
#[must_use]
pub fn count(n: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let millions = n as f64 / 1e6;
    match n {
        n if n < 10_000_000 => n.to_string(),
        n if n < 10_000_000_000 => fixed(millions, 1) + " M",
        n if n < 1_000_000_000_000 => fixed(millions / 1e3, 1) + " G",
        _ => "> 999 G".into(),
    }
}

/// A number with so many digits after its point. The library's own way is exact, and long.
#[must_use]
pub fn fixed(value: f64, digits: usize) -> String {
    let scaled = (value.abs() * 10_f64.powi(i32::try_from(digits).unwrap_or(0))).round();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative; saturates")]
    let mut text = (scaled as u64).to_string();
    if digits > 0 {
        while text.len() <= digits {
            text.insert(0, '0');
        }
        text.insert(text.len() - digits, '.');
    }
    if value < 0.0 && scaled > 0.0 {
        text.insert(0, '-');
    }
    text
}

/// The sign of a spell: shapes that differ without colour.
#[must_use]
pub fn sign(event: &ReceivedEvent) -> &'static str {
    if !event.success {
        return "✕";
    }
    match event.spell_name.known() {
        Some(SpellName::Summon) => "△",
        Some(SpellName::Invoke) => "✓",
        Some(SpellName::Banish) => "▽",
        Some(SpellName::Reveal) if event.text("query_type") == Some(ACKNOWLEDGE) => "→",
        Some(SpellName::Reveal) => "◇",
        Some(SpellName::Parse) => "⋄",
        Some(SpellName::Voice) if event.text("event") == Some(AWAIT_END) => match event.text("decision") {
            Some("allow") => "✓",
            Some("deny") => "✕",
            _ => "→",
        },
        Some(SpellName::Voice) => "❝",
        None => "·",
    }
}

/// At most `max` characters on one line, all of them visible.
#[must_use]
pub fn shorten(text: &str, max: usize) -> String {
    visible::line(text, max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn event(json: &str) -> ReceivedEvent {
        let now = arcane_shared::Timestamp::from_unix_micros(0);
        crate::message::event(serde_json::from_str(json).unwrap(), now).unwrap()
    }

    #[test]
    fn the_six_spells_in_a_line() {
        let of_json = |json: &str| of(&event(json), Tongue::Fantasy);
        assert_eq!(of_json(r#"{"spell_name":"summon"}"#), "materializes");
        assert_eq!(
            of_json(r#"{"spell_name":"banish","metadata":{"invocation_count":9}}"#),
            "returns to the void after 9 tasks"
        );
        assert_eq!(of_json(r#"{"spell_name":"invoke","metadata":{"task":"cargo test"}}"#), "cargo test");
        assert_eq!(
            of_json(
                r#"{"spell_name":"reveal","metadata":{"query_type":"progress","phase":"begin","task":"x","daemon_count":1}}"#
            ),
            "begins: x"
        );
        assert_eq!(
            of_json(r#"{"spell_name":"reveal","metadata":{"daemon_count":4}}"#),
            "the veil parts: 4 daemons"
        );
        assert_eq!(
            of_json(
                r#"{"spell_name":"parse","metadata":{"spell_text":"summon claude","parsed_action":"summon"}}"#
            ),
            "“summon claude” → summon"
        );
        assert_eq!(
            of_json(
                r#"{"spell_name":"reveal","daemon_name":"a","metadata":{"query_type":"acknowledge","daemon_count":1}}"#
            ),
            "its failure was seen"
        );
        assert_eq!(
            of_json(r#"{"spell_name":"banish","metadata":{"invocation_count":0}}"#),
            "returns to the void"
        );
        assert_eq!(of_json(r#"{"spell_name":"aurora","description":""}"#), "aurora");
    }

    #[test]
    fn a_missing_time_is_no_time() {
        assert_eq!(
            aside(&event(r#"{"spell_name":"invoke","success":false,"metadata":{"execution_time":null}}"#)),
            "failed"
        );
        assert_eq!(aside(&event(r#"{"spell_name":"invoke","metadata":{"execution_time":"1"}}"#)), "");
        assert_eq!(aside(&event(r#"{"spell_name":"invoke","metadata":{"execution_time":0.456}}"#)), "456 ms");
    }

    #[test]
    fn what_a_guard_tells_begins_with_its_figure() {
        let told = |metadata: &str| {
            let event = event(&format!(
                r#"{{"spell_name":"voice","success":false,"description":"d","metadata":{metadata}}}"#
            ));
            (of(&event, Tongue::Plain), aside(&event))
        };
        let spent = r#"{"event":"budget","percent":100,"budget_usd":5.0,"spent_usd":5.2,"error":"d"}"#;
        assert_eq!(told(spent), ("100 % of today's $5.00 spent: $5.20".into(), String::new()));
        assert_eq!(told(r#"{"event":"budget","percent":0,"spent_usd":5.2}"#), ("d".into(), String::new()));
        let looping = r#"{"event":"loop","count":5,"task":"cargo test"}"#;
        assert_eq!(told(looping), ("5 times the same: cargo test".into(), String::new()));
        let ended = r#"{"event":"loop_end","count":10,"task":"cargo test"}"#;
        assert_eq!(told(ended), ("goes on after 10 times: cargo test".into(), String::new()));
    }

    #[test]
    fn an_answer_says_yes_or_no_by_its_sign() {
        let of = |decision: &str| {
            let metadata = format!(r#"{{"event":"await_end"{decision}}}"#);
            sign(&event(&format!(r#"{{"spell_name":"voice","metadata":{metadata}}}"#)))
        };
        let decided = [r#","decision":"allow""#, r#","decision":"deny""#, r#","decision":"always-1""#, ""];
        assert_eq!(decided.map(of), ["✓", "✕", "→", "→"]);
    }

    #[test]
    fn fixed_digits() {
        let all =
            [(0.04, 1), (0.05, 1), (-0.04, 1), (-12.34, 1), (99.96, 1), (7.0, 2), (1234.5678, 0), (0.5, 0)];
        let texts = all.map(|(value, digits)| fixed(value, digits));
        assert_eq!(texts, ["0.0", "0.1", "0.0", "-12.3", "100.0", "7.00", "1235", "1"]);
        assert_eq!((fixed(f64::NAN, 0), fixed(f64::INFINITY, 0)), ("0".into(), u64::MAX.to_string()));
    }

    proptest! {
        #[test]
        fn a_summary_is_one_bounded_line(task in "\\PC{0,400}|[\\n\\r\\t ]{0,50}|[\u{202e}\u{200b}א-ת]{0,300}") {
            let json = serde_json::json!({"spell_name": "invoke", "metadata": {"task": task}});
            let line = of(&event(&json.to_string()), Tongue::Fantasy);
            prop_assert!(line.chars().count() <= SUMMARY_MAX);
            prop_assert!(!line.contains(char::is_control));
        }
    }
}
