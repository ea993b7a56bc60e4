//! Reads the server's REST answers by hand, as far as the page uses them.

use arcane_shared::Rgb;
use serde_json::Value;

/// What the page learns of a daemon from a census.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// Its name.
    pub name: String,
    /// Whether it is present in the realm.
    pub is_active: bool,
    /// Its title.
    pub role: String,
    /// Its colour.
    pub color: Rgb,
    /// Invocations ever.
    pub total_invocations: u64,
    /// How many of them failed.
    pub failed_invocations: u64,
    /// Seconds spent ever.
    pub total_execution_time: f64,
}

/// Why the server refused something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// A sentence.
    pub text: String,
    /// Spells that would have been understood.
    pub suggestions: Vec<String>,
}

/// What the spell bar completes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examples {
    /// Spells that the parser understands.
    pub spells: Vec<String>,
    /// Daemons that it knows.
    pub daemons: Vec<String>,
}

/// Answer of `GET /daemons/active`. Cards that cannot be read are left out.
#[must_use]
pub fn cards(answer: &Value) -> Option<Vec<Card>> {
    let card = |card: &Value| {
        Some(Card {
            name: text(card, "daemon_name")?,
            is_active: card.get("is_active")?.as_bool()?,
            role: text(card, "role").unwrap_or_default(),
            color: Rgb::parse(card.get("color")?.as_str()?).ok()?,
            total_invocations: card.get("total_invocations").and_then(Value::as_u64).unwrap_or(0),
            failed_invocations: card.get("failed_invocations").and_then(Value::as_u64).unwrap_or(0),
            total_execution_time: card.get("total_execution_time").and_then(Value::as_f64).unwrap_or(0.0),
        })
    };
    Some(answer.get("daemons")?.as_array()?.iter().filter_map(card).collect())
}

/// Answer of `GET /rooms`: names, in their order.
#[must_use]
pub fn rooms(answer: &Value) -> Option<Vec<String>> {
    Some(answer.get("rooms")?.as_array()?.iter().filter_map(|card| text(card, "room")).collect())
}

/// Answer of `GET /spell/examples`.
#[must_use]
pub fn examples(answer: &Value) -> Option<Examples> {
    let mut spells = Vec::new();
    for group in answer.get("examples")?.as_array()? {
        spells.extend(texts(group, "spells"));
    }
    let daemons = answer.get("daemons")?.as_array()?;
    Some(Examples {
        spells,
        daemons: daemons.iter().filter_map(|daemon| text(daemon, "daemon_name")).collect(),
    })
}

/// A problem document (RFC 9457).
#[must_use]
pub fn refusal(answer: &Value) -> Option<Refusal> {
    let sentence =
        text(answer, "detail").filter(|detail| !detail.is_empty()).or_else(|| text(answer, "title"));
    Some(Refusal { text: sentence?, suggestions: texts(answer, "suggestions") })
}

fn text(object: &Value, key: &str) -> Option<String> {
    object.get(key)?.as_str().map(str::to_owned)
}

fn texts(object: &Value, key: &str) -> Vec<String> {
    let list = object.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    list.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arcane_shared::Problem;
    use arcane_shared::api::{ExampleGroup, ExamplesAnswer, RoomCard, RoomsAnswer, SpellAction};
    use serde_json::json;

    #[test]
    fn a_census_is_read_card_by_card() {
        let card = json!({"daemon_name": "claude", "is_active": true, "role": "Keeper", "domain": "logic",
            "model": null, "capabilities": [], "color": "#a78bfa", "summoned_at": null, "invocation_count": 1,
            "total_time": 0.5, "total_invocations": 7, "failed_invocations": 2, "total_execution_time": 3.5,
            "average_execution_time": 0.5});
        let typed: arcane_shared::daemon::DaemonCard = serde_json::from_value(card.clone()).unwrap();
        let answer = json!({"status": "success", "daemons": [card, {"daemon_name": "nobody"}, 7]});
        let known = cards(&answer).unwrap();
        assert_eq!(known.len(), 1);
        assert_eq!((known[0].name.as_str(), known[0].is_active), ("claude", true));
        assert_eq!((known[0].role.as_str(), known[0].color), ("Keeper", typed.color));
        assert_eq!((known[0].total_invocations, known[0].failed_invocations), (7, 2));
        assert_eq!(cards(&json!({"daemons": 3})), None);
    }

    #[test]
    fn answers_are_read_as_they_are_written() {
        let card = RoomCard {
            room: arcane_shared::RoomName::default(),
            epoch: arcane_shared::Epoch("k".into()),
            seq: 1,
            subscribers: 1,
            history_size: 1,
            oldest: 1,
            bytes: 512,
            lagging: 0,
            events_per_second: 0.5,
        };
        let answer = RoomsAnswer { status: "success".into(), rooms: vec![card] };
        assert_eq!(rooms(&serde_json::to_value(answer).unwrap()).unwrap(), ["main"]);
        let group = ExampleGroup { action: SpellAction::Summon, spells: vec!["summon claude".into()] };
        let daemon = arcane_shared::api::DaemonAliases {
            daemon_name: arcane_shared::DaemonName::parse("gemini").unwrap(),
            aliases: vec!["the twin".into()],
        };
        let answer =
            ExamplesAnswer { status: "success".into(), examples: vec![group], daemons: vec![daemon] };
        let read = examples(&serde_json::to_value(answer).unwrap()).unwrap();
        assert_eq!((read.spells, read.daemons), (vec!["summon claude".into()], vec!["gemini".into()]));
    }

    #[test]
    fn a_refusal_says_its_sentence() {
        let mut problem = Problem {
            kind: "about:blank".into(),
            title: "No such spell".into(),
            status: 422,
            detail: String::new(),
            errors: Vec::new(),
            suggestions: vec!["summon claude".into()],
        };
        let read = |problem: &Problem| refusal(&serde_json::to_value(problem).unwrap()).unwrap();
        assert_eq!(read(&problem).text, "No such spell");
        problem.detail = "Nothing is called that.".into();
        assert_eq!(read(&problem).text, "Nothing is called that.");
        assert_eq!(read(&problem).suggestions, ["summon claude"]);
        assert_eq!(refusal(&json!([])), None);
    }
}
