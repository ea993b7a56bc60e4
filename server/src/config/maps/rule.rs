//! One `[[ingest.map]]` table: when it is meant, and what becomes of what it is meant for. Pure.

use arcane_shared::{DaemonName, SpellName};
use serde_json::Value;

use super::super::near::{nearest, unknown_key};
use super::said::scalar;
use super::{Pointer, Said, WrongRule, place};

/// Longest name, bytes.
const NAME_BYTES_MAX: usize = 64;
/// Most conditions, and most fields of `metadata`.
const MEMBERS_MAX: usize = 32;

/// Keys that are fields of an event's metadata under the same name.
const FIELDS: [&str; 20] = [
    "session",
    "agent_id",
    "parent_daemon",
    "task",
    "tool",
    "call_id",
    "error",
    "model",
    "host",
    "project",
    "query_type",
    "phase",
    "execution_time",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "cost_usd",
    "why",
];
/// All other keys.
const OTHERS: [&str; 9] =
    ["name", "when", "spell", "daemon", "description", "success", "time", "id", "metadata"];

/// One rule.
#[derive(Debug, Clone, PartialEq)]
pub struct MapRule {
    /// Its name; the part before a dot is that of its address.
    pub name: String,
    /// All of these have to hold.
    pub when: Condition,
    /// The spell.
    pub spell: SpellName,
    /// Whose event it is.
    pub daemon: Said,
    /// The sentence.
    pub description: Option<Said>,
    /// Whether it went well; `None`: it did.
    pub success: Option<Success>,
    /// When it happened; `None`: when it comes.
    pub time: Option<Said>,
    /// What tells it from all others; `None`: nothing does.
    pub id: Option<Said>,
    /// Fields of its metadata.
    pub metadata: Vec<(String, Said)>,
}

/// Places, and what may stand there.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Condition(Vec<(Pointer, Vec<Value>)>);

/// Whether something went well.
#[derive(Debug, Clone, PartialEq)]
pub enum Success {
    /// As it is said.
    Said(Said),
    /// If this holds.
    If(Condition),
}

impl MapRule {
    /// The part of its name before a dot: where it is asked for, `POST /ingest/ADDRESS`.
    pub(crate) fn address(&self) -> &str {
        self.name.split('.').next().unwrap_or_default()
    }

    pub(super) fn read(n: usize, mut table: toml::Table) -> Result<Self, WrongRule> {
        let name = name(n, table.remove("name"))?;
        let mut keys = Keys { n, name, table };
        let when = keys.take("when", Condition::read)?.unwrap_or_default();
        let (spell, daemon, success) = (keys.spell()?, keys.daemon()?, keys.take("success", Success::read)?);
        let (description, time, id) = (keys.said("description")?, keys.said("time")?, keys.said("id")?);
        if matches!(id, Some(Said::Constant(_))) {
            let detail = "is the same for all that comes; name the place where it stands: \"/id\"";
            return Err(keys.wrong("id", detail));
        }
        let metadata = keys.metadata()?;
        if let Some(key) = keys.table.keys().next() {
            return Err(keys.wrong(key, unknown(key)));
        }
        Ok(Self { name: keys.name, when, spell, daemon, description, success, time, id, metadata })
    }
}

/// What is left to be read of a table.
struct Keys {
    n: usize,
    name: String,
    table: toml::Table,
}

impl Keys {
    fn wrong(&self, key: &str, detail: impl Into<String>) -> WrongRule {
        WrongRule { place: format!("{}: {key}", place(self.n, Some(&self.name))), detail: detail.into() }
    }

    fn take<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(toml::Value) -> Result<T, String>,
    ) -> Result<Option<T>, WrongRule> {
        let value = self.table.remove(key);
        value.map(read).transpose().map_err(|detail| self.wrong(key, detail))
    }

    fn said(&mut self, key: &str) -> Result<Option<Said>, WrongRule> {
        self.take(key, Said::read)
    }

    fn spell(&mut self) -> Result<SpellName, WrongRule> {
        let spell = self.take("spell", |spell| {
            let spell = spell.as_str().ok_or("must be a string, such as \"invoke\"")?;
            spell.parse::<SpellName>().map_err(|error| error.to_string())
        });
        spell?.ok_or_else(|| {
            let spells = SpellName::ALL.map(SpellName::as_str).join(", ");
            self.wrong("spell", format!("is missing; name one of {spells}"))
        })
    }

    fn daemon(&mut self) -> Result<Said, WrongRule> {
        let daemon = self.take("daemon", |daemon| {
            let daemon = Said::read(daemon)?;
            if let Said::Constant(name) = &daemon {
                let name = name.as_str().ok_or("must be a string")?;
                DaemonName::parse(name).map_err(|error| error.to_string())?;
            }
            Ok(daemon)
        });
        daemon?.ok_or_else(|| {
            let detail = "is missing; name one, or the place where its name stands: \"/agent/name\"";
            self.wrong("daemon", detail)
        })
    }

    fn metadata(&mut self) -> Result<Vec<(String, Said)>, WrongRule> {
        let fields = self.take("metadata", |fields| match fields {
            toml::Value::Table(fields) => Ok(fields),
            _ => Err("expected a table: { branch = \"/ref\" }".into()),
        })?;
        let mut metadata = Vec::new();
        for (field, value) in fields.unwrap_or_default() {
            let said = Said::read(value);
            let said = said.map_err(|detail| self.wrong(&format!("metadata.{field}"), detail))?;
            metadata.push((field, said));
        }
        for field in FIELDS {
            if let Some(said) = self.said(field)? {
                metadata.retain(|(other, _)| other != field);
                metadata.push((field.to_owned(), said));
            }
        }
        if metadata.len() > MEMBERS_MAX {
            let detail = format!("has {} fields; it has at most {MEMBERS_MAX}", metadata.len());
            return Err(self.wrong("metadata", detail));
        }
        Ok(metadata)
    }
}

/// The name of the table `n`.
fn name(n: usize, name: Option<toml::Value>) -> Result<String, WrongRule> {
    let found = match name {
        Some(toml::Value::String(name)) => name,
        other => {
            let detail = if other.is_none() { "is missing" } else { "must be a string" };
            let detail =
                format!("{detail}; it is the address of the rule: \"ci\" is asked by POST /ingest/ci");
            return Err(WrongRule { place: format!("{}: name", place(n, None)), detail });
        }
    };
    match check_name(&found) {
        Ok(()) => Ok(found),
        Err(detail) => Err(WrongRule { place: format!("{}: name", place(n, Some(&found))), detail }),
    }
}

fn check_name(name: &str) -> Result<(), String> {
    let is_part = |part: &str| {
        let is_letter =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
        !part.is_empty() && part.bytes().all(is_letter)
    };
    if name.len() <= NAME_BYTES_MAX && name.split('.').all(is_part) {
        return Ok(());
    }
    Err(format!(
        "{name:?} is no name: up to {NAME_BYTES_MAX} of a-z, 0-9, '_' and '-', in parts with dots between them"
    ))
}

fn unknown(key: &str) -> String {
    let known: Vec<&str> = OTHERS.into_iter().chain(FIELDS).collect();
    let end = if nearest(key, known.iter().copied()).is_some() { "" } else { "." };
    format!("{}{end} Fields of your own go into metadata", unknown_key(key, &known))
}

impl Condition {
    fn read(value: toml::Value) -> Result<Self, String> {
        let toml::Value::Table(table) = value else {
            return Err("expected places and what stands there: { \"/event\" = \"finished\" }".into());
        };
        if table.len() > MEMBERS_MAX {
            return Err(format!("has {} places; there may be {MEMBERS_MAX}", table.len()));
        }
        let read = table.into_iter().map(|(pointer, value)| {
            let values = match value {
                toml::Value::Array(values) => values.iter().map(scalar).collect::<Result<Vec<_>, _>>(),
                value => scalar(&value).map(|value| vec![value]),
            };
            let values = values.map_err(|detail| format!("{pointer:?}: {detail}, or a list of those"))?;
            Ok((Pointer::parse(&pointer)?, values))
        });
        read.collect::<Result<_, String>>().map(Self)
    }

    /// Whether it holds of what has come.
    pub(crate) fn holds(&self, value: &Value) -> bool {
        let is = |found: &Value, expected: &Value| match (found.as_f64(), expected.as_f64()) {
            (Some(found), Some(expected)) => found.total_cmp(&expected).is_eq(),
            _ => found == expected,
        };
        self.0.iter().all(|(pointer, values)| {
            pointer.of(value).is_some_and(|found| values.iter().any(|expected| is(found, expected)))
        })
    }
}

impl Success {
    fn read(value: toml::Value) -> Result<Self, String> {
        match value {
            toml::Value::Table(_) => Condition::read(value).map(Self::If),
            value => match Said::read(value)? {
                said @ (Said::At(_) | Said::Constant(Value::Bool(_))) => Ok(Self::Said(said)),
                _ => Err(
                    "must be true, false, a place (\"/ok\"), or what has to hold: { \"/status\" = \"ok\" }"
                        .into(),
                ),
            },
        }
    }

    /// Whether it went well; `None`: what stands there is no truth.
    pub(crate) fn of(&self, value: &Value) -> Option<bool> {
        match self {
            Self::If(condition) => Some(condition.holds(value)),
            Self::Said(said) => match said.of(value) {
                None => Some(true),
                Some(found) => found.as_bool(),
            },
        }
    }
}
