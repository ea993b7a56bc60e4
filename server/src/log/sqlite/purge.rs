//! Deleting what is past retention, a few rows at a time: publishers never wait long for it.

use std::time::Instant;

use rusqlite::{Connection, TransactionBehavior, params};

use super::schema::{event_id, seq_of};
use super::store::Store;
use crate::log::pins::Pins;
use crate::log::retention::{Aged, Retention};
use crate::log::{RoomId, Usage};

/// Rows of one step.
const ROWS_MAX: usize = 1000;

/// Deletes a few rows of a room, if it holds more than it should. Returns how many.
pub(super) fn step(
    store: &mut Store,
    pins: &Pins,
    retention: &Retention,
    room: RoomId,
    now: i64,
    check_age: bool,
) -> rusqlite::Result<u64> {
    let Some(mut kept) = store.rooms.get(&room).copied() else { return Ok(0) };
    let promised = pins.usage(room).first;
    let is_due = promised > kept.first
        || store.deleted.contains(&room)
        || retention.is_exceeded(kept.held(), None, now);
    let may_be_old = check_age && kept.first <= kept.head;
    if !(is_due || may_be_old) {
        return Ok(0);
    }
    let oldest = oldest(&store.connection, room, kept.first)?;
    if oldest.is_empty() && store.deleted.remove(&room) {
        store.rooms.remove(&room);
        pins.forget(room);
        return Ok(0);
    }
    let wanted = retention.first_to_keep(kept.held(), &oldest, now).max(promised);
    // From here on nobody is promised what goes.
    let allowed = pins.advance(room, wanted, Instant::now());
    let gone: Vec<&Aged> = oldest.iter().take_while(|event| event.seq < allowed).collect();
    let Some(last) = gone.last() else { return Ok(0) };
    let bytes: u64 = gone.iter().map(|event| event.bytes).sum();
    kept.first = last.seq + 1;
    kept.bytes = kept.bytes.saturating_sub(bytes);
    let transaction = store.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute(
        "DELETE FROM events WHERE id > ?1 AND id <= ?2",
        [event_id(room, 0), event_id(room, last.seq)],
    )?;
    transaction.execute(
        // The head and its time, too: afterwards there may be no event that tells them.
        "UPDATE rooms SET first = max(first, ?2), bytes = ?3, head = ?4, at = ?5 WHERE id = ?1",
        params![room, kept.first.cast_signed(), kept.bytes.cast_signed(), kept.head.cast_signed(), kept.at],
    )?;
    transaction.commit()?;
    store.rooms.insert(room, kept);
    pins.set(room, Usage { first: allowed.max(kept.first), bytes: kept.bytes });
    Ok(gone.len() as u64)
}

fn oldest(connection: &Connection, room: RoomId, first: u64) -> rusqlite::Result<Vec<Aged>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, octet_length(event), at FROM events WHERE id >= ?1 AND id <= ?2 ORDER BY id LIMIT ?3",
    )?;
    let range = params![event_id(room, first.min(1)), event_id(room, u64::MAX), ROWS_MAX.cast_signed()];
    let rows = statement.query_map(range, |row| {
        let bytes: i64 = row.get(1)?;
        Ok(Aged { seq: seq_of(row.get(0)?), bytes: bytes.unsigned_abs(), at: row.get(2)? })
    })?;
    rows.collect()
}
