//! The one thread that writes: it commits in one go whatever has come while it was busy.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::checkpoint::{Checkpoints, WAL_KEPT_BYTES};
use super::continuity::Marks;
use super::queue::{Group, Queue};
use super::store::{RoomExtent, Store};
use super::teller::Teller;
use super::{Counters, fault, group, open, purge};
use crate::clock::{self, SteadyClock};
use crate::log::pins::Pins;
use crate::log::retention::Retention;
use crate::log::{Announcement, Append, Commits, Fault, LogError, Notify, RoomId, Usage};

/// How often the file is told what time it is.
const KEEP_CLOCK: Duration = Duration::from_secs(60);
/// How long the thread waits for something to write before it looks after the rest.
const PATIENCE: Duration = Duration::from_millis(250);
/// After so long without an event everything is synced: then even a machine that goes down loses nothing.
const IDLE: Duration = Duration::from_secs(10);
/// While nothing happens, a write-ahead log longer than this is emptied.
const WAL_RESTS_BYTES: u64 = 1024 * 1024;
/// The length of the write-ahead log is looked at this often.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Rooms' oldest events are looked at this often, for their age.
const AGE_CHECK: Duration = Duration::from_secs(30);

/// The writing thread and what it knows.
pub(super) struct Writer {
    pub(super) store: Store,
    pub(super) queue: Arc<Queue>,
    pub(super) pins: Pins,
    pub(super) marks: Arc<Marks>,
    pub(super) retention: Retention,
    pub(super) clock: Arc<SteadyClock>,
    /// When the file was told last what time it is.
    pub(super) clock_kept_at: Option<Instant>,
    pub(super) checkpoints: Arc<Checkpoints>,
    pub(super) figures: Arc<Counters>,
    /// A reader found that the files are not what was written.
    pub(super) damaged: Arc<AtomicBool>,
    pub(super) path: std::path::PathBuf,
    pub(super) teller: Teller,
    /// Called after each commit that changed events.
    pub(super) wake: Box<dyn Fn(u64) + Send>,
    pub(super) appended_at: Instant,
    /// When the length of the write-ahead log was looked at.
    pub(super) looked_at: Instant,
    pub(super) aged_at: Instant,
}

impl Writer {
    /// Runs until the queue is closed and empty.
    pub(super) fn run(mut self) {
        loop {
            let group = self.queue.take(PATIENCE);
            self.clock.observe();
            let closing = group.closing;
            if self.damaged.swap(false, Ordering::AcqRel) {
                self.give_up(LogError::new(Fault::Damaged, "an event is not what was written"), group);
            } else if self.queue.fault().is_some() {
                self.probe();
            } else if self.checkpoints.is_unconfirmed() {
                self.give_up(LogError::new(Fault::Sync, "a checkpoint failed"), group);
            } else if !group.is_empty() {
                self.commit(group);
            } else if closing {
                break;
            }
            if closing && self.queue.fault().is_some() {
                // What is still to be written cannot be: nobody was told that it is.
                let error = LogError::new(Fault::Closed, "the log could not be written to the end");
                let lost = self.queue.waiting_records();
                if lost > 0 {
                    tracing::error!(
                        lost,
                        "changes of state, such as consumers' positions, could not be written any more"
                    );
                }
                self.give_up(error, Group::default());
                return;
            }
            if self.queue.fault().is_none() {
                self.look_after();
            }
        }
        if let Err(error) = self.finish() {
            tracing::error!(%error, "the event log could not be closed in peace; what was acknowledged is in it");
        }
    }

    fn commit(&mut self, group: Group) {
        let began = Instant::now();
        // Only beside what is written anyway: a server that rests lets its disk rest.
        let keeps_clock = self.clock_kept_at.is_none_or(|at| at.elapsed() >= KEEP_CLOCK);
        let clock = Some(&*self.clock).filter(|_| keeps_clock);
        match group::write(&mut self.store, &group, clock) {
            Ok(written) => {
                if keeps_clock {
                    self.clock_kept_at = Some(Instant::now());
                }
                let rows = written.events + group.records.len() as u64;
                let is_due = self.checkpoints.wrote(rows, written.bytes);
                self.figures.committed(written.events, began.elapsed(), written.synced);
                if written.events > 0 {
                    self.store.clean = false;
                    self.marks.opened();
                }
                for (room, kept) in &written.rooms {
                    self.marks.mark(*room, kept.head);
                    let first = self.pins.usage(*room).first.max(kept.first);
                    self.pins.set(*room, Usage { first, bytes: kept.bytes });
                }
                self.store.committed(written.rooms, written.events, written.rows);
                for purge in group.purges.iter().filter(|purge| purge.deletes.is_none()) {
                    // Not before it is written: who is told that it failed has lost nothing.
                    self.pins.force(purge.room, purge.before);
                }
                for room in written.deleted {
                    let head = self.store.rooms.entry(room).or_insert(RoomExtent::EMPTY).head;
                    self.pins.force(room, head + 1);
                    self.store.deleted.insert(room);
                }
                if written.events > 0 {
                    self.appended_at = Instant::now();
                }
                let announcements = show(&group.appends);
                self.teller.tell(let_go(group.appends));
                announcements.into_iter().for_each(Announcement::announce);
                for purge in group.purges {
                    purge.done.tell(Ok(()));
                }
                (self.wake)(written.events.max(1));
                if let Err(error) = self.checkpoints.end_handed_over(&self.store.connection, open::PATIENCE) {
                    tracing::warn!(%error, "the patience of the event log's writer cannot be set");
                }
                if is_due {
                    self.checkpoints.keep_bounded(&self.store.connection);
                }
            }
            Err(error) => self.give_up(error.into(), group),
        }
    }

    /// Takes back everything that is not in the log, and takes nothing more until it is mended.
    fn give_up(&mut self, error: LogError, group: Group) {
        if error.fault == Fault::Sync {
            self.checkpoints.set_unconfirmed();
        }
        let error = fault::explain(error, &self.path);
        tracing::error!(%error, "the event log takes no events");
        self.figures.failed();
        let taken_back = self.queue.fail(&error, group);
        for append in &taken_back {
            append.commits.taken_back();
        }
        for done in let_go(taken_back) {
            done.tell(Err(error.clone()));
        }
    }

    /// Finds out whether the log can be written again.
    fn probe(&mut self) {
        if self.queue.fault().is_some_and(|fault| fault.fault == Fault::Damaged) {
            return;
        }
        match self.reconnect() {
            Ok(connection) => {
                self.store.replace(connection);
                self.queue.mend();
                tracing::info!("the event log takes events again");
            }
            Err(error) => {
                if error.fault == Fault::Sync {
                    self.checkpoints.set_unconfirmed();
                }
                tracing::debug!(%error, "the event log cannot be written yet");
            }
        }
    }

    /// A connection with which something was written.
    fn reconnect(&self) -> Result<Connection, LogError> {
        let connection = open::connect(&self.path)?;
        if self.checkpoints.is_unconfirmed() {
            self.checkpoints.write_again(&connection)?;
        }
        group::probe(&connection)?;
        Ok(connection)
    }

    fn look_after(&mut self) {
        let now = self.clock.expiry(clock::now()).unix_micros();
        let check_age = self.aged_at.elapsed() >= AGE_CHECK;
        if check_age {
            self.aged_at = Instant::now();
        }
        self.purge(now, check_age);
        if !self.store.clean && self.appended_at.elapsed() >= IDLE && self.marks.close() {
            match group::set_clean(&mut self.store, &self.clock) {
                Ok(()) => {
                    self.store.clean = true;
                    self.checkpoints.run(&self.store.connection);
                }
                Err(error) => self.look_after_failed(error.into(), "the event log could not be synced"),
            }
        }
        self.shorten();
    }

    /// Deletes a few rows of every room that holds more than it should.
    fn purge(&mut self, now: i64, check_age: bool) {
        let rooms: Vec<RoomId> = self.store.rooms.keys().copied().collect();
        for room in rooms {
            match purge::step(&mut self.store, &self.pins, &self.retention, room, now, check_age) {
                Ok(0) => {}
                Ok(rows) => {
                    (self.wake)(rows);
                    if self.checkpoints.wrote(rows, 0) {
                        self.checkpoints.keep_bounded(&self.store.connection);
                    }
                }
                Err(error) => {
                    self.look_after_failed(error.into(), "old events could not be deleted yet");
                    return;
                }
            }
        }
    }

    /// A write-ahead log that a burst has left long becomes short: at once where nothing happens, else with the next commits.
    fn shorten(&mut self) {
        if self.looked_at.elapsed() < LOOK_EVERY {
            return;
        }
        self.looked_at = Instant::now();
        let bytes = self.checkpoints.bytes();
        self.figures.wal_bytes.store(bytes, Ordering::Relaxed);
        if self.store.clean && bytes > WAL_RESTS_BYTES {
            // Publishers do not wait for readers here.
            let emptied = self.store.connection.busy_timeout(Duration::ZERO).map_err(LogError::from);
            let emptied = emptied.and_then(|()| self.checkpoints.write_again(&self.store.connection));
            let restored = self.store.connection.busy_timeout(open::PATIENCE).map_err(LogError::from);
            if let Err(error) = emptied.and(restored)
                && error.fault != Fault::Locked
            {
                self.look_after_failed(error, "the write-ahead log could not be moved into the database yet");
            }
        } else if bytes > WAL_KEPT_BYTES {
            self.checkpoints.wake();
        }
    }

    /// What was to be done beside publishing will be tried again; but what the disk did not confirm concerns publishers.
    fn look_after_failed(&mut self, error: LogError, what: &str) {
        if error.fault == Fault::Sync {
            self.give_up(error, Group::default());
        } else {
            tracing::warn!(%error, "{what}");
        }
    }

    fn finish(&mut self) -> rusqlite::Result<()> {
        if !self.store.clean && self.marks.close() {
            group::set_clean(&mut self.store, &self.clock)?;
        }
        group::keep_clock(&self.store.connection, &self.clock)?;
        self.checkpoints.make_last(&self.store.connection)
    }
}

/// Lets go of the rooms of appends: a publisher that is told may have its room closed at once. Returns who is to be told.
fn let_go(appends: Vec<Append>) -> Vec<Notify> {
    appends.into_iter().map(|append| append.done).collect()
}

/// Lets readers see what is in the log, room by room. Returns how the rooms' readers are woken.
fn show(appends: &[Append]) -> Vec<Announcement> {
    let mut announcements = Vec::new();
    let alike = |a: &Append, b: &Append| Arc::ptr_eq(&a.commits, &b.commits);
    for run in appends.chunk_by(alike) {
        let Some(first) = run.first() else { continue };
        let commits: &Arc<dyn Commits> = &first.commits;
        announcements.push(if let [only] = run {
            commits.committed(&only.frames)
        } else {
            let frames: Vec<_> = run.iter().flat_map(|append| append.frames.iter().cloned()).collect();
            commits.committed(&frames)
        });
    }
    announcements
}
