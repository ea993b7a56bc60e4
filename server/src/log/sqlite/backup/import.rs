//! Making a log of lines of text.

use std::fs::File;
use std::io::BufRead;
use std::path::Path;

use arcane_shared::{ArcaneEvent, Epoch, RoomName, Seq};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::super::open::{self, EVENTS_FILE};
use super::super::private;
use super::super::remains::{IMPORT_FILE, remove_remains};
use super::super::schema::{self, ROOM_MAX, SEQ_MAX, event_id};
use super::{BackupError, Copied, Line, VERSION};
use crate::json;
use crate::log::record::{ConsumerRecord, KeyRecord};
use crate::log::{RoomRecord, new_epoch};

/// Events of one transaction.
const CHUNK_EVENTS: u64 = 5_000;
/// The end of the year 9999, Unix microseconds.
const YEAR_9999_MICROS: f64 = 253_402_300_799e6;
/// Longest line that is read: an event has at most 64 KiB, and a state less.
const LINE_BYTES_MAX: u64 = 1024 * 1024;

/// Makes a log of an export in a directory that has none. Rooms get a new epoch, unless `keep_epoch`: then nobody may
/// go on with the log that the export was made of.
///
/// # Errors
/// If a line does not fit or something cannot be written; then there is no log afterwards, either.
pub fn import(dir: &Path, keep_epoch: bool, lines: &mut dyn BufRead) -> Result<Copied, BackupError> {
    let _lock = open::lock(dir)?;
    // The write-ahead log of a database that is gone would be taken for one of the new database.
    for file in ["", "-wal"] {
        if dir.join(format!("{EVENTS_FILE}{file}")).symlink_metadata().is_ok() {
            return Err(BackupError::NotEmpty(dir.to_owned()));
        }
    }
    remove_remains(dir)?;
    let path = dir.join(IMPORT_FILE);
    let imported = fill(&path, keep_epoch, lines).and_then(|copied| {
        File::open(&path)?.sync_all()?;
        std::fs::rename(&path, dir.join(EVENTS_FILE))?;
        #[cfg(unix)]
        File::open(dir)?.sync_all()?;
        Ok(copied)
    });
    if imported.is_err() {
        // What is left is removed by the next attempt, or by a server.
        let _ = remove_remains(dir);
    }
    imported
}

/// A file that is thrown away unless all of it is written needs no journal, which would become as large as itself.
fn connect(path: &Path) -> Result<Connection, BackupError> {
    private::create(path)?;
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "OFF")?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.pragma_update(None, "cache_size", -16_384)?;
    Ok(connection)
}

fn fill(path: &Path, keep_epoch: bool, lines: &mut dyn BufRead) -> Result<Copied, BackupError> {
    let mut connection = connect(path)?;
    schema::migrate(&mut connection).map_err(|error| BackupError::Io(std::io::Error::other(error)))?;
    connection
        .execute_batch("CREATE TEMP TABLE exported(room TEXT PRIMARY KEY, epoch TEXT, head INTEGER)")?;
    let mut import = Import {
        keep_epoch,
        room: None,
        next_id: 1,
        copied: Copied::default(),
        line: 0,
        has_state: false,
        ended: false,
    };
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
    connection.close().map_err(|(_, error)| error)?;
    Ok(import.copied)
}

struct Import {
    keep_epoch: bool,
    room: Option<Begun>,
    next_id: u32,
    copied: Copied,
    line: u64,
    /// The rooms are over.
    has_state: bool,
    ended: bool,
}

/// The room whose events come.
struct Begun {
    /// As far as its events have come.
    record: RoomRecord,
    /// What its line says.
    first: Seq,
    head: Seq,
    line: u64,
}

impl Import {
    fn wrong(&self, detail: impl Into<String>) -> BackupError {
        BackupError::Line { line: self.line, detail: detail.into() }
    }

    fn take(&mut self, transaction: &Transaction<'_>, text: &[u8]) -> Result<(), BackupError> {
        if self.ended {
            return Err(self.wrong("nothing comes after the last line"));
        }
        // An editor may have put a byte order mark before the first line.
        let text = if self.line == 1 { json::without_bom(text) } else { text };
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
            Line::Room { .. } if self.has_state => Err(self.wrong("a room's line comes before the state")),
            Line::Room { room, epoch, first, head } => {
                self.end_room(transaction)?;
                self.begin_room(transaction, room, epoch, first, head)
            }
            Line::State { key, value } => {
                self.end_room(transaction)?;
                self.has_state = true;
                self.check_state(transaction, &key, &value)?;
                transaction.execute("INSERT OR REPLACE INTO state VALUES(?1, ?2)", [key, value])?;
                Ok(())
            }
            Line::End { events } if events == self.copied.events => {
                self.end_room(transaction)?;
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
        head: Seq,
    ) -> Result<(), BackupError> {
        // A room that has given all of its numbers, and has let go of all of its events, begins after them.
        let last = if head == SEQ_MAX { SEQ_MAX + 1 } else { SEQ_MAX };
        if !(1..=last).contains(&first) {
            return Err(self.wrong(format!("first is {first}; a room's numbers are 1 to {SEQ_MAX}")));
        }
        if head > SEQ_MAX {
            return Err(self.wrong(format!("head is {head}; a room's numbers are 1 to {SEQ_MAX}")));
        }
        if head < first - 1 {
            let least = first - 1;
            return Err(self
                .wrong(format!("head is {head}; of a room whose first is {first} it is at least {least}")));
        }
        if self.next_id > ROOM_MAX {
            return Err(self.wrong(format!("a log has at most {ROOM_MAX} rooms")));
        }
        let exported = epoch.as_ref().map(|epoch| epoch.0.as_str());
        let says = params![name.as_str(), exported, head.cast_signed()];
        // A room that comes twice is refused below.
        transaction.execute("INSERT OR IGNORE INTO exported VALUES(?1, ?2, ?3)", says)?;
        let epoch = epoch.filter(|_| self.keep_epoch).unwrap_or_else(new_epoch);
        let (id, before) = (self.next_id, first - 1);
        self.next_id += 1;
        self.copied.rooms += 1;
        let sql =
            "INSERT INTO rooms(id, name, epoch, first, head, bytes, at) VALUES(?1, ?2, ?3, ?4, ?5, 0, 0)";
        let values = params![id, name.as_str(), epoch.0, first.cast_signed(), before.cast_signed()];
        transaction.execute(sql, values).map_err(|_| self.wrong(format!("room {name} comes twice")))?;
        let record = RoomRecord { id, name, epoch, first, head: before, bytes: 0, at: 0 };
        self.room = Some(Begun { record, first, head, line: self.line });
        Ok(())
    }

    /// All events of the room have come.
    fn end_room(&mut self, transaction: &Transaction<'_>) -> Result<(), BackupError> {
        self.write_room(transaction)?;
        let Some(Begun { record, head, line, .. }) = self.room.take() else { return Ok(()) };
        if record.head < head {
            let last =
                if record.bytes == 0 { "has none".into() } else { format!("ends with {}", record.head) };
            let detail =
                format!("head is {head}, and what comes of the events of room {} {last}", record.name);
            return Err(BackupError::Line { line, detail });
        }
        Ok(())
    }

    /// What names events that have not happened would pass over those that get their numbers.
    fn check_state(&self, transaction: &Transaction<'_>, key: &str, value: &str) -> Result<(), BackupError> {
        let exported = |room: &RoomName| {
            transaction
                .prepare_cached("SELECT epoch, head FROM exported WHERE room = ?1")?
                .query_row([room.as_str()], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))
                .optional()
        };
        let wrong = |seq: Seq, head: Seq| {
            let text = format!("the value of {key} names event {seq}; the head of its room is {head}");
            Err(self.wrong(text))
        };
        if let Some((room, _, ConsumerRecord { position, .. })) = ConsumerRecord::read(key, value) {
            // One of another epoch is told so, whatever its number is.
            let found: Option<(Option<String>, Seq)> = exported(&room)?;
            return match found.filter(|(epoch, _)| epoch.as_ref() == Some(&position.epoch.0)) {
                Some((_, head)) if position.seq > head => wrong(position.seq, head),
                _ => Ok(()),
            };
        }
        if let Some((room, _, record)) = KeyRecord::read(key, value) {
            let last = record.last();
            let head = exported(&room)?.map_or(0, |(_, head)| head);
            return if last > head { wrong(last, head) } else { Ok(()) };
        }
        Ok(())
    }

    fn take_event(&mut self, transaction: &Transaction<'_>, text: &[u8]) -> Result<(), BackupError> {
        let event: ArcaneEvent =
            serde_json::from_slice(text).map_err(|error| self.wrong(format!("no event: {error}")))?;
        let line = self.line;
        let wrong = |detail: String| BackupError::Line { line, detail };
        let begun = self.room.as_mut().filter(|begun| event.room.as_ref() == Some(&begun.record.name));
        let begun = begun.ok_or_else(|| wrong("an event comes after the line of its room".into()))?;
        let (first, head, room) = (begun.first, begun.head, &mut begun.record);
        if let Some(seq) = event.seq.filter(|seq| *seq < first || (*seq > head && *seq <= SEQ_MAX)) {
            let line = begun.line;
            return Err(wrong(format!(
                "seq is {seq}; the room has events {first} to {head}, as line {line} says"
            )));
        }
        let seq = event.seq.filter(|seq| *seq > room.head);
        let seq =
            seq.ok_or_else(|| wrong(format!("events have numbers that grow; the last was {}", room.head)))?;
        if seq > SEQ_MAX {
            return Err(wrong(format!("seq is {seq}; a room's numbers are 1 to {SEQ_MAX}")));
        }
        if room.bytes == 0 && seq > room.first {
            // What is missing before the first event is no hole: the room begins later.
            self.copied.missing += seq - room.first;
            (room.first, room.head) = (seq, seq - 1);
        }
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
        let Some(Begun { record: room, .. }) = &self.room else { return Ok(()) };
        transaction.execute(
            "UPDATE rooms SET first = ?2, head = ?3, bytes = ?4, at = ?5 WHERE id = ?1",
            params![
                room.id,
                room.first.cast_signed(),
                room.head.cast_signed(),
                room.bytes.cast_signed(),
                room.at
            ],
        )?;
        Ok(())
    }
}

/// When the bus took an event, as the event itself says: Unix microseconds. What no clock shows is not believed: a room
/// whose latest event is from the end of time would give all later ones that time.
#[expect(clippy::cast_possible_truncation, reason = "microseconds of the years 1970-9999 fit 64 bits")]
fn taken_at(event: &ArcaneEvent) -> i64 {
    let micros = event.sync().emitted_at.map(|millis| (millis * 1000.0).round());
    let sensible = micros.filter(|micros| (0.0..=YEAR_9999_MICROS).contains(micros));
    sensible.map_or_else(|| event.timestamp.unix_micros(), |micros| micros as i64)
}
