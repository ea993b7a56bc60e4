//! What daemons did and spent on a day, from what they had done before it and by its end.

use serde::{Deserialize, Serialize};

use super::{Figures, Roster, Sums};
use crate::Timestamp;

const MICROS_PER_DAY: i64 = 86_400_000_000;
const MICROS_PER_MINUTE: i64 = 60_000_000;

/// What daemons did and spent on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DayFigures {
    /// How many days after 1970-01-01, on the roster's calendar.
    pub day: i64,
    /// The same as a date, `YYYY-MM-DD`.
    pub date: String,
    /// Of all daemons together.
    pub sums: Sums,
    /// Of each that did or spent something, in order of name.
    pub figures: Vec<Figures>,
}

impl Roster {
    /// What was done and spent since an earlier roster of the same events, on the day that ended with this one. What began
    /// before the day counts on the day on which it ended.
    #[must_use]
    pub fn day_figures(&self, earlier: &Self, day: i64) -> DayFigures {
        let mut sums = Sums::default();
        let mut figures = Vec::new();
        for daemon in self.iter() {
            let before =
                earlier.get(daemon.daemon_name.as_str()).map(|daemon| daemon.all).unwrap_or_default();
            let since = daemon.all.without(&before);
            if since != Sums::default() {
                sums.merge(&since);
                figures.push(Figures { daemon_name: daemon.daemon_name.clone(), sums: since });
            }
        }
        figures.sort_by(|a, b| a.daemon_name.as_str().cmp(b.daemon_name.as_str()));
        let date = Timestamp::from_unix_micros(day.saturating_mul(MICROS_PER_DAY)).to_string();
        DayFigures { day, date: date.chars().take(10).collect(), sums, figures }
    }

    /// When a day of the roster's calendar begins, Unix microseconds.
    #[must_use]
    pub fn day_begins(&self, day: i64) -> i64 {
        let offset = i64::from(self.day_offset_minutes()) * MICROS_PER_MINUTE;
        day.saturating_mul(MICROS_PER_DAY).saturating_sub(offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_where_the_one_before_ends() {
        for offset in [-330, 0, 60, 345] {
            let roster = Roster::after(0, offset);
            for day in [0, 20_484] {
                let begins = roster.day_begins(day);
                assert_eq!((roster.day(begins), roster.day(begins - 1)), (day, day - 1), "{offset}");
            }
        }
        assert_eq!(Roster::default().day_figures(&Roster::default(), 20_484).date, "2026-01-31");
    }
}
