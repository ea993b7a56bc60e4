//! Looking through everything that was there at the start, slowly, beside the work: a bit that flipped is
//! found before a reader needs the event.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use arcane_shared::Seq;
use rusqlite::{Connection, OptionalExtension, params};

use super::reader::{COLUMNS, Stored, connect, frame, known_hole};
use super::schema::event_id;
use crate::background::{self, StandBack};
use crate::log::{LogError, RoomRecord};

/// Events between two rests.
const STRETCH: u64 = 500;
/// So the thread takes a tenth of a core.
const REST: Duration = Duration::from_millis(20);

/// Starts; ends when it is through, when damage was found, or when `stopping`.
pub(super) fn start(
    path: &Path,
    rooms: &[RoomRecord],
    damaged: Arc<AtomicBool>,
    stopping: Arc<AtomicBool>,
) -> std::io::Result<JoinHandle<()>> {
    let (path, rooms) = (path.to_owned(), rooms.to_vec());
    super::spawn("log-verify", move || {
        background::stand_back(StandBack::Last);
        report(verify(&path, &rooms, &stopping), &damaged);
    })
}

fn report(verified: Result<Option<(String, Seq)>, LogError>, damaged: &AtomicBool) {
    match verified {
        Ok(None) => tracing::debug!("the event log is as it was written"),
        Ok(Some((room, seq))) => {
            tracing::error!(%room, seq, "an event in the log is not what was written");
            damaged.store(true, Ordering::Release);
        }
        Err(error) if error.fault == crate::log::Fault::Damaged => {
            tracing::error!(%error, "the event log cannot be read");
            damaged.store(true, Ordering::Release);
        }
        Err(error) => tracing::warn!(%error, "the event log could not be looked through"),
    }
}

/// The first event that is missing or not what was written.
fn verify(
    path: &Path,
    rooms: &[RoomRecord],
    stopping: &AtomicBool,
) -> Result<Option<(String, Seq)>, LogError> {
    let connection = connect(path)?;
    for room in rooms {
        let mut from = room.first;
        while from <= room.head && !stopping.load(Ordering::Acquire) {
            let to = (from + STRETCH - 1).min(room.head);
            if let Some(seq) = stretch(&connection, room, from, to)? {
                return Ok(Some((room.name.to_string(), seq)));
            }
            from = to + 1;
            std::thread::sleep(REST);
        }
    }
    Ok(None)
}

fn stretch(connection: &Connection, room: &RoomRecord, from: Seq, to: Seq) -> rusqlite::Result<Option<Seq>> {
    let oldest = "SELECT first FROM rooms WHERE id = ?";
    let sql = format!("SELECT {COLUMNS} FROM events WHERE id >= ?1 AND id <= ?2 ORDER BY id");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![event_id(room.id, from), event_id(room.id, to)])?;
    let mut next = from;
    while let Some(row) = rows.next()? {
        match frame(row)? {
            Stored::Sound(frame) if frame.seq() == next => next += 1,
            Stored::Sound(frame) => match known_hole(connection, room.id, next)? {
                Some(last) if last + 1 == frame.seq() => next = frame.seq() + 1,
                _ => break,
            },
            Stored::Damaged(seq) => return Ok(Some(seq)),
        }
    }
    if let Some(last) = known_hole(connection, room.id, next)? {
        next = last + 1;
    }
    // What retention has deleted meanwhile is not missing.
    let Some(first) = connection.query_row(oldest, [room.id], |row| row.get::<_, i64>(0)).optional()? else {
        // Nor what belongs to a room that was deleted.
        return Ok(None);
    };
    Ok((next <= to && first.unsigned_abs() <= next).then_some(next))
}
