//! The tables, and how older files become like them.

use rusqlite::Connection;

use super::checkpoint::WAL_KEPT_BYTES;
use crate::log::RoomId;
use arcane_shared::Seq;

/// How many bits of an event's id are its number in its room.
const SEQ_BITS: u32 = 40;

/// The last number that a room can give.
pub(super) const SEQ_MAX: Seq = (1 << SEQ_BITS) - 2;
/// The last number of a room: beyond it an event's id would be negative.
pub(super) const ROOM_MAX: RoomId = (1 << (63 - SEQ_BITS)) - 1;

/// What SQLite calls these files ("arcn"), so that another program's are not taken for them.
const APPLICATION_ID: i32 = 0x6172_636e;

/// Each step brings a file one version further. A step that was released is never changed.
const STEPS: [&str; 1] = ["
CREATE TABLE meta(key TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
CREATE TABLE rooms(
  id INTEGER PRIMARY KEY,
  name TEXT UNIQUE NOT NULL,
  epoch TEXT NOT NULL,
  first INTEGER NOT NULL,
  head INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE TABLE events(
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  spell TEXT NOT NULL,
  success INTEGER NOT NULL,
  daemon TEXT,
  crc INTEGER NOT NULL,
  event TEXT NOT NULL
) STRICT;
CREATE TABLE holes(room INTEGER, first INTEGER, last INTEGER, PRIMARY KEY(room, first)) STRICT, WITHOUT ROWID;
CREATE TABLE state(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
"];

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// Another program's.
    #[error("it is a database of another program")]
    Foreign,
    /// A later version's.
    #[error("it was written by a later version of arcane (format {0}, this one knows {known})", known = STEPS.len())]
    Later(i64),
    /// SQLite.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

/// An event's id: its room and its number in one, so that a room's events lie next to each other in order.
pub(super) fn event_id(room: RoomId, seq: Seq) -> i64 {
    debug_assert!(room <= ROOM_MAX, "a room's number is checked where it is given");
    (i64::from(room) << SEQ_BITS) | seq.min((1 << SEQ_BITS) - 1).cast_signed()
}

/// The number in an event's id.
pub(super) fn seq_of(id: i64) -> Seq {
    (id & ((1 << SEQ_BITS) - 1)).cast_unsigned()
}

/// Settings of a connection that writes.
pub(super) fn prepare_writer(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    // Checkpoints are made beside the writer, not in the middle of a commit.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    // A burst leaves a file that is as long as it was at most; the next one begins with a short one.
    connection.pragma_update(None, "journal_size_limit", WAL_KEPT_BYTES.cast_signed())?;
    // Little: what is written next lies behind what was written last. What is in the processor's own cache costs less.
    connection.pragma_update(None, "cache_size", -2048)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(())
}

/// Makes the tables, or brings an older file up to date, in one transaction.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), SchemaError> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != APPLICATION_ID && (tables > 0 || application != 0) {
        return Err(SchemaError::Foreign);
    }
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    if version > known {
        return Err(SchemaError::Later(version));
    }
    if version == known {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    for step in STEPS.iter().skip(usize::try_from(version).unwrap_or(0)) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", known)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    if version == 0 {
        let log = format!("{:016x}", rand::random::<u64>());
        transaction.execute("INSERT INTO meta VALUES('log', ?)", [log])?;
    }
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rooms_events_lie_next_to_each_other() {
        assert!(event_id(1, 1) < event_id(1, 2) && event_id(1, u64::MAX) < event_id(2, 0));
        assert!(event_id(1, SEQ_MAX) < event_id(1, u64::MAX) && event_id(ROOM_MAX, u64::MAX) == i64::MAX);
        assert_eq!(seq_of(event_id(7, 123_456)), 123_456);
    }

    #[test]
    fn other_programs_and_later_versions_are_left_alone() {
        let mut foreign = Connection::open_in_memory().unwrap();
        foreign.execute_batch("CREATE TABLE t(x)").unwrap();
        assert!(matches!(migrate(&mut foreign), Err(SchemaError::Foreign)));
        let mut later = Connection::open_in_memory().unwrap();
        migrate(&mut later).unwrap();
        migrate(&mut later).unwrap();
        later.pragma_update(None, "user_version", 99).unwrap();
        assert!(matches!(migrate(&mut later), Err(SchemaError::Later(99))));
    }
}
