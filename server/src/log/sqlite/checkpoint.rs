//! Moving what is committed from the write-ahead log into the database, beside the writer.
//!
//! A checkpoint waits for the disk, a commit does not: so it runs on a thread and a connection of its own.
//! Only when events come so fast that the write-ahead log never gets to its end does the writer pause for
//! a short one.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;

use crate::log::{Fault, LogError, background};

/// Pages of the write-ahead log after which it is moved: 32 MiB. Commits rewrite the same few pages again and again, and
/// only the last version of each is moved, so waiting for more makes it cheaper.
const PAGES: u64 = 8000;
/// Pages beyond which the writer lets it come to its end: 128 MiB.
const PAGES_MAX: i64 = 32_768;
/// What a commit writes besides its events, about: a leaf, a room, and a state.
const PAGES_PER_COMMIT: u64 = 3;
/// What a page holds of events, about.
const BYTES_PER_PAGE: u64 = 3500;

/// When to make checkpoints.
#[derive(Debug, Default)]
pub(super) struct Checkpoints {
    pages: AtomicU64,
    wants_writer: AtomicBool,
    /// The disk did not confirm something, and not all of it was written again since.
    unconfirmed: AtomicBool,
    due: Mutex<Due>,
    rung: Condvar,
}

#[derive(Debug, Default)]
struct Due {
    now: bool,
    closing: bool,
}

impl Checkpoints {
    /// Starts the thread; it ends after [`Self::close`].
    pub(super) fn start(self: &Arc<Self>, connection: Connection) -> std::io::Result<JoinHandle<()>> {
        let checkpoints = Arc::clone(self);
        std::thread::Builder::new().name("log-checkpoint".into()).spawn(move || {
            background::stand_back();
            while checkpoints.wait() {
                checkpoints.run(&connection);
            }
        })
    }

    /// The writer has committed so much.
    pub(super) fn wrote(&self, events: u64, bytes: u64) {
        let pages = PAGES_PER_COMMIT + events / 16 + bytes / BYTES_PER_PAGE;
        if self.pages.fetch_add(pages, Ordering::Relaxed) + pages >= PAGES {
            self.pages.store(0, Ordering::Relaxed);
            self.due.lock().unwrap_or_else(PoisonError::into_inner).now = true;
            self.rung.notify_one();
        }
    }

    /// Whether the write-ahead log has become so long that the writer should pause for it.
    pub(super) fn wants_writer(&self) -> bool {
        self.wants_writer.swap(false, Ordering::Relaxed)
    }

    /// Makes one; never waits for readers or writers.
    pub(super) fn run(&self, connection: &Connection) {
        let pages = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get::<_, i64>(1));
        match pages {
            Ok(pages) if pages > PAGES_MAX => self.wants_writer.store(true, Ordering::Relaxed),
            Ok(_) => {}
            Err(error) => {
                let error = LogError::from(error);
                if error.fault == Fault::Sync {
                    self.set_unconfirmed();
                }
                tracing::warn!(%error, "the write-ahead log could not be moved into the database yet");
            }
        }
    }

    /// The disk did not confirm what was written. It may have forgotten it and confirm the next time: whatever is in the
    /// write-ahead log has to be written again before anything is called synced.
    pub(super) fn set_unconfirmed(&self) {
        self.unconfirmed.store(true, Ordering::Release);
    }

    /// Whether that is so.
    pub(super) fn is_unconfirmed(&self) -> bool {
        self.unconfirmed.load(Ordering::Acquire)
    }

    /// Writes everything in the write-ahead log to its place in the database, waits for the disk, and empties it. What the
    /// disk forgot of the write-ahead log is then of no account.
    pub(super) fn write_again(&self, connection: &Connection) -> Result<(), LogError> {
        let busy =
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0))?;
        if busy {
            return Err(LogError::new(Fault::Locked, "readers are in the write-ahead log"));
        }
        self.unconfirmed.store(false, Ordering::Release);
        Ok(())
    }

    pub(super) fn close(&self) {
        self.due.lock().unwrap_or_else(PoisonError::into_inner).closing = true;
        self.rung.notify_one();
    }

    fn wait(&self) -> bool {
        let due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = |due: &mut Due| !due.now && !due.closing;
        let mut due = self.rung.wait_while(due, waits).unwrap_or_else(PoisonError::into_inner);
        due.now = false;
        !due.closing
    }
}
