//! The rules that answer for a person: those of the configuration, and those that were added while the server ran, which its log keeps.

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use arcane_shared::api::RuleOrigin;

use super::{Case, Decision, Grants, Requests};
use crate::bus::{ArcaneEventBus, Fault, LogError, Record};
use crate::config::{self, RULES_MAX, Rule, Rules};

/// What keys of rules begin with in the log.
const KEPT: &str = "rule/";

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
    /// There would be more than may be.
    #[error(
        "there would be {0} rules, and there may be {RULES_MAX}, those of arcane.toml included; remove some first"
    )]
    Full(usize),
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
    /// Names under which the log has rules that were added and do not hold.
    dropped: BTreeSet<String>,
}

impl Book {
    /// The rules of the configuration, and those that the log has besides. One that the configuration names, too, is the configuration's.
    pub(crate) async fn open(bus: &ArcaneEventBus, rules: Rules) -> Result<Self, LogError> {
        let (book, warnings) = Self::of(rules, bus.log().recall(KEPT).await?);
        for warning in warnings {
            tracing::warn!("{warning}");
        }
        Ok(book)
    }

    /// The same of the log's records; also why which of those do not hold.
    fn of(rules: Rules, records: Vec<(String, String)>) -> (Self, Vec<String>) {
        let rules = rules.into_vec();
        let mut book = Self { of_file: rules.len(), rules, dropped: BTreeSet::new() };
        let mut warnings = Vec::new();
        for (key, text) in records {
            let name = key.strip_prefix(KEPT).unwrap_or_default();
            match book.restored(name, &text) {
                Ok(rule) => book.rules.push(rule),
                Err(why) => {
                    book.dropped.insert(name.to_owned());
                    let remedy = format!("`arcane rules remove {name:?}` removes what was added");
                    warnings.push(format!("the rule {name:?} that was added does not hold: {why}; {remedy}"));
                }
            }
        }
        (book, warnings)
    }

    /// Whether these rules may be added.
    fn check_new(&self, rules: &[Rule]) -> Result<(), NotChanged> {
        if let Some(rule) = rules.iter().find(|rule| self.rules.iter().any(|other| other.name == rule.name)) {
            return Err(NotChanged::Taken(rule.name.clone()));
        }
        let count = self.rules.len() + rules.len();
        if count > RULES_MAX { Err(NotChanged::Full(count)) } else { Ok(()) }
    }

    /// Where a rule is that was added; `None`: only the log has it, for it does not hold.
    fn removable(&self, name: &str) -> Result<Option<usize>, NotChanged> {
        let at = self.rules.iter().position(|rule| rule.name == name);
        // One that does not hold is removed, too: the configuration's rule of its name stays.
        let is_dropped = self.dropped.contains(name);
        match at {
            None if !is_dropped => Err(NotChanged::Unknown(name.to_owned())),
            Some(at) if at < self.of_file && !is_dropped => Err(NotChanged::OfFile(name.to_owned())),
            at => Ok(at.filter(|at| *at >= self.of_file)),
        }
    }

    /// A rule that the log has.
    fn restored(&self, name: &str, text: &str) -> Result<Rule, String> {
        let unread =
            |error: serde_json::Error| format!("the log has it in a form that is not known ({error})");
        let table = serde_json::from_str::<toml::Table>(text).map_err(unread)?;
        let rule = Rule::read(table).map_err(|wrong| {
            format!("this version takes it for no rule ({}: {})", wrong.key, wrong.detail)
        })?;
        if rule.name != name {
            return Err(format!("the log has a rule {:?} under its name", rule.name));
        }
        if self.rules.iter().any(|other| other.name == rule.name) {
            return Err("the rule of this name in arcane.toml holds instead".into());
        }
        if self.rules.len() >= RULES_MAX {
            return Err(format!("there are {RULES_MAX} others, the most that there may be"));
        }
        Ok(rule)
    }
}

/// The rules of a running server.
#[derive(Debug, Default)]
pub(super) struct Rulebook {
    book: RwLock<Book>,
    /// One change at a time: each is checked, then kept by the log, and holds only then.
    changes: tokio::sync::Mutex<()>,
}

impl Rulebook {
    pub(super) fn new(book: Book) -> Self {
        Self { book: RwLock::new(book), changes: tokio::sync::Mutex::default() }
    }

    fn read(&self) -> RwLockReadGuard<'_, Book> {
        self.book.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Book> {
        self.book.write().unwrap_or_else(PoisonError::into_inner)
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

    /// The rules that hold, with where they are from.
    pub(crate) fn rules_with_origin(&self) -> Vec<(Rule, RuleOrigin)> {
        let book = self.0.rulebook.read();
        let origin = |at: usize| if at < book.of_file { RuleOrigin::File } else { RuleOrigin::Added };
        book.rules.iter().enumerate().map(|(at, rule)| (rule.clone(), origin(at))).collect()
    }

    /// Adds rules of names of their own, which hold from now on: all of them or none, also after the server has died.
    ///
    /// # Errors
    /// If one of them cannot be added, or they cannot be kept; then none of them holds.
    pub(crate) async fn add_rules(&self, rules: Vec<Rule>) -> Result<(), NotChanged> {
        self.change(async move |requests| requests.add_now(rules).await).await
    }

    /// Takes back a rule that was added.
    ///
    /// # Errors
    /// If there is none, or the log does not forget it; then it holds on.
    pub(crate) async fn remove_rule(&self, name: &str) -> Result<(), NotChanged> {
        let name = name.to_owned();
        self.change(async move |requests| requests.remove_now(&name).await).await
    }

    /// Makes a change to its end, even if whoever awaits this goes away: what the log keeps and what holds is one thing.
    async fn change<F>(&self, change: impl FnOnce(Self) -> F + Send + 'static) -> Result<(), NotChanged>
    where
        F: Future<Output = Result<(), NotChanged>> + Send + 'static,
    {
        let requests = self.clone();
        let changed = tokio::spawn(async move {
            let turn = requests.clone();
            let _turn = turn.0.rulebook.changes.lock().await;
            change(requests).await
        });
        changed.await.unwrap_or_else(|error| Err(LogError::new(Fault::Unknown, error.to_string()).into()))
    }

    async fn add_now(&self, rules: Vec<Rule>) -> Result<(), NotChanged> {
        self.0.rulebook.read().check_new(&rules)?;
        let record = |rule: &Rule| {
            let text = serde_json::to_string(&rule.body()).expect("a rule is made of texts");
            Record::keep(key(&rule.name), text)
        };
        self.0.bus.default_room().keep(rules.iter().map(record).collect()).await?;
        let mut book = self.0.rulebook.write();
        for rule in rules {
            book.dropped.remove(&rule.name);
            book.rules.push(rule);
        }
        Ok(())
    }

    async fn remove_now(&self, name: &str) -> Result<(), NotChanged> {
        let at = self.0.rulebook.read().removable(name)?;
        self.0.bus.default_room().keep(vec![Record::forget(key(name))]).await?;
        let mut book = self.0.rulebook.write();
        book.dropped.remove(name);
        if let Some(at) = at {
            book.rules.remove(at);
        }
        Ok(())
    }
}

fn key(name: &str) -> String {
    format!("{KEPT}{name}")
}

/// What rules answer to a case; `None`: it is a person's.
fn decide(rules: &[Rule], case: &Case) -> Option<Ruled> {
    // Whatever of it is denied denies it, and whatever is asked is asked; what is allowed is what it is about.
    let strictness = |verdict: &config::Verdict<'_>| match verdict.decision {
        config::Decision::Deny { .. } => 0,
        config::Decision::Ask => 1,
        config::Decision::Allow => 2,
    };
    let about = config::decide(rules, &case.question());
    let does_not_allow = |verdict: &config::Verdict<'_>| *verdict.decision != config::Decision::Allow;
    let more = case.more_questions().filter_map(|question| config::decide(rules, &question));
    let more = more.filter(does_not_allow);
    let verdict = about.into_iter().chain(more).min_by_key(strictness)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_that_was_added_and_does_not_hold_is_named_with_the_one_that_does_and_with_the_remedy() {
        let file = "[[rules]]\nname = \"tests\"\ndecision = \"ask\"".parse::<toml::Table>().unwrap();
        let rules = Rules::read(file["rules"].clone()).unwrap();
        let records = [
            ("rule/fine", r#"{"name": "fine", "decision": "ask"}"#),
            ("rule/tests", r#"{"name": "tests", "decision": "ask"}"#),
            ("rule/all", r#"{"name": "all", "decision": "allow"}"#),
            ("rule/x", "x"),
        ];
        let records = records.map(|(key, text)| (key.to_owned(), text.to_owned())).to_vec();
        let (book, warnings) = Book::of(rules, records);
        assert_eq!(book.rules.iter().map(|rule| rule.name.as_str()).collect::<Vec<_>>(), ["tests", "fine"]);
        insta::assert_snapshot!(warnings.join("\n"), @r#"
        the rule "tests" that was added does not hold: the rule of this name in arcane.toml holds instead; `arcane rules remove "tests"` removes what was added
        the rule "all" that was added does not hold: this version takes it for no rule (decision: allows everything; name what it allows: a tool, a command or a path); `arcane rules remove "all"` removes what was added
        the rule "x" that was added does not hold: the log has it in a form that is not known (expected value at line 1 column 1); `arcane rules remove "x"` removes what was added
        "#);
    }
}
