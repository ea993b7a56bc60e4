//! Opening a log: whose it is, whether it is whole, and whether it is the one that ended.

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use arcane_shared::{Epoch, RoomName, Seq};
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::continuity::LeftMarks;
use super::leftovers;
use super::private;
use super::reader::known_hole;
use super::remains;
use super::schema::{self, SchemaError, event_id, seq_of};
use crate::clock::{self, SteadyClock, boot};
use crate::log::{LogError, RoomId, RoomRecord, new_epoch};

/// The database in a data directory.
pub const EVENTS_FILE: &str = "events.db";
const LOCK_FILE: &str = "lock";
/// How long a server that is about to end, or was killed a moment ago, may take to let go of the directory.
const LET_GO: Duration = Duration::from_secs(1);
/// Between two looks whether it has.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long a commit waits for another program that holds the database.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

/// Why a log cannot be opened, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory.
    #[error("cannot use the data directory {}: {source}", path.display())]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another server has it.
    #[error(
        "another arcane server{} uses the data directory {}; stop it, or choose another --data-dir",
        if pid.is_empty() { String::new() } else { format!(" (process {pid})") }, path.display()
    )]
    InUse {
        /// Which directory.
        path: PathBuf,
        /// Who, as far as it is known.
        pid: String,
    },
    /// It is no log.
    #[error("cannot use {} as an event log: {source}", path.display())]
    Schema {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: SchemaError,
    },
    /// It is not what was written.
    #[error(
        "the event log {} is damaged: {detail}. Nothing was changed. To go on: save what can be read with `arcane export \
         --salvage --data-dir {} > saved.ndjson`, move the directory away, and `arcane import --data-dir {} saved.ndjson`",
        path.display(), dir(path), dir(path)
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// It can be neither read nor written.
    #[error("cannot open the event log {}: {source}", path.display())]
    Log {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: LogError,
    },
}

fn dir(path: &Path) -> String {
    path.parent().unwrap_or(path).display().to_string()
}

/// What was found in a data directory.
pub(super) struct OpenedLog {
    pub(super) lock: File,
    pub(super) path: PathBuf,
    pub(super) connection: Connection,
    pub(super) rooms: Vec<RoomRecord>,
    /// Deleted rooms of which rows are left, and the last event of each.
    pub(super) deleted: Vec<(RoomId, Seq)>,
    /// Rows that were let go of and are still there: the first of each room that has such.
    pub(super) before_oldest: HashMap<RoomId, Seq>,
    /// The number of the next new room.
    pub(super) next_room: RoomId,
    pub(super) clock: SteadyClock,
    /// Names this run of the server.
    pub(super) run: String,
}

/// Takes possession of a directory.
pub(crate) fn lock(dir: &Path) -> Result<File, OpenError> {
    let unusable = |source| OpenError::Directory { path: dir.to_owned(), source };
    private::make_dir(dir).map_err(unusable)?;
    let mut file = hold(dir, private::create(&dir.join(LOCK_FILE)).map_err(unusable)?)?;
    sign(&mut file).map_err(unusable)?;
    Ok(file)
}

/// A lock for a program that only reads, from a disk that may be damaged or not to be written: nothing is made that is
/// not there. Without the file no server has been there.
pub(super) fn lock_for_reading(dir: &Path) -> Result<Option<File>, OpenError> {
    let mut file = match private::open(&dir.join(LOCK_FILE)) {
        Ok(file) => hold(dir, file)?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(OpenError::Directory { path: dir.to_owned(), source }),
    };
    // Only a hint for a server that comes meanwhile.
    let _ = sign(&mut file);
    Ok(Some(file))
}

fn hold(dir: &Path, file: File) -> Result<File, OpenError> {
    let began = Instant::now();
    let mut locked = file.try_lock();
    while matches!(locked, Err(TryLockError::WouldBlock)) && began.elapsed() < LET_GO {
        std::thread::sleep(LOOK_EVERY);
        locked = file.try_lock();
    }
    match locked {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            // Only a hint: without it the message is still true.
            let _ = file.take(20).read_to_string(&mut pid);
            Err(OpenError::InUse { path: dir.to_owned(), pid: pid.trim().to_owned() })
        }
        Err(TryLockError::Error(source)) => Err(OpenError::Directory { path: dir.to_owned(), source }),
    }
}

/// Says whose the directory is now.
fn sign(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    write!(file, "{}", std::process::id())
}

/// Opens the log of a directory and begins a run.
pub(super) fn open(dir: &Path) -> Result<OpenedLog, OpenError> {
    let lock = lock(dir)?;
    let unusable = |source| OpenError::Directory { path: dir.to_owned(), source };
    if remains::remove_remains(dir).map_err(unusable)? {
        tracing::warn!(dir = %dir.display(), "an import into the data directory did not end; what it left is removed");
    }
    private::check_files(dir).map_err(unusable)?;
    let path = dir.join(EVENTS_FILE);
    // Made before SQLite would: its other files get the mode of this one.
    drop(private::create(&path).map_err(unusable)?);
    let sorted = |error: LogError| sort(&path, error);
    let mut connection = connect(&path).map_err(|error| sorted(error.into()))?;
    check_size(&connection, &path)?;
    schema::migrate(&mut connection).map_err(|source| match source {
        SchemaError::Sqlite(error) => sorted(error.into()),
        source => OpenError::Schema { path: path.clone(), source },
    })?;
    let mut rooms = rooms(&connection).map_err(|error| sorted(error.into()))?;
    for room in &rooms {
        check_room(&connection, room)
            .map_err(|error| sorted(error.into()))?
            .map_err(|detail| OpenError::Damaged { path: path.clone(), detail })?;
    }
    let deleted = leftovers::find(&connection, &rooms).map_err(|error| sorted(error.into()))?;
    let before_oldest =
        leftovers::before_oldest(&connection, &rooms).map_err(|error| sorted(error.into()))?;
    let next_room = leftovers::next_room(&connection, &rooms).map_err(|error| sorted(error.into()))?;
    let clock = start_clock(&connection, &rooms).map_err(|error| sorted(error.into()))?;
    let run = format!("{:016x}", rand::random::<u64>());
    begin_run(&mut connection, dir, &run, &mut rooms).map_err(|error| sorted(error.into()))?;
    Ok(OpenedLog { lock, path, connection, rooms, deleted, before_oldest, next_room, clock, run })
}

fn sort(path: &Path, error: LogError) -> OpenError {
    if error.fault == crate::log::Fault::Damaged {
        OpenError::Damaged { path: path.to_owned(), detail: error.detail.to_string() }
    } else {
        OpenError::Log { path: path.to_owned(), source: error }
    }
}

/// A connection that writes.
pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    schema::prepare_writer(&connection)?;
    Ok(connection)
}

/// A file that was cut off is found before anything is written behind its end.
fn check_size(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let counted = number("page_count").and_then(|pages| Ok(pages * number("page_size")?));
    let expected = counted.map_err(|error| sort(path, error.into()))?.unsigned_abs();
    let actual = std::fs::metadata(path).map_or(0, |file| file.len());
    let wal = std::fs::metadata(path.with_extension("db-wal")).map_or(0, |file| file.len());
    // Pages that are only in the write-ahead log are behind the file's end, and that is as it should be.
    if actual + wal < expected {
        let detail = format!("it has {actual} bytes and should have {expected}");
        return Err(OpenError::Damaged { path: path.to_owned(), detail });
    }
    Ok(())
}

/// Every room with its row, and what its row does not say yet: the events beyond the head that it names.
const ROOMS: &str = "
SELECT id, name, epoch, first,
  coalesce((SELECT e.id & 0xFFFFFFFFFF FROM events e WHERE e.id > (rooms.id << 40 | head)
    AND e.id <= (rooms.id << 40 | 0xFFFFFFFFFF) ORDER BY e.id DESC LIMIT 1), head),
  bytes + coalesce((SELECT sum(octet_length(e.event)) FROM events e WHERE e.id > (rooms.id << 40 | head)
    AND e.id <= (rooms.id << 40 | 0xFFFFFFFFFF)), 0),
  coalesce((SELECT e.at FROM events e WHERE e.id > (rooms.id << 40 | head)
    AND e.id <= (rooms.id << 40 | 0xFFFFFFFFFF) ORDER BY e.id DESC LIMIT 1), at)
FROM rooms ORDER BY id";

pub(crate) fn rooms(connection: &Connection) -> rusqlite::Result<Vec<RoomRecord>> {
    let mut statement = connection.prepare(ROOMS)?;
    let number = |value: i64| value.unsigned_abs();
    let rows = statement.query_map([], |row| {
        Ok(RoomRecord {
            id: row.get(0)?,
            name: room_name(&row.get::<_, String>(1)?)?,
            epoch: Epoch(row.get(2)?),
            first: number(row.get(3)?),
            head: number(row.get(4)?),
            bytes: number(row.get(5)?),
            at: row.get(6)?,
        })
    })?;
    rows.collect()
}

/// What is no name is damage: its events are no other room's.
fn room_name(text: &str) -> rusqlite::Result<RoomName> {
    RoomName::parse(text).map_err(|error| {
        let corrupt = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
        rusqlite::Error::SqliteFailure(corrupt, Some(format!("room {text:?}: {error}")))
    })
}

/// Whether a room's events begin and end where they should.
fn check_room(connection: &Connection, room: &RoomRecord) -> rusqlite::Result<Result<(), String>> {
    let at = |end: &str| -> rusqlite::Result<Option<u64>> {
        let range = params![event_id(room.id, room.first), event_id(room.id, u64::MAX)];
        let sql = format!("SELECT id FROM events WHERE id >= ?1 AND id <= ?2 ORDER BY id {end} LIMIT 1");
        Ok(connection.query_row(&sql, range, |row| row.get(0)).optional()?.map(seq_of))
    };
    // What is known to be missing may be all that was before the oldest event that is there.
    let mut first = room.first;
    while let Some(last) = known_hole(connection, room.id, first)? {
        first = last + 1;
    }
    let expected = (first <= room.head).then_some((first, room.head));
    let found = at("ASC")?.zip(at("DESC")?);
    if expected == found {
        return Ok(Ok(()));
    }
    let words = |range: Option<(u64, u64)>| range.map_or("none".into(), |(a, b)| format!("{a} to {b}"));
    Ok(Err(format!("room {} should have events {} and has {}", room.name, words(expected), words(found))))
}

/// A clock that goes on where the last run's was, as far as that can be known.
fn start_clock(connection: &Connection, rooms: &[RoomRecord]) -> rusqlite::Result<SteadyClock> {
    let sql = "SELECT CAST(value AS TEXT) FROM meta WHERE key = 'clock'";
    let left: Option<String> = connection.query_row(sql, [], |row| row.get(0)).optional()?;
    let left = left.as_deref().and_then(clock::KeptTime::decode);
    Ok(SteadyClock::start(left.as_ref(), rooms.iter().all(|room| room.head == 0)))
}

/// Decides about the epochs and writes down, on the disk, that a run has begun.
fn begin_run(
    connection: &mut Connection,
    dir: &Path,
    run: &str,
    rooms: &mut [RoomRecord],
) -> rusqlite::Result<()> {
    let meta = |key: &str| {
        let sql = "SELECT CAST(value AS TEXT) FROM meta WHERE key = ?";
        connection.query_row(sql, [key], |row| row.get::<_, String>(0)).optional()
    };
    let was_clean = meta("clean")?.is_none_or(|clean| clean == "1");
    let last_run = meta("run")?.unwrap_or_default();
    let left = LeftMarks::read(dir).filter(|left| left.is_of(&last_run, boot().as_deref()));
    connection.pragma_update(None, "synchronous", "FULL")?;
    let transaction = connection.transaction()?;
    for room in rooms {
        transaction.execute(
            "UPDATE rooms SET head = ?2, bytes = ?3, at = ?4 WHERE id = ?1 AND head < ?2",
            params![room.id, room.head.cast_signed(), room.bytes.cast_signed(), room.at],
        )?;
        // Marks that are there say more than the log about itself; without them it has to say that it is whole.
        let is_proven = left.as_ref().map_or(was_clean, |left| left.of(room.id) <= room.head);
        if !is_proven {
            room.epoch = new_epoch();
            tracing::warn!(room = %room.name, epoch = %room.epoch, head = room.head,
                "events that were answered for may be missing: the room has a new epoch");
            transaction
                .execute("UPDATE rooms SET epoch = ?2 WHERE id = ?1", params![room.id, room.epoch.0])?;
        }
    }
    transaction.execute("INSERT OR REPLACE INTO meta VALUES('run', ?)", [run])?;
    transaction.execute("INSERT OR REPLACE INTO meta VALUES('clean', 1)", [])?;
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_rooms_row_does_not_say_yet_is_told_by_its_events() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        let row = "INSERT INTO rooms VALUES(?1, ?2, 'e', ?3, ?4, ?5, ?6)";
        for (id, name, first, head, bytes, at) in
            [(1, "lags", 2, 3, 20, 30), (2, "new", 1, 0, 0, 0), (3, "purged", 8, 7, 0, 70)]
        {
            connection.execute(row, params![id, name, first, head, bytes, at]).unwrap();
        }
        let event = "INSERT INTO events VALUES(?1, ?2, 'reveal', 1, NULL, 0, '{\"a\":\"äö\"}')";
        for (room, seq) in [(1, 2), (1, 3), (1, 4), (1, 5), (2, 1)] {
            connection.execute(event, params![event_id(room, seq), 10 * seq.cast_signed()]).unwrap();
        }
        let found = rooms(&connection).unwrap();
        let found: Vec<_> = found.iter().map(|room| (room.first, room.head, room.bytes, room.at)).collect();
        assert_eq!(found, [(2, 5, 20 + 2 * 12, 50), (1, 1, 12, 10), (8, 7, 0, 70)]);
        for room in rooms(&connection).unwrap() {
            assert_eq!(check_room(&connection, &room).unwrap(), Ok(()), "{}", room.name);
        }
    }
}
