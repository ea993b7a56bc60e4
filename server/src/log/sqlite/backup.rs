//! A log as lines of text, and back: events to the byte, one a line, and around them what belongs to them.
//!
//! The first line names the format, then each room has a line before its events, then comes the state, and the last
//! line counts the events: an export that was cut off is not taken for a whole one.

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

use arcane_shared::{ArcaneEvent, Epoch, RoomName, Seq};
use rusqlite::{Connection, Transaction, params};
use serde::{Deserialize, Serialize};

use super::open::{self, EVENTS_FILE, OpenError};
use super::reader::{COLUMNS, Stored, connect, frame};
use super::salvage::Salvage;
use super::schema::{self, event_id};
use crate::log::{LogError, RoomRecord, new_epoch};

const VERSION: u32 = 1;
/// Events of one transaction.
const CHUNK_EVENTS: u64 = 5_000;
/// Longest line that is read: an event has at most 64 KiB, and a state less.
const LINE_BYTES_MAX: u64 = 1024 * 1024;

/// A line that is no event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
enum Line {
    ArcaneExport { version: u32 },
    Room { room: RoomName, epoch: Option<Epoch>, first: Seq, head: Seq },
    State { key: String, value: String },
    End { events: u64 },
}

/// What was written or read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Copied {
    /// Rooms.
    pub rooms: u64,
    /// Events.
    pub events: u64,
    /// Events that are missing between others.
    pub missing: u64,
}

/// Why an export or import ended early.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The directory.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// What is read from or written to.
    #[error("the export: {0}")]
    Io(#[from] std::io::Error),
    /// An event in the log is not what was written.
    #[error(
        "event {seq} of room {room} is damaged; `arcane export --salvage` leaves out what cannot be read"
    )]
    Damaged {
        /// Its room.
        room: RoomName,
        /// Its number.
        seq: Seq,
    },
    /// A line of an import.
    #[error("line {line}: {detail}")]
    Line {
        /// Which, from 1.
        line: u64,
        /// What is wrong with it.
        detail: String,
    },
    /// There is something already.
    #[error("{} holds an event log already; an import needs a directory without one", .0.display())]
    NotEmpty(PathBuf),
}

impl From<rusqlite::Error> for BackupError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Log(error.into())
    }
}

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

fn write(out: &mut dyn Write, line: &Line) -> Result<(), BackupError> {
    serde_json::to_writer(&mut *out, line).map_err(std::io::Error::from)?;
    Ok(out.write_all(b"\n")?)
}

/// Makes a log of an export in a directory that has none. Rooms get a new epoch, unless `keep_epoch`: then nobody may
/// go on with the log that the export was made of.
///
/// # Errors
/// If a line does not fit or something cannot be written; then there is no log afterwards, either.
pub fn import(dir: &Path, keep_epoch: bool, lines: &mut dyn BufRead) -> Result<Copied, BackupError> {
    let _lock = open::lock(dir)?;
    let path = dir.join(EVENTS_FILE);
    if path.exists() {
        return Err(BackupError::NotEmpty(dir.to_owned()));
    }
    let imported = fill(&path, keep_epoch, lines);
    if imported.is_err() {
        for file in ["", "-wal", "-shm"] {
            // Whatever is left would be in the way of the next attempt.
            let _ = std::fs::remove_file(dir.join(format!("{EVENTS_FILE}{file}")));
        }
    }
    imported
}

fn fill(path: &Path, keep_epoch: bool, lines: &mut dyn BufRead) -> Result<Copied, BackupError> {
    let mut connection = open::connect(path)?;
    schema::migrate(&mut connection).map_err(|error| BackupError::Io(std::io::Error::other(error)))?;
    let mut import =
        Import { keep_epoch, room: None, next_id: 1, copied: Copied::default(), line: 0, ended: false };
    let mut buffer = Vec::new();
    loop {
        let transaction = connection.transaction()?;
        let until = import.copied.events + CHUNK_EVENTS;
        let mut more = true;
        while more && import.copied.events < until {
            buffer.clear();
            let mut limited = std::io::Read::take(&mut *lines, LINE_BYTES_MAX);
            more = limited.read_until(b'\n', &mut buffer)? > 0;
            import.line += 1;
            if !buffer.trim_ascii().is_empty() {
                import.take(&transaction, buffer.trim_ascii())?;
            }
        }
        import.write_room(&transaction)?;
        transaction.commit()?;
        if !more {
            break;
        }
    }
    if !import.ended {
        return Err(import.wrong("the export ends before its last line: it was cut off"));
    }
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(import.copied)
}

struct Import {
    keep_epoch: bool,
    room: Option<RoomRecord>,
    next_id: u32,
    copied: Copied,
    line: u64,
    ended: bool,
}

impl Import {
    fn wrong(&self, detail: impl Into<String>) -> BackupError {
        BackupError::Line { line: self.line, detail: detail.into() }
    }

    fn take(&mut self, transaction: &Transaction<'_>, text: &[u8]) -> Result<(), BackupError> {
        if self.ended {
            return Err(self.wrong("nothing comes after the last line"));
        }
        // Only what is no event has a type.
        let Ok(line) = serde_json::from_slice::<Line>(text) else {
            return self.take_event(transaction, text);
        };
        match line {
            Line::ArcaneExport { version: VERSION } if self.line == 1 => Ok(()),
            Line::ArcaneExport { version } => {
                Err(self
                    .wrong(format!("an export of format {version}; this version reads {VERSION}, in line 1")))
            }
            _ if self.line == 1 => {
                Err(self.wrong("this is no export: it begins with {\"type\":\"arcane-export\",…}"))
            }
            Line::Room { room, epoch, first, .. } => self.begin_room(transaction, room, epoch, first),
            Line::State { key, value } => {
                self.write_room(transaction)?;
                self.room = None;
                transaction.execute("INSERT OR REPLACE INTO state VALUES(?1, ?2)", [key, value])?;
                Ok(())
            }
            Line::End { events } if events == self.copied.events => {
                self.ended = true;
                Ok(())
            }
            Line::End { events } => {
                Err(self.wrong(format!("there should be {events} events and are {}", self.copied.events)))
            }
        }
    }

    fn begin_room(
        &mut self,
        transaction: &Transaction<'_>,
        name: RoomName,
        epoch: Option<Epoch>,
        first: Seq,
    ) -> Result<(), BackupError> {
        self.write_room(transaction)?;
        let epoch = epoch.filter(|_| self.keep_epoch).unwrap_or_else(new_epoch);
        let (id, head) = (self.next_id, first.saturating_sub(1));
        self.next_id += 1;
        self.copied.rooms += 1;
        let sql =
            "INSERT INTO rooms(id, name, epoch, first, head, bytes, at) VALUES(?1, ?2, ?3, ?4, ?5, 0, 0)";
        let values = params![id, name.as_str(), epoch.0, first.cast_signed(), head.cast_signed()];
        transaction.execute(sql, values).map_err(|_| self.wrong(format!("room {name} comes twice")))?;
        self.room = Some(RoomRecord { id, name, epoch, first, head, bytes: 0, at: 0 });
        Ok(())
    }

    fn take_event(&mut self, transaction: &Transaction<'_>, text: &[u8]) -> Result<(), BackupError> {
        let event: ArcaneEvent =
            serde_json::from_slice(text).map_err(|error| self.wrong(format!("no event: {error}")))?;
        let line = self.line;
        let wrong = |detail: String| BackupError::Line { line, detail };
        let room = self.room.as_mut().filter(|room| event.room.as_ref() == Some(&room.name));
        let room = room.ok_or_else(|| wrong("an event comes after the line of its room".into()))?;
        let seq = event.seq.filter(|seq| *seq > room.head);
        let seq =
            seq.ok_or_else(|| wrong(format!("events have numbers that grow; the last was {}", room.head)))?;
        if seq > room.head + 1 {
            self.copied.missing += seq - room.head - 1;
            transaction.execute(
                "INSERT INTO holes VALUES(?1, ?2, ?3)",
                params![room.id, (room.head + 1).cast_signed(), (seq - 1).cast_signed()],
            )?;
        }
        room.at = taken_at(&event).max(room.at);
        (room.head, room.bytes) = (seq, room.bytes + text.len() as u64);
        let json = std::str::from_utf8(text).map_err(|error| wrong(error.to_string()))?;
        let daemon = event.daemon_name.as_ref().map(|name| name.as_str());
        let mut insert =
            transaction.prepare_cached("INSERT INTO events VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
        let (id, spell) = (event_id(room.id, seq), event.spell_name.as_str());
        insert.execute(params![id, room.at, spell, event.success, daemon, crc32fast::hash(text), json])?;
        self.copied.events += 1;
        Ok(())
    }

    fn write_room(&self, transaction: &Transaction<'_>) -> Result<(), BackupError> {
        let Some(room) = &self.room else { return Ok(()) };
        transaction.execute(
            "UPDATE rooms SET head = ?2, bytes = ?3, at = ?4 WHERE id = ?1",
            params![room.id, room.head.cast_signed(), room.bytes.cast_signed(), room.at],
        )?;
        Ok(())
    }
}

/// When the bus took an event, as the event itself says: Unix microseconds.
#[expect(clippy::cast_possible_truncation, reason = "microseconds of the years 1-9999 fit 64 bits")]
fn taken_at(event: &ArcaneEvent) -> i64 {
    let millis = event.sync().emitted_at.filter(|millis| millis.is_finite());
    millis.map_or_else(|| event.timestamp.unix_micros(), |millis| (millis * 1000.0).round() as i64)
}
