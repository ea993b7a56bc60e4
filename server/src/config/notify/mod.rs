//! `[[notify]]`: whom the server tells of what needs a human, and how. Read and checked once, when the server starts. Pure.

mod address;
mod table;
mod target;
mod template;

use std::collections::BTreeMap;

pub use address::NotifyUrl;
pub use target::{Delivery, NotifyTarget, Occasion, Priority, Service};
pub use template::{Placeholder, Template};

use super::WrongRule;

/// Most targets.
const TARGETS_MAX: usize = 32;

/// All targets, in the order of the file. None of them: nothing is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notify(Vec<NotifyTarget>);

impl Notify {
    /// The targets, in the order of the file.
    #[must_use]
    pub fn targets(&self) -> &[NotifyTarget] {
        &self.0
    }

    /// Reads the value of `notify`.
    ///
    /// # Errors
    /// If a table is no target, two have one name, or there are more than 32: which table, which key, and what would be right.
    pub fn read(value: toml::Value) -> Result<Self, WrongRule> {
        let wrong = |place: String, detail: String| WrongRule { place, detail };
        let toml::Value::Array(tables) = value else {
            return Err(wrong("notify".into(), "expected an array of tables: write [[notify]]".into()));
        };
        if tables.len() > TARGETS_MAX {
            let detail = format!("there are {}; there may be {TARGETS_MAX}", tables.len());
            return Err(wrong("notify".into(), detail));
        }
        let (mut targets, mut names) = (Vec::with_capacity(tables.len()), BTreeMap::new());
        for (n, table) in (1..).zip(tables) {
            let toml::Value::Table(table) = table else {
                return Err(wrong(place(n, None), "expected a table: [[notify]]".into()));
            };
            let target = NotifyTarget::read(n, table)?;
            if let Some(first) = names.insert(target.name.clone(), n) {
                let detail = format!(
                    "table {first} has the same; metrics name targets, so each needs a name of its own"
                );
                return Err(wrong(format!("{}: name", place(n, Some(&target.name))), detail));
            }
            targets.push(target);
        }
        Ok(Self(targets))
    }
}

/// A table, as a reader of the file counts it.
fn place(n: usize, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("[[notify]] {n} ({name})"),
        None => format!("[[notify]] {n}"),
    }
}

#[cfg(test)]
mod tests;
