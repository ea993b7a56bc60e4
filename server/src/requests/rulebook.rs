//! The rules that answer for a person, as requests ask them.

use crate::config::{self, Rule, Rules};

use super::{Case, Decision, Grants};

/// What a rule answers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ruled {
    /// The rule's name.
    pub(crate) rule: Box<str>,
    /// The answer.
    pub(crate) decision: Decision,
}

/// All rules that hold.
#[derive(Debug)]
pub(super) struct Rulebook {
    rules: Vec<Rule>,
}

impl Rulebook {
    pub(super) fn new(rules: Rules) -> Self {
        Self { rules: rules.into_vec() }
    }

    pub(super) fn has_rules(&self) -> bool {
        !self.rules.is_empty()
    }

    pub(super) fn decide(&self, case: &Case) -> Option<Ruled> {
        decide(&self.rules, case)
    }
}

/// What rules answer to a case; `None`: it is a person's.
fn decide(rules: &[Rule], case: &Case) -> Option<Ruled> {
    let verdict = config::decide(rules, &case.question())?;
    let decision = match verdict.decision {
        config::Decision::Ask => return None,
        config::Decision::Allow => {
            let of_tool =
                || rules.iter().any(|rule| rule.name == verdict.rule && rule.subject == config::Subject::Any);
            let is_granted = match case.grants {
                Grants::Whole => true,
                Grants::Tool => of_tool(),
                Grants::Nothing => false,
            };
            is_granted.then_some(Decision::Allow)?
        }
        config::Decision::Deny { message } => Decision::Deny(message.as_deref().map(Into::into)),
    };
    Some(Ruled { rule: verdict.rule.into(), decision })
}
