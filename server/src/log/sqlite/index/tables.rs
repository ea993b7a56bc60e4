//! The rows of `index.db` as values.

use arcane_shared::Seq;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::block::Block;
use super::plan::IndexedRoom;
use super::rollup::{Bucket, Counts, Level};
use super::row_range::{RowRange, row, seq_of};
use crate::log::history::Order;

/// All rooms, in order.
pub(super) fn rooms(index: &Connection) -> Result<Vec<IndexedRoom>> {
    let mut rooms = index.prepare_cached("SELECT id, epoch, first, indexed FROM rooms ORDER BY id")?;
    rooms.query_map([], indexed_room)?.collect()
}

/// One room.
pub(super) fn room(index: &Connection, id: i64) -> Result<Option<IndexedRoom>> {
    let mut room = index.prepare_cached("SELECT id, epoch, first, indexed FROM rooms WHERE id = ?1")?;
    room.query_row([id], indexed_room).optional()
}

fn indexed_room(row: &Row<'_>) -> Result<IndexedRoom> {
    Ok(IndexedRoom { id: row.get(0)?, epoch: row.get(1)?, first: row.get(2)?, indexed: row.get(3)? })
}

/// Remembers how far a room is indexed.
pub(super) fn put_room(index: &Connection, room: &IndexedRoom) -> Result<()> {
    index
        .prepare_cached("INSERT OR REPLACE INTO rooms(id, epoch, first, indexed) VALUES(?1, ?2, ?3, ?4)")?
        .execute(params![room.id, room.epoch, room.first, room.indexed])
        .map(drop)
}

/// Forgets a room of which nothing is indexed.
pub(super) fn drop_room(index: &Connection, id: i64) -> Result<()> {
    for table in ["blocks", "seconds", "minutes", "hours"] {
        index
            .prepare_cached(&format!("DELETE FROM {table} WHERE id >= ?1 AND id < ?2"))?
            .execute([row(id, 0), row(id + 1, 0)])?;
    }
    index.prepare_cached("DELETE FROM rooms WHERE id = ?1")?.execute([id]).map(drop)
}

/// The block that has this event, if it is indexed.
pub(super) fn block_of(index: &Connection, room: i64, seq: Seq) -> Result<Option<Block>> {
    let start = Block::start_of(seq);
    next_block(index, RowRange { room, low: start, high: start, order: Order::Ascending })
}

/// The first block that begins in a range.
pub(super) fn next_block(index: &Connection, range: RowRange) -> Result<Option<Block>> {
    let sql = match range.order {
        Order::Ascending => {
            "SELECT id, kinds, daemons FROM blocks WHERE id >= ?1 AND id <= ?2 ORDER BY id LIMIT 1"
        }
        Order::Descending => {
            "SELECT id, kinds, daemons FROM blocks WHERE id >= ?1 AND id <= ?2 ORDER BY id DESC LIMIT 1"
        }
    };
    let rows = range.rows();
    let read = |row: &Row<'_>| {
        let columns = (row.get_ref(1)?.as_blob()?, row.get_ref(2)?.as_blob()?);
        Block::from_columns(seq_of(row.get(0)?), columns.0, columns.1).ok_or_else(|| damaged("a block"))
    };
    index.prepare_cached(sql)?.query_row([rows.start(), rows.end()], read).optional()
}

/// Writes a block in place of what it was.
pub(super) fn put_block(index: &Connection, room: i64, block: &Block) -> Result<()> {
    let (kinds, daemons) = block.columns();
    index
        .prepare_cached("INSERT OR REPLACE INTO blocks(id, kinds, daemons) VALUES(?1, ?2, ?3)")?
        .execute(params![row(room, block.start()), kinds, daemons])
        .map(drop)
}

/// Removes the blocks all of whose events are before this one.
pub(super) fn drop_blocks(index: &Connection, room: i64, before: Seq) -> Result<()> {
    index
        .prepare_cached("DELETE FROM blocks WHERE id >= ?1 AND id < ?2")?
        .execute([row(room, 0), row(room, Block::start_of(before))])
        .map(drop)
}

/// The buckets of a range of time (Unix seconds, both ends included), in its order.
pub(super) fn buckets(
    index: &Connection,
    level: Level,
    time: RowRange,
    mut visit: impl FnMut(Bucket) -> std::ops::ControlFlow<()>,
) -> Result<()> {
    let order = match time.order {
        Order::Ascending => "",
        Order::Descending => " DESC",
    };
    let table = level.table();
    let sql = format!("SELECT id, first, counts FROM {table} WHERE id >= ?1 AND id <= ?2 ORDER BY id{order}");
    let mut buckets = index.prepare_cached(&sql)?;
    let rows = time.rows();
    let mut rows = buckets.query([rows.start(), rows.end()])?;
    while let Some(row) = rows.next()? {
        let counts = Counts::decode(row.get_ref(2)?.as_blob()?).ok_or_else(|| damaged("counts"))?;
        if visit(Bucket { at: seq_of(row.get(0)?), first: row.get(1)?, counts }).is_break() {
            break;
        }
    }
    Ok(())
}

/// Writes a bucket in place of what it was.
pub(super) fn put_bucket(index: &Connection, level: Level, room: i64, bucket: &Bucket) -> Result<()> {
    let table = level.table();
    index
        .prepare_cached(&format!("INSERT OR REPLACE INTO {table}(id, first, counts) VALUES(?1, ?2, ?3)"))?
        .execute(params![row(room, bucket.at), bucket.first, bucket.counts.encode()])
        .map(drop)
}

/// Removes a bucket.
pub(super) fn drop_bucket(index: &Connection, level: Level, room: i64, at: u64) -> Result<()> {
    let table = level.table();
    index.prepare_cached(&format!("DELETE FROM {table} WHERE id = ?1"))?.execute([row(room, at)]).map(drop)
}

fn damaged(what: &'static str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(
        0,
        Type::Blob,
        format!("{what} of the index cannot be read").into(),
    )
}
