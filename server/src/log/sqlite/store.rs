//! What every transaction of the writer needs: its connection, and what it knows of the rooms that are in the file.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use arcane_shared::Seq;
use rusqlite::{Connection, params};

use crate::log::retention::Held;
use crate::log::{RoomId, RoomRecord};

/// Rooms' rows lag behind their events by no more than this, and no longer than [`ROWS_EVERY`] while events come: a start
/// derives what they do not say from the events beyond them.
const ROWS_EVENTS_MAX: u64 = 4096;
/// See [`ROWS_EVENTS_MAX`].
const ROWS_EVERY: Duration = Duration::from_secs(1);

/// What the writer knows of a room.
#[derive(Debug, Clone, Copy)]
pub(super) struct RoomExtent {
    pub(super) first: Seq,
    pub(super) head: Seq,
    pub(super) bytes: u64,
    pub(super) at: i64,
}

impl RoomExtent {
    /// A room in which nothing has happened.
    pub(super) const EMPTY: Self = Self { first: 1, head: 0, bytes: 0, at: 0 };

    pub(super) fn held(self) -> Held {
        Held { first: self.first, head: self.head, bytes: self.bytes }
    }
}

impl From<&RoomRecord> for RoomExtent {
    fn from(record: &RoomRecord) -> Self {
        Self { first: record.first, head: record.head, bytes: record.bytes, at: record.at }
    }
}

/// The database as its only writer has it.
pub(super) struct Store {
    pub(super) connection: Connection,
    pub(super) rooms: HashMap<RoomId, RoomExtent>,
    /// Rooms that are deleted, while rows of theirs are left.
    pub(super) deleted: HashSet<RoomId>,
    /// Whether the file says that all of it is synced.
    pub(super) clean: bool,
    /// Rooms whose rows say less than their events.
    lagging: HashSet<RoomId>,
    /// Events since rooms' rows were written, and when that was.
    lag: (u64, Instant),
    /// Whether commits of the connection wait for the disk, as it was set last.
    waits: Option<bool>,
}

impl Store {
    /// What was opened, and is synced.
    pub(super) fn new(
        connection: Connection,
        rooms: HashMap<RoomId, RoomExtent>,
        deleted: HashSet<RoomId>,
    ) -> Self {
        let lag = (0, Instant::now());
        Self { connection, rooms, deleted, clean: true, lagging: HashSet::new(), lag, waits: None }
    }

    /// Goes on with another connection.
    pub(super) fn replace(&mut self, connection: Connection) {
        self.connection = connection;
        self.waits = None;
    }

    /// Whether the next commit, of so many events, writes rooms' rows.
    pub(super) fn is_row_due(&self, events: u64) -> bool {
        self.lag.0 + events >= ROWS_EVENTS_MAX || self.lag.1.elapsed() >= ROWS_EVERY
    }

    /// Writes the rows of these rooms, and of all whose rows lag. It is in the file once the transaction is.
    pub(super) fn write_rows(&self, changed: &HashMap<RoomId, RoomExtent>) -> rusqlite::Result<()> {
        let sql = "UPDATE rooms SET head = ?2, bytes = ?3, at = ?4 WHERE id = ?1";
        let mut update = self.connection.prepare_cached(sql)?;
        let lagging = self.lagging.iter().filter(|room| !changed.contains_key(room));
        let lagging = lagging.filter_map(|room| Some((room, self.rooms.get(room)?)));
        for (room, kept) in changed.iter().chain(lagging) {
            update.execute(params![room, kept.head.cast_signed(), kept.bytes.cast_signed(), kept.at])?;
        }
        Ok(())
    }

    /// What was committed is as these say, and so are the rows, if they were written.
    pub(super) fn committed(&mut self, changed: HashMap<RoomId, RoomExtent>, events: u64, rows: bool) {
        if rows {
            self.rows_written();
        } else {
            self.lagging.extend(changed.keys());
            self.lag.0 += events;
        }
        self.rooms.extend(changed);
    }

    /// All rows are as they should be.
    pub(super) fn rows_written(&mut self) {
        self.lagging.clear();
        self.lag = (0, Instant::now());
    }

    /// Sets whether the next commit waits for the disk.
    pub(super) fn set_synced(&mut self, synced: bool) -> rusqlite::Result<()> {
        if self.waits != Some(synced) {
            // Unknown, should this fail.
            self.waits = None;
            self.connection.pragma_update(None, "synchronous", if synced { "FULL" } else { "NORMAL" })?;
            self.waits = Some(synced);
        }
        Ok(())
    }
}
