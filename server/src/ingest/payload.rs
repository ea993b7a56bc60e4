//! A payload's fields, read under any of their spellings; those that no dialect knows are counted. Pure.

use arcane_shared::Timestamp;
use serde_json::{Map, Value};

use super::secrets::beginning;
use super::sign::NO_COUNT;

/// Most names of unknown fields that one payload reports.
const UNKNOWN_MAX: usize = 8;
/// Most bytes of a text that is kept as it came: an id, a path, a name.
const TEXT_BYTES_MAX: usize = 512;

/// The fields of a JSON object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    /// The fields of a value; `None`: it is no object.
    pub(crate) fn of(value: &'a Value) -> Option<Self> {
        value.as_object().map(Self)
    }

    /// The first of several spellings that is there and not null.
    pub(crate) fn get(self, names: &[&str]) -> Option<&'a Value> {
        names.iter().find_map(|name| self.0.get(*name)).filter(|value| !value.is_null())
    }

    /// A text that is not empty.
    pub(crate) fn text(self, names: &[&str]) -> Option<&'a str> {
        self.get(names)?.as_str().filter(|text| !text.trim().is_empty())
    }

    /// A short text: an id, a path, a name. A longer one is cut.
    pub(crate) fn name(self, names: &[&str]) -> Option<Box<str>> {
        self.text(names).map(|text| beginning(text, TEXT_BYTES_MAX).into())
    }

    /// The fields of a field.
    pub(crate) fn inner(self, names: &[&str]) -> Option<Self> {
        self.get(names).and_then(Self::of)
    }

    /// Whether a flag is set.
    pub(crate) fn is(self, names: &[&str]) -> bool {
        self.get(names).and_then(Value::as_bool) == Some(true)
    }

    /// A count; also one that is written as a text.
    pub(crate) fn count(self, names: &[&str]) -> Option<u64> {
        let value = self.get(names)?;
        value.as_u64().or_else(|| value.as_str()?.parse().ok())
    }

    /// A count of tokens; [`NO_COUNT`] if what stands there is none.
    pub(crate) fn tokens(self, names: &[&str]) -> Option<u64> {
        self.get(names)?;
        Some(self.count(names).unwrap_or(NO_COUNT))
    }

    /// A cost in dollars; no number if what stands there is none.
    pub(crate) fn dollars(self, names: &[&str]) -> Option<f64> {
        let value = self.get(names)?;
        Some(value.as_f64().unwrap_or(f64::NAN))
    }

    /// An amount that is not negative.
    pub(crate) fn amount(self, names: &[&str]) -> Option<f64> {
        self.get(names)?.as_f64().filter(|amount| amount.is_finite() && *amount >= 0.0)
    }

    /// Milliseconds, as seconds.
    pub(crate) fn seconds_of_ms(self, names: &[&str]) -> Option<f64> {
        self.amount(names).map(|ms| ms / 1000.0)
    }

    /// A moment: Unix milliseconds, or a text.
    pub(crate) fn time(self, names: &[&str]) -> Option<Timestamp> {
        match self.get(names)? {
            Value::String(text) => Timestamp::parse(text).ok(),
            Value::Number(millis) => Some(Timestamp::from_unix_micros(millis.as_i64()?.checked_mul(1000)?)),
            _ => None,
        }
    }

    /// Whether a field is there.
    pub(crate) fn has(self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Names of the fields that are not among the known ones, in order.
    pub(crate) fn unknown(self, known: &[&[&str]]) -> Vec<Box<str>> {
        let is_known = |name: &str| known.iter().any(|names| names.contains(&name));
        let names = self.0.keys().filter(|name| !is_known(name));
        names.take(UNKNOWN_MAX).map(|name| cut(name, 64).into()).collect()
    }
}

/// The beginning of a text, at most so many bytes.
pub(crate) fn cut(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}
