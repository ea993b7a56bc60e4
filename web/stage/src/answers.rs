//! Reads who is present, as far as the page uses it.

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

fn text(object: &Value, key: &str) -> Option<String> {
    object.get(key)?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
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
}
