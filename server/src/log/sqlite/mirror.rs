//! A copy of rooms that another log keeps, with the index over it, for questions about their past.
//!
//! Nothing here is worth keeping: what does not fit the other log is copied anew.

use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use arcane_shared::{Epoch, RoomName, Seq};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::index::{Index, IndexError};
use super::open::{self, EVENTS_FILE, OpenError};
use super::private;
use super::schema::{self, SchemaError, event_id};
use crate::event::PreparedFrame;
use crate::log::RoomId;
use crate::log::history::{Activity, ActivityQuery, HistoryPage, HistoryQuery};

/// Files of a database.
const FILES: [&str; 4] = ["", "-wal", "-shm", "-journal"];
/// Pages of the write-ahead log after which they are moved to their place: 16 MiB.
const CHECKPOINT_PAGES: u32 = 4096;
/// Numbers whose rows are deleted in one transaction.
const DELETED_AT_ONCE: Seq = 10_000;
/// What a damaged copy or one of another version gives way to is as good.
const TRIES: usize = 2;

/// Copies of rooms in a directory.
#[derive(Debug)]
pub struct Mirror {
    /// None once it was closed.
    writer: Mutex<Option<Writer>>,
    index: Index,
}

/// What writes, and the right to.
#[derive(Debug)]
struct Writer {
    connection: Connection,
    _lock: File,
}

/// A copied room: what of it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// Its number here.
    pub id: RoomId,
    /// The oldest event; `head + 1` if there is none.
    pub first: Seq,
    /// The latest event.
    pub head: Seq,
    /// When that was taken, Unix microseconds.
    at: i64,
}

impl Mirror {
    /// Opens the copies in a directory, which is made. Blocks.
    ///
    /// # Errors
    /// If the directory cannot be used, or another process uses it.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        let lock = open::lock(dir)?;
        let path = dir.join(EVENTS_FILE);
        let mut tries = 1..TRIES;
        let connection = loop {
            let error = match open_writer(&path) {
                Ok(writer) => break writer,
                Err(error) => error,
            };
            if tries.next().is_none() {
                return Err(OpenError::Schema { path, source: error });
            }
            tracing::warn!(path = %path.display(), %error, "the copies of rooms cannot be used; they are made anew");
            remove(&path).map_err(|source| OpenError::Directory { path: path.clone(), source })?;
        };
        let index = Index::open(dir).map_err(|error| OpenError::Log { path, source: error.into() })?;
        Ok(Self { writer: Mutex::new(Some(Writer { connection, _lock: lock })), index })
    }

    /// The rooms that are copied, and which run of numbers of each. Blocks.
    ///
    /// # Errors
    /// If the copies cannot be read.
    pub fn rooms(&self) -> Result<Vec<(RoomName, Epoch)>, IndexError> {
        let rooms: Vec<(String, Epoch)> = self.write(|writer| {
            let mut rooms = writer.prepare("SELECT name, epoch FROM rooms")?;
            rooms.query_map([], |row| Ok((row.get(0)?, Epoch(row.get(1)?))))?.collect()
        })?;
        Ok(rooms
            .into_iter()
            .filter_map(|(name, epoch)| Some((RoomName::parse(&name).ok()?, epoch)))
            .collect())
    }

    /// Lets go of the events of a copy that are older than `first`. Blocks.
    ///
    /// # Errors
    /// If the copies cannot be written.
    pub fn trim(&self, name: &RoomName, epoch: &Epoch, first: Seq) -> Result<(), IndexError> {
        self.write(|writer| match find(writer, name)? {
            // Beyond its end it is begun anew when it is asked for.
            Some((of, copied)) if of == *epoch => {
                begin_at(writer, copied, first.min(copied.head + 1)).map(drop)
            }
            _ => Ok(()),
        })?;
        self.index.wake(1);
        Ok(())
    }

    /// Leaves nothing of what was deleted in the write-ahead log. Says whether that was done: it is not while somebody reads.
    /// Blocks.
    ///
    /// # Errors
    /// If the copies cannot be written.
    pub fn tidy(&self) -> Result<bool, IndexError> {
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
        let is_busy = self.write(|writer| writer.query_row(checkpoint, [], |row| row.get::<_, bool>(0)))?;
        Ok(!is_busy)
    }

    /// Forgets a room that the other log does not have any more. Blocks.
    ///
    /// # Errors
    /// If the copies cannot be written.
    pub fn forget_room(&self, name: &RoomName) -> Result<(), IndexError> {
        let there = self.write(|writer| find(writer, name))?;
        there.map_or(Ok(()), |(_, copied)| self.forget(copied))
    }

    /// The copy of a run of a room's numbers whose oldest event is `first`. Another run gives way to it, and so does a copy
    /// that cannot be continued. Blocks.
    ///
    /// # Errors
    /// If the copies cannot be written.
    pub fn room(&self, name: &RoomName, epoch: &Epoch, first: Seq) -> Result<Copied, IndexError> {
        let copied = self.write(|writer| {
            if let Some((of, copied)) = find(writer, name)? {
                if of == *epoch && copied.head + 1 >= first {
                    return begin_at(writer, copied, first);
                }
                forget(writer, copied.id)?;
            }
            make(writer, name, epoch, first)
        })?;
        self.index.wake(1);
        Ok(copied)
    }

    /// Forgets a copy that is not of what the other log has. Blocks.
    ///
    /// # Errors
    /// If the copies cannot be written.
    pub fn forget(&self, copied: Copied) -> Result<(), IndexError> {
        self.write(|writer| forget(writer, copied.id))?;
        self.index.wake(1);
        Ok(())
    }

    /// Takes the events that follow. Blocks.
    ///
    /// # Errors
    /// If the copies cannot be written.
    pub fn add(&self, copied: &mut Copied, frames: &[Arc<PreparedFrame>]) -> Result<(), IndexError> {
        *copied = self.write(|writer| add(writer, *copied, frames))?;
        self.index.wake(frames.len() as u64);
        Ok(())
    }

    /// Whether a copy has an event for each of its numbers. Blocks.
    ///
    /// # Errors
    /// If the copies cannot be read.
    pub fn is_whole(&self, copied: Copied) -> Result<bool, IndexError> {
        let sql = "SELECT count(*) FROM events WHERE id >= ?1 AND id <= ?2";
        let range = [event_id(copied.id, copied.first), event_id(copied.id, copied.head)];
        let count: i64 = self.write(|writer| writer.query_row(sql, range, |row| row.get(0)))?;
        Ok(count.cast_unsigned() == copied.head + 1 - copied.first)
    }

    /// The JSON of a copied event. Blocks.
    ///
    /// # Errors
    /// If the copies cannot be read.
    pub fn text(&self, copied: Copied, seq: Seq) -> Result<Option<String>, IndexError> {
        let sql = "SELECT event FROM events WHERE id = ?1";
        self.write(|writer| writer.query_row(sql, [event_id(copied.id, seq)], |row| row.get(0)).optional())
    }

    /// A page of history of a copy, which `query.room` is the number of. Blocks.
    ///
    /// # Errors
    /// As [`Index::history`].
    pub fn history(&self, query: &HistoryQuery) -> Result<HistoryPage, IndexError> {
        self.index.history(query)
    }

    /// How much happened when, in a copy. Blocks.
    ///
    /// # Errors
    /// As [`Index::activity`].
    pub fn activity(&self, query: &ActivityQuery) -> Result<Activity, IndexError> {
        self.index.activity(query)
    }

    /// Ends the index's thread, which is waited for until `deadline`, and leaves the directory to others. Blocks.
    pub fn close_by(&self, deadline: Instant) {
        self.index.close_by(deadline);
        *self.lock() = None;
    }

    fn write<T>(&self, write: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> Result<T, IndexError> {
        let mut writer = self.lock();
        let writer = writer.as_mut().ok_or(IndexError::Busy)?;
        write(&mut writer.connection).map_err(IndexError::Log)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Writer>> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open_writer(path: &Path) -> Result<Connection, SchemaError> {
    // Made before SQLite would, for its owner alone.
    drop(private::create(path));
    let mut writer = Connection::open(path)?;
    schema::prepare_writer(&writer)?;
    writer.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    // What the other log has deleted is to be found here no more.
    writer.pragma_update(None, "secure_delete", true)?;
    schema::migrate(&mut writer)?;
    Ok(writer)
}

fn remove(path: &Path) -> std::io::Result<()> {
    for end in FILES {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        match std::fs::remove_file(name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn find(writer: &Connection, name: &RoomName) -> rusqlite::Result<Option<(Epoch, Copied)>> {
    let sql = "SELECT id, epoch, first, head, at FROM rooms WHERE name = ?1";
    let row = writer.query_row(sql, [name.as_str()], |row| {
        let [first, head]: [i64; 2] = [row.get(2)?, row.get(3)?];
        let (first, head) = (first.cast_unsigned(), head.cast_unsigned());
        Ok((Epoch(row.get(1)?), Copied { id: row.get(0)?, first, head, at: row.get(4)? }))
    });
    row.optional()
}

fn make(writer: &mut Connection, name: &RoomName, epoch: &Epoch, first: Seq) -> rusqlite::Result<Copied> {
    let all = writer.transaction()?;
    // Numbers are given once: the index may know what another run had.
    let id: RoomId = all.query_row(
        "INSERT INTO meta VALUES('room', 1) ON CONFLICT DO UPDATE SET value = value + 1 RETURNING value",
        [],
        |row| row.get(0),
    )?;
    let head = first.saturating_sub(1);
    all.execute(
        "INSERT INTO rooms(id, name, epoch, first, head, bytes, at) VALUES(?1, ?2, ?3, ?4, ?5, 0, 0)",
        params![id, name.as_str(), epoch.0, first.cast_signed(), head.cast_signed()],
    )?;
    all.commit()?;
    Ok(Copied { id, first, head, at: i64::MIN })
}

fn add(
    writer: &mut Connection,
    mut copied: Copied,
    frames: &[Arc<PreparedFrame>],
) -> rusqlite::Result<Copied> {
    let all = writer.transaction()?;
    {
        let sql = "INSERT OR REPLACE INTO events(id, at, spell, success, daemon, crc, event) VALUES(?, ?, ?, ?, ?, ?, ?)";
        let mut insert = all.prepare_cached(sql)?;
        for frame in frames {
            copied.at = copied.at.max(frame.at());
            copied.head = frame.seq();
            insert.execute(params![
                event_id(copied.id, frame.seq()),
                copied.at,
                frame.spell_name().as_str(),
                frame.success(),
                frame.daemon_name().map(|name| name.as_str()),
                crc32fast::hash(frame.json()),
                frame.text(),
            ])?;
        }
        all.execute(
            "UPDATE rooms SET head = ?2, at = ?3 WHERE id = ?1",
            params![copied.id, copied.head.cast_signed(), copied.at],
        )?;
    }
    all.commit()?;
    Ok(copied)
}

/// Lets go of what is older than an event.
fn begin_at(writer: &mut Connection, copied: Copied, first: Seq) -> rusqlite::Result<Copied> {
    if first <= copied.first {
        return Ok(copied);
    }
    let sql = "UPDATE rooms SET first = ?2 WHERE id = ?1";
    writer.execute(sql, params![copied.id, first.cast_signed()])?;
    delete(writer, copied.id, (copied.first, first))?;
    Ok(Copied { first, ..copied })
}

fn forget(writer: &mut Connection, id: RoomId) -> rusqlite::Result<()> {
    let range = "SELECT first, head FROM rooms WHERE id = ?1";
    let range = writer.query_row(range, [id], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)));
    let Some((first, head)) = range.optional()? else { return Ok(()) };
    writer.execute("DELETE FROM rooms WHERE id = ?1", [id])?;
    delete(writer, id, (first.cast_unsigned(), head.cast_unsigned() + 1))
}

/// Deletes rows step by step: a long transaction would fill the write-ahead log.
fn delete(writer: &mut Connection, id: RoomId, (mut from, before): (Seq, Seq)) -> rusqlite::Result<()> {
    while from < before {
        let until = before.min(from + DELETED_AT_ONCE);
        let all: Transaction<'_> = writer.transaction()?;
        let sql = "DELETE FROM events WHERE id >= ?1 AND id < ?2";
        all.execute(sql, [event_id(id, from), event_id(id, until)])?;
        all.commit()?;
        from = until;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(text: &str) -> Epoch {
        Epoch(text.into())
    }

    #[test]
    fn a_copy_goes_on_where_it_was_and_gives_way_to_another_run() {
        let dir = tempfile::tempdir().unwrap();
        let (room, of) = (RoomName::default(), epoch("9f3c01ab77de"));
        let mirror = Mirror::open(dir.path()).unwrap();
        let mut copied = mirror.room(&room, &of, 4).unwrap();
        assert_eq!((copied.first, copied.head), (4, 3));
        mirror.add(&mut copied, &[]).unwrap();
        copied.head = 9;
        mirror.write(|writer| writer.execute("UPDATE rooms SET head = 9", [])).unwrap();
        drop(mirror);
        let mirror = Mirror::open(dir.path()).unwrap();
        let again = mirror.room(&room, &of, 6).unwrap();
        assert_eq!((again.id, again.first, again.head), (copied.id, 6, 9));
        let beyond = mirror.room(&room, &of, 11).unwrap();
        assert_eq!(
            (beyond.first, beyond.head),
            (11, 10),
            "what is between was let go of before it was copied"
        );
        let other = mirror.room(&room, &epoch("000000000000"), 1).unwrap();
        assert_eq!((other.first, other.head), (1, 0));
        assert!(other.id > beyond.id && beyond.id > again.id);
        mirror.forget_room(&room).unwrap();
        assert_eq!(mirror.rooms().unwrap(), []);
    }

    #[test]
    fn what_is_no_copy_gives_way() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(
            dir.path().join(EVENTS_FILE),
            "no database, but long enough to look like one".repeat(100),
        )
        .unwrap();
        let mirror = Mirror::open(dir.path()).unwrap();
        assert_eq!(mirror.room(&RoomName::default(), &epoch("9f3c01ab77de"), 1).unwrap().head, 0);
    }
}
