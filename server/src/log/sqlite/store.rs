//! What every transaction of the writer needs: its connection, and what it knows of the rooms that are in the file.

use std::collections::{HashMap, HashSet};

use arcane_shared::Seq;
use rusqlite::Connection;

use crate::log::retention::Held;
use crate::log::{RoomId, RoomRecord};

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
        Self { connection, rooms, deleted, clean: true, waits: None }
    }

    /// Goes on with another connection.
    pub(super) fn replace(&mut self, connection: Connection) {
        self.connection = connection;
        self.waits = None;
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
