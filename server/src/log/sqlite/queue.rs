//! What waits to be written. Whether the log takes anything is decided under the same lock: so nothing is
//! taken after everything that waited was taken back.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arcane_shared::Seq;

use crate::log::{Append, Fault, Level, LogError, Notify, Record, RoomId, RoomRecord};

/// Most events that wait. Beyond that publishers are refused.
const EVENTS_MAX: usize = 65_536;
/// Most bytes of them.
const BYTES_MAX: usize = 64 * 1024 * 1024;
/// Most records that wait without events, beyond which further ones are refused; one more for a key that waits replaces
/// the first.
const RECORDS_MAX: usize = 100_000;
/// Most events of one commit.
const GROUP_EVENTS_MAX: usize = 4096;

/// The queue of one log.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<QueueState>,
    filled: Condvar,
}

#[derive(Debug)]
struct QueueState {
    appends: VecDeque<Append>,
    records: BTreeMap<String, Option<String>>,
    /// Rooms that are new, and rooms that are to be forgotten. At most as many as there may be rooms.
    rooms: BTreeMap<RoomId, Option<RoomRecord>>,
    purges: Vec<Purge>,
    events: usize,
    bytes: usize,
    fault: Option<LogError>,
    closing: bool,
    generation: u64,
}

/// What is written in one commit.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) appends: Vec<Append>,
    pub(super) records: Vec<Record>,
    pub(super) rooms: BTreeMap<RoomId, Option<RoomRecord>>,
    pub(super) purges: Vec<Purge>,
    /// The highest that anybody asked for.
    pub(super) level: Level,
    /// Nothing more will come.
    pub(super) closing: bool,
}

/// A request to let events go, answered once that is written.
#[derive(Debug)]
pub(super) struct Purge {
    pub(super) room: RoomId,
    pub(super) before: Seq,
    /// The room goes, and this state with it.
    pub(super) deletes: Option<Vec<Record>>,
    pub(super) done: Notify,
}

impl Group {
    pub(super) fn is_empty(&self) -> bool {
        self.appends.is_empty() && self.records.is_empty() && self.rooms.is_empty() && self.purges.is_empty()
    }
}

impl Queue {
    pub(super) fn new() -> Self {
        let state = QueueState {
            appends: VecDeque::new(),
            records: BTreeMap::new(),
            rooms: BTreeMap::new(),
            purges: Vec::new(),
            events: 0,
            bytes: 0,
            fault: None,
            closing: false,
            generation: 0,
        };
        Self { state: Mutex::new(state), filled: Condvar::new() }
    }

    pub(super) fn push(&self, append: Append) -> Result<(), LogError> {
        let mut state = self.lock();
        if let Some(fault) = &state.fault {
            return Err(fault.clone());
        }
        if state.closing {
            return Err(LogError::new(Fault::Closed, "it takes no more events"));
        }
        if state.events >= EVENTS_MAX || state.bytes >= BYTES_MAX {
            return Err(LogError::new(Fault::Busy, format!("events wait to be written: {}", state.events)));
        }
        state.events += append.frames.len();
        state.bytes += bytes(&append);
        state.appends.push_back(append);
        drop(state);
        self.filled.notify_one();
        Ok(())
    }

    /// All of them or none.
    pub(super) fn remember(&self, records: Vec<Record>) -> Result<(), LogError> {
        let mut state = self.lock();
        if state.closing {
            return Err(LogError::new(Fault::Closed, "it takes nothing more"));
        }
        let new = records.iter().filter(|record| !state.records.contains_key(&record.key)).count();
        let waiting = state.records.len();
        if waiting + new > RECORDS_MAX {
            let why = state.fault.as_ref().map_or_else(String::new, |fault| format!("; {fault}"));
            return Err(LogError::new(Fault::Busy, format!("{waiting} changes wait to be written{why}")));
        }
        state.records.extend(records.into_iter().map(|Record { key, value }| (key, value)));
        drop(state);
        self.filled.notify_one();
        Ok(())
    }

    /// How many records wait.
    pub(super) fn waiting_records(&self) -> usize {
        self.lock().records.len()
    }

    /// A room is new, or, with `None`, to be forgotten.
    pub(super) fn room(&self, id: RoomId, record: Option<RoomRecord>) {
        let mut state = self.lock();
        if record.is_none() && state.rooms.get(&id).is_some_and(Option::is_some) {
            // It was not written yet: nothing is to be forgotten.
            state.rooms.remove(&id);
        } else {
            state.rooms.insert(id, record);
        }
        drop(state);
        self.filled.notify_one();
    }

    pub(super) fn purge(&self, purge: Purge) -> Result<(), LogError> {
        let mut state = self.lock();
        if let Some(fault) = &state.fault {
            return Err(fault.clone());
        }
        state.purges.push(purge);
        drop(state);
        self.filled.notify_one();
        Ok(())
    }

    /// Waits until something is to be written, or for `patience`.
    pub(super) fn take(&self, patience: Duration) -> Group {
        let state = self.lock();
        let waits = |state: &mut QueueState| {
            let others = state.records.is_empty() && state.rooms.is_empty() && state.purges.is_empty();
            !state.closing && state.appends.is_empty() && (others || state.fault.is_some())
        };
        let mut state = state;
        if waits(&mut state) {
            let waited = self.filled.wait_timeout_while(state, patience, waits);
            drop(waited.unwrap_or_else(PoisonError::into_inner));
            // Where no core is free, the publisher that filled it goes on first: it lets go of its room, and others add to the commit.
            std::thread::yield_now();
            state = self.lock();
        }
        let mut group = Group { closing: state.closing, level: Level::Received, ..Group::default() };
        let mut events = 0;
        while events < GROUP_EVENTS_MAX
            && let Some(append) = state.appends.pop_front()
        {
            events += append.frames.len();
            state.bytes -= bytes(&append);
            group.level = group.level.max(append.level);
            group.appends.push(append);
        }
        state.events -= events;
        if state.fault.is_none() {
            let records = std::mem::take(&mut state.records);
            group.records = records.into_iter().map(|(key, value)| Record { key, value }).collect();
            group.rooms = std::mem::take(&mut state.rooms);
            group.purges = std::mem::take(&mut state.purges);
        }
        group
    }

    /// Takes nothing more until it is mended. Returns what had been taken.
    pub(super) fn fail(&self, fault: &LogError, group: Group) -> Vec<Append> {
        let mut state = self.lock();
        state.fault = Some(fault.clone());
        state.generation += 1;
        for Record { key, value } in group.records {
            state.records.entry(key).or_insert(value);
        }
        for (id, record) in group.rooms {
            state.rooms.entry(id).or_insert(record);
        }
        for purge in group.purges.into_iter().chain(std::mem::take(&mut state.purges)) {
            purge.done.tell(Err(fault.clone()));
        }
        (state.events, state.bytes) = (0, 0);
        group.appends.into_iter().chain(state.appends.drain(..)).collect()
    }

    /// It takes events again.
    pub(super) fn mend(&self) {
        self.lock().fault = None;
    }

    pub(super) fn fault(&self) -> Option<LogError> {
        self.lock().fault.clone()
    }

    pub(super) fn generation(&self) -> u64 {
        self.lock().generation
    }

    /// Takes nothing more; what waits is still written.
    pub(super) fn close(&self) {
        self.lock().closing = true;
        self.filled.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bytes(append: &Append) -> usize {
    append.frames.iter().map(|frame| frame.json().len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_refused_as_a_whole_and_what_waits_stays() {
        let queue = Queue::new();
        let keep = |n: usize, value: &str| Record::keep(format!("consumer/main/{n}"), value);
        queue.remember((0..RECORDS_MAX - 1).map(|n| keep(n, "1")).collect()).unwrap();
        let refused = queue.remember(vec![keep(0, "2"), keep(RECORDS_MAX, "1"), keep(RECORDS_MAX + 1, "1")]);
        assert_eq!(refused.unwrap_err().fault, Fault::Busy);
        queue.remember(vec![keep(1, "2"), keep(RECORDS_MAX, "1")]).unwrap();
        assert_eq!(queue.remember(vec![keep(RECORDS_MAX + 1, "1")]).unwrap_err().fault, Fault::Busy);
        let group = queue.take(Duration::ZERO);
        let of = |n: usize| group.records.iter().find(|record| record.key == keep(n, "").key).cloned();
        assert_eq!((of(0), of(1)), (Some(keep(0, "1")), Some(keep(1, "2"))));
        assert_eq!((group.records.len(), of(RECORDS_MAX)), (RECORDS_MAX, Some(keep(RECORDS_MAX, "1"))));
        queue.close();
        assert_eq!(queue.remember(vec![keep(0, "3")]).unwrap_err().fault, Fault::Closed);
    }

    #[test]
    fn rooms_that_come_and_go_unwritten_leave_nothing_to_write() {
        let queue = Queue::new();
        let name = arcane_shared::RoomName::default();
        let epoch = arcane_shared::Epoch("e".into());
        for id in 1..1000 {
            let (name, epoch) = (name.clone(), epoch.clone());
            queue.room(id, Some(RoomRecord { id, name, epoch, first: 1, head: 0, bytes: 0, at: 0 }));
            queue.room(id, None);
        }
        assert!(queue.take(Duration::ZERO).is_empty());
    }
}
