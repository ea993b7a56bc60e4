//! What guards tell of a daemon, in words: what it has spent of its budget, and the call that it makes again and again.

use arcane_shared::UnixMillis;
use arcane_shared::roster::{Budget, DaemonState};

use crate::daemons::Daemons;
use crate::summary::fixed;

/// The call that a daemon makes again and again: "7 times the same: cargo test · $0.42".
#[must_use]
pub fn looping(daemon: &DaemonState) -> String {
    let Some(looping) = &daemon.looping else { return String::new() };
    let count = looping.count.to_string();
    let mut line = [&count, " times the same: ", &looping.task].concat();
    if let Some(cost) = looping.cost_usd {
        line += " · $";
        line += &fixed(cost.get(), 2);
    }
    line
}

/// What a daemon has spent of its budget of the day, as it was told last: "80 % of today's $5.00"; empty: nothing was told.
#[must_use]
pub fn budget(daemons: &Daemons, daemon: &DaemonState, at: UnixMillis) -> String {
    let words = |Budget { percent, budget_usd, .. }: &Budget| {
        [&percent.to_string(), " % of today's $", &fixed(budget_usd.get(), 2)].concat()
    };
    daemon.budget_on(daemons.day(at)).map(words).unwrap_or_default()
}

/// Whether a daemon has spent all of its budget of the day.
#[must_use]
pub fn has_spent_all(daemons: &Daemons, daemon: &DaemonState, at: UnixMillis) -> bool {
    daemon.budget_on(daemons.day(at)).is_some_and(Budget::is_spent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemons::told;
    use serde_json::{Value, json};

    fn event(second: u32, metadata: &Value) -> Value {
        json!({"spell_name": "voice", "daemon_name": "claude", "description": "d", "success": true,
            "timestamp": format!("1970-01-01T00:00:{second:02}"), "metadata": metadata})
    }

    #[test]
    fn a_loop_and_a_budget_are_said_in_a_line() {
        let mut summon = event(1, &json!({}));
        summon["spell_name"] = json!("summon");
        let looping = json!({"event": "loop", "count": 7, "task": "cargo test", "cost_usd": 0.42});
        let spent = json!({"event": "budget", "percent": 100, "budget_usd": 5.0, "spent_usd": 5.1});
        let daemons = told(&[summon, event(2, &looping), event(3, &spent)]);
        let daemon = daemons.get("claude").unwrap();
        assert_eq!(super::looping(daemon), "7 times the same: cargo test · $0.42");
        assert_eq!(budget(&daemons, daemon, 4_000.0), "100 % of today's $5.00");
        assert!(has_spent_all(&daemons, daemon, 4_000.0));
        let tomorrow = 2.0 * 86_400_000.0;
        assert_eq!(budget(&daemons, daemon, tomorrow), "");
        assert!(!has_spent_all(&daemons, daemon, tomorrow));
    }
}
