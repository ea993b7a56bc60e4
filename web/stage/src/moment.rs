//! Moments in words.

use arcane_shared::{Timestamp, UnixMillis};

/// A moment on the viewer's clock: `12:34:56`, with its day in front where that is another one.
///
/// `offset_ms` is what the zone adds to UTC at that moment.
#[must_use]
pub fn clock(at: UnixMillis, now: UnixMillis, offset_ms: f64) -> String {
    let (text, today) = (written(at + offset_ms), written(now + offset_ms));
    match (text.get(..10), text.get(11..19)) {
        (Some(day), Some(time)) if today.starts_with(day) => time.to_owned(),
        (Some(day), Some(time)) => format!("{day} {time}"),
        _ => text,
    }
}

/// As [`clock`], as short as a tick of a span of so many milliseconds allows.
#[must_use]
pub fn tick(at: UnixMillis, span_ms: f64, offset_ms: f64) -> String {
    let text = written(at + offset_ms);
    let part = if span_ms > 2.0 * 86_400_000.0 { text.get(5..10) } else { text.get(11..16) };
    part.unwrap_or_default().to_owned()
}

/// A moment as the server's queries take it.
#[must_use]
pub fn written(at: UnixMillis) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "saturates, and a timestamp is clamped")]
    Timestamp::from_unix_micros((at * 1000.0) as i64).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: f64 = 1_764_158_400_000.0;
    const HOUR: f64 = 3_600_000.0;

    #[test]
    fn a_moment_has_its_day_where_it_is_another_one() {
        assert_eq!(clock(NOON, NOON + HOUR, 0.0), "12:00:00");
        assert_eq!(clock(NOON, NOON + HOUR, 2.0 * HOUR), "14:00:00");
        assert_eq!(clock(NOON, NOON + HOUR, -13.0 * HOUR), "2025-11-25 23:00:00");
        assert_eq!(clock(NOON, NOON + 24.0 * HOUR, 0.0), "2025-11-26 12:00:00");
        assert_eq!(tick(NOON, HOUR, 0.0), "12:00");
        assert_eq!(tick(NOON, 100.0 * HOUR, 0.0), "11-26");
    }
}
