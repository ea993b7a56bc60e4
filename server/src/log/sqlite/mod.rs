//! The log in SQLite: one file in write-ahead mode, one thread that writes, a few connections that read.
//!
//! An append is queued and committed together with whatever else waits. A commit without `synced` is one
//! or a few writes to the operating system, no wait for the disk; with it, the whole group waits once.

mod background;
pub mod backup;
mod checkpoint;
mod continuity;
mod fault;
mod figures;
mod group;
pub mod index;
mod leftovers;
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
mod verify;
mod writer;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use arcane_shared::{RoomName, Seq};

use super::history::{Activity, ActivityQuery, HistoryPage, HistoryQuery};
use super::pins::Pins;
use super::retention::Retention;
use super::{
    Append, Appended, EventLog, Fault, Level, LogError, Notify, Page, PageRequest, Pin, Record, RoomId,
    RoomRecord, Usage,
};
use crate::clock::SteadyClock;
use crate::event::PreparedFrame;
use crate::metrics::LogFigures;
use checkpoint::Checkpoints;
use continuity::Marks;
use figures::Counters;
use index::{Index, IndexError};
pub use open::{EVENTS_FILE, OpenError};
use queue::{Purge, Queue};
use reader::Readers;
use store::{Kept, Store};
use writer::Writer;

/// See the module.
#[derive(Debug)]
pub struct SqliteLog {
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
        for room in &opened.rooms {
            pins.set(room.id, Usage { first: room.first, bytes: room.bytes });
            marks.mark(room.id, room.head);
        }
        let clock = Arc::new(opened.clock);
        let connection = open::connect(&path).map_err(|error| of_log(error.into()))?;
        for (room, head) in &opened.deleted {
            pins.set(*room, Usage { first: head + 1, bytes: 0 });
        }
        let deleted = opened.deleted.iter().map(|(room, head)| (*room, Kept { head: *head, ..Kept::EMPTY }));
        let rooms = opened.rooms.iter().map(|room| (room.id, Kept::from(room))).chain(deleted).collect();
        let writer = Writer {
            store: Store::new(
                opened.connection,
                rooms,
                opened.deleted.iter().map(|(room, _)| *room).collect(),
            ),
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
        Ok(Self {
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
        })
    }

    /// Lets events go, or a room, and waits until that is written.
    fn ask_purge(&self, room: RoomId, before: Seq, deletes: Option<Vec<Record>>) -> Result<(), LogError> {
        let (done, receipt) = Notify::pair();
        self.queue.purge(Purge { room, before, deletes, done })?;
        receipt.wait()
    }

    /// The oldest and the latest event of a room.
    fn range(&self, room: RoomId) -> (Seq, Seq) {
        (self.pins.usage(room).first, self.marks.of(room))
    }

    /// A room by its number, and its oldest event.
    fn kept(&self, id: RoomId) -> Result<(RoomRecord, Seq), LogError> {
        let rooms = self.rooms();
        let record = rooms.by_name.values().find(|room| room.id == id);
        let record = record.ok_or_else(|| LogError::new(Fault::Query, "the room is not in the log"))?.clone();
        let first = self.pins.usage(record.id).first;
        Ok((record, first))
    }

    fn rooms(&self) -> MutexGuard<'_, Rooms> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventLog for SqliteLog {
    fn rooms(&self) -> Vec<RoomRecord> {
        self.rooms().by_name.values().map(|room| self.current(room)).collect()
    }

    fn room(&self, name: &RoomName) -> Option<RoomRecord> {
        self.rooms().by_name.get(name).map(|room| self.current(room))
    }

    fn open_room(&self, name: &RoomName) -> Result<RoomRecord, LogError> {
        let mut rooms = self.rooms();
        if let Some(room) = rooms.by_name.get(name) {
            return Ok(self.current(room));
        }
        let id = rooms.next_id;
        if id > schema::ROOM_MAX {
            let text = "as many rooms were opened as a log has numbers for; export it and import it into a new --data-dir";
            return Err(LogError::new(Fault::Numbers, text));
        }
        rooms.next_id += 1;
        let epoch = super::new_epoch();
        let record = RoomRecord { id, name: name.clone(), epoch, first: 1, head: 0, bytes: 0, at: 0 };
        rooms.by_name.insert(name.clone(), record.clone());
        self.pins.set(id, Usage { first: 1, bytes: 0 });
        self.queue.room(id, Some(record.clone()));
        Ok(record)
    }

    fn forget_room(&self, room: RoomId) {
        self.rooms().by_name.retain(|_, record| record.id != room);
        self.queue.room(room, None);
    }

    fn delete_room(&self, room: RoomId, records: Vec<Record>) -> Result<(), LogError> {
        self.ask_purge(room, Seq::MAX, Some(records))?;
        self.rooms().by_name.retain(|_, record| record.id != room);
        Ok(())
    }

    fn append(&self, append: Append) -> Result<Appended, LogError> {
        if append.frames.last().is_some_and(|frame| frame.seq() > schema::SEQ_MAX) {
            let text =
                format!("the room has given its last number, {}; publish to another room", schema::SEQ_MAX);
            return Err(LogError::new(Fault::Numbers, text));
        }
        self.queue.push(append)?;
        Ok(Appended::Queued)
    }

    fn remember(&self, records: Vec<Record>) -> Result<(), LogError> {
        let count = records.len() as u64;
        self.queue.remember(records).inspect_err(|error| {
            tracing::warn!(%error, count, "the event log does not take what is to be remembered");
            self.figures.refused_records.fetch_add(count, Ordering::Relaxed);
        })
    }

    fn recall(&self, prefix: &str) -> Result<Vec<(String, String)>, LogError> {
        self.readers.with(|connection| {
            // The first text after all that begin with the prefix: no key has this character.
            let end = format!("{prefix}\u{10FFFF}");
            let mut statement = connection
                .prepare_cached("SELECT key, value FROM state WHERE key >= ?1 AND key < ?2 ORDER BY key")?;
            statement.query_map([prefix, &end], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        })
    }

    fn read(&self, room: RoomId, request: PageRequest) -> Result<Page, LogError> {
        let (first, head) = self.range(room);
        self.readers.page(room, request, first, head)
    }

    fn latest(&self, room: RoomId, request: PageRequest) -> Result<Vec<Arc<PreparedFrame>>, LogError> {
        let (first, head) = self.range(room);
        let after = request.after.max(first.saturating_sub(1));
        self.readers.latest(room, PageRequest { after, through: request.through.min(head), ..request })
    }

    fn before(&self, room: RoomId, at: i64) -> Result<Seq, LogError> {
        let (first, head) = self.range(room);
        self.readers.before(room, at, first, head)
    }

    fn history(&self, query: &HistoryQuery) -> Result<HistoryPage, LogError> {
        let (room, first) = self.kept(query.room)?;
        // What is past retention may still be in the file for a moment.
        let after = Some(query.after.unwrap_or(0).max(first.saturating_sub(1)));
        match self.index.history(&HistoryQuery { after, ..query.clone() }) {
            // It is new and not written yet: then nothing has happened in it.
            Err(IndexError::NoRoom(_)) => {
                Ok(HistoryPage { epoch: room.epoch, first: 1, head: 0, events: vec![], more: false })
            }
            Err(error) => {
                if matches!(error, IndexError::DamagedEvent(_)) {
                    self.damaged.store(true, Ordering::Release);
                }
                Err(error.into())
            }
            Ok(page) => Ok(page),
        }
    }

    fn activity(&self, query: &ActivityQuery) -> Result<Activity, LogError> {
        let (room, _) = self.kept(query.room)?;
        match self.index.activity(query) {
            Err(IndexError::NoRoom(_)) => Ok(Activity {
                epoch: room.epoch,
                first: 1,
                head: 0,
                first_at: None,
                head_at: None,
                step_s: 1,
                buckets: vec![],
            }),
            answered => Ok(answered?),
        }
    }

    fn pin(&self, room: RoomId, cursor: Seq) -> (Pin, Seq) {
        self.pins.pin(room, cursor, Instant::now())
    }

    fn usage(&self, room: RoomId) -> Usage {
        self.pins.usage(room)
    }

    fn purge(&self, room: RoomId, before: Seq) -> Result<Seq, LogError> {
        self.ask_purge(room, before.min(self.marks.of(room) + 1), None)?;
        Ok(self.pins.usage(room).first)
    }

    fn promise(&self, room: RoomId, seq: Seq) -> bool {
        self.marks.promise(room, seq)
    }

    fn level_max(&self) -> Level {
        Level::Synced
    }

    fn clock(&self) -> &SteadyClock {
        &self.clock
    }

    fn availability(&self) -> Result<(), LogError> {
        self.queue.fault().map_or(Ok(()), Err)
    }

    fn generation(&self) -> u64 {
        self.queue.generation()
    }

    fn figures(&self) -> Option<LogFigures> {
        Some(self.figures.read())
    }

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

impl SqliteLog {
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
}

impl Drop for SqliteLog {
    fn drop(&mut self) {
        self.close(DROP_PATIENCE);
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.into()).spawn(run)
}
