//! Adding events to the index.

use std::borrow::Cow;

use arcane_shared::Seq;
use arcane_shared::verbatim::Verbatim;
use rusqlite::{Connection, Row, params};
use serde::Deserialize;

use super::block::Block;
use super::error::IndexError;
use super::mark::{self, Kind};
use super::plan::IndexedRoom;
use super::rollup::{Bucket, Counts, Level};
use super::row_range::{RowRange, SEQ_MAX, row, seq_of};
use super::tables;
use crate::log::history::Order;

/// Events that are read in one go, and bytes of them, give or take one: only for so long the log is held as it was.
const STRETCH_EVENTS: i64 = 512;
const STRETCH_BYTES: usize = 1024 * 1024;
/// After so many events whoever waits for a core goes first: a scheduler would let this thread go on for milliseconds.
const YIELD_EVERY: usize = 16;

/// Adds events after `room.indexed` up to `to`, and says so in `room`. `spend` is told how many bytes each had; the first for
/// which it says no is the last.
pub(super) fn add(
    log: &Connection,
    index: &Connection,
    room: &mut IndexedRoom,
    to: Seq,
    spend: &mut impl FnMut(usize) -> bool,
) -> Result<(), IndexError> {
    let mut open = Open::load(index, room).map_err(IndexError::Index)?;
    let mut words = index
        .prepare_cached("INSERT INTO words(rowid, description, task, daemon) VALUES(?1, ?2, ?3, ?4)")
        .map_err(IndexError::Index)?;
    let mut goes_on = true;
    while goes_on && room.indexed < to {
        let range = read(log, room, to).map_err(IndexError::Log)?;
        // Where there are no more, retention was faster.
        let mut reached = to;
        for (nth, event) in range.iter().enumerate() {
            if nth % YIELD_EVERY == 0 {
                std::thread::yield_now();
            }
            let text = Text::of(&event.json);
            words
                .execute(params![event.id, text.description, text.metadata.task(), event.daemon])
                .map_err(IndexError::Index)?;
            open.push(index, event).map_err(IndexError::Index)?;
            reached = seq_of(event.id);
            goes_on = spend(event.json.len());
            if !goes_on {
                break;
            }
        }
        room.indexed = reached;
    }
    open.save(index).map_err(IndexError::Index)?;
    tables::put_room(index, room).map_err(IndexError::Index)
}

/// The next events of a room.
fn read(log: &Connection, room: &IndexedRoom, to: Seq) -> rusqlite::Result<Vec<Event>> {
    let mut events = log.prepare_cached(
        "SELECT id, at, spell, success, daemon, event FROM events WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3",
    )?;
    let mut rows = events.query(params![row(room.id, room.indexed), row(room.id, to), STRETCH_EVENTS])?;
    let (mut range, mut bytes) = (Vec::new(), 0);
    while bytes < STRETCH_BYTES
        && let Some(row) = rows.next()?
    {
        let event = Event::read(row)?;
        bytes += event.json.len();
        range.push(event);
    }
    Ok(range)
}

/// A row of the log.
struct Event {
    id: i64,
    second: u64,
    kind: Kind,
    daemon: Option<String>,
    json: Vec<u8>,
}

impl Event {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let at: i64 = row.get(1)?;
        Ok(Self {
            id: row.get(0)?,
            second: u64::try_from(at / 1_000_000).unwrap_or(0).min(SEQ_MAX),
            kind: Kind::new(mark::spell(row.get_ref(2)?.as_str()?), row.get(3)?),
            daemon: row.get(4)?,
            json: row.get_ref(5)?.as_bytes()?.to_vec(),
        })
    }
}

/// What people search in. An event that cannot be read has no words; its readers are told.
#[derive(Debug, Default, Deserialize)]
struct Text<'a> {
    #[serde(borrow, default)]
    description: Cow<'a, str>,
    #[serde(default)]
    metadata: Task,
}

#[derive(Debug, Default, Deserialize)]
struct Task {
    #[serde(default)]
    task: Verbatim,
}

impl<'a> Text<'a> {
    fn of(json: &'a [u8]) -> Self {
        serde_json::from_slice(json).unwrap_or_default()
    }
}

impl Task {
    fn task(&self) -> Option<&str> {
        self.task.0.as_str()
    }
}

/// The block and the buckets that the room's latest events belong to.
struct Open {
    room: i64,
    block: Block,
    buckets: [Option<Bucket>; Level::ALL.len()],
}

impl Open {
    fn load(index: &Connection, room: &IndexedRoom) -> rusqlite::Result<Self> {
        let next = room.indexed + 1;
        let block = tables::block_of(index, room.id, next)?;
        let block = block.unwrap_or_else(|| Block::new(Block::start_of(next)));
        let mut buckets = [None; Level::ALL.len()];
        let time = RowRange { room: room.id, low: 0, high: SEQ_MAX, order: Order::Descending };
        for (level, bucket) in Level::ALL.into_iter().zip(&mut buckets) {
            tables::buckets(index, level, time, |latest| {
                *bucket = Some(latest);
                std::ops::ControlFlow::Break(())
            })?;
        }
        Ok(Self { room: room.id, block, buckets })
    }

    fn push(&mut self, index: &Connection, event: &Event) -> rusqlite::Result<()> {
        let seq = seq_of(event.id);
        if !self.block.has(seq) {
            tables::put_block(index, self.room, &self.block)?;
            self.block = Block::new(Block::start_of(seq));
        }
        self.block.push(seq, event.kind, mark::daemon(event.daemon.as_deref()));
        for (level, bucket) in Level::ALL.into_iter().zip(&mut self.buckets) {
            let at = event.second - event.second % level.seconds();
            // A clock that was set back changes nothing: time does not decrease within a room.
            if let Some(full) = bucket.as_ref().filter(|bucket| bucket.at < at) {
                tables::put_bucket(index, level, self.room, full)?;
                *bucket = None;
            }
            let bucket = bucket.get_or_insert(Bucket { at, first: seq, counts: Counts::default() });
            bucket.counts.add(event.kind);
        }
        Ok(())
    }

    fn save(&self, index: &Connection) -> rusqlite::Result<()> {
        tables::put_block(index, self.room, &self.block)?;
        for (level, bucket) in Level::ALL.into_iter().zip(&self.buckets) {
            if let Some(bucket) = bucket {
                tables::put_bucket(index, level, self.room, bucket)?;
            }
        }
        Ok(())
    }
}
