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
const RULES_MAX: usize = 256;

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
        if tables.len() > RULES_MAX {
            return Err(wrong(format!("there are {}; there may be {RULES_MAX}", tables.len())));
        }
        let (mut rules, mut names) = (Vec::with_capacity(tables.len()), BTreeMap::new());
        for (n, table) in (1..).zip(tables) {
            let toml::Value::Table(table) = table else {
                return Err(WrongRule {
                    place: place(n, None),
                    detail: "expected a table: [[rules]]".into(),
                });
            };
            let rule = Rule::read(n, table)?;
            if let Some(first) = names.insert(rule.name.clone(), n) {
                let detail = format!(
                    "table {first} has the same; the log names rules, so each needs a name of its own"
                );
                return Err(WrongRule { place: format!("{}: name", place(n, Some(&rule.name))), detail });
            }
            rules.push(rule);
        }
        Ok(Self(rules))
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
