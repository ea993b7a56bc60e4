//! Deleting what is past retention, a few rows at a time: publishers never wait long for it.

use std::time::Instant;

use rusqlite::{TransactionBehavior, params};

use super::schema::{event_id, seq_of};
use super::writer::Writer;
use crate::log::retention::Aged;
use crate::log::{RoomId, Usage};

/// Rows of one step.
const ROWS_MAX: usize = 1000;

/// Deletes a few rows of every room that holds more than it should.
pub(super) fn step(writer: &mut Writer, now: i64, check_age: bool) -> rusqlite::Result<()> {
    let rooms: Vec<RoomId> = writer.rooms.keys().copied().collect();
    for room in rooms {
        step_room(writer, room, now, check_age)?;
    }
    Ok(())
}

fn step_room(writer: &mut Writer, room: RoomId, now: i64, check_age: bool) -> rusqlite::Result<()> {
    let Some(mut kept) = writer.rooms.get(&room).copied() else { return Ok(()) };
    let promised = writer.shelves.usage(room).first;
    let is_due = promised > kept.first
        || writer.deleted.contains(&room)
        || writer.retention.is_exceeded(kept.held(), None, now);
    let may_be_old = check_age && kept.first <= kept.head;
    if !(is_due || may_be_old) {
        return Ok(());
    }
    let oldest = oldest(writer, room, kept.first)?;
    if oldest.is_empty() && writer.deleted.remove(&room) {
        writer.rooms.remove(&room);
        writer.shelves.forget(room);
        return Ok(());
    }
    let wanted = writer.retention.first_to_keep(kept.held(), &oldest, now).max(promised);
    // From here on nobody is promised what goes.
    let allowed = writer.shelves.advance(room, wanted, Instant::now());
    let gone: Vec<&Aged> = oldest.iter().take_while(|event| event.seq < allowed).collect();
    let Some(last) = gone.last() else { return Ok(()) };
    let bytes: u64 = gone.iter().map(|event| event.bytes).sum();
    kept.first = last.seq + 1;
    kept.bytes = kept.bytes.saturating_sub(bytes);
    let transaction = writer.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute(
        "DELETE FROM events WHERE id > ?1 AND id <= ?2",
        [event_id(room, 0), event_id(room, last.seq)],
    )?;
    transaction.execute(
        "UPDATE rooms SET first = max(first, ?2), bytes = ?3 WHERE id = ?1",
        params![room, kept.first.cast_signed(), kept.bytes.cast_signed()],
    )?;
    transaction.commit()?;
    (writer.wake)(gone.len() as u64);
    writer.rooms.insert(room, kept);
    writer.shelves.set(room, Usage { first: allowed.max(kept.first), bytes: kept.bytes });
    if writer.checkpoints.wrote(gone.len() as u64, 0) {
        writer.checkpoints.keep_bounded(&writer.connection);
    }
    Ok(())
}

fn oldest(writer: &Writer, room: RoomId, first: u64) -> rusqlite::Result<Vec<Aged>> {
    let mut statement = writer.connection.prepare_cached(
        "SELECT id, octet_length(event), at FROM events WHERE id >= ?1 AND id <= ?2 ORDER BY id LIMIT ?3",
    )?;
    let range = params![event_id(room, first.min(1)), event_id(room, u64::MAX), ROWS_MAX.cast_signed()];
    let rows = statement.query_map(range, |row| {
        let bytes: i64 = row.get(1)?;
        Ok(Aged { seq: seq_of(row.get(0)?), bytes: bytes.unsigned_abs(), at: row.get(2)? })
    })?;
    rows.collect()
}
