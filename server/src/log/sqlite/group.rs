//! One commit: everything in it is in the log, or nothing.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use rusqlite::{Connection, params};

use super::queue::Group;
use super::schema::event_id;
use super::store::{RoomExtent, Store};
use crate::clock::SteadyClock;
use crate::log::{Level, Record, RoomId, RoomRecord};

/// A transaction whose beginning and end are prepared once: with one event in it, parsing them would be a tenth of the
/// work. Dropped before its end, it is rolled back.
struct Commit<'a>(&'a Connection);

impl<'a> Commit<'a> {
    fn begin(connection: &'a Connection) -> rusqlite::Result<Self> {
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        Ok(Self(connection))
    }

    fn commit(self) -> rusqlite::Result<()> {
        self.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    }
}

impl std::ops::Deref for Commit<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.0
    }
}

impl Drop for Commit<'_> {
    fn drop(&mut self) {
        // After a commit there is no transaction any more.
        if !self.0.is_autocommit()
            && let Err(error) = self.0.execute_batch("ROLLBACK")
        {
            tracing::warn!(%error, "a commit that failed could not be rolled back");
        }
    }
}

/// What a commit wrote.
pub(super) struct Written {
    /// Rooms that are not as they were.
    pub(super) rooms: HashMap<RoomId, RoomExtent>,
    /// Rooms that are no more. Their rows go later, step by step.
    pub(super) deleted: Vec<RoomId>,
    pub(super) events: u64,
    pub(super) bytes: u64,
    /// Whether rooms' rows were written.
    pub(super) rows: bool,
    pub(super) synced: bool,
}

/// Writes a group, and what time it is if a clock is given.
pub(super) fn write(
    store: &mut Store,
    group: &Group,
    clock: Option<&SteadyClock>,
) -> rusqlite::Result<Written> {
    let has_events = !group.appends.is_empty();
    let synced = is_synced(group.level, store.clean, has_events) || !group.purges.is_empty();
    store.set_synced(synced)?;
    let transaction = Commit::begin(&store.connection)?;
    let mut written =
        Written { rooms: HashMap::new(), deleted: Vec::new(), events: 0, bytes: 0, rows: false, synced };
    if store.clean && has_events {
        set_clean_in(&transaction, false)?;
    }
    if let Some(clock) = clock {
        keep_clock(&transaction, clock)?;
    }
    write_rooms(&transaction, group, &mut written)?;
    write_events(&transaction, store, group, &mut written)?;
    write_purges(&transaction, store, group, &mut written)?;
    write_records(&transaction, &group.records)?;
    // Rows that go must not take with them what only they say of their room.
    written.rows = !group.purges.is_empty() || store.is_row_due(written.events);
    if written.rows {
        store.write_rows(&written.rooms)?;
    }
    transaction.commit()?;
    Ok(written)
}

/// Rooms that are new, and rooms that are forgotten.
fn write_rooms(transaction: &Connection, group: &Group, written: &mut Written) -> rusqlite::Result<()> {
    for (id, record) in &group.rooms {
        match record {
            Some(record) => {
                write_room(transaction, *id, record)?;
                written.rooms.insert(*id, RoomExtent::EMPTY);
            }
            None => {
                delete_room(transaction, *id)?;
                written.deleted.push(*id);
            }
        }
    }
    Ok(())
}

/// Events, and the records that ride with them.
fn write_events(
    transaction: &Connection,
    store: &Store,
    group: &Group,
    written: &mut Written,
) -> rusqlite::Result<()> {
    let mut insert = transaction.prepare_cached("INSERT INTO events VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
    for append in &group.appends {
        let gone = store.deleted.contains(&append.room) || written.deleted.contains(&append.room);
        let known = store.rooms.get(&append.room).copied().filter(|_| !gone);
        let kept = match (known, written.rooms.entry(append.room)) {
            (_, Entry::Occupied(kept)) => kept.into_mut(),
            (Some(known), Entry::Vacant(place)) => place.insert(known),
            // Written into a room that is not there, they would be answered for and lost.
            (None, Entry::Vacant(_)) => return Err(rusqlite::Error::QueryReturnedNoRows),
        };
        for frame in &append.frames {
            let json = frame.json();
            insert.execute(params![
                event_id(append.room, frame.seq()),
                frame.at(),
                frame.spell_name().as_str(),
                frame.success(),
                frame.daemon_name().map(|name| name.as_str()),
                crc32fast::hash(json),
                frame.text(),
            ])?;
            kept.head = frame.seq();
            kept.at = frame.at();
            kept.bytes += json.len() as u64;
            written.bytes += json.len() as u64;
        }
        written.events += append.frames.len() as u64;
        write_records(transaction, &append.records)?;
    }
    Ok(())
}

/// What is let go of: the rows go later, step by step; that they are gone for readers is written now.
fn write_purges(
    transaction: &Connection,
    store: &Store,
    group: &Group,
    written: &mut Written,
) -> rusqlite::Result<()> {
    for purge in &group.purges {
        if let Some(records) = &purge.deletes {
            delete_room(transaction, purge.room)?;
            write_records(transaction, records)?;
            written.rooms.remove(&purge.room);
            written.deleted.push(purge.room);
            continue;
        }
        let known = store.rooms.get(&purge.room).copied();
        let kept = written.rooms.entry(purge.room).or_insert_with(|| known.unwrap_or(RoomExtent::EMPTY));
        transaction.execute(
            "UPDATE rooms SET first = max(first, ?2) WHERE id = ?1",
            params![purge.room, purge.before.min(kept.head + 1).cast_signed()],
        )?;
    }
    Ok(())
}

/// Writes down what time it is, for the next run.
pub(super) fn keep_clock(connection: &Connection, clock: &SteadyClock) -> rusqlite::Result<()> {
    if let Some(left) = clock.to_keep() {
        connection.execute("INSERT OR REPLACE INTO meta VALUES('clock', ?)", [left.encode()])?;
    }
    Ok(())
}

fn write_room(transaction: &Connection, id: RoomId, record: &RoomRecord) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT INTO rooms(id, name, epoch, first, head, bytes, at) VALUES(?1, ?2, ?3, 1, 0, 0, 0)",
        params![id, record.name.as_str(), record.epoch.0],
    )?;
    // Numbers are given once: the index may know what a deleted room had.
    transaction.execute(
        "INSERT INTO meta VALUES('room', ?1) ON CONFLICT DO UPDATE SET value = max(value, excluded.value)",
        [id],
    )?;
    Ok(())
}

fn delete_room(transaction: &Connection, id: RoomId) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM rooms WHERE id = ?", [id])?;
    Ok(())
}

fn write_records(transaction: &Connection, records: &[Record]) -> rusqlite::Result<()> {
    for record in records {
        match &record.value {
            Some(value) => {
                let mut keep = transaction.prepare_cached("INSERT OR REPLACE INTO state VALUES(?1, ?2)")?;
                keep.execute([record.key.as_str(), value.as_str()])?;
            }
            None => {
                let mut forget = transaction.prepare_cached("DELETE FROM state WHERE key = ?1")?;
                forget.execute([record.key.as_str()])?;
            }
        }
    }
    Ok(())
}

/// Writes to the disk, and on it, that everything before is there.
pub(super) fn set_clean(store: &mut Store, clock: &SteadyClock) -> rusqlite::Result<()> {
    store.set_synced(true)?;
    let transaction = Commit::begin(&store.connection)?;
    set_clean_in(&transaction, true)?;
    store.write_rows(&HashMap::new())?;
    keep_clock(&transaction, clock)?;
    transaction.commit()?;
    store.rows_written();
    Ok(())
}

fn set_clean_in(transaction: &Connection, clean: bool) -> rusqlite::Result<()> {
    transaction.execute("INSERT OR REPLACE INTO meta VALUES('clean', ?)", [i64::from(clean)])?;
    Ok(())
}

/// Whether something of the size of a few events can be written.
pub(super) fn probe(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute("INSERT OR REPLACE INTO meta VALUES('probe', zeroblob(65536))", [])?;
    connection.execute("DELETE FROM meta WHERE key = 'probe'", [])?;
    Ok(())
}

/// Whether a group has to wait for the disk.
fn is_synced(level: Level, clean: bool, events: bool) -> bool {
    level == Level::Synced || clean && events
}
