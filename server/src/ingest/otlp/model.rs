//! What a request of OpenTelemetry says, in either encoding, as far as anything here reads it. Plain data.
//!
//! It lives as long as its request. What dialects do not ask for by name goes with it; what names people, machines, processes or
//! what was said to a model is not even read into it ([`super::edge`]).

use std::borrow::Cow;

use arcane_shared::Timestamp;

use super::super::secrets::beginning;
use super::super::sign::NO_COUNT;
use super::edge;

/// Most bytes of a text that is kept as it came: an id, a name.
const NAME_BYTES_MAX: usize = 512;

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'a> {
    Text(Cow<'a, str>),
    Int(i64),
    Double(f64),
    Bool(bool),
    /// None, or an array, a map or bytes, which nothing here reads.
    Other,
}

/// Attributes by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Attributes<'a>(Vec<(Cow<'a, str>, Value<'a>)>);

/// Items that one program sent, with what it says of itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Group<'a, T> {
    pub(crate) resource: Attributes<'a>,
    pub(crate) items: Vec<T>,
}

/// A log record.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Record<'a> {
    /// Unix nanoseconds; 0 if it is not said.
    pub(crate) nanos: u64,
    /// When it was collected.
    pub(crate) observed_nanos: u64,
    pub(crate) event_name: Cow<'a, str>,
    pub(crate) attributes: Attributes<'a>,
    pub(crate) trace: u128,
    pub(crate) span: u64,
}

/// A span that ended.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Span<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) trace: u128,
    pub(crate) id: u64,
    /// 0: it has none.
    pub(crate) parent: u64,
    /// Unix nanoseconds.
    pub(crate) begin_nanos: u64,
    pub(crate) end_nanos: u64,
    pub(crate) attributes: Attributes<'a>,
    /// Its status is an error.
    pub(crate) is_error: bool,
    pub(crate) message: Cow<'a, str>,
}

/// A metric that is a sum, or has one.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Metric<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) temporality: Temporality,
    pub(crate) points: Vec<Point<'a>>,
}

/// What a point's value is counted from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) enum Temporality {
    /// It is not said, or the metric is no sum.
    #[default]
    Unspecified,
    /// From the point before.
    Delta,
    /// From the start of its program.
    Cumulative,
}

/// The value of a metric at a time: a sum, or a histogram's.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Point<'a> {
    pub(crate) attributes: Attributes<'a>,
    pub(crate) start_nanos: u64,
    pub(crate) nanos: u64,
    pub(crate) value: f64,
}

impl<'a> Attributes<'a> {
    /// Keeps an attribute, unless it is one that nobody here may know.
    pub(super) fn push(&mut self, key: Cow<'a, str>, value: Value<'a>) {
        if value != Value::Other && edge::may_be_read(&key) {
            self.0.push((key, value));
        }
    }

    /// All of them, in their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Value<'a>)> {
        self.0.iter().map(|(key, value)| (key.as_ref(), value))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// A text that is not empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Value::Text(text) if !text.trim().is_empty() => Some(text),
            _ => None,
        }
    }

    /// The first of several texts that is there.
    pub(crate) fn any(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.text(name))
    }

    /// A short text; a longer one is cut.
    pub(crate) fn name(&self, names: &[&str]) -> Option<Box<str>> {
        self.any(names).map(|text| beginning(text, NAME_BYTES_MAX).into())
    }

    /// A count; also one that is written as a text.
    pub(crate) fn count(&self, names: &[&str]) -> Option<u64> {
        names.iter().find_map(|name| match self.get(name)? {
            Value::Int(count) => u64::try_from(*count).ok(),
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "not negative, and below 2^53"
            )]
            Value::Double(count) if (0.0..9.0e15).contains(count) => Some(*count as u64),
            Value::Text(text) => text.trim().parse().ok(),
            _ => None,
        })
    }

    /// A count of tokens; [`NO_COUNT`] if what stands there is none.
    pub(crate) fn tokens(&self, names: &[&str]) -> Option<u64> {
        let name = names.iter().find(|name| self.get(name).is_some())?;
        Some(self.count(&[name]).unwrap_or(NO_COUNT))
    }

    /// A cost in dollars; no number if what stands there is none.
    pub(crate) fn dollars(&self, names: &[&str]) -> Option<f64> {
        let name = names.iter().find(|name| self.get(name).is_some())?;
        Some(self.amount(&[name]).unwrap_or(f64::NAN))
    }

    /// An amount that is not negative; also one that is written as a text.
    pub(crate) fn amount(&self, names: &[&str]) -> Option<f64> {
        let amount = names.iter().find_map(|name| match self.get(name)? {
            #[expect(clippy::cast_precision_loss, reason = "an amount is no count")]
            Value::Int(amount) => Some(*amount as f64),
            Value::Double(amount) => Some(*amount),
            Value::Text(text) => text.trim().parse().ok(),
            _ => None,
        });
        amount.filter(|amount: &f64| amount.is_finite() && *amount >= 0.0)
    }

    /// Milliseconds, as seconds.
    pub(crate) fn seconds_of_ms(&self, name: &str) -> Option<f64> {
        self.amount(&[name]).map(|ms| ms / 1000.0)
    }

    /// A flag; also one that is written as a text.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        match self.get(name)? {
            Value::Bool(flag) => Some(*flag),
            Value::Text(text) => match text.as_ref() {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }
}

impl Record<'_> {
    /// The event's name: of the attribute, where older programs have it, or of the record.
    pub(crate) fn event(&self) -> &str {
        self.attributes.text("event.name").unwrap_or(&self.event_name)
    }

    /// When it happened.
    pub(crate) fn at(&self) -> Option<Timestamp> {
        let said = self.attributes.text("event.timestamp").and_then(|text| Timestamp::parse(text).ok());
        said.or_else(|| moment(self.nanos)).or_else(|| moment(self.observed_nanos))
    }
}

impl Span<'_> {
    /// How long it took, seconds.
    pub(crate) fn seconds(&self) -> Option<f64> {
        if self.begin_nanos == 0 || self.end_nanos < self.begin_nanos {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "nanoseconds of 100 days fit 53 bits")]
        let seconds = (self.end_nanos - self.begin_nanos) as f64 / 1e9;
        Some(seconds)
    }
}

/// Unix nanoseconds as a moment; 0 is none.
pub(crate) fn moment(nanos: u64) -> Option<Timestamp> {
    let micros = i64::try_from(nanos / 1000).ok().filter(|micros| *micros > 0)?;
    Some(Timestamp::from_unix_micros(micros))
}
