//! Values of an event's metadata that can be summed.

use serde_json::Value;

use super::amount::{Dollars, SECONDS_MAX, Seconds};
use super::spent::{COST_USD_MAX, TOKENS_MAX};
use crate::Timestamp;

/// Unix microseconds of fractional milliseconds.
#[expect(
    clippy::cast_possible_truncation,
    reason = "saturates, and clamped to what four-digit years can say"
)]
pub(super) fn micros(unix_millis: f64) -> i64 {
    Timestamp::from_unix_micros((unix_millis * 1000.0).round() as i64).unix_micros()
}

/// An amount that can be summed: one that is not negative.
pub(super) fn amount(value: &Value) -> Option<f64> {
    value.as_f64().filter(|amount| amount.is_finite() && *amount >= 0.0)
}

/// A count of tokens; what a publisher wrote with a fraction is rounded. `None`: it is none, or too large for one event.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative; a cast saturates")]
pub(super) fn count(value: &Value) -> Option<u64> {
    amount(value).map(|amount| amount.round() as u64).filter(|count| *count <= TOKENS_MAX)
}

/// How long a call took. `None`: it is no duration, or too long for one call.
pub(super) fn seconds(value: &Value) -> Option<Seconds> {
    amount(value).filter(|seconds| *seconds <= SECONDS_MAX).map(Seconds::nearest)
}

/// A cost. `None`: it is none, or too large for one event.
pub(super) fn cost(value: &Value) -> Option<Dollars> {
    amount(value).filter(|cost| *cost <= COST_USD_MAX).map(Dollars::nearest)
}
