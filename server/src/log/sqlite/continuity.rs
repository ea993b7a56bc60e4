//! Whether a log that comes back is the one that ended: the proof that decides about its epochs.
//!
//! A write that was not synced survives the end of the process, but not of the machine. So the log keeps
//! a small file of marks: for each room the latest event whose number anybody was told. The file is synced
//! once, blank, before a run begins; what it says after that is never synced. If the marks are there after
//! a crash, of this run and of this boot of the machine, then everything that the process had written is
//! still there, too; and if no room ends before its mark, nobody was told a number that is lost. If the
//! marks are blank, stale or ahead, that cannot be proven, and the epochs change.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use arcane_shared::Seq;

use super::private;
use crate::clock::boot;
use crate::log::RoomId;

const HEADER_BYTES: usize = 128;
const FILE: &str = "continuity";

/// The marks of this run.
#[derive(Debug)]
pub(super) struct Marks {
    file: File,
    told: Mutex<MarksState>,
}

#[derive(Debug, Default)]
struct MarksState {
    /// Whether the disk knows that events are being written. Until then a machine that goes down would leave a log
    /// that says it is whole.
    open: bool,
    /// The latest event of each room that is in the log, and the latest that anybody was told of.
    rooms: HashMap<RoomId, Told>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Told {
    committed: Seq,
    promised: Seq,
}

/// What an earlier run left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LeftMarks {
    header: String,
    marks: Vec<Seq>,
}

impl LeftMarks {
    /// Reads what is there; `None` if there is nothing that could prove anything.
    pub(super) fn read(dir: &Path) -> Option<Self> {
        let bytes = std::fs::read(dir.join(FILE)).ok()?;
        let (header, marks) = bytes.split_at_checked(HEADER_BYTES)?;
        let header = String::from_utf8(header.to_vec()).ok()?.trim_end_matches('\0').to_owned();
        let marks = marks.chunks(8).map(|mark| mark.try_into().map_or(0, u64::from_le_bytes)).collect();
        (!header.is_empty()).then_some(Self { header, marks })
    }

    /// Whether everything that the run `run` wrote is still there, as far as the machine goes.
    pub(super) fn is_of(&self, run: &str, boot: Option<&str>) -> bool {
        boot.is_some_and(|boot| self.header == header(run, boot))
    }

    /// The latest event of a room whose number anybody was told.
    pub(super) fn of(&self, room: RoomId) -> Seq {
        self.marks.get(room as usize).copied().unwrap_or(0)
    }
}

impl Marks {
    /// Begins a run: blank and on the disk, then named, and not on the disk.
    pub(super) fn begin(dir: &Path, run: &str) -> io::Result<Self> {
        let file = private::create(&dir.join(FILE))?;
        file.set_len(0)?;
        write_at(&file, 0, &[0; HEADER_BYTES])?;
        file.sync_all()?;
        // Elsewhere a directory cannot be opened; and without a boot id nothing depends on it.
        #[cfg(unix)]
        File::open(dir)?.sync_all()?;
        if let Some(boot) = boot() {
            write_at(&file, 0, header(run, &boot).as_bytes())?;
        }
        Ok(Self { file, told: Mutex::default() })
    }

    /// The disk knows that events are being written.
    pub(super) fn opened(&self) {
        self.lock().open = true;
    }

    /// Nothing is told from here on before it is in the log, so that the disk can be told that all is there. No if
    /// something was that is not.
    pub(super) fn close(&self) -> bool {
        let mut state = self.lock();
        let is_whole = state.rooms.values().all(|told| told.promised <= told.committed);
        state.open &= !is_whole;
        is_whole
    }

    /// Everything up to here is in the log, and is about to be shown.
    pub(super) fn mark(&self, room: RoomId, seq: Seq) {
        let mut state = self.lock();
        let told = state.rooms.entry(room).or_default();
        told.committed = seq;
        if seq > told.promised {
            told.promised = seq;
            self.write(room, seq);
        }
    }

    /// Returns whether this number may be disclosed before the event is in the log.
    pub(super) fn promise(&self, room: RoomId, seq: Seq) -> bool {
        let mut state = self.lock();
        if !state.open {
            return false;
        }
        let told = state.rooms.entry(room).or_default();
        if seq > told.promised {
            told.promised = seq;
            self.write(room, seq);
        }
        true
    }

    /// The latest event of a room that is in the log.
    pub(super) fn of(&self, room: RoomId) -> Seq {
        self.lock().rooms.get(&room).map_or(0, |told| told.committed)
    }

    /// Under the lock: the file has one place for all.
    fn write(&self, room: RoomId, seq: Seq) {
        let at = HEADER_BYTES as u64 + 8 * u64::from(room);
        if let Err(error) = write_at(&self.file, at, &seq.to_le_bytes()) {
            // A mark that lags behind proves less, never more, unless the machine goes down: and then the
            // boot is another.
            tracing::warn!(%error, "the continuity file could not be written");
        }
    }

    fn lock(&self) -> MutexGuard<'_, MarksState> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(unix)]
fn write_at(file: &File, at: u64, bytes: &[u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, at)
}

#[cfg(not(unix))]
fn write_at(mut file: &File, at: u64, bytes: &[u8]) -> io::Result<()> {
    use std::io::{Seek, SeekFrom, Write};
    file.seek(SeekFrom::Start(at))?;
    file.write_all(bytes)
}

fn header(run: &str, boot: &str) -> String {
    format!("arcane {run} {boot}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_marks_of_this_run_and_boot_prove_anything() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(LeftMarks::read(dir.path()), None);
        let marks = Marks::begin(dir.path(), "run").unwrap();
        marks.mark(3, 17);
        let left = LeftMarks::read(dir.path()).unwrap();
        assert_eq!((left.of(3), left.of(2), left.of(9)), (17, 0, 0));
        assert!(left.is_of("run", boot().as_deref()));
        assert!(!left.is_of("other", boot().as_deref()) && !left.is_of("run", Some("other")));
        assert!(!left.is_of("run", None));
        // What was synced is blank: that is all that a machine that goes down leaves.
        std::fs::write(dir.path().join(FILE), [0; HEADER_BYTES]).unwrap();
        assert_eq!(LeftMarks::read(dir.path()), None);
    }
}
