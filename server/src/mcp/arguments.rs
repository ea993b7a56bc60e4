//! A call's arguments, read with errors that name the argument and what would be right. Pure.

use arcane_shared::DaemonName;
use rmcp::model::JsonObject;
use serde_json::Value;

use crate::config;

/// What an agent is told of a call that did not work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Wrong(String);

impl Wrong {
    pub(super) fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }

    pub(super) fn argument(name: &str, detail: impl std::fmt::Display) -> Self {
        Self(format!("{name}: {detail}"))
    }
}

/// The arguments of a call, whose names are all known.
pub(super) struct Arguments<'a>(&'a JsonObject);

impl<'a> Arguments<'a> {
    pub(super) fn of(tool: &str, known: &[&str], given: &'a JsonObject) -> Result<Self, Wrong> {
        let Some(other) = given.keys().find(|name| !known.contains(&name.as_str())) else {
            return Ok(Self(given));
        };
        let other: String = other.chars().take(64).collect();
        let detail = match config::nearest(&other, known.iter().copied()) {
            Some(meant) => format!("there is no such argument; did you mean {meant:?}?"),
            None => format!("there is no such argument of {tool}; there are {}", known.join(", ")),
        };
        Err(Wrong::argument(&other, detail))
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A text of at most `max` characters that is not blank.
    pub(super) fn text(&self, name: &str, max: usize) -> Result<Option<&'a str>, Wrong> {
        let text = match self.get(name) {
            None => return Ok(None),
            Some(Value::String(text)) => text.trim(),
            Some(other) => {
                return Err(Wrong::argument(name, format!("must be a string, not {}", kind(other))));
            }
        };
        let chars = text.chars().count();
        if text.is_empty() {
            return Err(Wrong::argument(name, "is empty; say something, or leave it out where it may be"));
        }
        if chars > max {
            let detail = format!("has {chars} characters, at most {max} are allowed; say it shorter");
            return Err(Wrong::argument(name, detail));
        }
        Ok(Some(text))
    }

    pub(super) fn required(&self, name: &str, max: usize, what: &str) -> Result<&'a str, Wrong> {
        self.text(name, max)?.ok_or_else(|| Wrong::argument(name, format!("is missing; {what}")))
    }

    pub(super) fn daemon(&self, name: &str) -> Result<Option<DaemonName>, Wrong> {
        let parse = |text| DaemonName::parse(text).map_err(|error| Wrong::argument(name, error));
        self.text(name, usize::MAX)?.map(parse).transpose()
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, Wrong> {
        match self.get(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => Err(Wrong::argument(name, format!("must be true or false, not {}", kind(other)))),
        }
    }

    /// Seconds, 0.0 or more.
    pub(super) fn seconds(&self, name: &str) -> Result<Option<f64>, Wrong> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let seconds = value.as_f64().filter(|seconds| seconds.is_finite() && *seconds >= 0.0);
        let wrong = || {
            Wrong::argument(name, format!("must be a number of seconds, 0.0 or more, not {}", shown(value)))
        };
        seconds.map(Some).ok_or_else(wrong)
    }

    /// A whole number from 1 to `max`.
    pub(super) fn count(&self, name: &str, max: usize, default: usize) -> Result<usize, Wrong> {
        let Some(value) = self.get(name) else { return Ok(default) };
        // Some models write every number with a fraction.
        let whole = value.as_f64().filter(|n| n.fract() == 0.0 && (0.0..1e9).contains(n));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, and below 10^9")]
        let whole = whole.map(|n| n as usize).filter(|n| (1..=max).contains(n));
        let detail = || format!("must be a whole number from 1 to {max}, not {}", shown(value));
        let wrong = || Wrong::argument(name, detail());
        whole.ok_or_else(wrong)
    }

    /// One of some words.
    pub(super) fn word(&self, name: &str, words: &[&'static str]) -> Result<&'static str, Wrong> {
        let Some(value) = self.get(name) else { return Ok(words[0]) };
        let found = words.iter().copied().find(|word| value.as_str() == Some(word));
        found.ok_or_else(|| {
            Wrong::argument(name, format!("must be {}, not {}", words.join(" or "), shown(value)))
        })
    }
}

pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// A value that is wrong, if it is short.
fn shown(value: &Value) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) if text.len() <= 40 => format!("{text:?}"),
        other => kind(other).into(),
    }
}
