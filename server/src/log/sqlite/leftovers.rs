//! Rows that an earlier run let go of and did not get to delete, and which number a new room gets.

use std::collections::{HashMap, HashSet};

use arcane_shared::Seq;
use rusqlite::{Connection, OptionalExtension};

use super::schema::{event_id, seq_of};
use crate::log::{RoomId, RoomRecord};

/// What is left of deleted rooms: the number of each, and its last event.
pub(super) fn find(connection: &Connection, rooms: &[RoomRecord]) -> rusqlite::Result<Vec<(RoomId, Seq)>> {
    let known: HashSet<RoomId> = rooms.iter().map(|room| room.id).collect();
    let mut next = connection.prepare("SELECT id FROM events WHERE id > ? ORDER BY id LIMIT 1")?;
    let mut last = connection.prepare("SELECT id FROM events WHERE id <= ? ORDER BY id DESC LIMIT 1")?;
    let mut found = Vec::new();
    let mut after = 0;
    // From room to room, not from row to row.
    while let Some(id) = next.query_row([after], |row| row.get::<_, i64>(0)).optional()? {
        let room = room_of(id);
        after = event_id(room, Seq::MAX);
        if !known.contains(&room) {
            found.push((room, seq_of(last.query_row([after], |row| row.get(0))?)));
        }
    }
    Ok(found)
}

/// The first row of each room that has one before the oldest event that is kept.
pub(super) fn before_oldest(
    connection: &Connection,
    rooms: &[RoomRecord],
) -> rusqlite::Result<HashMap<RoomId, Seq>> {
    let mut lowest =
        connection.prepare("SELECT id FROM events WHERE id > ?1 AND id < ?2 ORDER BY id LIMIT 1")?;
    let mut found = HashMap::new();
    for room in rooms {
        let range = [event_id(room.id, 0), event_id(room.id, room.first)];
        if let Some(id) = lowest.query_row(range, |row| row.get(0)).optional()? {
            found.insert(room.id, seq_of(id));
        }
    }
    Ok(found)
}

/// The number of the next room: one that no room has had, also none that is deleted.
pub(super) fn next_room(connection: &Connection, rooms: &[RoomRecord]) -> rusqlite::Result<RoomId> {
    let given = "SELECT value FROM meta WHERE key = 'room'";
    let given: Option<RoomId> = connection.query_row(given, [], |row| row.get(0)).optional()?;
    let written: Option<i64> = connection.query_row("SELECT max(id) FROM events", [], |row| row.get(0))?;
    let latest = rooms.iter().map(|room| room.id).chain(given).chain(written.map(room_of)).max();
    Ok(latest.unwrap_or(0) + 1)
}

fn room_of(id: i64) -> RoomId {
    RoomId::try_from((id - seq_of(id).cast_signed()) / event_id(1, 0)).unwrap_or(RoomId::MAX)
}
