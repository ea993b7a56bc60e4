//! For tests: a log as one that is far away. Everything takes time, answers come in any order, and some are lost: then
//! nobody knows what became of an append. What happens, and when, a seed decides.

mod shared;

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use arcane_shared::{RoomName, Seq};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::oneshot;

use shared::Offers;

use super::memory::MemoryLog;
use super::{
    Answer, Append, Appended, EventLog, Fault, History, Level, LogError, OwnLog, Page, PageRequest, Pin,
    Record, RoomId, RoomRecord, Sequencer, Usage,
};
use crate::clock::SteadyClock;
use crate::config::Retention;
use crate::event::PreparedFrame;

/// A log that is far away. What is really kept is in `kept`.
#[derive(Debug)]
pub(crate) struct FarLog {
    pub(crate) kept: MemoryLog,
    /// Whether a room whose end was asked for may have lost what it had.
    forgets: bool,
    /// Whether other processes write to it: then it numbers events.
    is_shared: bool,
    state: Mutex<FarState>,
}

#[derive(Debug)]
struct FarState {
    random: SmallRng,
    /// Handed over and not answered.
    pending: VecDeque<Append>,
    /// Questions that wait for their answers.
    asked: Vec<oneshot::Sender<()>>,
    /// Rooms that take nothing until they are opened again.
    fenced: BTreeSet<RoomId>,
    generation: u64,
    offers: Offers,
}

/// How often each end of an append came to be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Ends {
    pub(crate) committed: u64,
    pub(crate) refused: u64,
    pub(crate) unknown: u64,
}

impl FarLog {
    pub(crate) fn new(seed: u64, retention: Retention, forgets: bool) -> Self {
        let state = FarState {
            random: SmallRng::seed_from_u64(seed),
            pending: VecDeque::new(),
            asked: Vec::new(),
            fenced: BTreeSet::new(),
            generation: 0,
            offers: Offers::default(),
        };
        Self { kept: MemoryLog::new(retention), forgets, is_shared: false, state: Mutex::new(state) }
    }

    /// One to which other processes write.
    pub(crate) fn shared(seed: u64, retention: Retention) -> Self {
        Self { is_shared: true, ..Self::new(seed, retention, false) }
    }

    /// Lets one thing happen; `None` if nothing waits.
    pub(crate) fn step(&self) -> Option<Ends> {
        let mut state = self.lock();
        let (asked, pending) = (state.asked.len(), state.pending.len() + state.offers.waiting());
        if asked + pending == 0 {
            return None;
        }
        if state.random.random_range(0..asked + pending) < asked {
            let at = state.random.random_range(0..asked);
            // The reader may have gone away.
            let _ = state.asked.swap_remove(at).send(());
            return Some(Ends::default());
        }
        if self.is_shared {
            drop(state);
            return Some(self.step_shared());
        }
        let at = state.random.random_range(0..pending);
        let room = state.pending[at].room;
        Some(match state.random.random_range(0..20) {
            0 => Self::refuse(state, room),
            1..3 => self.lose(state, room),
            _ => self.commit(state, room),
        })
    }

    fn commit(&self, mut state: MutexGuard<'_, FarState>, room: RoomId) -> Ends {
        let oldest = state.pending.iter().position(|append| append.room == room);
        let append = oldest.and_then(|at| state.pending.remove(at)).unwrap();
        drop(state);
        let Appended::Done(append) = self.kept.append(append).unwrap() else { unreachable!() };
        append.commits.committed(&append.frames).announce();
        append.done.tell(Ok(()));
        Ends { committed: 1, ..Ends::default() }
    }

    fn refuse(mut state: MutexGuard<'_, FarState>, room: RoomId) -> Ends {
        state.generation += 1;
        let refused = take(&mut state.pending, room);
        drop(state);
        refused[0].commits.taken_back();
        let ends = Ends { refused: refused.len() as u64, ..Ends::default() };
        for append in refused {
            append.done.tell(Err(LogError::new(Fault::Disk, "refused")));
        }
        ends
    }

    /// Some are committed, some are not, and nobody is told which.
    fn lose(&self, mut state: MutexGuard<'_, FarState>, room: RoomId) -> Ends {
        state.generation += 1;
        state.fenced.insert(room);
        let lost = take(&mut state.pending, room);
        let committed = state.random.random_range(0..=lost.len());
        drop(state);
        lost[0].commits.unknown();
        let ends = Ends { unknown: lost.len() as u64, ..Ends::default() };
        for (n, append) in lost.into_iter().enumerate() {
            let done = if n < committed {
                let Appended::Done(append) = self.kept.append(append).unwrap() else { unreachable!() };
                append.done
            } else {
                append.done
            };
            done.tell(Err(LogError::new(Fault::Unknown, "no answer")));
        }
        ends
    }

    fn lock(&self) -> MutexGuard<'_, FarState> {
        self.state.lock().unwrap()
    }

    /// Completes when it is this question's turn.
    fn turn(&self) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        self.lock().asked.push(sender);
        receiver
    }

    fn later<'a, T: Send + 'a>(
        &'a self,
        answer: impl FnOnce(&'a MemoryLog) -> Answer<'a, T> + Send + 'a,
    ) -> Answer<'a, T> {
        let turn = self.turn();
        async move {
            turn.await.unwrap();
            answer(&self.kept).await
        }
        .boxed()
    }
}

fn take(pending: &mut VecDeque<Append>, room: RoomId) -> Vec<Append> {
    let (of_room, rest) = std::mem::take(pending).into_iter().partition(|append| append.room == room);
    *pending = rest;
    Vec::from(of_room)
}

impl EventLog for FarLog {
    fn rooms(&self) -> Vec<RoomRecord> {
        self.kept.rooms()
    }

    fn room(&self, name: &RoomName) -> Option<RoomRecord> {
        self.kept.room(name)
    }

    fn open_room<'a>(&'a self, name: &'a RoomName) -> Answer<'a, RoomRecord> {
        let turn = self.turn();
        async move {
            turn.await.unwrap();
            let record = self.kept.open_room(name).await?;
            let forgets = {
                let mut state = self.lock();
                state.fenced.remove(&record.id) && self.forgets && state.random.random_range(0..4) == 0
            };
            if forgets {
                self.kept.renew(record.id);
                return self.kept.open_room(name).await;
            }
            Ok(record)
        }
        .boxed()
    }

    fn forget_room(&self, room: RoomId) {
        self.kept.forget_room(room);
    }

    fn delete_room(&self, room: RoomId, records: Vec<Record>) -> Answer<'_, ()> {
        self.later(move |kept| kept.delete_room(room, records))
    }

    fn sequencer(&self) -> Sequencer<'_> {
        if self.is_shared { Sequencer::Log(self) } else { Sequencer::Room(self) }
    }

    fn remember(&self, records: Vec<Record>) -> Result<(), LogError> {
        self.kept.remember(records)
    }

    fn recall<'a>(&'a self, prefix: &'a str) -> Answer<'a, Vec<(String, String)>> {
        self.later(move |kept| kept.recall(prefix))
    }

    fn read(&self, room: RoomId, request: PageRequest) -> Answer<'_, Page> {
        self.later(move |kept| kept.read(room, request))
    }

    fn latest(&self, room: RoomId, request: PageRequest) -> Answer<'_, Vec<Arc<PreparedFrame>>> {
        self.later(move |kept| kept.latest(room, request))
    }

    fn before(&self, room: RoomId, at: i64) -> Answer<'_, Seq> {
        self.later(move |kept| kept.before(room, at))
    }

    fn history(&self) -> Option<&dyn History> {
        None
    }

    fn pin(&self, room: RoomId, cursor: Seq) -> (Pin, Seq) {
        self.kept.pin(room, cursor)
    }

    fn usage(&self, room: RoomId) -> Usage {
        self.kept.usage(room)
    }

    fn purge(&self, room: RoomId, before: Seq) -> Answer<'_, Seq> {
        self.later(move |kept| kept.purge(room, before))
    }

    fn promise(&self, _: RoomId, _: Seq) -> bool {
        false
    }

    fn level_max(&self) -> Level {
        Level::Logged
    }

    fn clock(&self) -> &SteadyClock {
        self.kept.clock()
    }

    fn availability(&self) -> Result<(), LogError> {
        Ok(())
    }

    fn generation(&self) -> u64 {
        self.lock().generation
    }

    fn close(&self, _: Duration) -> BoxFuture<'_, ()> {
        ready(()).boxed()
    }
}

impl OwnLog for FarLog {
    fn append(&self, append: Append) -> Result<Appended, LogError> {
        let mut state = self.lock();
        if state.fenced.contains(&append.room) {
            return Err(LogError::new(Fault::Busy, "the room was not opened again"));
        }
        state.pending.push_back(append);
        Ok(Appended::Queued)
    }
}
