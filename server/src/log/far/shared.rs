//! The far log as one to which other processes write: it numbers what it is offered, and tells what appears.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Weak};

use arcane_shared::{ArcaneEvent, Metadata, RoomName, Seq, SpellName, SyncDirectives, Timestamp};
use futures_util::FutureExt as _;
use rand::RngExt as _;

use super::{Ends, FarLog, FarState};
use crate::clock;
use crate::event::{Body, Outgoing, PreparedFrame};
use crate::log::{
    Announcement, Answer, Appeared, Append, Appended, Carried, Commits, EventLog as _, Fault, Follower,
    Level, LogError, Mark, Notify, Offer, OwnLog as _, Record, RoomId, Run, SharedLog, Turn,
};

/// What waits in a log that numbers events.
#[derive(Default)]
pub(super) struct Offers {
    offered: VecDeque<Offer>,
    /// Their publishers were told that it is not known; they appear later.
    late: Vec<Offer>,
    follower: Option<Weak<dyn Follower>>,
    /// Offers that were sent under an id.
    known: HashMap<u128, Run>,
}

impl std::fmt::Debug for Offers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Offers").field("offered", &self.offered).finish_non_exhaustive()
    }
}

impl Offers {
    pub(super) fn waiting(&self) -> usize {
        self.offered.len() + self.late.len()
    }
}

impl FarLog {
    /// Lets one thing happen to what was offered.
    pub(super) fn step_shared(&self) -> Ends {
        let mut state = self.lock();
        let FarState { random, offers, .. } = &mut *state;
        let (dice, keeps) = (random.random_range(0..20), random.random_range(0..2) == 0);
        if offers.offered.is_empty() || (dice < 4 && !offers.late.is_empty()) {
            let late = offers.late.pop();
            drop(state);
            if let Some(late) = late {
                self.take(late, false);
            }
            return Ends::default();
        }
        match dice {
            4..6 => {
                drop(state);
                self.take(foreign(), true);
                Ends::default()
            }
            6 => {
                let offer = offers.offered.pop_front().unwrap();
                drop(state);
                self.fail(offer, LogError::new(Fault::Disk, "refused"));
                Ends { refused: 1, ..Ends::default() }
            }
            7 | 8 => {
                let offer = offers.offered.pop_front().unwrap();
                if keeps {
                    let Offer { room, bodies, records, id, level, .. } = &offer;
                    let (room, bodies, records) = (*room, bodies.clone(), records.clone());
                    let (id, level, done, turn) = (*id, *level, Notify::nobody(), Turn::default());
                    offers.late.push(Offer {
                        room,
                        bodies,
                        records,
                        id,
                        decided_on: None,
                        continues: None,
                        level,
                        turn,
                        done,
                    });
                }
                drop(state);
                self.fail(offer, LogError::new(Fault::Unknown, "no answer"));
                Ends { unknown: 1, ..Ends::default() }
            }
            _ => {
                let offer = offers.offered.pop_front().unwrap();
                drop(state);
                self.take(offer, false);
                Ends { committed: 1, ..Ends::default() }
            }
        }
    }

    fn fail(&self, offer: Offer, error: LogError) {
        let follower = self.lock().offers.follower.clone();
        if let Some(follower) = follower.and_then(|follower| follower.upgrade()) {
            follower.failed(offer.bodies.len(), &offer.records);
        }
        offer.done.tell_numbers(Err(error));
    }

    /// Numbers what was offered, unless it is there already.
    fn take(&self, offer: Offer, is_foreign: bool) {
        let is_late = offer.done.is_nobody();
        let Offer { room, bodies, records, id, done, .. } = offer;
        if let Some(run) = id.and_then(|id| self.lock().offers.known.get(&id).copied()) {
            if !is_late {
                self.tell(|follower| follower.failed(bodies.len(), &records));
                done.tell_numbers(Ok(run));
            }
            return;
        }
        let room = if is_foreign { self.main() } else { room };
        let name = RoomName::default();
        let head = self.kept.room(&name).unwrap().head;
        let run = Run { first: head + 1, count: bodies.len() as u64 };
        let records: Vec<_> = records.into_iter().map(|record| record.numbered(run.first)).collect();
        let frames: Vec<Arc<PreparedFrame>> =
            run.numbers().zip(&bodies).map(|(seq, body)| Arc::new(body.numbered(seq, &name))).collect();
        let append = Append {
            room,
            frames: frames.clone(),
            records: records.clone(),
            level: Level::Logged,
            turn: Turn::default(),
            commits: Arc::new(Nobody),
            done: Notify::nobody(),
        };
        assert!(matches!(self.kept.append(append), Ok(Appended::Done(_))));
        if let Some(id) = id {
            self.lock().offers.known.insert(id, run);
        }
        let mut records = Some(records);
        let is_own = !is_foreign && !is_late;
        let appeared: Vec<_> = frames
            .into_iter()
            .map(|frame| Appeared { frame, records: records.take().unwrap_or_default(), is_own })
            .collect();
        let mut announcement = None;
        self.tell(|follower| announcement = Some(follower.appeared(&appeared)));
        done.tell_numbers(Ok(run));
        if let Some(announcement) = announcement {
            announcement.announce();
        }
    }

    fn tell(&self, tell: impl FnOnce(&dyn Follower)) {
        let follower = self.lock().offers.follower.clone();
        if let Some(follower) = follower.and_then(|follower| follower.upgrade()) {
            tell(follower.as_ref());
        }
    }

    fn main(&self) -> RoomId {
        self.kept.room(&RoomName::default()).unwrap().id
    }
}

impl SharedLog for FarLog {
    fn submit(&self, offer: Offer) -> Result<(), LogError> {
        self.lock().offers.offered.push_back(offer);
        Ok(())
    }

    fn find<'a>(&'a self, _: &'a RoomName) -> Answer<'a, bool> {
        Box::pin(std::future::ready(Ok(false)))
    }

    fn follow(&self, _: RoomId, _: Seq, follower: Weak<dyn Follower>) {
        self.lock().offers.follower = Some(follower);
    }

    fn head(&self, _: RoomId) -> Answer<'_, Seq> {
        let head = self.kept.room(&RoomName::default()).map_or(0, |record| record.head);
        std::future::ready(Ok(head)).boxed()
    }

    fn carried(&self, _: RoomId, _: &[&str], _: Option<&Mark>) -> Result<Option<Carried>, LogError> {
        // Nothing is decided in the simulation.
        Ok(None)
    }

    fn keep(&self, _: &RoomName, records: Vec<Record>) -> Answer<'_, ()> {
        let kept = self.kept.remember(records);
        std::future::ready(kept).boxed()
    }

    fn events_max(&self) -> usize {
        1_000
    }
}

/// An event that another process publishes.
fn foreign() -> Offer {
    let event = ArcaneEvent {
        spell_name: SpellName::Reveal,
        daemon_name: None,
        timestamp: Timestamp::from_unix_micros(0),
        success: true,
        description: "from elsewhere".into(),
        metadata: Metadata::new(),
        seq: None,
        room: None,
    };
    let (directives, room) = (&SyncDirectives::of_outcome(true), &RoomName::default());
    let outgoing = Outgoing { event: &event, directives, seq: 1, room, color: None, emitted_at: 0.0 };
    // What is older than what is kept would be let go of at once.
    let at = clock::now().unix_micros();
    Offer {
        room: 0,
        bodies: vec![Body::encode(&outgoing, at, &mut Vec::new()).unwrap()],
        records: Vec::new(),
        id: None,
        decided_on: None,
        continues: None,
        level: Level::Logged,
        turn: Turn::default(),
        done: Notify::nobody(),
    }
}

/// The store behind a far log tells nobody by itself.
struct Nobody;

impl Commits for Nobody {
    fn committed(&self, _: &[Arc<PreparedFrame>]) -> Announcement {
        unreachable!("memory answers at once")
    }

    fn taken_back(&self) {}

    fn unknown(&self) {}
}
