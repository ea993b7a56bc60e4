//! `[[ingest.map]]`: how the JSON of programs that nobody knows becomes events. Read and checked once, when the server starts. Pure.

mod rule;
mod said;

use std::collections::BTreeMap;

pub use rule::{Condition, MapRule, Success};
pub(crate) use said::in_words;
pub use said::{Part, Pointer, Said};

/// Most rules.
const RULES_MAX: usize = 256;

/// A rule that cannot be used: which table, which key, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongRule {
    /// The table, as a reader of the file counts it, and its key.
    pub place: String,
    /// What is wrong, and what would be right.
    pub detail: String,
}

/// All rules, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Maps(Vec<MapRule>);

impl Maps {
    /// The rules of an address: those of its name, and those whose name is that, a dot, and more.
    pub(crate) fn named<'m>(&'m self, name: &'m str) -> impl Iterator<Item = &'m MapRule> {
        self.0.iter().filter(move |rule| rule.address() == name)
    }

    /// The addresses that there are rules for, each once.
    pub(crate) fn addresses(&self) -> Vec<&str> {
        let mut addresses: Vec<&str> = self.0.iter().map(MapRule::address).collect();
        addresses.sort_unstable();
        addresses.dedup();
        addresses
    }

    /// Reads the value of `ingest`.
    pub(crate) fn read(value: toml::Value) -> Result<Self, WrongRule> {
        let wrong = |place: &str, detail: String| WrongRule { place: place.into(), detail };
        let toml::Value::Table(tables) = value else {
            return Err(wrong("ingest", "expected tables: [[ingest.map]]".into()));
        };
        let mut rules = Vec::new();
        for (key, value) in tables {
            match value {
                toml::Value::Array(tables) if key == "map" => rules = tables,
                _ if key == "map" => {
                    return Err(wrong(
                        "ingest.map",
                        "expected an array of tables: write [[ingest.map]]".into(),
                    ));
                }
                _ => {
                    return Err(wrong(
                        &format!("ingest.{key}"),
                        "is not known; there is [[ingest.map]]".into(),
                    ));
                }
            }
        }
        if rules.len() > RULES_MAX {
            let detail = format!("there are {}; there may be {RULES_MAX}", rules.len());
            return Err(wrong("ingest.map", detail));
        }
        let (mut read, mut names) = (Vec::with_capacity(rules.len()), BTreeMap::new());
        for (n, table) in (1..).zip(rules) {
            let toml::Value::Table(table) = table else {
                return Err(wrong(&place(n, None), "expected a table: [[ingest.map]]".into()));
            };
            let rule = MapRule::read(n, table)?;
            if let Some(first) = names.insert(rule.name.clone(), n) {
                let detail = format!(
                    "table {first} has the same; rules of one address have names of their own: {}.other",
                    rule.address()
                );
                return Err(wrong(&format!("{}: name", place(n, Some(&rule.name))), detail));
            }
            read.push(rule);
        }
        Ok(Self(read))
    }
}

/// A table, as a reader of the file counts it.
fn place(n: usize, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("[[ingest.map]] {n} ({name})"),
        None => format!("[[ingest.map]] {n}"),
    }
}
