//! A log in memory: it forgets everything when the process ends, and promises nothing else.

mod history;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arcane_shared::{Epoch, RoomName, Seq};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};

use crate::clock::{self, SteadyClock};
use crate::event::{Gap, PreparedFrame};
use crate::log::pins::Pins;
use crate::log::retention::{Aged, Held, Retention};
use crate::log::{
    Answer, Append, Appended, EventLog, Fault, GapReason, History, Level, LogError, OwnLog, Page,
    PageRequest, Pin, Record, RoomId, RoomRecord, Sequencer, Usage,
};

/// Most bytes of a room's events, whatever its retention allows: it is memory.
pub const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// A log in memory.
#[derive(Debug)]
pub struct MemoryLog {
    retention: Retention,
    pins: Pins,
    clock: SteadyClock,
    state: Mutex<MemoryState>,
}

#[derive(Debug, Default)]
struct MemoryState {
    rooms: BTreeMap<RoomId, MemoryRoom>,
    records: BTreeMap<String, String>,
    next_room: RoomId,
}

#[derive(Debug)]
struct MemoryRoom {
    name: RoomName,
    epoch: Epoch,
    head: Seq,
    /// The kept events, in order; their bytes are the ring's own.
    frames: VecDeque<Arc<PreparedFrame>>,
    bytes: u64,
}

impl MemoryLog {
    /// An empty log.
    #[must_use]
    pub fn new(retention: Retention) -> Self {
        let retention = Retention { bytes_max: retention.bytes_max.min(BYTES_MAX), ..retention };
        Self {
            retention,
            pins: Pins::default(),
            clock: SteadyClock::start(None, true),
            state: Mutex::default(),
        }
    }

    /// For tests: loses what a room has, as a store does that was restored. Who reads it still may do so for a while.
    #[cfg(test)]
    pub(crate) fn renew(&self, room: RoomId) {
        let mut state = self.lock();
        let kept = state.rooms.get_mut(&room).unwrap();
        kept.name = RoomName::parse(&format!("lost-{room}")).unwrap();
        state.records.clear();
    }

    fn lock(&self) -> MutexGuard<'_, MemoryState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MemoryRoom {
    fn record(&self, id: RoomId) -> RoomRecord {
        let first = self.head + 1 - self.frames.len() as u64;
        let at = self.frames.back().map_or(0, |frame| frame.at());
        let (name, epoch) = (self.name.clone(), self.epoch.clone());
        RoomRecord { id, name, epoch, first, head: self.head, bytes: self.bytes, at }
    }

    fn held(&self) -> Held {
        Held { first: self.head + 1 - self.frames.len() as u64, head: self.head, bytes: self.bytes }
    }

    /// Where the first event after `seq` is.
    fn index_after(&self, seq: Seq) -> usize {
        self.frames.partition_point(|frame| frame.seq() <= seq)
    }

    fn drop_before(&mut self, first: Seq) {
        while self.frames.front().is_some_and(|frame| frame.seq() < first) {
            self.bytes -= self.frames.pop_front().map_or(0, |frame| frame.json().len() as u64);
        }
    }

    fn retain(&mut self, room: RoomId, retention: &Retention, pins: &Pins, now: i64) {
        if retention.is_exceeded(self.held(), self.frames.front().map(|frame| frame.at()), now) {
            let oldest: Vec<Aged> = self.frames.iter().take(1024).map(aged).collect();
            let wanted = retention.first_to_keep(self.held(), &oldest, now);
            let first = pins.advance(room, wanted, Instant::now());
            self.drop_before(first);
        }
        pins.set(room, Usage { first: self.held().first, bytes: self.bytes });
    }
}

fn aged(frame: &Arc<PreparedFrame>) -> Aged {
    Aged { seq: frame.seq(), bytes: frame.json().len() as u64, at: frame.at() }
}

fn gone() -> LogError {
    LogError::new(Fault::NoRoom, "the room is not in the log")
}

impl MemoryLog {
    fn make_room(&self, name: &RoomName) -> Result<RoomRecord, LogError> {
        let mut state = self.lock();
        if let Some((id, kept)) = state.rooms.iter().find(|(_, kept)| kept.name == *name) {
            return Ok(kept.record(*id));
        }
        state.next_room += 1;
        let id = state.next_room;
        let kept = MemoryRoom {
            name: name.clone(),
            epoch: crate::log::new_epoch(),
            head: 0,
            frames: VecDeque::new(),
            bytes: 0,
        };
        let record = kept.record(id);
        state.rooms.insert(id, kept);
        self.pins.set(id, Usage { first: 1, bytes: 0 });
        Ok(record)
    }

    fn drop_room(&self, room: RoomId, records: &[Record]) -> Result<(), LogError> {
        let mut state = self.lock();
        state.rooms.remove(&room);
        state.take(records);
        drop(state);
        self.pins.forget(room);
        Ok(())
    }

    fn records(&self, prefix: &str) -> Result<Vec<(String, String)>, LogError> {
        let state = self.lock();
        let from = state.records.range(prefix.to_owned()..);
        let found = from.take_while(|(key, _)| key.starts_with(prefix));
        Ok(found.map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    fn read_page(&self, room: RoomId, request: PageRequest) -> Result<Page, LogError> {
        let state = self.lock();
        let kept = state.rooms.get(&room).ok_or_else(gone)?;
        let first = kept.held().first;
        let lost = request.after + 1 < first;
        let gap = Gap { from: request.after + 1, to: (first - 1).min(request.through) };
        let mut bytes = 0;
        let frames = kept.frames.range(kept.index_after(request.after)..);
        let frames = frames.take(request.events_max).take_while(|frame| {
            bytes += frame.json().len();
            frame.seq() <= request.through && (bytes <= request.bytes_max || bytes == frame.json().len())
        });
        Ok(Page { gap: lost.then_some((gap, GapReason::Expired)), frames: frames.cloned().collect() })
    }

    fn last_of(&self, room: RoomId, request: PageRequest) -> Result<Vec<Arc<PreparedFrame>>, LogError> {
        let state = self.lock();
        let kept = state.rooms.get(&room).ok_or_else(gone)?;
        let from = kept.index_after(request.after);
        let frames = kept.frames.range(from..kept.index_after(request.through).max(from)).rev();
        let mut bytes = 0;
        let fits = |frame: &&Arc<PreparedFrame>| {
            bytes += frame.json().len();
            bytes <= request.bytes_max || bytes == frame.json().len()
        };
        let mut latest: Vec<_> = frames.take(request.events_max).take_while(fits).cloned().collect();
        latest.reverse();
        Ok(latest)
    }

    fn last_before(&self, room: RoomId, at: i64) -> Result<Seq, LogError> {
        let state = self.lock();
        let kept = state.rooms.get(&room).ok_or_else(gone)?;
        let index = kept.frames.partition_point(|frame| frame.at() < at);
        Ok(kept.held().first - 1 + index as u64)
    }

    fn purge_now(&self, room: RoomId, before: Seq) -> Result<Seq, LogError> {
        let mut state = self.lock();
        let kept = state.rooms.get_mut(&room).ok_or_else(gone)?;
        kept.drop_before(before.min(kept.head + 1));
        let first = kept.held().first;
        self.pins.set(room, Usage { first, bytes: kept.bytes });
        Ok(first)
    }
}

impl EventLog for MemoryLog {
    fn rooms(&self) -> Vec<RoomRecord> {
        self.lock().rooms.iter().map(|(id, kept)| kept.record(*id)).collect()
    }

    fn room(&self, name: &RoomName) -> Option<RoomRecord> {
        self.lock().rooms.iter().find(|(_, kept)| kept.name == *name).map(|(id, kept)| kept.record(*id))
    }

    fn forget_room(&self, room: RoomId) {
        self.lock().rooms.remove(&room);
        self.pins.forget(room);
    }

    fn sequencer(&self) -> Sequencer<'_> {
        Sequencer::Room(self)
    }

    fn remember(&self, records: Vec<Record>) -> Result<(), LogError> {
        self.lock().take(&records);
        Ok(())
    }

    fn pin(&self, room: RoomId, cursor: Seq) -> (Pin, Seq) {
        self.pins.pin(room, cursor, Instant::now())
    }

    fn usage(&self, room: RoomId) -> Usage {
        self.pins.usage(room)
    }

    fn promise(&self, _: RoomId, _: Seq) -> bool {
        true
    }

    fn level_max(&self) -> Level {
        Level::Received
    }

    fn clock(&self) -> &SteadyClock {
        &self.clock
    }

    fn availability(&self) -> Result<(), LogError> {
        Ok(())
    }

    fn generation(&self) -> u64 {
        0
    }

    fn open_room<'a>(&'a self, name: &'a RoomName) -> Answer<'a, RoomRecord> {
        at_once(self.make_room(name))
    }

    fn delete_room(&self, room: RoomId, records: Vec<Record>) -> Answer<'_, ()> {
        at_once(self.drop_room(room, &records))
    }

    fn recall<'a>(&'a self, prefix: &'a str) -> Answer<'a, Vec<(String, String)>> {
        at_once(self.records(prefix))
    }

    fn read(&self, room: RoomId, request: PageRequest) -> Answer<'_, Page> {
        at_once(self.read_page(room, request))
    }

    fn latest(&self, room: RoomId, request: PageRequest) -> Answer<'_, Vec<Arc<PreparedFrame>>> {
        at_once(self.last_of(room, request))
    }

    fn before(&self, room: RoomId, at: i64) -> Answer<'_, Seq> {
        at_once(self.last_before(room, at))
    }

    fn purge(&self, room: RoomId, before: Seq) -> Answer<'_, Seq> {
        at_once(self.purge_now(room, before))
    }

    fn history(&self) -> Option<&dyn History> {
        Some(self)
    }

    fn close(&self, _: Duration) -> BoxFuture<'_, ()> {
        ready(()).boxed()
    }
}

impl OwnLog for MemoryLog {
    fn append(&self, append: Append) -> Result<Appended, LogError> {
        let mut state = self.lock();
        let kept = state.rooms.get_mut(&append.room).ok_or_else(gone)?;
        for frame in &append.frames {
            kept.head = frame.seq();
            kept.bytes += frame.json().len() as u64;
            kept.frames.push_back(Arc::clone(frame));
        }
        self.clock.observe();
        let now = self.clock.expiry(clock::now()).unix_micros();
        kept.retain(append.room, &self.retention, &self.pins, now);
        state.take(&append.records);
        Ok(Appended::Done(append))
    }
}

/// Memory has its answers at hand.
fn at_once<'a, T: Send + 'a>(answer: Result<T, LogError>) -> Answer<'a, T> {
    ready(answer).boxed()
}

impl MemoryState {
    fn room(&self, id: RoomId) -> Result<&MemoryRoom, LogError> {
        self.rooms.get(&id).ok_or_else(gone)
    }

    fn take(&mut self, records: &[Record]) {
        for record in records {
            match &record.value {
                Some(value) => self.records.insert(record.key.clone(), value.clone()),
                None => self.records.remove(&record.key),
            };
        }
    }
}
