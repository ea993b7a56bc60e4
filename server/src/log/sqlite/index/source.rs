//! Reading `events.db`, which the log owns.

use arcane_shared::{EventFilter, Seq, SpellName};
use rusqlite::{Connection, OptionalExtension, Row};

use super::error::IndexError;
use super::mark;
use super::row_range::{RowRange, row, seq_of};
use crate::log::history::{LoggedEvent, Order};

/// A room as the log has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LoggedRoom {
    pub(super) id: i64,
    pub(super) epoch: String,
    /// The oldest event that is kept; `head + 1` if none is.
    pub(super) first: Seq,
    pub(super) head: Seq,
}

/// The row may lag behind the events.
const ROOM: &str = "SELECT id, epoch, first,
  coalesce((SELECT e.id & 0xFFFFFFFFFF FROM events e WHERE e.id > (rooms.id << 40 | head)
    AND e.id <= (rooms.id << 40 | 0xFFFFFFFFFF) ORDER BY e.id DESC LIMIT 1), head)
FROM rooms";

/// What tells this log from every other.
pub(super) fn log_id(log: &Connection) -> Result<String, IndexError> {
    let id = log.query_row("SELECT CAST(value AS TEXT) FROM meta WHERE key = 'log'", [], |row| row.get(0));
    id.map_err(IndexError::Log)
}

/// All rooms, in order.
pub(super) fn rooms(log: &Connection) -> Result<Vec<LoggedRoom>, IndexError> {
    let read = || {
        let mut rooms = log.prepare_cached(&format!("{ROOM} ORDER BY id"))?;
        rooms.query_map([], logged_room)?.collect::<rusqlite::Result<_>>()
    };
    read().map_err(IndexError::Log)
}

/// One room.
pub(super) fn room(log: &Connection, id: i64) -> Result<LoggedRoom, IndexError> {
    let read =
        || log.prepare_cached(&format!("{ROOM} WHERE id = ?1"))?.query_row([id], logged_room).optional();
    read().map_err(IndexError::Log)?.ok_or(IndexError::NoRoom(id))
}

fn logged_room(row: &Row<'_>) -> rusqlite::Result<LoggedRoom> {
    Ok(LoggedRoom { id: row.get(0)?, epoch: row.get(1)?, first: row.get(2)?, head: row.get(3)? })
}

/// When the bus took an event, Unix microseconds.
pub(super) fn taken_at(log: &Connection, room: i64, seq: Seq) -> Result<Option<i64>, IndexError> {
    let read = || {
        let mut at = log.prepare_cached("SELECT at FROM events WHERE id = ?1")?;
        at.query_row([row(room, seq)], |row| row.get(0)).optional()
    };
    read().map_err(IndexError::Log)
}

/// Whether a page takes more.
pub(super) type Flow = std::ops::ControlFlow<()>;

/// Goes through a range until it has no more, or `visit` wants no more.
pub(super) fn each(
    log: &Connection,
    range: RowRange,
    mut visit: impl FnMut(LoggedEvent) -> Flow,
) -> Result<(), IndexError> {
    let sql = match range.order {
        Order::Ascending => "SELECT crc, event, id FROM events WHERE id >= ?1 AND id <= ?2 ORDER BY id",
        Order::Descending => "SELECT crc, event, id FROM events WHERE id >= ?1 AND id <= ?2 ORDER BY id DESC",
    };
    let mut events = log.prepare_cached(sql).map_err(IndexError::Log)?;
    let rows = range.rows();
    let mut rows = events.query([rows.start(), rows.end()]).map_err(IndexError::Log)?;
    while let Some(row) = rows.next().map_err(IndexError::Log)? {
        let seq = seq_of(row.get(2).map_err(IndexError::Log)?);
        if visit(checked(row, seq)?).is_break() {
            break;
        }
    }
    Ok(())
}

/// An event, if it is there and the filter lets it pass.
pub(super) fn event(
    log: &Connection,
    id: i64,
    filter: &EventFilter,
) -> Result<Option<LoggedEvent>, IndexError> {
    let mut events = log
        .prepare_cached("SELECT crc, event, spell, success, daemon FROM events WHERE id = ?1")
        .map_err(IndexError::Log)?;
    let mut rows = events.query([id]).map_err(IndexError::Log)?;
    let Some(row) = rows.next().map_err(IndexError::Log)? else { return Ok(None) };
    if !passes(row, filter).map_err(IndexError::Log)? {
        return Ok(None);
    }
    checked(row, seq_of(id)).map(Some)
}

fn passes(row: &Row<'_>, filter: &EventFilter) -> rusqlite::Result<bool> {
    let spell = mark::spell(&row.get::<_, String>(2)?);
    let daemon = row.get::<_, Option<String>>(4)?.and_then(|name| name.parse().ok());
    let success = row.get(3)?;
    // A spell that this version does not know passes where every spell does.
    Ok(match spell {
        Some(spell) => filter.passes(spell, daemon.as_ref(), success),
        None => filter.spell.is_empty() && filter.passes(SpellName::Reveal, daemon.as_ref(), success),
    })
}

/// The event of a row that begins with checksum and JSON.
fn checked(row: &Row<'_>, seq: Seq) -> Result<LoggedEvent, IndexError> {
    let read = || -> rusqlite::Result<Option<String>> {
        let crc: i64 = row.get(0)?;
        let json = row.get_ref(1)?.as_bytes()?;
        let fits = i64::from(crc32fast::hash(json)) == crc;
        Ok(std::str::from_utf8(json).ok().filter(|_| fits).map(str::to_owned))
    };
    // A value of another type is damage as well.
    let json = match read() {
        Err(error) if error.sqlite_error_code().is_some() => return Err(IndexError::Log(error)),
        Err(_) | Ok(None) => return Err(IndexError::DamagedEvent(seq)),
        Ok(Some(json)) => json,
    };
    Ok(LoggedEvent { seq, json })
}
