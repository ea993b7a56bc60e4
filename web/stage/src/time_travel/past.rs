//! A stretch of the past that the page holds: who was there before it, and every event of it.

use std::rc::Rc;

use arcane_shared::roster::Roster;
use arcane_shared::{ReceivedEvent, Seq, UnixMillis};
use serde_json::Value;

use crate::daemons::Daemons;
use crate::store::{CHRONICLE_MAX, Entry, Origin, Store, Stored};

/// Most events held. Beyond that the oldest are folded into who was there before.
pub const HELD_MAX: usize = 4_000;
/// Events before a moment that make it worth showing without reading further back.
pub const ENOUGH: usize = 100;
/// Ids of neighbours differ by this: between them is room for a gap.
const ID_STEP: u64 = 2;

#[derive(Debug, Clone)]
struct Held {
    at: UnixMillis,
    stored: Rc<Stored>,
}

/// Events around a moment, and who was present before them.
#[derive(Debug, Clone, Default)]
pub struct Past {
    before: Daemons,
    held: Vec<Held>,
    /// How many of them have happened.
    shown: usize,
    store: Store,
    next_id: u64,
    /// Whether nothing happened before it.
    whole: bool,
    reaches: UnixMillis,
    last_seq: Seq,
}

/// When the bus took an event, or what its publisher says.
#[must_use]
pub fn taken_at(event: &ReceivedEvent) -> UnixMillis {
    let taken = event.metadata.get("sync").and_then(|sync| sync.get("emitted_at")).and_then(Value::as_f64);
    taken.filter(|at| at.is_finite()).unwrap_or_else(|| event.timestamp.unix_millis())
}

impl Past {
    /// Who was there before, and the events after that, oldest first. `whole`: nothing happened before them.
    /// They are all until `reaches`. `after` is the event that it goes on from where there are none.
    #[must_use]
    pub fn new(
        before: Daemons,
        events: Vec<ReceivedEvent>,
        whole: bool,
        reaches: UnixMillis,
        after: Seq,
    ) -> Self {
        let store = Store::of_past(before.clone());
        let mut past = Self { before, store, whole, reaches, last_seq: after, ..Self::default() };
        past.append(events, reaches);
        past
    }

    /// More events, oldest first; it is whole until `reaches` now.
    pub fn append(&mut self, events: Vec<ReceivedEvent>, reaches: UnixMillis) {
        for event in events {
            let last = self.held.last().map_or(f64::NEG_INFINITY, |held| held.at);
            self.last_seq = event.seq.unwrap_or(self.last_seq);
            self.next_id += ID_STEP;
            let at = taken_at(&event).max(last);
            self.reaches = self.reaches.max(at);
            let stored = Rc::new(Stored { id: self.next_id, event, origin: Origin::Past });
            self.held.push(Held { at, stored });
        }
        self.reaches = self.reaches.max(reaches);
        let gone = self.held.len().saturating_sub(HELD_MAX).min(self.shown.saturating_sub(CHRONICLE_MAX));
        for held in self.held.drain(..gone) {
            self.before.fold(&held.stored.event);
            self.whole = false;
        }
        self.shown -= gone;
    }

    /// Whether it knows how the realm was at a moment, and what happened just before.
    #[must_use]
    pub fn covers(&self, at: UnixMillis) -> bool {
        let first = self.held.get(ENOUGH.min(self.held.len().saturating_sub(1)));
        at <= self.reaches && (self.whole || first.is_some_and(|first| first.at <= at))
    }

    /// Makes the store what the realm was at a moment.
    pub fn go_to(&mut self, at: UnixMillis) {
        self.shown = self.held.partition_point(|held| held.at <= at);
        self.store = Store::of_past(self.before.clone());
        for held in self.held.iter().take(self.shown) {
            self.store.recall(&held.stored);
        }
        self.store.timeline_mut().advance(at);
    }

    /// The roster before the first event of the chronicle, which holds fewer events than this may.
    #[must_use]
    pub fn before_chronicle(&self) -> Roster {
        let chronicle = self.store.newest_first().filter_map(|entry| match entry {
            Entry::Event(stored, _) => Some(stored.id),
            _ => None,
        });
        let first = chronicle.last();
        let mut before = self.before.clone();
        for held in self.held.iter().take_while(|held| Some(held.stored.id) != first) {
            before.fold(&held.stored.event);
        }
        before.roster().clone()
    }

    /// The next event, if it happens until `at`: it is folded, and to be performed.
    pub fn next(&mut self, at: UnixMillis) -> Option<Rc<Stored>> {
        let next = self.held.get(self.shown).filter(|held| held.at <= at)?;
        self.shown += 1;
        self.store.recall(&next.stored);
        Some(Rc::clone(&next.stored))
    }

    /// When the next event happens.
    #[must_use]
    pub fn next_at(&self) -> Option<UnixMillis> {
        self.held.get(self.shown).map(|held| held.at)
    }

    /// When the latest one that has happened did.
    #[must_use]
    pub fn last_at(&self) -> Option<UnixMillis> {
        self.held.get(self.shown.checked_sub(1)?).map(|held| held.at)
    }

    /// Events that have not happened yet.
    #[must_use]
    pub fn ahead(&self) -> usize {
        self.held.len() - self.shown
    }

    /// All events held.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// The event that it ends with.
    #[must_use]
    pub fn last_seq(&self) -> Seq {
        self.last_seq
    }

    /// The realm as it was.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The realm as it was, to move its clock on.
    pub fn store_mut(&mut self) -> &mut Store {
        &mut self.store
    }
}
