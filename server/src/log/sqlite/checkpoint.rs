//! Moving what is committed from the write-ahead log into the database, beside the writer.
//!
//! A checkpoint waits for the disk, a commit does not: so it runs on a thread and a connection of its own.
//! Only when events come so fast that the write-ahead log never gets to its end does the writer pause for
//! a short one.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;

use crate::log::background;

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
                tracing::warn!(%error, "the write-ahead log could not be moved into the database yet")
            }
        }
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
