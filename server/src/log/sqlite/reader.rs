//! Reading events: a few connections that see what is committed and keep nobody waiting.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arcane_shared::{DaemonName, Seq, SpellName};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};

use super::schema::{event_id, seq_of};
use crate::event::{Gap, GapReason, Logged, PreparedFrame};
use crate::log::{LogError, Page, PageRequest, RoomId};

/// Connections that are kept for the next reader.
const KEPT_MAX: usize = 4;
/// How long a reader waits for another program that holds the database.
const PATIENCE: Duration = Duration::from_secs(1);

/// The connections of one log.
#[derive(Debug)]
pub(super) struct Readers {
    path: PathBuf,
    kept: Mutex<Vec<Connection>>,
    damaged: Arc<AtomicBool>,
}

/// A row as it came, and whether it is as it was written.
pub(crate) enum Stored {
    /// It is.
    Sound(Arc<PreparedFrame>),
    /// It is not.
    Damaged(Seq),
}

/// The columns that [`frame`] reads.
pub(crate) const COLUMNS: &str = "id, at, spell, success, daemon, crc, event";

impl Readers {
    pub(super) fn new(path: &Path, damaged: Arc<AtomicBool>) -> Self {
        Self { path: path.to_owned(), kept: Mutex::default(), damaged }
    }

    pub(super) fn with<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, LogError> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = kept.map_or_else(|| connect(&self.path), Ok)?;
        let result = read(&connection).map_err(LogError::from);
        match &result {
            Ok(_) => {
                let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
                if kept.len() < KEPT_MAX {
                    kept.push(connection);
                }
            }
            Err(error) if error.fault == crate::log::Fault::Damaged => {
                self.damaged.store(true, Ordering::Release);
            }
            Err(_) => {}
        }
        result
    }

    /// Events after a cursor. `first` and `head`: what the log should have.
    pub(super) fn page(
        &self,
        room: RoomId,
        request: PageRequest,
        first: Seq,
        head: Seq,
    ) -> Result<Page, LogError> {
        let through = request.through.min(head);
        let from = request.after.max(first.saturating_sub(1));
        let expired = (from > request.after).then_some(request.after + 1);
        let (frames, stopped_at) =
            self.with(|connection| run(connection, room, PageRequest { after: from, through, ..request }))?;
        let mut page = Page { gap: None, frames };
        if let Some(lost) = expired {
            let gap = Gap { from: lost, to: from.min(request.through) };
            page.gap = Some((gap, GapReason::Expired));
        } else if page.frames.is_empty() && from < through {
            // A hole: a row that is missing, or one that is not what was written.
            let to = stopped_at.unwrap_or(through);
            let is_known = self.with(|connection| known_hole(connection, room, from + 1))?.is_some();
            if !is_known {
                tracing::error!(from = from + 1, to, "events in the log are damaged");
                self.damaged.store(true, Ordering::Release);
            }
            page.gap = Some((Gap { from: from + 1, to }, GapReason::Damaged));
        }
        Ok(page)
    }

    /// The last events of a request that follow each other without a hole. What is damaged ends them, too; a reader that looks
    /// for it finds it.
    pub(super) fn latest(
        &self,
        room: RoomId,
        request: PageRequest,
    ) -> Result<Vec<Arc<PreparedFrame>>, LogError> {
        self.with(|connection| {
            let sql =
                format!("SELECT {COLUMNS} FROM events WHERE id > ?1 AND id <= ?2 ORDER BY id DESC LIMIT ?3");
            let mut statement = connection.prepare_cached(&sql)?;
            let (after, through) = (event_id(room, request.after), event_id(room, request.through));
            let limit = i64::try_from(request.events_max).unwrap_or(i64::MAX);
            let mut rows = statement.query(params![after, through, limit])?;
            let mut frames: Vec<Arc<PreparedFrame>> = Vec::new();
            let (mut bytes, mut next) = (0, request.through);
            while let Some(row) = rows.next()? {
                let Stored::Sound(frame) = frame(row)? else { break };
                bytes += frame.json().len();
                if frame.seq() != next || bytes > request.bytes_max && !frames.is_empty() {
                    break;
                }
                next -= 1;
                frames.push(frame);
            }
            frames.reverse();
            Ok(frames)
        })
    }

    /// The last event before a moment, among those that are kept.
    pub(super) fn before(&self, room: RoomId, at: i64, first: Seq, head: Seq) -> Result<Seq, LogError> {
        self.with(|connection| {
            let mut taken = connection
                .prepare_cached("SELECT at FROM events WHERE id >= ?1 AND id <= ?2 ORDER BY id LIMIT 1")?;
            let (mut low, mut high) = (first, head + 1);
            while low < high {
                let middle = low + (high - low) / 2;
                let range = [event_id(room, middle), event_id(room, head)];
                let found: Option<i64> = taken.query_row(range, |row| row.get(0)).optional()?;
                if found.is_some_and(|found| found < at) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            Ok(low.saturating_sub(1))
        })
    }
}

/// Events that follow each other without a hole, and where they were stopped by a damaged one: the last
/// event of the hole that begins with it.
fn run(
    connection: &Connection,
    room: RoomId,
    request: PageRequest,
) -> rusqlite::Result<(Vec<Arc<PreparedFrame>>, Option<Seq>)> {
    let sql = format!("SELECT {COLUMNS} FROM events WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3");
    let mut statement = connection.prepare_cached(&sql)?;
    let (after, through) = (event_id(room, request.after), event_id(room, request.through));
    let limit = i64::try_from(request.events_max).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![after, through, limit])?;
    let mut frames: Vec<Arc<PreparedFrame>> = Vec::new();
    let (mut bytes, mut next) = (0, request.after + 1);
    while let Some(row) = rows.next()? {
        let frame = match frame(row)? {
            Stored::Damaged(seq) => return Ok((frames, Some(seq))),
            Stored::Sound(frame) if frame.seq() > next => return Ok((frames, Some(frame.seq() - 1))),
            Stored::Sound(frame) => frame,
        };
        bytes += frame.json().len();
        if bytes > request.bytes_max && !frames.is_empty() {
            break;
        }
        next += 1;
        frames.push(frame);
    }
    Ok((frames, None))
}

/// The end of a hole that an import left, if the event is in one.
pub(super) fn known_hole(connection: &Connection, room: RoomId, seq: Seq) -> rusqlite::Result<Option<Seq>> {
    let sql = "SELECT last FROM holes WHERE room = ?1 AND first <= ?2 AND last >= ?2";
    let found: Option<i64> = connection
        .prepare_cached(sql)?
        .query_row(params![room, seq.cast_signed()], |row| row.get(0))
        .optional()?;
    Ok(found.map(i64::unsigned_abs))
}

/// Reads a row of [`COLUMNS`] and checks it.
pub(crate) fn frame(row: &Row<'_>) -> rusqlite::Result<Stored> {
    let seq = seq_of(row.get(0)?);
    let json = row.get_ref(6)?.as_bytes().unwrap_or_default();
    let spell_name = row.get_ref(2)?.as_str().ok().and_then(|name| name.parse::<SpellName>().ok());
    let daemon = row.get_ref(4)?.as_str_or_null().unwrap_or_default();
    let daemon_name = daemon.and_then(|name| DaemonName::parse(name).ok());
    let (Some(spell_name), true) = (spell_name, crc32fast::hash(json) == row.get::<_, u32>(5)?) else {
        return Ok(Stored::Damaged(seq));
    };
    let (at, success) = (row.get(1)?, row.get(3)?);
    let logged = Logged { spell_name, daemon_name, success, seq, at };
    Ok(Stored::Sound(Arc::new(PreparedFrame::logged(logged, &[json]))))
}

/// A connection that only reads.
pub(crate) fn connect(path: &Path) -> Result<Connection, LogError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "cache_size", -2048)?;
    Ok(connection)
}
