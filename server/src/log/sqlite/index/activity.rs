//! How much happened when.

use std::ops::ControlFlow;

use arcane_shared::{Epoch, Seq, Timestamp};
use rusqlite::Connection;

use super::error::IndexError;
use super::rollup::{Bucket, Level};
use super::row_range::{RowRange, SEQ_MAX};
use super::source::{self, LoggedRoom};
use super::tables;
use crate::log::history::{Activity, ActivityCounts, ActivityQuery, Order, step_s};

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
    let time = RowRange { room: room.id, low, high, order: Order::Ascending };
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

    proptest! {
        #[test]
        fn no_more_than_were_asked_for(from in 0..SEQ_MAX, length in 0..SEQ_MAX, buckets in 1_u64..1000) {
            let step = step_s(from, from + length, buckets);
            prop_assert!((from + length) / step - from / step < buckets);
            prop_assert_eq!(step % Level::for_step(step).seconds(), 0);
        }
    }
}
