//! Moments and lengths of time in words.

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

/// How long ago something was, or how long it lasts: one number and its unit.
#[must_use]
pub fn length(millis: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1e12")]
    let seconds = (millis / 1000.0).clamp(0.0, 1e12).round() as u64;
    match seconds {
        s if s < 90 => format!("{s} s"),
        s if s < 5_400 => format!("{} min", (s + 30) / 60),
        s if s < 172_800 => format!("{} h", (s + 1_800) / 3_600),
        s => format!("{} days", (s + 43_200) / 86_400),
    }
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

    #[test]
    fn a_length_is_one_number() {
        let all = [0.0, 89_000.0, 90_000.0, 3.0 * HOUR, 47.0 * HOUR, 72.0 * HOUR, f64::NAN];
        assert_eq!(all.map(length), ["0 s", "89 s", "2 min", "3 h", "47 h", "3 days", "0 s"]);
    }
}
