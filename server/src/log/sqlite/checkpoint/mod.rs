//! Moving what is committed from the write-ahead log into the database, beside the writer.
//!
//! A checkpoint waits for the disk, a commit does not: so it runs on a thread and a connection of its own.
//! `moving` is what both do; here is when, and within which bounds.

mod moving;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, InterruptHandle};
use tokio::sync::watch;

use crate::background::{self, StandBack};
use crate::log::{Fault, LogError};

/// Pages of the write-ahead log after which it is moved: 16 MiB. Commits rewrite the same few pages again and again, and
/// only the last version of each is moved, so waiting for more makes it cheaper; but the disk has to take it all at once.
const PAGES: u64 = 4000;
/// So many pages are in the write-ahead log where the thread does not get on: 80 MiB. From then on large publications wait for it.
const PAGES_BEHIND: u64 = 20_000;
/// The file is not left longer than this once it was moved.
pub(super) const WAL_KEPT_BYTES: u64 = 64 * 1024 * 1024;
/// Beyond this the writer lets it come to its end and empties it; while a reader of another program keeps it from that, it
/// is tried again each time that [`WAL_BYTES_MORE`] were added.
const WAL_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// How much longer it may become while the thread is at it.
const WAL_BYTES_MORE: u64 = 32 * 1024 * 1024;
/// Pages that are written, about, between two looks at the file.
const LOOK_PAGES: u64 = 1000;
/// What a commit writes besides its events, about: a leaf, a room, and a state.
const PAGES_PER_COMMIT: u64 = 3;
/// What a page holds of events, about.
const BYTES_PER_PAGE: u64 = 3500;
/// How long the last checkpoint waits for readers.
const READERS_PATIENCE: Duration = Duration::from_millis(100);
/// Between two attempts to end the thread's checkpoint.
const TAKE_OVER_EVERY: Duration = Duration::from_millis(1);

/// When to make checkpoints.
#[derive(Debug)]
pub(super) struct Checkpoints {
    /// The write-ahead log.
    path: PathBuf,
    pages: AtomicU64,
    /// Pages since the last look at the file.
    unseen: AtomicU64,
    /// How long the file may become until the writer empties it.
    bytes_max: AtomicU64,
    /// The disk did not confirm something, and not all of it was written again since.
    unconfirmed: AtomicBool,
    /// Pages of the write-ahead log at the last checkpoint.
    pages_before: AtomicU64,
    /// A reader kept the last one from its end: nothing is gained by waiting.
    is_held_up: AtomicBool,
    behind: watch::Sender<bool>,
    /// Little is left to be moved, and the file is long: the writer's turn.
    is_handed_over: AtomicBool,
    /// The database, to have the disk take what was moved: SQLite does so only where all of it was. Closed with the last of the
    /// log's connections, because that takes this process's locks on the file away.
    database: OnceLock<File>,
    /// Held while one is made: a second one would not wait, but fail.
    running: Mutex<()>,
    thread: OnceLock<Interrupt>,
    /// Ends the writer's last.
    last: Mutex<Option<Interrupt>>,
    /// Nobody waits for the last any longer.
    hurried: AtomicBool,
    due: Mutex<Due>,
    rung: Condvar,
}

/// Ends the checkpoint that the thread makes.
struct Interrupt(InterruptHandle);

impl std::fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Interrupt")
    }
}

#[derive(Debug, Default)]
struct Due {
    now: bool,
    closing: bool,
}

impl Checkpoints {
    /// `path`: the database.
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.with_extension("db-wal"),
            pages: AtomicU64::new(0),
            unseen: AtomicU64::new(0),
            bytes_max: AtomicU64::new(WAL_BYTES_MAX),
            unconfirmed: AtomicBool::new(false),
            pages_before: AtomicU64::new(0),
            is_held_up: AtomicBool::new(false),
            behind: watch::Sender::new(false),
            is_handed_over: AtomicBool::new(false),
            database: OnceLock::new(),
            running: Mutex::new(()),
            thread: OnceLock::new(),
            last: Mutex::default(),
            hurried: AtomicBool::new(false),
            due: Mutex::default(),
            rung: Condvar::new(),
        }
    }

    /// Starts the thread; it ends after [`Self::close`].
    pub(super) fn start(self: &Arc<Self>, connection: Connection) -> std::io::Result<JoinHandle<()>> {
        let checkpoints = Arc::clone(self);
        // Whatever is left is moved by the writer, or by the next start.
        if let Err(error) = leave_to_next_start(&connection) {
            tracing::debug!(%error, "a connection makes a checkpoint of its own when it is closed");
        }
        let database = File::options().read(true).write(true).open(self.path.with_extension("db"))?;
        // It is started once.
        let _ = self.database.set(database);
        let _ = self.thread.set(Interrupt(connection.get_interrupt_handle()));
        std::thread::Builder::new().name("log-checkpoint".into()).spawn(move || {
            background::stand_back(StandBack::Slightly);
            while checkpoints.wait() {
                checkpoints.move_all(&connection);
            }
        })
    }

    /// The writer has committed so much, `rows` of any table and `bytes` of events. Whether it should look how long the file is.
    pub(super) fn wrote(&self, rows: u64, bytes: u64) -> bool {
        let pages = PAGES_PER_COMMIT + rows / 16 + bytes / BYTES_PER_PAGE;
        let new = self.pages.fetch_add(pages, Ordering::Relaxed) + pages;
        let all = self.pages_before.load(Ordering::Relaxed) + new;
        if all >= PAGES_BEHIND && !self.is_held_up.load(Ordering::Relaxed) {
            self.set_behind(true);
        }
        if new >= PAGES {
            self.wake();
        }
        let unseen = self.unseen.fetch_add(pages, Ordering::Relaxed) + pages;
        if unseen >= LOOK_PAGES {
            self.unseen.store(0, Ordering::Relaxed);
        }
        unseen >= LOOK_PAGES
    }

    /// The thread shall make one.
    pub(super) fn wake(&self) {
        self.pages_before.fetch_add(self.pages.swap(0, Ordering::Relaxed), Ordering::Relaxed);
        self.due.lock().unwrap_or_else(PoisonError::into_inner).now = true;
        self.rung.notify_one();
    }

    fn set_behind(&self, is_behind: bool) {
        self.behind.send_if_modified(|was| std::mem::replace(was, is_behind) != is_behind);
    }

    /// Waits until the thread is not behind.
    pub(super) async fn caught_up(&self) {
        // The sender is this one's.
        let _ = self.behind.subscribe().wait_for(|is_behind| !is_behind).await;
    }

    /// How long the file is.
    pub(super) fn bytes(&self) -> u64 {
        self.path.metadata().map_or(0, |file| file.len())
    }

    /// Empties the file if it has become so long that the writer should pause for it.
    pub(super) fn keep_bounded(&self, connection: &Connection) {
        let bytes = self.bytes();
        if bytes <= self.bytes_max.load(Ordering::Relaxed) {
            return;
        }
        // The thread may be at it, and soon be done.
        let is_running = matches!(self.running.try_lock(), Err(TryLockError::WouldBlock));
        if is_running && bytes <= WAL_BYTES_MAX + WAL_BYTES_MORE {
            return;
        }
        match self.write_again(connection) {
            Ok(()) => self.bytes_max.store(WAL_BYTES_MAX, Ordering::Relaxed),
            Err(error) => {
                self.bytes_max.store(bytes + WAL_BYTES_MORE, Ordering::Relaxed);
                tracing::warn!(%error, bytes, "the write-ahead log of the event log grows beyond its bound; does another \
                    program read events.db and does not come to an end?");
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
        let Some(_running) = self.take_over() else {
            return Err(LogError::new(Fault::Closed, "nobody waits for a checkpoint any longer"));
        };
        let began = Instant::now();
        let busy =
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0))?;
        tracing::debug!(took = ?began.elapsed(), busy, "the write-ahead log is emptied");
        if busy {
            return Err(LogError::new(Fault::Locked, "readers are in the write-ahead log"));
        }
        self.unconfirmed.store(false, Ordering::Release);
        self.begins_anew();
        Ok(())
    }

    /// Ends the checkpoint that the thread makes, and keeps it from the next one. The thread stands back: on a busy machine
    /// it would take as long for the rest as everything else leaves it.
    fn take_over(&self) -> Option<MutexGuard<'_, ()>> {
        loop {
            match self.running.try_lock() {
                Ok(running) => return Some(running),
                Err(TryLockError::Poisoned(running)) => return Some(running.into_inner()),
                Err(TryLockError::WouldBlock) => {}
            }
            if self.hurried.load(Ordering::Acquire) {
                return None;
            }
            // More than once: between the lock and its first step a checkpoint does not hear it.
            self.thread.get().inspect(|thread| thread.0.interrupt());
            std::thread::sleep(TAKE_OVER_EVERY);
        }
    }

    /// Moves everything and empties the file, as the last that the writer does, unless [`Self::end_last`] ends it: what is
    /// in the file then is moved by the next start.
    pub(super) fn make_last(&self, connection: &Connection) -> rusqlite::Result<()> {
        // What another reader holds up is not worth the time that stopping may take.
        connection.busy_timeout(READERS_PATIENCE)?;
        *self.last() = Some(Interrupt(connection.get_interrupt_handle()));
        let made = self.write_again(connection);
        *self.last() = None;
        if let Err(error) = made {
            tracing::debug!(%error, "the write-ahead log is left to the next start");
            leave_to_next_start(connection)?;
        }
        Ok(())
    }

    /// Ends the writer's last checkpoint, if it is at it.
    pub(super) fn end_last(&self) {
        self.hurried.store(true, Ordering::Release);
        self.last().as_ref().inspect(|last| last.0.interrupt());
    }

    fn last(&self) -> MutexGuard<'_, Option<Interrupt>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
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

/// SQLite would make a checkpoint when the last connection is closed, however long it takes.
fn leave_to_next_start(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::sqlite::open;

    #[test]
    fn a_checkpoint_that_is_under_way_keeps_no_writer_from_the_bound() {
        const COMMIT_BYTES: u64 = 4 * 1024 * 1024;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("events.db");
        let writer = open::connect(&path).unwrap();
        writer.execute_batch("CREATE TABLE t(n INTEGER PRIMARY KEY, blob BLOB)").unwrap();
        let checkpoints = Arc::new(Checkpoints::new(&path));
        let thread = checkpoints.start(open::connect(&path).unwrap()).unwrap();
        let mut longest = 0;
        for n in 0..90 {
            let row = [n % 30, COMMIT_BYTES.cast_signed()];
            writer.execute("INSERT OR REPLACE INTO t VALUES(?1, zeroblob(?2))", row).unwrap();
            longest = longest.max(checkpoints.bytes());
            checkpoints.wake();
            checkpoints.keep_bounded(&writer);
        }
        assert!(longest > WAL_BYTES_MAX, "{longest}");
        assert!(longest <= WAL_BYTES_MAX + WAL_BYTES_MORE + 2 * COMMIT_BYTES, "{longest}");
        checkpoints.close();
        thread.join().unwrap();
    }

    #[test]
    fn a_log_that_is_closed_in_a_hurry_leaves_its_checkpoint_to_the_next_start() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("events.db");
        let writer = open::connect(&path).unwrap();
        writer.execute_batch("CREATE TABLE t(n); INSERT INTO t VALUES(7)").unwrap();
        let checkpoints = Arc::new(Checkpoints::new(&path));
        let written = checkpoints.bytes();
        // As a thread does that gets no turn on a busy machine.
        let running = checkpoints.running.lock().unwrap();
        let its = Arc::clone(&checkpoints);
        let last = std::thread::spawn(move || its.make_last(&writer).unwrap());
        assert!(!background::has_ended_by(&last, Instant::now()), "it waits while it may");
        checkpoints.end_last();
        last.join().unwrap();
        drop(running);
        assert_eq!(checkpoints.bytes(), written, "closing the last connection moves nothing");
        let next = open::connect(&path).unwrap();
        assert_eq!(next.query_row("SELECT n FROM t", [], |row| row.get::<_, i64>(0)).unwrap(), 7);
        Checkpoints::new(&path).make_last(&next).unwrap();
        assert_eq!(checkpoints.bytes(), 0);
    }
}
