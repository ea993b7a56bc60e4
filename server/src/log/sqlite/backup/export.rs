//! Writing a log as lines of text.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Seek, Write};
use std::path::{Path, PathBuf};

use arcane_shared::{RoomName, Seq};
use rusqlite::{Connection, OptionalExtension, params};

use super::super::open::{self, EVENTS_FILE};
use super::super::reader::{COLUMNS, Stored, connect, frame, known_hole};
use super::super::salvage::Salvage;
use super::super::schema::event_id;
use super::{BackupError, Copied, Line, VERSION, write};
use crate::log::RoomRecord;
use crate::log::record::{KeyRecord, ROSTER};

/// Events that are read in one go: what the export holds in memory, give or take one.
const STRETCH_BYTES: usize = 1024 * 1024;
/// State that is held in memory; beyond that it is in a file that goes with the process.
const STATE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Writes the log of a directory, as it is at one moment; a server may be running on it.
///
/// The program that reads an export may be slow, and a transaction that waits for it would keep the server's write-ahead
/// log from ever becoming smaller. So the moment fixes every room's last event and copies the state; events, which never
/// change, are then read in stretches.
///
/// # Errors
/// If something cannot be read or written, or is deleted before it was. What was written until then has no last line.
pub fn export(dir: &Path, only: Option<&RoomName>, out: &mut dyn Write) -> Result<Copied, BackupError> {
    let mut connection = connect(&file_of(dir)?)?;
    let mut state = tempfile::spooled_tempfile(STATE_BYTES_MAX);
    let moment = connection.transaction()?;
    let mut rooms = open::rooms(&moment)?;
    if let Some(only) = only {
        let of_name = rooms.iter().position(|room| room.name == *only);
        rooms = match of_name {
            Some(at) => vec![rooms.swap_remove(at)],
            None => {
                let rooms = rooms.into_iter().map(|room| room.name).collect();
                return Err(BackupError::NoSuchRoom { name: only.to_string(), rooms });
            }
        };
    }
    if only.is_none() {
        export_state(&moment, &mut state, |_, _| true)?;
    }
    moment.finish()?;
    let mut copied = Copied::default();
    write(out, &Line::ArcaneExport { version: VERSION })?;
    for room in &rooms {
        export_room(&mut connection, room, out, &mut copied)?;
    }
    state.rewind()?;
    std::io::copy(&mut state, out)?;
    write(out, &Line::End { events: copied.events })?;
    out.flush()?;
    Ok(copied)
}

/// The log of a directory. SQLite would say of every file that cannot be opened that it cannot.
fn file_of(dir: &Path) -> Result<PathBuf, BackupError> {
    let path = dir.join(EVENTS_FILE);
    match File::open(&path) {
        Ok(_) => Ok(path),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(BackupError::NoLog(dir.to_owned())),
        Err(source) => Err(BackupError::Unreadable { path, source }),
    }
}

fn export_room(
    connection: &mut Connection,
    room: &RoomRecord,
    out: &mut dyn Write,
    copied: &mut Copied,
) -> Result<(), BackupError> {
    let RoomRecord { name, epoch, first, head, .. } = room.clone();
    // What retention deleted since the moment is left out: a moment later it would not have been there.
    let mut chunk = Chunk::read(connection, room, first)?;
    write(out, &Line::Room { room: name, epoch: Some(epoch), first: chunk.from, head })?;
    copied.rooms += 1;
    loop {
        out.write_all(&chunk.lines)?;
        copied.events += chunk.events;
        copied.missing += chunk.missing;
        let next = chunk.next;
        if next > head {
            return Ok(());
        }
        chunk = Chunk::read(connection, room, next)?;
        if chunk.from > next {
            return Err(BackupError::Overtaken { room: room.name.clone(), from: next, to: chunk.from - 1 });
        }
    }
}

/// Some events of a room, next to each other.
struct Chunk {
    /// Where it begins: the oldest event that is kept, if that is later than where it should.
    from: Seq,
    /// Where the next one begins.
    next: Seq,
    lines: Vec<u8>,
    events: u64,
    /// Events in holes that an import left.
    missing: u64,
}

impl Chunk {
    fn read(connection: &mut Connection, room: &RoomRecord, from: Seq) -> Result<Self, BackupError> {
        let moment = connection.transaction()?;
        let end = room.head + 1;
        let kept: Option<i64> = moment
            .query_row("SELECT first FROM rooms WHERE id = ?", [room.id], |row| row.get(0))
            .optional()?;
        let from = kept.map_or(end, i64::unsigned_abs).max(from).min(end);
        let mut chunk = Self { from, next: from, lines: Vec::new(), events: 0, missing: 0 };
        let sql = format!("SELECT {COLUMNS} FROM events WHERE id >= ?1 AND id <= ?2 ORDER BY id");
        let mut statement = moment.prepare(&sql)?;
        let mut rows = statement.query(params![event_id(room.id, from), event_id(room.id, room.head)])?;
        while chunk.next < end && chunk.lines.len() < STRETCH_BYTES {
            let damaged = |seq| BackupError::Damaged { room: room.name.clone(), seq };
            let frame = match rows.next()?.map(frame).transpose()? {
                None => return Err(damaged(chunk.next)),
                Some(Stored::Damaged(seq)) => return Err(damaged(seq)),
                Some(Stored::Sound(frame)) => frame,
            };
            if frame.seq() > chunk.next {
                let hole = known_hole(&moment, room.id, chunk.next)?;
                hole.filter(|last| last + 1 == frame.seq()).ok_or_else(|| damaged(chunk.next))?;
                chunk.missing += frame.seq() - chunk.next;
            }
            chunk.lines.extend_from_slice(frame.json());
            chunk.lines.push(b'\n');
            chunk.events += 1;
            chunk.next = frame.seq() + 1;
        }
        Ok(chunk)
    }
}

fn export_state(
    moment: &Connection,
    out: &mut dyn Write,
    mut wanted: impl FnMut(&str, &str) -> bool,
) -> Result<(), BackupError> {
    let mut statement = moment.prepare("SELECT key, value FROM state ORDER BY key")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (key, value): (String, String) = (row.get(0)?, row.get(1)?);
        // What follows from the events follows from their copies, too.
        if !key.starts_with(ROSTER) && wanted(&key, &value) {
            write(out, &Line::State { key, value })?;
        }
    }
    Ok(())
}

/// Writes what can be read of a damaged log, page by page.
///
/// # Errors
/// If a server runs on it, the file cannot be read at all, or nothing can be written.
pub fn salvage(dir: &Path, out: &mut dyn Write) -> Result<(Copied, Vec<String>), BackupError> {
    let path = file_of(dir)?;
    // What is written meanwhile would be read in part, and taken for damage.
    let _lock = open::lock_for_reading(dir)?;
    let salvage = Salvage::open(&path)?;
    let (mut copied, mut remarks) = (Copied::default(), Vec::new());
    write(out, &Line::ArcaneExport { version: VERSION })?;
    let readable = connect(&path).ok();
    // What was purged may still lie in pages that are free: it stays purged, where that is known.
    let known = readable.as_ref().and_then(|connection| open::rooms(connection).ok()).unwrap_or_default();
    let mut heads: BTreeMap<RoomName, Seq> = BTreeMap::new();
    for (room, salvaged) in &salvage.rooms {
        let Some((first, head)) = salvaged.range() else { continue };
        let kept = known.iter().find(|record| record.name == *room).map_or(first, |record| record.first);
        // Of a room that has let go of all of its events, older ones may still be found.
        let (first, head) = (first.max(kept), head.max(kept - 1));
        write(out, &Line::Room { room: room.clone(), epoch: None, first, head })?;
        heads.insert(room.clone(), head);
        copied.rooms += 1;
        for (from, to) in salvaged.holes().into_iter().filter(|(_, to)| *to >= kept) {
            copied.missing += to - from + 1;
            remarks.push(format!("room {room}: events {from} to {to} cannot be read"));
        }
        for (_, json) in salvage.events(salvaged).filter(|(seq, _)| *seq >= kept) {
            out.write_all(&json)?;
            out.write_all(b"\n")?;
            copied.events += 1;
        }
    }
    // The numbers of lost events are given again: a key that stands for them would be taken for the new ones'.
    let mut lost = 0_u64;
    let is_there = |key: &str, value: &str| {
        let named = KeyRecord::read(key, value);
        let is_there =
            named.is_none_or(|(room, _, record)| heads.get(&room).is_some_and(|head| record.last() <= *head));
        lost += u64::from(!is_there);
        is_there
    };
    let state = readable.map(|connection| export_state(&connection, out, is_there));
    if lost > 0 {
        remarks
            .push(format!("{lost} idempotency keys stand for events that cannot be read and are left out"));
    }
    if !matches!(state, Some(Ok(()))) {
        remarks.push("who is present, colours, consumers and keys cannot be read".into());
    }
    write(out, &Line::End { events: copied.events })?;
    out.flush()?;
    Ok((copied, remarks))
}
