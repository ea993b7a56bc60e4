//! How much happened when: the question and its answer.

use arcane_shared::{Epoch, Seq, SpellName, Timestamp};

use super::Allowance;
use crate::log::RoomId;

/// Steps that people can read, in seconds. Longer ones are days.
const STEPS_S: [u64; 17] =
    [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400];
const DAY_S: u64 = 86_400;

/// Between which moments, and how finely.
#[derive(Debug, Clone)]
pub struct ActivityQuery {
    /// The room's number in the log.
    pub room: RoomId,
    /// `None`: from the oldest event on.
    pub from: Option<Timestamp>,
    /// Up to this moment. The stretches that both ends are in are counted as a whole.
    pub to: Timestamp,
    /// At most so many stretches.
    pub buckets: u64,
    /// How long it may be worked on.
    pub time: Allowance,
}

/// The answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Activity {
    /// The run of numbers that every `seq` here belongs to.
    pub epoch: Epoch,
    /// The oldest event that is kept; `head + 1` if none is.
    pub first: Seq,
    /// The latest event.
    pub head: Seq,
    /// When the oldest one was taken.
    pub first_at: Option<Timestamp>,
    /// When the latest one was taken.
    pub head_at: Option<Timestamp>,
    /// Seconds of one stretch.
    pub step_s: u64,
    /// Only those in which something happened, oldest first.
    pub buckets: Vec<ActivityCounts>,
}

/// What happened in one stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActivityCounts {
    /// Its beginning; a multiple of the step.
    pub at: Timestamp,
    /// Its first event.
    pub seq: Seq,
    /// How many events.
    pub events: u64,
    /// How many of them failed.
    pub failures: u64,
    /// How many of each spell, in the order of [`SpellName::ALL`]. Spells that this version does not know are only
    /// among the events.
    pub by_spell: [u64; SpellName::ALL.len()],
}

/// The shortest step with which at most `buckets` cover `from` to `to` (Unix seconds, both included).
#[must_use]
pub fn step_s(from: u64, to: u64, buckets: u64) -> u64 {
    let covers = |step: &u64| (to / step).saturating_sub(from / step) < buckets.max(1);
    let short = STEPS_S.into_iter().find(covers);
    // 1, 2 and 5 days, and tens of them. The last covers all of time with one.
    let long = || {
        let tens = (0..=12).map(|exponent| 10_u64.pow(exponent) * DAY_S);
        tens.flat_map(|days| [days, 2 * days, 5 * days]).find(covers)
    };
    short.or_else(long).unwrap_or(u64::MAX)
}

/// The second in which a moment is, since 1970.
pub(crate) fn second(at: Timestamp) -> u64 {
    at.unix_micros().max(0).unsigned_abs() / 1_000_000
}

#[cfg(test)]
mod tests {
    use super::step_s;

    #[test]
    fn the_shortest_step_that_fits_is_taken() {
        for (from, to, buckets, expected) in [
            (0, 0, 1, 1),
            (0, 299, 300, 1),
            (0, 300, 300, 2),
            (1_700_000_000, 1_700_003_600, 300, 15),
            (1_700_000_000, 1_700_086_400, 300, 300),
            (1_700_000_000, 1_700_000_000 + 30 * 86_400, 300, 21_600),
            (1_700_000_000, 1_700_000_000 + 365 * 86_400, 300, 2 * 86_400),
            (59, 60, 1, 120),
        ] {
            assert_eq!(step_s(from, to, buckets), expected, "{from} {to} {buckets}");
        }
    }
}
