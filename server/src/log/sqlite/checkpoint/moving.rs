//! Moving pages into the database while the writer goes on, and letting the write-ahead log begin anew.
//!
//! The write-ahead log begins anew only at a moment at which all of it is in the database. While events come without a
//! pause, the thread gets near that moment and never there: it moves what has come, has the disk take it, and goes on
//! with what came meanwhile, until that is little. The little is moved by the writer, between two commits.

use std::fs::File;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, Row};

use super::Checkpoints;
use crate::log::{Fault, LogError};

/// From this length on the writer lets the write-ahead log begin anew: 48 MiB. Each time it waits for the disk twice.
const PAGES_ANEW: u64 = 12_000;
/// So many pages are moved by the writer in between: a millisecond, and two of the disk.
const PAGES_LEFT_MAX: u64 = 256;
/// How often in a row the thread moves what came meanwhile. On a disk that is slower than the publishers it never is little.
const PASSES_MAX: u32 = 8;
/// How long the writer waits in between for readers, which read for a millisecond as a rule.
const SHORT_PATIENCE: Duration = Duration::from_millis(5);

/// How far a checkpoint came.
#[derive(Debug, Clone, Copy)]
pub(in crate::log::sqlite) struct Moved {
    /// Pages of the write-ahead log when it began.
    pages: u64,
    /// Those of them that are not in the database.
    left: u64,
}

impl Checkpoints {
    /// Moves what is there, and what comes meanwhile, until that is little.
    pub(super) fn move_all(&self, connection: &Connection) {
        for _ in 0..PASSES_MAX {
            let Some(Moved { pages, left }) = self.run(connection) else { return };
            if let Err(error) = self.database.get().map_or(Ok(()), File::sync_data) {
                self.set_unconfirmed();
                tracing::warn!(%error, "what was moved from the write-ahead log is not on the disk");
                return;
            }
            match next(pages, left + self.pages.load(Ordering::Relaxed)) {
                Next::Rest => return,
                Next::Anew => return self.begins_anew(),
                Next::HandOver => {
                    self.is_handed_over.store(true, Ordering::Release);
                    // With the next commit, of whomever.
                    return self.begins_anew();
                }
                Next::GoOn => {}
            }
        }
    }

    /// Makes one; never waits for readers or writers. Returns how much of it is done, if it did not fail.
    pub(in crate::log::sqlite) fn run(&self, connection: &Connection) -> Option<Moved> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        self.pages.store(0, Ordering::Relaxed);
        let made = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], moved);
        drop(running);
        let moved = made.map_err(|error| self.failed(error)).ok()?;
        self.pages_before.store(moved.pages, Ordering::Relaxed);
        self.is_held_up.store(moved.left > 0, Ordering::Relaxed);
        // Where a reader holds it up nothing is gained by waiting.
        if moved.left > 0 {
            self.set_behind(false);
        }
        Some(moved)
    }

    /// What the thread has left over is moved by the writer, and the write-ahead log begins anew with the next commit. To be called
    /// between two commits. `patience`: how long the connection waits for others otherwise.
    pub(in crate::log::sqlite) fn end_handed_over(
        &self,
        connection: &Connection,
        patience: Duration,
    ) -> rusqlite::Result<()> {
        if !self.is_handed_over.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        let Ok(running) = self.running.try_lock() else { return Ok(()) };
        let began = Instant::now();
        connection.busy_timeout(SHORT_PATIENCE)?;
        // Readers that stay, of another program perhaps, keep it from its end; the next time will come.
        let made = connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], moved);
        connection.busy_timeout(patience)?;
        drop(running);
        match made {
            Ok(Moved { pages, left }) => {
                if left == 0 {
                    self.begins_anew();
                }
                tracing::debug!(pages, left, took = ?began.elapsed(), "the write-ahead log begins anew");
            }
            Err(error) => self.failed(error),
        }
        Ok(())
    }

    /// All of the write-ahead log is in the database, or will be with the next commit.
    pub(super) fn begins_anew(&self) {
        self.pages_before.store(0, Ordering::Relaxed);
        self.set_behind(false);
    }

    fn failed(&self, error: rusqlite::Error) {
        if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) {
            return;
        }
        let error = LogError::from(error);
        if error.fault == Fault::Sync {
            self.set_unconfirmed();
        }
        tracing::warn!(%error, "the write-ahead log could not be moved into the database yet");
    }
}

/// What the thread does after a checkpoint.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// Nothing for now.
    Rest,
    /// Nothing: the write-ahead log begins anew with the next commit.
    Anew,
    /// Another one.
    GoOn,
    /// It lets the writer move what is left.
    HandOver,
}

/// What to do after a checkpoint of `pages` pages, `left` of which, or that came since, are not in the database. Pure.
fn next(pages: u64, left: u64) -> Next {
    if left == 0 {
        Next::Anew
    } else if pages < PAGES_ANEW {
        Next::Rest
    } else if left <= PAGES_LEFT_MAX {
        Next::HandOver
    } else {
        Next::GoOn
    }
}

/// Reads what a checkpoint answers: whether it was kept from its end, the pages of the file, and how many of them are moved.
fn moved(row: &Row<'_>) -> rusqlite::Result<Moved> {
    let pages = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
    let (pages, done) = (pages(1)?, pages(2)?);
    Ok(Moved { pages, left: pages.saturating_sub(done) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::sqlite::open;

    #[test]
    fn the_writer_gets_what_is_left_once_it_is_little() {
        assert_eq!(next(PAGES_ANEW - 1, 9), Next::Rest, "it is short");
        assert_eq!(next(PAGES_ANEW, 0), Next::Anew);
        assert_eq!(next(PAGES_ANEW, PAGES_LEFT_MAX + 1), Next::GoOn);
        assert_eq!(next(PAGES_ANEW, PAGES_LEFT_MAX), Next::HandOver);
    }

    #[test]
    fn what_is_handed_over_is_moved_and_the_file_begins_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("events.db");
        let (writer, reader) = (open::connect(&path).unwrap(), open::connect(&path).unwrap());
        writer.execute_batch("CREATE TABLE t(blob BLOB)").unwrap();
        let checkpoints = Checkpoints::new(&path);
        let write = |bytes: i64| writer.execute("INSERT INTO t VALUES(zeroblob(?1))", [bytes]).unwrap();
        let pages = || writer.query_row("PRAGMA wal_checkpoint(NOOP)", [], moved).unwrap().pages;
        write(1024 * 1024);
        checkpoints.end_handed_over(&writer, open::PATIENCE).unwrap();
        write(1);
        assert!(pages() > 256, "nothing was handed over");
        reader.execute_batch("BEGIN; SELECT count(*) FROM t").unwrap();
        checkpoints.is_handed_over.store(true, Ordering::Release);
        checkpoints.end_handed_over(&writer, open::PATIENCE).unwrap();
        write(1);
        assert!(pages() > 256, "a reader is in it");
        reader.execute_batch("COMMIT").unwrap();
        checkpoints.is_handed_over.store(true, Ordering::Release);
        checkpoints.end_handed_over(&writer, open::PATIENCE).unwrap();
        write(1);
        assert!(pages() < 8, "{}", pages());
        assert!(!checkpoints.is_handed_over.load(Ordering::Acquire));
        assert_eq!(reader.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, i64>(0)).unwrap(), 4);
    }
}
