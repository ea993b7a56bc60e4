//! Times on the wire. Nothing here reads a clock.

use chrono::{DateTime, NaiveDateTime};
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
        let trimmed = text.trim();
        let micros = DateTime::parse_from_rfc3339(trimmed)
            .map(|zoned| zoned.timestamp_micros())
            .or_else(|_| {
                NaiveDateTime::parse_from_str(trimmed, "%Y-%m-%dT%H:%M:%S%.f")
                    .or_else(|_| NaiveDateTime::parse_from_str(trimmed, "%Y-%m-%d %H:%M:%S%.f"))
                    .map(|naive| naive.and_utc().timestamp_micros())
            })
            .map_err(|_| TimestampError(text.into()))?;
        if !RANGE_MICROS.contains(&micros) {
            return Err(TimestampError(text.into()));
        }
        Ok(Self { unix_micros: micros })
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let time = DateTime::from_timestamp_micros(self.unix_micros).unwrap_or_default();
        write!(f, "{}", time.naive_utc().format("%Y-%m-%dT%H:%M:%S%.6f"))
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
    use super::Timestamp;

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
