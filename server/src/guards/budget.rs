//! Which mark of its budget of the day a daemon has passed, and what is told of it. Pure.

use arcane_shared::roster::{BUDGET, BUDGET_ENDS_AT, BUDGET_WARNS_AT, DaemonState, Dollars};
use arcane_shared::sync::SYNC_KEY;
use arcane_shared::{DaemonName, Metadata, SpellName, SyncDirectives, Timestamp};
use serde_json::{Value, json};

use crate::intake::Draft;

/// What a daemon has spent on a day, what it may, and what was told of that.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Spending {
    /// What it and its subagents spent, as agents told or as prices say.
    spent_usd: Dollars,
    /// The part of it that prices say.
    computed_usd: Dollars,
    /// Tokens that no price is known of: they are not counted.
    unpriced_tokens: u64,
    /// What it may spend; `None`: there is no bound.
    budget_usd: Option<Dollars>,
    /// The mark that was told on that day, and of which budget.
    told: Option<(u64, Dollars)>,
}

impl Spending {
    /// That of a daemon on a day.
    pub(super) fn of(daemon: &DaemonState, day: i64, budget_usd: Option<Dollars>) -> Self {
        let spent = daemon.on_day(day).with_subagents();
        Self {
            spent_usd: daemon.cost_on(day),
            computed_usd: spent.cost_computed_usd.unwrap_or_default(),
            unpriced_tokens: spent.unpriced_tokens.unwrap_or_default(),
            budget_usd,
            told: daemon.budget_on(day).map(|told| (told.percent, told.budget_usd)),
        }
    }

    /// The mark that was passed: 100, 80, or 0 for none.
    fn mark(&self) -> u64 {
        let Some(budget) = self.budget_usd else { return 0 };
        #[expect(clippy::cast_precision_loss, reason = "a percentage")]
        let warns_from = budget.get() * BUDGET_WARNS_AT as f64 / 100.0;
        if self.spent_usd >= budget {
            BUDGET_ENDS_AT
        } else if self.spent_usd.get() >= warns_from {
            BUDGET_WARNS_AT
        } else {
            0
        }
    }
}

/// The mark that is to be told: each once for a budget. 0: what was told holds no longer, for the budget was changed.
pub(super) fn due(spending: &Spending) -> Option<u64> {
    let mark = spending.mark();
    match spending.told {
        None => Some(mark).filter(|mark| *mark > 0),
        Some((told, budget)) if spending.budget_usd == Some(budget) => Some(mark).filter(|mark| *mark > told),
        Some(_) => Some(mark),
    }
}

/// The event that tells of a mark.
pub(super) fn draft(name: &DaemonName, spending: &Spending, mark: u64, resets_at: Timestamp) -> Draft {
    let budget = spending.budget_usd;
    let mut metadata = Metadata::new();
    let mut put = |key: &str, value: Value| metadata.insert(key.into(), value);
    put("event", json!(BUDGET));
    put("percent", json!(mark));
    put("spent_usd", json!(spending.spent_usd));
    if let Some(budget) = budget {
        put("budget_usd", json!(budget));
    }
    if spending.computed_usd > Dollars::default() {
        put("computed_usd", json!(spending.computed_usd));
    }
    if spending.unpriced_tokens > 0 {
        put("unpriced_tokens", json!(spending.unpriced_tokens));
    }
    put("resets_at", json!(resets_at));
    if mark >= BUDGET_ENDS_AT {
        // No call has failed: its description alone says what happened.
        put(SYNC_KEY, json!({"display_text": null}));
    }
    Draft {
        spell_name: SpellName::Voice,
        daemon_name: Some(name.clone()),
        timestamp: None,
        success: mark < BUDGET_ENDS_AT,
        description: Some(sentence(name, spending, mark)),
        metadata,
        // Said, and no stroke of the stage: its state tells it.
        directives: Some(SyncDirectives::of_outcome(true).silent()),
    }
}

fn sentence(name: &DaemonName, spending: &Spending, mark: u64) -> String {
    let name = name.as_str().to_uppercase();
    let spent = spending.spent_usd.get();
    let said = match spending.budget_usd.map(Dollars::get) {
        None => return format!("{name} has no budget any more."),
        Some(budget) if mark >= BUDGET_ENDS_AT => {
            format!("{name} has spent all of today's ${budget:.2}: ${spent:.2}.")
        }
        Some(budget) if mark > 0 => {
            format!("{name} has spent {mark} % of today's ${budget:.2}: ${spent:.2}.")
        }
        Some(budget) => format!("{name} may spend ${budget:.2} today, and has spent ${spent:.2}."),
    };
    match spending.unpriced_tokens {
        0 => said,
        tokens => format!("{said} No price is known of {tokens} more tokens."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spending(spent: f64, budget: Option<f64>, told: Option<(u64, f64)>) -> Spending {
        Spending {
            spent_usd: Dollars::nearest(spent),
            budget_usd: budget.map(Dollars::nearest),
            told: told.map(|(mark, budget)| (mark, Dollars::nearest(budget))),
            ..Spending::default()
        }
    }

    #[test]
    fn each_mark_is_told_once() {
        for (spent, told, mark) in [
            (0.0, None, None),
            (3.99, None, None),
            (4.0, None, Some(80)),
            (4.99, Some(80), None),
            (5.0, Some(80), Some(100)),
            // One report may pass both.
            (5.0, None, Some(100)),
            (500.0, Some(100), None),
        ] {
            let told = told.map(|mark| (mark, 5.0));
            assert_eq!(due(&spending(spent, Some(5.0), told)), mark, "{spent} {told:?}");
        }
    }

    #[test]
    fn a_changed_budget_is_told_anew() {
        let told = Some((100, 5.0));
        assert_eq!(due(&spending(6.0, Some(10.0), told)), Some(0));
        assert_eq!(due(&spending(8.0, Some(10.0), told)), Some(80));
        assert_eq!(due(&spending(6.0, Some(2.0), Some((80, 7.0)))), Some(100));
        assert_eq!(due(&spending(6.0, None, told)), Some(0));
        assert_eq!(due(&spending(6.0, None, None)), None);
    }

    #[test]
    fn what_is_told_is_a_sentence_and_its_figures() {
        let name = DaemonName::parse("claude").unwrap();
        let said = |spending: &Spending, mark| {
            let draft = draft(&name, spending, mark, Timestamp::from_unix_micros(0));
            format!("{} {} {}", draft.success, draft.description.unwrap(), Value::Object(draft.metadata))
        };
        insta::assert_snapshot!(said(&spending(4.1234, Some(5.0), None), 80), @r#"true CLAUDE has spent 80 % of today's $5.00: $4.12. {"event":"budget","percent":80,"spent_usd":4.1234,"budget_usd":5.0,"resets_at":"1970-01-01T00:00:00.000000"}"#);
        let unpriced = Spending {
            unpriced_tokens: 1200,
            computed_usd: Dollars::nearest(0.5),
            ..spending(5.5, Some(5.0), None)
        };
        insta::assert_snapshot!(said(&unpriced, 100), @r#"false CLAUDE has spent all of today's $5.00: $5.50. No price is known of 1200 more tokens. {"event":"budget","percent":100,"spent_usd":5.5,"budget_usd":5.0,"computed_usd":0.5,"unpriced_tokens":1200,"resets_at":"1970-01-01T00:00:00.000000","sync":{"display_text":null}}"#);
        insta::assert_snapshot!(said(&spending(5.5, None, Some((100, 5.0))), 0), @r#"true CLAUDE has no budget any more. {"event":"budget","percent":0,"spent_usd":5.5,"resets_at":"1970-01-01T00:00:00.000000"}"#);
    }
}
