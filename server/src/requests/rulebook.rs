//! The rules that answer for a person: those of the configuration, and those that were added while the server ran, which its log keeps.

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use arcane_shared::api::{RuleBody, RuleCard, RuleOrigin};

use super::{Case, Decision, Grants, Requests};
use crate::bus::{ArcaneEventBus, LogError, Record};
use crate::config::{self, Rule, Rules};

/// What keys of rules begin with in the log.
const KEPT: &str = "rule/";
/// Most rules, those of the configuration included.
const RULES_MAX: usize = 256;

/// What a rule answers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ruled {
    /// The rule's name.
    pub(crate) rule: Box<str>,
    /// The answer.
    pub(crate) decision: Decision,
}

/// Why the rules stay as they are.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotChanged {
    /// Another rule has the name.
    #[error("another rule has the name {0:?}; each needs a name of its own, for the log names rules")]
    Taken(String),
    /// There are as many as may be.
    #[error("there are {RULES_MAX} rules, the most that there may be; remove one first")]
    Full,
    /// There is none of this name.
    #[error("there is no rule {0:?}; GET /rules lists those that hold")]
    Unknown(String),
    /// It is the configuration's.
    #[error("the rule {0:?} is one of arcane.toml; take it out there, and start the server anew")]
    OfFile(String),
    /// The log does not keep it.
    #[error("the log cannot keep it: {0}")]
    Log(#[from] LogError),
}

/// All rules that hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct Book {
    rules: Vec<Rule>,
    /// How many of them are the configuration's: the first.
    of_file: usize,
}

impl Book {
    /// The rules of the configuration, and those that the log has besides. One that the configuration names, too, is the configuration's.
    pub(crate) async fn open(bus: &ArcaneEventBus, rules: Rules) -> Result<Self, LogError> {
        let mut rules = rules.into_vec();
        let of_file = rules.len();
        let mut names: BTreeSet<String> = rules.iter().map(|rule| rule.name.clone()).collect();
        for (key, text) in bus.log().recall(KEPT).await? {
            let rule = serde_json::from_str::<RuleBody>(&text).ok().and_then(|body| Rule::of(&body).ok());
            match rule {
                Some(rule) if rules.len() < RULES_MAX && names.insert(rule.name.clone()) => rules.push(rule),
                _ => {
                    tracing::warn!(%key, "a rule that was added does not hold: its name is taken, or it is none any more");
                }
            }
        }
        Ok(Self { rules, of_file })
    }
}

/// The rules of a running server.
#[derive(Debug, Default)]
pub(super) struct Rulebook(RwLock<Book>);

impl Rulebook {
    pub(super) fn new(book: Book) -> Self {
        Self(RwLock::new(book))
    }

    fn read(&self) -> RwLockReadGuard<'_, Book> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Requests {
    /// Whether any rule might answer something.
    pub(crate) fn has_rules(&self) -> bool {
        !self.0.rulebook.read().rules.is_empty()
    }

    /// What rules answer to a question, and which of them; `None`: it is a person's.
    pub(crate) fn rule(&self, case: &Case) -> Option<Ruled> {
        decide(&self.0.rulebook.read().rules, case)
    }

    /// The rules that hold.
    pub(crate) fn rules(&self) -> Vec<Rule> {
        self.0.rulebook.read().rules.clone()
    }

    /// The same, with where they are from.
    pub(crate) fn rule_cards(&self) -> Vec<RuleCard> {
        let book = self.0.rulebook.read();
        let origin = |at: usize| if at < book.of_file { RuleOrigin::File } else { RuleOrigin::Added };
        let cards = book.rules.iter().enumerate();
        cards.map(|(at, rule)| RuleCard { rule: rule.body(), origin: origin(at) }).collect()
    }

    /// Adds a rule, which holds from now on.
    ///
    /// # Errors
    /// If it cannot be added or kept; then it does not hold.
    pub(crate) fn add_rule(&self, rule: Rule) -> Result<(), NotChanged> {
        let mut book = self.0.rulebook.0.write().unwrap_or_else(PoisonError::into_inner);
        if book.rules.iter().any(|other| other.name == rule.name) {
            return Err(NotChanged::Taken(rule.name));
        }
        if book.rules.len() >= RULES_MAX {
            return Err(NotChanged::Full);
        }
        let text = serde_json::to_string(&rule.body()).expect("a rule is made of texts");
        self.0.bus.log().remember(vec![Record::keep(key(&rule.name), text)])?;
        book.rules.push(rule);
        Ok(())
    }

    /// Takes back a rule that was added.
    ///
    /// # Errors
    /// If there is none, or the log does not forget it; then it holds on.
    pub(crate) fn remove_rule(&self, name: &str) -> Result<(), NotChanged> {
        let mut book = self.0.rulebook.0.write().unwrap_or_else(PoisonError::into_inner);
        let at = book.rules.iter().position(|rule| rule.name == name);
        let at = at.ok_or_else(|| NotChanged::Unknown(name.to_owned()))?;
        if at < book.of_file {
            return Err(NotChanged::OfFile(name.to_owned()));
        }
        self.0.bus.log().remember(vec![Record::forget(key(name))])?;
        book.rules.remove(at);
        Ok(())
    }
}

fn key(name: &str) -> String {
    format!("{KEPT}{name}")
}

/// What rules answer to a case; `None`: it is a person's.
fn decide(rules: &[Rule], case: &Case) -> Option<Ruled> {
    let verdict = config::decide(rules, &case.question())?;
    let decision = match verdict.decision {
        config::Decision::Ask => return None,
        config::Decision::Allow => {
            let is_of_tool = |rule: &Rule| rule.name == verdict.rule && rule.subject == config::Subject::Any;
            let is_granted = match case.grants {
                Grants::Whole => true,
                Grants::Tool => rules.iter().any(is_of_tool),
                Grants::Nothing => false,
            };
            is_granted.then_some(Decision::Allow)?
        }
        config::Decision::Deny { message } => Decision::Deny(message.as_deref().map(Into::into)),
    };
    Some(Ruled { rule: verdict.rule.into(), decision })
}
