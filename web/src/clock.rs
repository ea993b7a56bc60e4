//! The page's clocks, read here and nowhere else.

use arcane_shared::{Timestamp, UnixMillis};

fn performance() -> Option<web_sys::Performance> {
    web_sys::window()?.performance()
}

/// Milliseconds since the page began; never runs backwards.
pub(crate) fn now() -> f64 {
    performance().map_or(0.0, |performance| performance.now())
}

/// Unix milliseconds, by the monotonic clock.
pub(crate) fn unix() -> UnixMillis {
    performance().map_or_else(js_sys::Date::now, |performance| performance.time_origin() + performance.now())
}

/// Unix milliseconds of a moment of [`now`]'s clock.
pub(crate) fn unix_of(now: f64) -> UnixMillis {
    performance().map_or_else(js_sys::Date::now, |performance| performance.time_origin() + now)
}

/// Now as events write it.
pub(crate) fn timestamp() -> Timestamp {
    #[expect(clippy::cast_possible_truncation, reason = "microseconds of this century fit")]
    let micros = (unix() * 1000.0) as i64;
    Timestamp::from_unix_micros(micros)
}

/// What the visitor's zone adds to UTC at a moment, milliseconds.
pub(crate) fn offset_ms(at: UnixMillis) -> f64 {
    -js_sys::Date::new(&at.into()).get_timezone_offset() * 60_000.0
}
