//! How much happened when.

use std::ops::ControlFlow;

use arcane_shared::{Epoch, Seq, SpellName, Timestamp};
use rusqlite::Connection;

use super::error::IndexError;
use super::place::{Order, SEQ_MAX, Stretch};
use super::rollup::{Bucket, Level};
use super::source::{self, LoggedRoom};
use super::tables;

/// Steps that people can read, in seconds. Longer ones are days.
const STEPS_S: [u64; 17] =
    [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400];
const DAY_S: u64 = 86_400;

/// Between which moments, and how finely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityQuery {
    /// The room's number in the log.
    pub room_id: i64,
    /// `None`: from the oldest event on.
    pub from: Option<Timestamp>,
    /// Up to this moment. The stretches that both ends are in are counted as a whole.
    pub to: Timestamp,
    /// At most so many stretches.
    pub buckets: u64,
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
    short.or_else(long).unwrap_or(SEQ_MAX)
}

/// What the index has counted, of the same moment as `room`.
pub(super) fn activity(
    log: &Connection,
    index: &Connection,
    room: LoggedRoom,
    query: &ActivityQuery,
) -> Result<Activity, IndexError> {
    let taken_at = |seq| {
        let at = source::taken_at(log, room.id, seq)?;
        Ok(at.map(Timestamp::from_unix_micros))
    };
    let (first_at, head_at) = (taken_at(room.first)?, taken_at(room.head)?);
    // What is no longer kept may still be counted.
    let (from, to) = (seconds(query.from.max(first_at).unwrap_or(query.to)), seconds(query.to));
    let step_s = step_s(from, to, query.buckets);
    let mut buckets: Vec<Bucket> = Vec::new();
    // `to` may be long after the last event; what is read is not more than the buckets.
    let low = from - from % step_s;
    let high = (to - to % step_s).saturating_add(step_s - 1).min(SEQ_MAX);
    let time = Stretch { room: room.id, low, high, order: Order::Ascending };
    if from <= to {
        tables::buckets(index, Level::for_step(step_s), time, |fine| {
            let at = fine.at - fine.at % step_s;
            match buckets.last_mut().filter(|last| last.at == at) {
                Some(last) => last.counts.merge(&fine.counts),
                None => buckets.push(Bucket { at, ..fine }),
            }
            ControlFlow::Continue(())
        })
        .map_err(IndexError::Index)?;
    }
    Ok(Activity {
        epoch: Epoch(room.epoch),
        first: room.first,
        head: room.head,
        first_at,
        head_at,
        step_s,
        buckets: buckets.iter().map(|bucket| counts(bucket, room.first)).collect(),
    })
}

fn counts(bucket: &Bucket, first: Seq) -> ActivityCounts {
    ActivityCounts {
        at: Timestamp::from_unix_micros(
            i64::try_from(bucket.at).unwrap_or(i64::MAX).saturating_mul(1_000_000),
        ),
        seq: bucket.first.max(first),
        events: bucket.counts.events(),
        failures: bucket.counts.failures(),
        by_spell: bucket.counts.by_spell(),
    }
}

/// Unix seconds. Before 1970 there were no events.
fn seconds(time: Timestamp) -> u64 {
    u64::try_from(time.unix_micros().div_euclid(1_000_000)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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

    proptest! {
        #[test]
        fn no_more_than_were_asked_for(from in 0..SEQ_MAX, length in 0..SEQ_MAX, buckets in 1_u64..1000) {
            let step = step_s(from, from + length, buckets);
            prop_assert!((from + length) / step - from / step < buckets);
            prop_assert_eq!(step % Level::for_step(step).seconds(), 0);
        }
    }
}
