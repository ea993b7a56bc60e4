//! The log in SQLite: one file in write-ahead mode, one thread that writes, a few connections that read.
//!
//! An append is queued and committed together with whatever else waits. A commit without `synced` is one
//! or a few writes to the operating system, no wait for the disk; with it, the whole group waits once.

mod answers;
pub mod backup;
mod checkpoint;
mod continuity;
mod fault;
mod figures;
mod group;
pub mod index;
mod leftovers;
pub mod mirror;
pub(crate) mod open;
mod pages;
pub(in crate::log) mod private;
mod purge;
mod queue;
pub(crate) mod reader;
mod remains;
mod salvage;
pub(crate) mod schema;
mod store;
mod teller;
mod verify;
mod writer;

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use arcane_shared::{RoomName, Seq};
use tokio::sync::Semaphore;

use super::pins::Pins;
use super::retention::Retention;
use super::{Fault, LogError, Notify, Record, RoomId, RoomRecord, Run, Usage};
use crate::background;
use crate::clock::SteadyClock;
use checkpoint::Checkpoints;
use continuity::Marks;
use figures::Counters;
use index::Index;
use open::OpenedLog;
pub use open::{EVENTS_FILE, OpenError};
use queue::{Purge, Queue};
use reader::Readers;
use store::{RoomExtent, Store};
use teller::Teller;
use writer::Writer;

/// A log in a directory. Cloning it gives another handle to the same log.
#[derive(Debug, Clone)]
pub struct SqliteLog(Arc<Database>);

/// Answers of each kind that are being read at a time; further questions wait. Each holds one page in memory.
const ANSWERS_MAX: usize = 4;
/// Searches for words that are worked on at a time: one takes as long as hundreds of other questions.
const SEARCHES_MAX: usize = 2;

#[derive(Debug)]
struct Database {
    /// Places of readers and of those that are told what is remembered.
    answers: Arc<Semaphore>,
    /// Places of history and activity, which may take long: no reader waits for them.
    questions: Arc<Semaphore>,
    /// Places of searches for words: no other question waits for them.
    searches: Arc<Semaphore>,
    queue: Arc<Queue>,
    pins: Pins,
    marks: Arc<Marks>,
    readers: Readers,
    index: Index,
    rooms: Mutex<Rooms>,
    figures: Arc<Counters>,
    checkpoints: Arc<Checkpoints>,
    clock: Arc<SteadyClock>,
    stopping: Arc<AtomicBool>,
    damaged: Arc<AtomicBool>,
    threads: Mutex<Option<Threads>>,
    /// Held for as long as the directory is ours.
    _lock: File,
}

/// How long a log that is dropped waits for what the next start can make up for.
const DROP_PATIENCE: Duration = Duration::from_secs(5);
/// Between two attempts to end what the writer does last.
const HURRY_EVERY: Duration = Duration::from_millis(2);

/// The threads of a log.
#[derive(Debug)]
struct Threads {
    writer: JoinHandle<()>,
    /// Those that stand back.
    beside: [JoinHandle<()>; 2],
}

/// Rooms that have a number.
#[derive(Debug, Default)]
struct Rooms {
    by_name: BTreeMap<RoomName, RoomRecord>,
    next_id: RoomId,
}

impl SqliteLog {
    /// Opens the log of a directory, which is made if it is not there.
    ///
    /// # Errors
    /// Says what is wrong with it, and how to go on.
    pub fn open(dir: &Path, retention: Retention) -> Result<Self, OpenError> {
        let opened = open::open(dir)?;
        let unusable = |source| OpenError::Directory { path: dir.to_owned(), source };
        let marks = Arc::new(Marks::begin(dir, &opened.run).map_err(unusable)?);
        let path: PathBuf = opened.path.clone();
        let of_log = |source: LogError| OpenError::Log { path: path.clone(), source };
        let index = Index::open(dir).map_err(|error| of_log(error.into()))?;
        let (queue, pins) = (Arc::new(Queue::new()), Pins::default());
        let (damaged, stopping) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (figures, checkpoints) = (Arc::new(Counters::default()), Arc::new(Checkpoints::new(&path)));
        let connection = open::connect(&path).map_err(|error| of_log(error.into()))?;
        let rooms = extents(&opened, &pins, &marks);
        let clock = Arc::new(opened.clock);
        let deleted = opened.deleted.iter().map(|(room, _)| *room).collect();
        let writer = Writer {
            store: Store::new(opened.connection, rooms, deleted),
            queue: Arc::clone(&queue),
            pins: pins.clone(),
            marks: Arc::clone(&marks),
            retention,
            clock: Arc::clone(&clock),
            clock_kept_at: None,
            checkpoints: Arc::clone(&checkpoints),
            figures: Arc::clone(&figures),
            damaged: Arc::clone(&damaged),
            path: path.clone(),
            teller: Teller::start(),
            wake: Box::new(index.waker()),
            appended_at: Instant::now(),
            looked_at: Instant::now(),
            aged_at: Instant::now(),
        };
        let threads = Threads {
            writer: spawn("log-writer", move || writer.run()).map_err(unusable)?,
            beside: [
                checkpoints.start(connection).map_err(unusable)?,
                verify::start(&path, &opened.rooms, Arc::clone(&damaged), Arc::clone(&stopping))
                    .map_err(unusable)?,
            ],
        };
        let next_id = opened.next_room;
        let by_name = opened.rooms.into_iter().map(|room| (room.name.clone(), room)).collect();
        Ok(Self(Arc::new(Database {
            answers: Arc::new(Semaphore::new(ANSWERS_MAX)),
            questions: Arc::new(Semaphore::new(ANSWERS_MAX)),
            searches: Arc::new(Semaphore::new(SEARCHES_MAX)),
            queue,
            pins,
            marks,
            readers: Readers::new(&path, Arc::clone(&damaged)),
            damaged,
            index,
            rooms: Mutex::new(Rooms { by_name, next_id }),
            figures,
            checkpoints,
            clock,
            stopping,
            threads: Mutex::new(Some(threads)),
            _lock: opened.lock,
        })))
    }
}

/// What every room has by now, told to those who have to know it.
fn extents(opened: &OpenedLog, pins: &Pins, marks: &Marks) -> HashMap<RoomId, RoomExtent> {
    for room in &opened.rooms {
        pins.set(room.id, Usage { first: room.first, bytes: room.bytes });
        marks.mark(room.id, room.head);
    }
    for (room, head) in &opened.deleted {
        pins.set(*room, Usage { first: head + 1, bytes: 0 });
    }
    let deleted =
        opened.deleted.iter().map(|(room, head)| (*room, RoomExtent { head: *head, ..RoomExtent::EMPTY }));
    // What was let go of goes on being deleted.
    let first = |room: &RoomRecord| opened.before_oldest.get(&room.id).copied().unwrap_or(room.first);
    let kept = opened.rooms.iter();
    let kept = kept.map(|room| (room.id, RoomExtent { first: first(room), ..RoomExtent::from(room) }));
    kept.chain(deleted).collect()
}

impl Database {
    /// Lets events go, or a room. Completes once that is written.
    async fn ask_purge(
        &self,
        room: RoomId,
        before: Seq,
        deletes: Option<Vec<Record>>,
    ) -> Result<(), LogError> {
        let (done, mut receipt) = Notify::numbered(Run::EMPTY);
        self.queue.purge(Purge { room, before, deletes, done })?;
        receipt.logged().await.map(|_| ())
    }

    /// The oldest and the latest event of a room.
    fn range(&self, room: RoomId) -> (Seq, Seq) {
        (self.pins.usage(room).first, self.marks.of(room))
    }

    /// A room by its number, and its oldest event.
    fn kept(&self, id: RoomId) -> Result<(RoomRecord, Seq), LogError> {
        let rooms = self.rooms();
        let record = rooms.by_name.values().find(|room| room.id == id);
        let record =
            record.ok_or_else(|| LogError::new(Fault::NoRoom, "the room is not in the log"))?.clone();
        let first = self.pins.usage(record.id).first;
        Ok((record, first))
    }

    fn rooms(&self) -> MutexGuard<'_, Rooms> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A room with what has happened since the log was opened.
    fn current(&self, room: &RoomRecord) -> RoomRecord {
        let usage = self.pins.usage(room.id);
        RoomRecord {
            first: usage.first,
            bytes: usage.bytes,
            head: self.marks.of(room.id).max(room.head),
            ..room.clone()
        }
    }

    /// Writes what was taken and ends, blocking.
    fn close(&self, patience: Duration) {
        let deadline = Instant::now() + patience;
        self.stopping.store(true, Ordering::Release);
        self.queue.close();
        self.checkpoints.close();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(Threads { writer, beside }) = threads {
            // What was taken is written, however long that takes.
            let mut look_at = deadline;
            while !background::has_ended_by(&writer, look_at) {
                self.checkpoints.end_last();
                look_at = Instant::now() + HURRY_EVERY;
            }
            background::end(writer, deadline);
            beside.into_iter().for_each(|thread| background::end(thread, deadline));
        }
        self.index.close_by(deadline);
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.close(DROP_PATIENCE);
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.into()).spawn(run)
}
