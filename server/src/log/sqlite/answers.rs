//! What the bus asks of this log. What reads the disk does so on a thread that may block.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use arcane_shared::{RoomName, Seq};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use tokio::sync::Semaphore;

use super::index::IndexError;
use super::{Database, SqliteLog, schema};
use crate::clock::SteadyClock;
use crate::event::PreparedFrame;
use crate::log::history::{Activity, ActivityQuery, HistoryPage, HistoryQuery};
use crate::log::{
    Answer, Append, Appended, EventLog, Fault, History, Level, LogError, LogFigures, OwnLog, Page,
    PageRequest, Pin, Record, RoomId, RoomRecord, Sequencer, Usage, new_epoch,
};

impl SqliteLog {
    /// Asks the database something that blocks.
    fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Database) -> Result<T, LogError> + Send + 'static,
    ) -> Answer<'_, T> {
        self.ask_from(&self.0.answers, question)
    }

    /// The same, with a place of these.
    fn ask_from<'a, T: Send + 'static>(
        &'a self,
        places: &'a Arc<Semaphore>,
        question: impl FnOnce(&Database) -> Result<T, LogError> + Send + 'static,
    ) -> Answer<'a, T> {
        async move {
            let closed = || LogError::new(Fault::Closed, "nothing more is read");
            let place = Arc::clone(places).acquire_owned().await.map_err(|_| closed())?;
            let database = Arc::clone(&self.0);
            let asked = tokio::task::spawn_blocking(move || {
                let answer = question(&database);
                drop(place);
                answer
            });
            asked.await.map_err(|_| closed())?
        }
        .boxed()
    }
}

impl OwnLog for SqliteLog {
    fn append(&self, append: Append) -> Result<Appended, LogError> {
        if append.frames.last().is_some_and(|frame| frame.seq() > schema::SEQ_MAX) {
            let text =
                format!("the room has given its last number, {}; publish to another room", schema::SEQ_MAX);
            return Err(LogError::new(Fault::Numbers, text));
        }
        self.0.queue.push(append)?;
        Ok(Appended::Queued)
    }
}

impl EventLog for SqliteLog {
    fn rooms(&self) -> Vec<RoomRecord> {
        self.0.rooms().by_name.values().map(|room| self.0.current(room)).collect()
    }

    fn room(&self, name: &RoomName) -> Option<RoomRecord> {
        self.0.rooms().by_name.get(name).map(|room| self.0.current(room))
    }

    /// It is written with what happens in it.
    fn open_room<'a>(&'a self, name: &'a RoomName) -> Answer<'a, RoomRecord> {
        ready(self.0.open_room(name)).boxed()
    }

    fn forget_room(&self, room: RoomId) {
        self.0.rooms().by_name.retain(|_, record| record.id != room);
        self.0.queue.room(room, None);
    }

    fn delete_room(&self, room: RoomId, records: Vec<Record>) -> Answer<'_, ()> {
        async move {
            self.0.ask_purge(room, Seq::MAX, Some(records)).await?;
            self.0.rooms().by_name.retain(|_, record| record.id != room);
            Ok(())
        }
        .boxed()
    }

    fn sequencer(&self) -> Sequencer<'_> {
        Sequencer::Room(self)
    }

    fn remember(&self, records: Vec<Record>) -> Result<(), LogError> {
        let count = records.len() as u64;
        self.0.queue.remember(records).inspect_err(|error| {
            tracing::warn!(%error, count, "the event log does not take what is to be remembered");
            self.0.figures.refused_records.fetch_add(count, Ordering::Relaxed);
        })
    }

    fn recall<'a>(&'a self, prefix: &'a str) -> Answer<'a, Vec<(String, String)>> {
        let prefix = prefix.to_owned();
        self.ask(move |database| database.recall(&prefix))
    }

    fn read(&self, room: RoomId, request: PageRequest) -> Answer<'_, Page> {
        self.ask(move |database| {
            let (first, head) = database.range(room);
            database.readers.page(room, request, first, head)
        })
    }

    fn latest(&self, room: RoomId, request: PageRequest) -> Answer<'_, Vec<Arc<PreparedFrame>>> {
        self.ask(move |database| {
            let (first, head) = database.range(room);
            let after = request.after.max(first.saturating_sub(1));
            let request = PageRequest { after, through: request.through.min(head), ..request };
            database.readers.latest(room, request)
        })
    }

    fn before(&self, room: RoomId, at: i64) -> Answer<'_, Seq> {
        self.ask(move |database| {
            let (first, head) = database.range(room);
            database.readers.before(room, at, first, head)
        })
    }

    fn history(&self) -> Option<&dyn History> {
        Some(self)
    }

    fn pin(&self, room: RoomId, cursor: Seq) -> (Pin, Seq) {
        self.0.pins.pin(room, cursor, Instant::now())
    }

    fn usage(&self, room: RoomId) -> Usage {
        self.0.pins.usage(room)
    }

    fn purge(&self, room: RoomId, before: Seq) -> Answer<'_, Seq> {
        async move {
            self.0.ask_purge(room, before.min(self.0.marks.of(room) + 1), None).await?;
            Ok(self.0.pins.usage(room).first)
        }
        .boxed()
    }

    fn promise(&self, room: RoomId, seq: Seq) -> bool {
        self.0.marks.promise(room, seq)
    }

    fn caught_up(&self) -> BoxFuture<'_, ()> {
        self.0.checkpoints.caught_up().boxed()
    }

    fn level_max(&self) -> Level {
        Level::Synced
    }

    fn clock(&self) -> &SteadyClock {
        &self.0.clock
    }

    fn availability(&self) -> Result<(), LogError> {
        self.0.queue.fault().map_or(Ok(()), Err)
    }

    fn generation(&self) -> u64 {
        self.0.queue.generation()
    }

    fn figures(&self) -> Option<LogFigures> {
        Some(self.0.figures.read())
    }

    fn close(&self, patience: Duration) -> BoxFuture<'_, ()> {
        async move {
            let database = Arc::clone(&self.0);
            if tokio::task::spawn_blocking(move || database.close(patience)).await.is_err() {
                tracing::error!("the event log could not be closed");
            }
        }
        .boxed()
    }
}

impl History for SqliteLog {
    fn page(&self, query: HistoryQuery) -> Answer<'_, HistoryPage> {
        let places = if query.text.is_some() { &self.0.searches } else { &self.0.questions };
        self.ask_from(places, move |database| database.history(&query))
    }

    fn activity(&self, query: ActivityQuery) -> Answer<'_, Activity> {
        self.ask_from(&self.0.questions, move |database| database.activity(&query))
    }
}

impl Database {
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
        let epoch = new_epoch();
        let record = RoomRecord { id, name: name.clone(), epoch, first: 1, head: 0, bytes: 0, at: 0 };
        rooms.by_name.insert(name.clone(), record.clone());
        self.pins.set(id, Usage { first: 1, bytes: 0 });
        self.queue.room(id, Some(record.clone()));
        Ok(record)
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Retention;
    use crate::log::history::Search;

    #[tokio::test]
    async fn no_other_question_waits_for_searches() {
        let dir = tempfile::tempdir().unwrap();
        let log = SqliteLog::open(dir.path(), Retention::default()).unwrap();
        let room = log.open_room(&RoomName::default()).await.unwrap().id;
        let searching = Arc::clone(&log.0.searches).acquire_many_owned(2).await.unwrap();
        let plain = HistoryQuery { room, limit: 1, ..HistoryQuery::default() };
        let search = HistoryQuery { text: Some(Search::parse("a*").unwrap()), ..plain.clone() };
        let mut waiting = log.page(search);
        assert!((&mut waiting).now_or_never().is_none());
        log.page(plain).await.unwrap();
        drop(searching);
        waiting.await.unwrap();
    }
}
