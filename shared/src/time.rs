//! Times on the wire. Nothing here reads a clock.

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
        parse_micros(text.trim().as_bytes())
            .filter(|micros| RANGE_MICROS.contains(micros))
            .map(|unix_micros| Self { unix_micros })
            .ok_or_else(|| TimestampError(text.into()))
    }
}

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// `YYYY-MM-DD` then `T`, `t` or a space, `HH:MM:SS`, perhaps a fraction, perhaps `Z` or `±HH:MM`.
///
/// Written by hand although crates do it: their formatting machinery would be a tenth of the page.
fn parse_micros(text: &[u8]) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let (year, month, day) = match date {
        [year @ .., b'-', m1, m2, b'-', d1, d2] => {
            (number(year)?, number(&[*m1, *m2])?, number(&[*d1, *d2])?)
        }
        _ => return None,
    };
    let (clock, rest) = rest.split_at_checked(9)?;
    let (hour, minute, second) = match clock {
        [b'T' | b't' | b' ', h1, h2, b':', m1, m2, b':', s1, s2] => {
            (number(&[*h1, *h2])?, number(&[*m1, *m2])?, number(&[*s1, *s2])?)
        }
        _ => return None,
    };
    // 60 is a leap second, which Unix time does not count: it is the second after.
    let fits = year >= 1
        && (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    if !fits {
        return None;
    }
    let (micros, zone) = fraction(rest)?;
    let seconds = days_from_civil(year, month, day) * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second;
    Some((seconds - offset_seconds(zone)?) * MICROS_PER_SECOND + micros)
}

/// The microseconds of `.123…` and what follows it.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let Some(digits) = text.strip_prefix(b".") else { return Some((0, text)) };
    let n = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if n == 0 {
        return None;
    }
    let micros = (0..6).fold(0, |micros, at| {
        let digit = digits.get(at).filter(|_| at < n).map_or(0, |byte| i64::from(byte - b'0'));
        micros * 10 + digit
    });
    Some((micros, &digits[n..]))
}

fn offset_seconds(zone: &[u8]) -> Option<i64> {
    let (sign, rest) = match zone {
        [] | [b'Z' | b'z'] => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let [h1, h2, b':', m1, m2] = rest else { return None };
    let (hours, minutes) = (number(&[*h1, *h2])?, number(&[*m1, *m2])?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0_i64, |n, byte| byte.is_ascii_digit().then(|| n * 10 + i64::from(byte - b'0')))
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar, and back: Howard Hinnant,
/// "chrono-Compatible Low-Level Date Algorithms".
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.unix_micros.div_euclid(MICROS_PER_SECOND);
        let micros = self.unix_micros.rem_euclid(MICROS_PER_SECOND);
        let (year, month, day) = civil_from_days(seconds.div_euclid(SECONDS_PER_DAY));
        let second = seconds.rem_euclid(SECONDS_PER_DAY);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
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
        fn times_are_written_and_read_as_chrono_does(micros in RANGE_MICROS) {
            let time = Timestamp::from_unix_micros(micros);
            let theirs = DateTime::from_timestamp_micros(micros).unwrap().naive_utc();
            prop_assert_eq!(time.to_string(), theirs.format("%Y-%m-%dT%H:%M:%S%.6f").to_string());
            prop_assert_eq!(Timestamp::parse(&time.to_string()), Ok(time));
        }

        #[test]
        fn offsets_are_read_as_chrono_does(
            date in "(19|20)[0-9]{2}-[01][0-9]-[0-3][0-9]", clock in "[0-2][0-9]:[0-6][0-9]:[0-6][0-9]",
            fraction in "(\\.[0-9]{1,9})?", zone in "(Z|[+-][0-2][0-9]:[0-6][0-9])",
        ) {
            let text = format!("{date}T{clock}{fraction}{zone}");
            let theirs = DateTime::parse_from_rfc3339(&text).map(|time| time.timestamp_micros());
            match Timestamp::parse(&text) {
                // chrono keeps a leap second apart; here it is the second after.
                Ok(ours) if !clock.ends_with("60") => prop_assert_eq!(Ok(ours.unix_micros), theirs),
                Ok(_) => {}
                // chrono bounds offsets more tightly than their digits do.
                Err(_) => prop_assert!(theirs.is_err(), "{}", text),
            }
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
