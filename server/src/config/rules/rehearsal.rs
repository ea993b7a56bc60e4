//! What rules would have answered to questions that a person answered: a dry run, before they answer anything. Pure.

use std::fmt;

use super::history::HISTORY_MAX;
use super::{Answer, Decision, Past, Rule, decide};

/// Most answers that are named because they differ; all are counted.
const AGAINST_MAX: usize = 64;

/// What came of a dry run. `Display` says it in a sentence: "would have answered 31 of 40, all as you did".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rehearsal {
    /// How many questions there were, at most 10,000.
    pub asked: usize,
    /// How many older ones were left out.
    pub left_out: usize,
    /// How many the rules would have answered.
    pub would_answer: usize,
    /// How many of these as the person did.
    pub same_as_human: usize,
    /// The others of these; the first 64 of `would_answer - same_as_human`.
    pub against_human: Vec<Against>,
    /// What each rule would have done, in the order of the rules.
    pub rules: Vec<RuleCount>,
}

/// An answer that differs from the person's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Against {
    /// Which question: [`Past::id`].
    pub id: String,
    /// The name of the rule.
    pub rule: String,
    /// What the person said; the rule says the other.
    pub human: Answer,
}

/// How often a rule would have decided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleCount {
    /// The name of the rule.
    pub rule: String,
    /// How often it would have answered, or, if it asks, left the question to a person.
    pub decided: usize,
    /// How many of its answers would have differed from the person's.
    pub against_human: usize,
}

/// Tries rules on what a person answered, the newest first. Nothing is answered, and nothing changes.
#[must_use]
pub fn rehearse(rules: &[Rule], history: &[Past<'_>]) -> Rehearsal {
    let asked = history.len().min(HISTORY_MAX);
    let mut rehearsal = Rehearsal { asked, left_out: history.len() - asked, ..Rehearsal::default() };
    rehearsal.rules =
        rules.iter().map(|rule| RuleCount { rule: rule.name.clone(), ..RuleCount::default() }).collect();
    for past in &history[..asked] {
        let Some(verdict) = decide(rules, &past.question) else { continue };
        let mut against_of_rule = 0;
        let answer = match verdict.decision {
            Decision::Allow => Some(Answer::Allowed),
            Decision::Deny { .. } => Some(Answer::Denied),
            Decision::Ask => None,
        };
        if let Some(answer) = answer {
            rehearsal.would_answer += 1;
            if answer == past.answer {
                rehearsal.same_as_human += 1;
            } else {
                against_of_rule = 1;
                if rehearsal.against_human.len() < AGAINST_MAX {
                    let (id, rule) = (past.id.to_owned(), verdict.rule.to_owned());
                    rehearsal.against_human.push(Against { id, rule, human: past.answer });
                }
            }
        }
        if let Some(count) = rehearsal.rules.iter_mut().find(|count| count.rule == verdict.rule) {
            count.decided += 1;
            count.against_human += against_of_rule;
        }
    }
    rehearsal
}

impl fmt::Display for Rehearsal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { asked, would_answer, same_as_human, .. } = *self;
        match (asked, would_answer, same_as_human) {
            (0, ..) => write!(f, "there is no question yet to try the rules on"),
            (_, 0, _) => write!(f, "would have answered none of {asked}"),
            (_, n, same) if n == same => write!(f, "would have answered {n} of {asked}, all as you did"),
            (_, n, 0) => write!(f, "would have answered {n} of {asked}, none as you did"),
            (_, n, same) => {
                write!(f, "would have answered {n} of {asked}, {same} as you did and {} otherwise", n - same)
            }
        }
    }
}
