//! A log as lines of text, and back: events to the byte, one a line, and around them what belongs to them.
//!
//! The first line names the format, then each room has a line before its events, then comes the state, and the last
//! line counts the events: an export that was cut off is not taken for a whole one.

mod export;
mod import;

use std::io::Write;
use std::path::PathBuf;

use arcane_shared::{Epoch, RoomName, Seq};
use serde::{Deserialize, Serialize};

pub use export::{export, salvage};
pub use import::import;

use super::open::OpenError;
use crate::log::LogError;

const VERSION: u32 = 1;
/// Rooms that are named where another was asked for.
const ROOMS_TOLD_MAX: usize = 10;

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
    /// There is none.
    #[error("there is no event log in {}; --data-dir names the directory of the server whose log it is", .0.display())]
    NoLog(PathBuf),
    /// It cannot be opened.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The only room that was to be exported is not there.
    #[error("there is no room {name:?} in the log; there are {}", told(rooms))]
    NoSuchRoom {
        /// The room that was asked for.
        name: String,
        /// Those that are there.
        rooms: Vec<RoomName>,
    },
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
    /// Retention was faster. What to do depends on where the export goes.
    #[error("events {from} to {to} of room {room} were deleted before they were exported")]
    Overtaken {
        /// Their room.
        room: RoomName,
        /// The first of them.
        from: Seq,
        /// The last of them.
        to: Seq,
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

/// Some names, and how many more there are.
fn told(rooms: &[RoomName]) -> String {
    let names: Vec<&str> = rooms.iter().take(ROOMS_TOLD_MAX).map(RoomName::as_str).collect();
    let more = rooms.len() - names.len();
    let names = if names.is_empty() { "none".into() } else { names.join(", ") };
    if more == 0 { names } else { format!("{names} and {more} more") }
}

fn write(out: &mut dyn Write, line: &Line) -> Result<(), BackupError> {
    serde_json::to_writer(&mut *out, line).map_err(std::io::Error::from)?;
    Ok(out.write_all(b"\n")?)
}
