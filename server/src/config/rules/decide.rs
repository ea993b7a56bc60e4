//! Which rule answers a question: a rule that denies before one that asks, that before one that allows, and among equals the first of the file. Pure.

use super::matching::Asked;
use super::{Decision, Question, Rule};

/// What a question is answered, and by which rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict<'r> {
    /// The name of the rule.
    pub rule: &'r str,
    /// What it says. [`Decision::Ask`] is a person's to answer.
    pub decision: &'r Decision,
}

/// What the rules say of a question; `None`: nothing, so it is a person's. The order of rules matters only among those of one decision.
#[must_use]
pub fn decide<'r>(rules: &'r [Rule], question: &Question<'_>) -> Option<Verdict<'r>> {
    let asked = Asked::new(question);
    let (mut asks, mut allows) = (None, None);
    for rule in rules {
        let decided = match rule.decision {
            Decision::Deny { .. } => None,
            Decision::Ask => Some(&mut asks),
            Decision::Allow => Some(&mut allows),
        };
        if decided.as_ref().is_some_and(|first| first.is_some()) || !asked.fits(rule) {
            continue;
        }
        let verdict = Verdict { rule: &rule.name, decision: &rule.decision };
        match decided {
            None => return Some(verdict),
            Some(first) => *first = Some(verdict),
        }
    }
    asks.or(allows)
}
