//! Writing a log as lines of text.

use std::io::Write;
use std::path::Path;

use arcane_shared::RoomName;
use rusqlite::{Connection, params};

use super::super::open::{self, EVENTS_FILE};
use super::super::reader::{COLUMNS, Stored, connect, frame};
use super::super::salvage::Salvage;
use super::super::schema::event_id;
use super::{BackupError, Copied, Line, VERSION, write};
use crate::log::RoomRecord;

/// Writes the log of a directory, as it is at one moment; a server may be running on it.
///
/// # Errors
/// If something cannot be read or written. What was written until then has no last line.
pub fn export(dir: &Path, only: Option<&RoomName>, out: &mut dyn Write) -> Result<Copied, BackupError> {
    let mut connection = connect(&dir.join(EVENTS_FILE))?;
    let moment = connection.transaction()?;
    let mut copied = Copied::default();
    write(out, &Line::ArcaneExport { version: VERSION })?;
    for room in open::rooms(&moment)?.iter().filter(|room| only.is_none_or(|only| *only == room.name)) {
        let RoomRecord { name, epoch, first, head, .. } = room.clone();
        write(out, &Line::Room { room: name, epoch: Some(epoch), first, head })?;
        copied.rooms += 1;
        copied.events += export_room(&moment, room, out)?;
    }
    if only.is_none() {
        export_state(&moment, out)?;
    }
    write(out, &Line::End { events: copied.events })?;
    out.flush()?;
    Ok(copied)
}

fn export_room(moment: &Connection, room: &RoomRecord, out: &mut dyn Write) -> Result<u64, BackupError> {
    let sql = format!("SELECT {COLUMNS} FROM events WHERE id >= ?1 AND id <= ?2 ORDER BY id");
    let mut statement = moment.prepare(&sql)?;
    let mut rows = statement.query(params![event_id(room.id, room.first), event_id(room.id, room.head)])?;
    let mut events = 0;
    while let Some(row) = rows.next()? {
        match frame(row)? {
            Stored::Damaged(seq) => return Err(BackupError::Damaged { room: room.name.clone(), seq }),
            Stored::Sound(frame) => {
                out.write_all(frame.json())?;
                out.write_all(b"\n")?;
                events += 1;
            }
        }
    }
    Ok(events)
}

fn export_state(moment: &Connection, out: &mut dyn Write) -> Result<(), BackupError> {
    let mut statement = moment.prepare("SELECT key, value FROM state ORDER BY key")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        write(out, &Line::State { key: row.get(0)?, value: row.get(1)? })?;
    }
    Ok(())
}

/// Writes what can be read of a damaged log, page by page.
///
/// # Errors
/// If the file cannot be read at all, or nothing can be written.
pub fn salvage(dir: &Path, out: &mut dyn Write) -> Result<(Copied, Vec<String>), BackupError> {
    let path = dir.join(EVENTS_FILE);
    let salvage = Salvage::open(&path)?;
    let (mut copied, mut remarks) = (Copied::default(), Vec::new());
    write(out, &Line::ArcaneExport { version: VERSION })?;
    let readable = connect(&path).ok();
    // What was purged may still lie in pages that are free: it stays purged, where that is known.
    let known = readable.as_ref().and_then(|connection| open::rooms(connection).ok()).unwrap_or_default();
    for (room, salvaged) in &salvage.rooms {
        let Some((first, head)) = salvaged.range() else { continue };
        let kept = known.iter().find(|record| record.name == *room).map_or(first, |record| record.first);
        write(out, &Line::Room { room: room.clone(), epoch: None, first: first.max(kept), head })?;
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
    let state = readable.map(|connection| export_state(&connection, out));
    if !matches!(state, Some(Ok(()))) {
        remarks.push("who is present, colours, consumers and keys cannot be read".into());
    }
    write(out, &Line::End { events: copied.events })?;
    out.flush()?;
    Ok((copied, remarks))
}
