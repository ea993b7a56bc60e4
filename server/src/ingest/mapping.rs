//! What becomes of the JSON of programs that nobody knows, by the rules of the configuration. Pure.

use arcane_shared::api::FieldError;
use arcane_shared::{DaemonName, Timestamp};
use serde_json::{Map, Value, json};

use super::kept::Keeping;
use super::line::{LINE_CHARS, short};
use super::secrets::{beginning, masked};
use crate::config::{MapRule, in_words};
use crate::intake::{self, Draft, Refused};

/// Most bytes of an id.
const ID_BYTES_MAX: usize = 512;
/// Fields that people read in a line.
const LINES: [&str; 3] = ["task", "error", "tool"];
/// A number below this is a time in seconds, one above in milliseconds: the year 5138, and March 1973.
const MILLIS_MIN: f64 = 1e11;

/// What became of something.
#[derive(Debug, PartialEq)]
pub(crate) struct Mapped {
    /// What tells it from all others of its address.
    pub(crate) id: Option<String>,
    pub(crate) draft: Draft,
}

/// The event that the first rule makes whose conditions hold; `None`: no rule is for this. `at`: where it stands in the body.
///
/// # Errors
/// If what stands where the rule says cannot be used.
pub(crate) fn map<'r>(
    mut rules: impl Iterator<Item = &'r MapRule>,
    payload: &Value,
    keeping: Keeping,
    at: &str,
) -> Option<Result<Mapped, Vec<FieldError>>> {
    let rule = rules.find(|rule| rule.when.holds(payload))?;
    Some(apply(rule, payload, keeping).map_err(|errors| {
        let named = errors.into_iter().map(|(field, detail)| FieldError {
            pointer: if at.is_empty() { "/".into() } else { at.to_owned() },
            detail: format!("rule {}, {field}: {detail}", rule.name),
        });
        named.collect()
    }))
}

fn apply(rule: &MapRule, payload: &Value, keeping: Keeping) -> Result<Mapped, Vec<(String, String)>> {
    let wrong = |field: &str, detail: &str| vec![(field.to_owned(), detail.to_owned())];
    let daemon = rule.daemon.of(payload).map(|found| in_words(&found));
    let daemon = daemon.unwrap_or_else(|| rule.address().to_owned());
    let daemon = DaemonName::mended(&masked(&daemon)).ok_or_else(|| wrong("daemon", "stands for no name"))?;
    let success = match &rule.success {
        None => true,
        Some(success) => success
            .of(payload)
            .ok_or_else(|| wrong("success", "what stands there is neither true nor false"))?,
    };
    let time = rule.time.as_ref().and_then(|time| time.of(payload));
    let time = time.map(|found| time_of(&found)).transpose().map_err(|detail| wrong("time", &detail))?;
    let mut metadata = Map::new();
    metadata.insert("source".into(), json!(rule.address()));
    metadata.insert("source_event".into(), json!(rule.name));
    for (field, said) in &rule.metadata {
        let Some(value) = said.of(payload) else { continue };
        let value = match value {
            Value::String(text) if LINES.contains(&field.as_str()) => json!(short(&text, LINE_CHARS)),
            value => keeping.field_of(field, &value),
        };
        metadata.insert(field.clone(), value);
    }
    let description = rule.description.as_ref().and_then(|said| said.of(payload));
    let description = description.map(|found| short(&in_words(&found), LINE_CHARS));
    let event = json!({"spell_name": rule.spell, "daemon_name": daemon, "success": success, "description": description,
                       "metadata": metadata});
    let read = intake::read_one(&serde_json::to_vec(&event).unwrap_or_default());
    let mut draft = read.map_err(|refused| match refused {
        Refused::Fields(errors) => errors
            .into_iter()
            .map(|error| {
                (
                    error.pointer.trim_start_matches("/metadata").replace('/', " ").trim().to_owned(),
                    error.detail,
                )
            })
            .collect(),
        Refused::Syntax(detail) => wrong("event", &detail),
        Refused::Bus { error, .. } => wrong("event", &error.to_string()),
    })?;
    draft.timestamp = time;
    let id = rule.id.as_ref().and_then(|id| id.of(payload));
    let id =
        id.map(|found| beginning(&in_words(&found), ID_BYTES_MAX).into_owned()).filter(|id| !id.is_empty());
    Ok(Mapped { id, draft })
}

/// A time as programs write it: a text, or a Unix time in seconds or milliseconds.
fn time_of(value: &Value) -> Result<Timestamp, String> {
    match value {
        Value::String(text) => Timestamp::parse(text).map_err(|error| error.to_string()),
        Value::Number(number) => {
            let number = number.as_f64().filter(|number| number.abs() < 1e16);
            let number = number.ok_or("is no Unix time in seconds or milliseconds")?;
            let micros = if number.abs() < MILLIS_MIN { number * 1e6 } else { number * 1e3 };
            #[expect(clippy::cast_possible_truncation, reason = "below 10^19, and clamped")]
            let micros = micros as i64;
            Ok(Timestamp::from_unix_micros(micros))
        }
        _ => Err("is neither a text nor a Unix time".into()),
    }
}
