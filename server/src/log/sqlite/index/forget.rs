//! Removing what the log does not keep.

use std::ops::ControlFlow;

use arcane_shared::Seq;
use rusqlite::{Connection, Result};

use super::block::Block;
use super::mark::Kind;
use super::plan::IndexedRoom;
use super::rollup::{Bucket, Level};
use super::row_range::{RowRange, SEQ_MAX, row};
use super::tables;
use crate::log::history::Order;

/// Removes the events from `room.first` to before `to`, and says so in `room`.
pub(super) fn forget(index: &Connection, room: &mut IndexedRoom, to: Seq) -> Result<()> {
    // The blocks are what tells the kinds of the events that go, so they go last.
    for level in Level::ALL {
        trim(index, level, room, to)?;
    }
    index.prepare_cached("DELETE FROM words WHERE rowid = ?1").and_then(|mut delete| {
        (room.first..to).try_for_each(|seq| delete.execute([row(room.id, seq)]).map(drop))
    })?;
    tables::drop_blocks(index, room.id, to)?;
    room.first = to;
    tables::put_room(index, room)
}

/// Takes the events before `to` out of the buckets of one level.
fn trim(index: &Connection, level: Level, room: &IndexedRoom, to: Seq) -> Result<()> {
    let mut touched = Vec::new();
    let time = RowRange { room: room.id, low: 0, high: SEQ_MAX, order: Order::Ascending };
    tables::buckets(index, level, time, |bucket| {
        let goes_on = bucket.first < to;
        touched.push(bucket);
        if goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    for (at, bucket) in touched.iter().enumerate() {
        // A bucket ends where the next one begins.
        let end = touched.get(at + 1).map_or(room.indexed + 1, |next| next.first);
        if end <= to {
            tables::drop_bucket(index, level, room.id, bucket.at)?;
        } else if bucket.first < to {
            tables::put_bucket(index, level, room.id, &without(index, room.id, bucket, to)?)?;
        }
    }
    Ok(())
}

/// The bucket without its events before `to`.
fn without(index: &Connection, room: i64, bucket: &Bucket, to: Seq) -> Result<Bucket> {
    let mut rest = Bucket { first: to, ..*bucket };
    let mut start = Block::start_of(bucket.first);
    while start < to {
        if let Some(block) = tables::block_of(index, room, start)? {
            block.kinds(bucket.first, to - 1).for_each(|kind: Kind| rest.counts.remove(kind));
        }
        start = Block::start_of(start) + super::block::BLOCK_EVENTS;
    }
    Ok(rest)
}
