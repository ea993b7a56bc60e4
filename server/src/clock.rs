//! The one place that reads the wall clock.

use arcane_shared::{Timestamp, UnixMillis};

/// The current time, UTC, to the microsecond.
#[must_use]
pub fn now() -> Timestamp {
    Timestamp::from_unix_micros(chrono::Utc::now().timestamp_micros())
}

/// The current Unix time in milliseconds, fractional.
#[must_use]
pub fn now_millis() -> UnixMillis {
    now().unix_millis()
}
