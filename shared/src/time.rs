//! Times on the wire. Nothing here reads a clock.

use chrono::{DateTime, Datelike as _, Timelike as _};
use serde::{Deserialize, Serialize};

/// Unix time in milliseconds, fractional: clock synchronisation needs parts of one.
pub type UnixMillis = f64;

/// A UTC time with microseconds, written without a zone as the seed does:
/// `2025-10-24T12:34:56.789000`.
///
/// Parsing is lenient: `Z`, an offset, a space instead of `T`, and any number of fractional digits
/// are accepted; what is finer than a microsecond is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp {
    unix_micros: i64,
}

/// A text that is no timestamp.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a UTC time like 2025-10-24T12:34:56.789000, found {0:?}")]
pub struct TimestampError(pub String);

/// 0001-01-01 and 9999-12-31T23:59:59.999999 in Unix microseconds: what four-digit years can say.
const RANGE_MICROS: std::ops::RangeInclusive<i64> = -62_135_596_800_000_000..=253_402_300_799_999_999;

impl Timestamp {
    /// The time of what has none that can be read: 1970-01-01.
    pub const UNKNOWN: Self = Self { unix_micros: 0 };

    /// From Unix microseconds, clamped to the years 1–9999.
    #[must_use]
    pub fn from_unix_micros(unix_micros: i64) -> Self {
        Self { unix_micros: unix_micros.clamp(*RANGE_MICROS.start(), *RANGE_MICROS.end()) }
    }

    /// Unix microseconds.
    #[must_use]
    pub fn unix_micros(self) -> i64 {
        self.unix_micros
    }

    /// Unix milliseconds.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "microseconds of the years 1-9999 fit 53 bits to within a few"
    )]
    pub fn unix_millis(self) -> UnixMillis {
        self.unix_micros as f64 / 1000.0
    }

    /// Reads a time; see the type for what is accepted.
    ///
    /// # Errors
    /// If `text` is no time between the years 1 and 9999.
    pub fn parse(text: &str) -> Result<Self, TimestampError> {
        parse_micros(text.trim())
            .filter(|micros| RANGE_MICROS.contains(micros))
            .map(|unix_micros| Self { unix_micros })
            .ok_or_else(|| TimestampError(text.into()))
    }
}

/// A time without a zone is UTC. A leap second, which Unix time does not count, is the second after.
fn parse_micros(text: &str) -> Option<i64> {
    let has_zone = text.bytes().skip(10).any(|byte| matches!(byte, b'Z' | b'z' | b'+' | b'-'));
    let time = if has_zone {
        DateTime::parse_from_rfc3339(text)
    } else {
        DateTime::parse_from_rfc3339(&format!("{text}Z"))
    };
    Some(time.ok()?.timestamp_micros())
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let time = DateTime::from_timestamp_micros(self.unix_micros).unwrap_or_default();
        let (year, month, day) = (time.year(), time.month(), time.day());
        let (hour, minute, second) = (time.hour(), time.minute(), time.second());
        let micros = time.timestamp_subsec_micros();
        // Written out: chrono would read a pattern at run time, for each event.
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}")
    }
}

impl std::str::FromStr for Timestamp {
    type Err = TimestampError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Timestamp {
    type Error = TimestampError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Timestamp> for String {
    fn from(time: Timestamp) -> Self {
        time.to_string()
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, NaiveDateTime};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn times_are_written_as_a_pattern_says_and_read_again(micros in RANGE_MICROS) {
            let time = Timestamp::from_unix_micros(micros);
            let theirs = DateTime::from_timestamp_micros(micros).unwrap().naive_utc();
            prop_assert_eq!(time.to_string(), theirs.format("%Y-%m-%dT%H:%M:%S%.6f").to_string());
            prop_assert_eq!(Timestamp::parse(&time.to_string()), Ok(time));
        }

        #[test]
        fn a_moment_is_the_same_in_every_zone(micros in 0..4_000_000_000_000_000_i64, minutes in -1439..=1439_i64) {
            let there = Timestamp::from_unix_micros(micros + minutes * 60_000_000);
            let (sign, ahead) = (if minutes < 0 { '-' } else { '+' }, minutes.abs());
            let text = format!("{there}{sign}{:02}:{:02}", ahead / 60, ahead % 60);
            prop_assert_eq!(Timestamp::parse(&text), Ok(Timestamp::from_unix_micros(micros)), "{}", text);
        }

        #[test]
        fn a_time_without_an_offset_is_read_where_chrono_reads_it(
            text in ".{0,40}| ?[12][0-9]{3}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-5][0-9](\\.[0-9]{1,9})?",
        ) {
            let naive = NaiveDateTime::parse_from_str(text.trim(), "%Y-%m-%dT%H:%M:%S%.f");
            prop_assert!(Timestamp::parse(&text).is_ok() || naive.is_err() || text.len() < 19 || !text.is_ascii());
        }
    }

    #[test]
    fn a_leap_second_is_the_second_after() {
        assert_eq!(Timestamp::parse("2016-12-31T23:59:60.5"), Timestamp::parse("2017-01-01T00:00:00.5"));
    }

    #[test]
    fn lenient_in_strict_out() {
        let check = |text: &str| Timestamp::parse(text).unwrap().to_string();
        let expected = "2025-10-24T12:34:56.789000";
        assert_eq!(check("2025-10-24T12:34:56.789000"), expected);
        assert_eq!(check("2025-10-24T12:34:56.789Z"), expected);
        assert_eq!(check("2025-10-24T14:34:56.789+02:00"), expected);
        assert_eq!(check("2025-10-24 12:34:56.789"), expected);
        assert_eq!(check("2025-10-24T12:34:56"), "2025-10-24T12:34:56.000000");
        assert_eq!(check("2025-10-24T12:34:56.7890009"), expected);
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "yesterday", "2025-13-01T00:00:00", "2025-10-24", "+12345-01-01T00:00:00Z"] {
            assert!(Timestamp::parse(text).is_err(), "{text:?}");
        }
    }
}
