//! What is left to be read of a table, and what is wrong with it. Pure.

use std::time::Duration;

use arcane_shared::visible;

use super::super::near::unknown_key;
use super::{WrongRule, place};

/// Most values of a list.
const LIST_MAX: usize = 64;
/// Longest time: a day, in seconds.
const SECONDS_MAX: i64 = 86_400;

/// A table that is being read.
pub(super) struct Table {
    pub(super) n: usize,
    pub(super) name: String,
    pub(super) keys: toml::Table,
}

impl Table {
    pub(super) fn wrong(&self, key: &str, detail: impl Into<String>) -> WrongRule {
        WrongRule { place: format!("{}: {key}", place(self.n, Some(&self.name))), detail: detail.into() }
    }

    /// A text, or nothing.
    pub(super) fn text(&mut self, key: &str) -> Result<Option<String>, WrongRule> {
        match self.keys.remove(key) {
            None => Ok(None),
            Some(toml::Value::String(text)) if text.is_empty() => Err(self.wrong(key, "must not be empty")),
            Some(toml::Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(key, "must be a string")),
        }
    }

    /// A text on one line in which everything is seen, or nothing.
    pub(super) fn line(&mut self, key: &str, bytes_max: usize) -> Result<Option<String>, WrongRule> {
        let text = self.text(key)?;
        match text.as_deref().map(|text| check_line(text, bytes_max)) {
            Some(Err(detail)) => Err(self.wrong(key, detail)),
            _ => Ok(text),
        }
    }

    /// Whole seconds, at most a day.
    pub(super) fn seconds(&mut self, key: &str, default: u64) -> Result<Duration, WrongRule> {
        match self.keys.remove(key) {
            None => Ok(Duration::from_secs(default)),
            Some(toml::Value::Integer(seconds)) if (0..=SECONDS_MAX).contains(&seconds) => {
                Ok(Duration::from_secs(seconds.unsigned_abs()))
            }
            Some(other) => {
                let detail = format!("is {other}; it is a whole number of seconds, 0 to {SECONDS_MAX}");
                Err(self.wrong(key, detail))
            }
        }
    }

    pub(super) fn flag(&mut self, key: &str) -> Result<bool, WrongRule> {
        match self.keys.remove(key) {
            None => Ok(false),
            Some(toml::Value::Boolean(flag)) => Ok(flag),
            Some(_) => Err(self.wrong(key, "must be true or false")),
        }
    }

    /// A list of texts, each read; nothing, if the key is not there.
    pub(super) fn list<T>(
        &mut self,
        key: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<Vec<T>>, WrongRule> {
        let Some(value) = self.keys.remove(key) else { return Ok(None) };
        let toml::Value::Array(values) = value else {
            return Err(self.wrong(key, "must be a list of strings"));
        };
        if values.is_empty() || values.len() > LIST_MAX {
            let detail = format!("has {} values; it has 1 to {LIST_MAX}, or is left out", values.len());
            return Err(self.wrong(key, detail));
        }
        let each = values.iter().map(|value| match value {
            toml::Value::String(text) => read(text).map_err(|detail| self.wrong(key, detail)),
            _ => Err(self.wrong(key, "must be a list of strings")),
        });
        each.collect::<Result<Vec<T>, _>>().map(Some)
    }

    /// Checks that nothing is left.
    pub(super) fn end(self, known: &[&str]) -> Result<(), WrongRule> {
        self.keys.keys().next().map_or(Ok(()), |key| Err(self.wrong(key, unknown_key(key, known))))
    }
}

/// What is wrong with a text on one line, if anything.
pub(super) fn check_line(text: &str, bytes_max: usize) -> Result<(), String> {
    if text.len() > bytes_max {
        return Err(format!("has {} bytes; it has at most {bytes_max}", text.len()));
    }
    if text.contains(['\n', '\t']) || visible::lines(text) != text {
        return Err(format!("has characters that are not seen: {}", visible::line(text, 80)));
    }
    if text.trim() != text || text.is_empty() {
        return Err("must not be empty, nor begin or end with a space".into());
    }
    Ok(())
}
