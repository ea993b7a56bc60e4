//! The page's clocks, read here and nowhere else.

use std::cell::Cell;

use arcane_shared::{Timestamp, UnixMillis};

thread_local! {
    /// Milliseconds of a clock that is turned by hand (`?clock=manual`): then every frame can be made again.
    static MANUAL: Cell<Option<f64>> = const { Cell::new(None) };
}

/// What Unix time it is when a clock that is turned by hand begins: any would do.
const MANUAL_ORIGIN: UnixMillis = 1_767_225_600_000.0;

/// From here on time passes only when [`turn`] says so.
pub(crate) fn stop() {
    MANUAL.set(Some(0.0));
}

/// Turns a stopped clock on.
pub(crate) fn turn(ms: f64) {
    MANUAL.set(MANUAL.get().map(|now| now + ms.max(0.0)));
}

/// Whether the clock is turned by hand.
pub(crate) fn is_manual() -> bool {
    MANUAL.get().is_some()
}

fn performance() -> Option<web_sys::Performance> {
    web_sys::window()?.performance()
}

/// Milliseconds since the page began; never runs backwards.
pub(crate) fn now() -> f64 {
    MANUAL.get().unwrap_or_else(|| performance().map_or(0.0, |performance| performance.now()))
}

/// Unix milliseconds, by the monotonic clock.
pub(crate) fn unix() -> UnixMillis {
    unix_of(now())
}

/// Unix milliseconds of a moment of [`now`]'s clock.
pub(crate) fn unix_of(now: f64) -> UnixMillis {
    if is_manual() {
        return MANUAL_ORIGIN + now;
    }
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
