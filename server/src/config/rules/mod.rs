//! `[[rules]]`: which questions of agents are answered without a person, and how. Read and checked once, when the server starts. Pure.
//!
//! Two readings of the same question. What *allows* is read strictly (`plain`, [`PathPattern`]): a rule covers a question if nothing in the question could mean
//! anything else than what the rule says, and whatever is not on the list of characters that have one meaning only is left to a person. What *denies* or *asks* is
//! read eagerly (`shell`): a rule covers a question if some way of reading it comes to what the rule says. Both err on the side on which a person is asked.

mod decide;
mod history;
mod matching;
mod paths;
mod pattern;
mod plain;
mod question;
mod rehearsal;
mod rule;
mod shell;
mod suggestion;
mod wildcard;

use std::collections::BTreeMap;

use super::WrongRule;
pub use decide::{Verdict, decide};
pub use history::{Answer, Past};
pub use pattern::PathPattern;
pub use plain::CommandPrefix;
pub use question::Question;
pub use rehearsal::{Against, Rehearsal, RuleCount, rehearse};
pub use rule::{Decision, Rule, Subject};
pub use suggestion::{Suggestion, suggest};

/// Most rules.
pub const RULES_MAX: usize = 256;

/// All rules, in the order of the file. None of them: every question is a person's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules(Vec<Rule>);

impl Rules {
    /// The rules, in the order of the file.
    #[must_use]
    pub fn as_slice(&self) -> &[Rule] {
        &self.0
    }

    /// The rules themselves, in the order of the file.
    #[must_use]
    pub fn into_vec(self) -> Vec<Rule> {
        self.0
    }

    /// Reads the value of `rules`.
    ///
    /// # Errors
    /// If a table is no rule, two have one name, or there are more than 256: which table, which key, and what would be right.
    pub fn read(value: toml::Value) -> Result<Self, WrongRule> {
        let wrong = |detail: String| WrongRule { place: "rules".into(), detail };
        let toml::Value::Array(tables) = value else {
            return Err(wrong("expected an array of tables: write [[rules]]".into()));
        };
        let as_table = |(n, value)| match value {
            toml::Value::Table(table) => Ok(table),
            _ => Err(WrongRule { place: place(n, None), detail: "expected a table: [[rules]]".into() }),
        };
        let tables: Vec<toml::Table> = (1..).zip(tables).map(as_table).collect::<Result<_, _>>()?;
        if tables.len() > RULES_MAX {
            return Err(wrong(too_many(tables.len())));
        }
        Ok(Self::of(tables)?)
    }

    /// Reads tables, or what has the same keys, of which there are at most 256.
    ///
    /// # Errors
    /// If one of them is no rule, or two have one name: which, which key, and what would be right.
    pub fn of(tables: Vec<toml::Table>) -> Result<Self, WrongKey> {
        let (mut rules, mut names) = (Vec::with_capacity(tables.len()), BTreeMap::new());
        for (at, table) in tables.into_iter().enumerate() {
            let rule = Rule::read(table).map_err(|wrong| WrongKey { at, ..wrong })?;
            if let Some(first) = names.insert(rule.name.clone(), at + 1) {
                let detail = format!(
                    "rule {first} has the same; the log names rules, so each needs a name of its own"
                );
                return Err(WrongKey { at, rule: Some(rule.name), key: "name".into(), detail });
            }
            rules.push(rule);
        }
        Ok(Self(rules))
    }
}

/// What is said where there are more rules than may be.
pub(crate) fn too_many(count: usize) -> String {
    format!("there are {count}; there may be {RULES_MAX}")
}

/// A key of a rule that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongKey {
    /// Which of the rules, from 0.
    pub at: usize,
    /// Its name, if it has one.
    pub rule: Option<String>,
    /// The key.
    pub key: String,
    /// What is wrong, and what would be right.
    pub detail: String,
}

impl From<WrongKey> for WrongRule {
    fn from(WrongKey { at, rule, key, detail }: WrongKey) -> Self {
        Self { place: format!("{}: {key}", place(at + 1, rule.as_deref())), detail }
    }
}

/// A table, as a reader of the file counts it.
fn place(n: usize, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("[[rules]] {n} ({name})"),
        None => format!("[[rules]] {n}"),
    }
}

#[cfg(test)]
mod tests;
