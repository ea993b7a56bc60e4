//! The derived index of the event log: `index.db`.
//!
//! The log has a writer of its own, which is not to be slowed down: a thread reads what was committed and keeps
//! what pages, searches and activity need. Nothing here is worth keeping; whatever does not fit the log is made anew.
//!
//! - `block`: what filters look at, as columns. A filter of any kind looks at all of it.
//! - `words`: the full-text index of SQLite. what people type is read by `log::history`.
//! - `rollup`: counts for each second, minute and hour.
//! - `plan` decides what is to be done, `builder` does it, `notifier` says when.
//!
//! The index proposes and the log decides: an event is in a page only if its own row in the log says so.

mod activity;
mod add;
mod block;
mod builder;
mod candidates;
mod error;
mod forget;
mod history;
mod mark;
mod notifier;
mod plan;
mod readers;
mod rollup;
mod row_range;
mod schema;
mod source;
mod tables;
#[cfg(test)]
mod tests;
mod timer;
mod words;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;

pub use error::IndexError;

use crate::background::{self, StandBack};
use crate::log::history::{Activity, ActivityQuery, Allowance, HistoryPage, HistoryQuery};
use notifier::Notifier;
use plan::IndexedRoom;
use readers::{Reader, Readers};
use schema::Files;
use source::LoggedRoom;

/// How long a question waits: for its turn, and for the index to come to where the log is.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// The index of one log, and the thread that keeps it.
#[derive(Debug)]
pub struct Index {
    notifier: Arc<Notifier>,
    readers: Readers,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Index {
    /// Begins to index the `events.db` of this directory, which must be there. If the log is replaced by another
    /// one, open a new index.
    ///
    /// # Errors
    /// If the thread cannot be started. What is wrong with the files, questions will say.
    pub fn open(dir: &Path) -> Result<Self, IndexError> {
        let notifier = Arc::new(Notifier::default());
        let files = Files::of(dir);
        let readers = Readers::new(files.clone());
        let its_notifier = notifier.clone();
        let thread = std::thread::Builder::new().name("log-index".into());
        let thread = thread
            .spawn(move || {
                background::stand_back(StandBack::Awaited);
                builder::run(&files, &its_notifier);
            })
            .map_err(IndexError::Thread)?;
        Ok(Self { notifier, readers, thread: Mutex::new(Some(thread)) })
    }

    /// So many events were committed or purged. Costs next to nothing.
    pub fn wake(&self, events: u64) {
        self.notifier.notify(events);
    }

    /// [`Self::wake`] for the log's writer, on any thread.
    pub fn waker(&self) -> impl Fn(u64) + Send + Sync + 'static {
        let notifier = self.notifier.clone();
        move |events| notifier.notify(events)
    }

    /// A page of history. Blocks: for the disk, and if it needs the index, until that has everything which was
    /// committed before the call.
    ///
    /// # Errors
    /// [`IndexError::Behind`] and [`IndexError::Busy`] pass by themselves.
    pub fn history(&self, query: &HistoryQuery) -> Result<HistoryPage, IndexError> {
        if query.is_plain() {
            return self.readers.with(Instant::now() + WAIT_MAX, |reader| {
                reader.timer.clone().run(&query.time, || history::plain(reader, query))
            });
        }
        let answer = |log: &Connection, index: &Connection, room| history::chosen(log, index, room, query);
        self.ask(i64::from(query.room), &query.time, answer)
    }

    /// How much happened when. Blocks as [`Self::history`] does.
    ///
    /// # Errors
    /// [`IndexError::Behind`] and [`IndexError::Busy`] pass by themselves.
    pub fn activity(&self, query: &ActivityQuery) -> Result<Activity, IndexError> {
        let answer = |log: &Connection, index: &Connection, room| activity::activity(log, index, room, query);
        self.ask(i64::from(query.room), &query.time, answer)
    }

    /// Ends the thread, after the batch that it is working on. Dropping does the same.
    pub fn close(&self) {
        self.notifier.stop();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread of the event log's index panicked");
        }
    }

    /// The same, but the thread is waited for until `deadline` only.
    pub(super) fn close_by(&self, deadline: Instant) {
        self.notifier.stop();
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            background::end(thread, deadline);
        }
    }

    /// Asks both files, each as it is at one moment; the index's is not before the log's.
    fn ask<T>(
        &self,
        room_id: i64,
        time: &Allowance,
        answer: impl FnOnce(&Connection, &Connection, LoggedRoom) -> Result<T, IndexError>,
    ) -> Result<T, IndexError> {
        let deadline = Instant::now() + WAIT_MAX;
        let asked = self.readers.with(deadline, |reader| {
            let timer = reader.timer.clone();
            let answer =
                |log: &Connection, index: &Connection, room| timer.run(time, || answer(log, index, room));
            self.caught_up(reader, room_id, deadline, answer)
        });
        if let Err(error) = &asked
            && error.is_damaged_index()
        {
            self.notifier.report_damage();
        }
        asked
    }

    fn caught_up<T>(
        &self,
        reader: &mut Reader,
        room_id: i64,
        deadline: Instant,
        answer: impl FnOnce(&Connection, &Connection, LoggedRoom) -> Result<T, IndexError>,
    ) -> Result<T, IndexError> {
        let mut asked = source::room(&reader.log, room_id)?;
        let mut indexed = 0;
        loop {
            let seen = self.notifier.batches();
            if seen.file > 0 {
                let (log, index) = reader.both(self.readers.files(), seen.file)?;
                // The index first, so that it has nothing that the log's moment does not have.
                let index = index.unchecked_transaction().map_err(IndexError::Index)?;
                let known = tables::room(&index, room_id).map_err(IndexError::Index)?;
                let log = log.unchecked_transaction().map_err(IndexError::Log)?;
                let mut room = source::room(&log, room_id)?;
                if room.epoch != asked.epoch {
                    asked = room.clone();
                }
                // What goes beyond the log is of another one.
                let fits = |known: &IndexedRoom| known.epoch == room.epoch && known.indexed <= room.head;
                if let Some(known) = known.filter(fits) {
                    indexed = known.indexed;
                    if indexed >= asked.head {
                        room.head = room.head.min(indexed);
                        return answer(&log, &index, room);
                    }
                }
            }
            if !self.notifier.await_more(seen, deadline) {
                return Err(IndexError::Behind { indexed, head: asked.head });
            }
        }
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        self.close();
    }
}
