//! Everything that one room has told: folded daemons, counts, and a bounded chronicle.

use std::collections::VecDeque;
use std::rc::Rc;

use arcane_shared::{Epoch, ReceivedEvent, Seq};

use crate::daemons::Daemons;
use crate::message::Welcome;
use crate::timeline::Timeline;

/// Entries of the chronicle. Beyond that the oldest give way.
pub const CHRONICLE_MAX: usize = 2_000;

/// Where an event came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It has just happened.
    Live,
    /// It came with a connection message: it happened while nobody looked.
    Recent,
    /// It was kept in this browser.
    Kept,
}

/// An event and how it got here.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// Its place in this page's order; never reused.
    pub id: u64,
    /// What happened.
    pub event: ReceivedEvent,
    /// Where it came from.
    pub origin: Origin,
}

/// One entry of the chronicle.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// Something happened.
    Event(Rc<Stored>),
    /// Events that this page does not have.
    Gap {
        /// Its place in this page's order.
        id: u64,
        /// The first of them.
        from: Seq,
        /// The last of them.
        to: Seq,
    },
    /// The room's numbering began anew.
    NewRun {
        /// Its place in this page's order.
        id: u64,
    },
}

impl Entry {
    /// Its place in this page's order.
    #[must_use]
    pub fn id(&self) -> u64 {
        match self {
            Self::Event(stored) => stored.id,
            Self::Gap { id, .. } | Self::NewRun { id } => *id,
        }
    }
}

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Store {
    entries: VecDeque<Entry>,
    daemons: Daemons,
    timeline: Timeline,
    epoch: Option<Epoch>,
    last_seq: Seq,
    next_id: u64,
    events_total: u64,
    failures_total: u64,
    duplicates: u64,
    missing: u64,
    undecodable: u64,
}

impl Store {
    /// Puts in what this browser kept: oldest first, with the run of numbers it belongs to.
    pub fn restore(&mut self, events: impl IntoIterator<Item = (Option<Epoch>, ReceivedEvent)>) {
        for (epoch, event) in events {
            if epoch != self.epoch {
                self.begin_run(epoch);
            }
            self.take(event, Origin::Kept);
        }
    }

    /// A connection begins. Returns the events that are new, oldest first.
    pub fn welcome(&mut self, welcome: &Welcome) -> Vec<Rc<Stored>> {
        if welcome.epoch.is_none() || welcome.epoch != self.epoch {
            self.begin_run(welcome.epoch.clone());
        }
        self.undecodable += welcome.undecodable;
        let fresh: Vec<Rc<Stored>> =
            welcome.recent.iter().filter_map(|event| self.take(event.clone(), Origin::Recent)).collect();
        // What the server knows of and did not send is missing, unless it is from before our time.
        if self.last_seq > 0 && welcome.seq > self.last_seq {
            self.note_gap(self.last_seq + 1, welcome.seq);
        }
        self.last_seq = self.last_seq.max(welcome.seq);
        fresh
    }

    /// A live event. `None` if it is already here.
    pub fn receive(&mut self, event: ReceivedEvent) -> Option<Rc<Stored>> {
        self.take(event, Origin::Live)
    }

    /// The server says that these cannot be delivered.
    pub fn gap(&mut self, from: Seq, to: Seq) {
        if to >= from && to > self.last_seq {
            self.note_gap(from.max(self.last_seq + 1), to);
            self.last_seq = to;
        }
    }

    /// A filtered or lagging stream has considered everything up to here.
    pub fn skip_to(&mut self, seq: Seq) {
        self.last_seq = self.last_seq.max(seq);
    }

    /// Something came that could not be read.
    pub fn count_undecodable(&mut self) {
        self.undecodable += 1;
    }

    /// Daemons.
    #[must_use]
    pub fn daemons(&self) -> &Daemons {
        &self.daemons
    }

    /// Daemons, to correct them by the server's word.
    pub fn daemons_mut(&mut self) -> &mut Daemons {
        &mut self.daemons
    }

    /// Events per second.
    #[must_use]
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// Events per second, to move it on.
    pub fn timeline_mut(&mut self) -> &mut Timeline {
        &mut self.timeline
    }

    /// The chronicle, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().rev()
    }

    /// The entry with this id, if it is still there.
    #[must_use]
    pub fn event(&self, id: u64) -> Option<Rc<Stored>> {
        let at = self.entries.binary_search_by_key(&id, Entry::id).ok()?;
        match &self.entries[at] {
            Entry::Event(stored) => Some(Rc::clone(stored)),
            _ => None,
        }
    }

    /// The run of numbers.
    #[must_use]
    pub fn epoch(&self) -> Option<&Epoch> {
        self.epoch.as_ref()
    }

    /// The last number seen.
    #[must_use]
    pub fn last_seq(&self) -> Seq {
        self.last_seq
    }

    /// Different events so far.
    #[must_use]
    pub fn events_total(&self) -> u64 {
        self.events_total
    }

    /// How many of them failed.
    #[must_use]
    pub fn failures_total(&self) -> u64 {
        self.failures_total
    }

    /// Events that came a second time and were left out.
    #[must_use]
    pub fn duplicates(&self) -> u64 {
        self.duplicates
    }

    /// Events that are known to be missing.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// Messages that could not be read.
    #[must_use]
    pub fn undecodable(&self) -> u64 {
        self.undecodable
    }

    fn begin_run(&mut self, epoch: Option<Epoch>) {
        let had_events = self.entries.iter().any(|entry| matches!(entry, Entry::Event(_)));
        let same_unknown = self.epoch.is_none() && epoch.is_none();
        self.epoch = epoch;
        self.last_seq = 0;
        if had_events && !same_unknown {
            self.daemons.clear_presence();
            let id = self.id();
            self.push(Entry::NewRun { id });
        }
    }

    fn take(&mut self, event: ReceivedEvent, origin: Origin) -> Option<Rc<Stored>> {
        if let Some(seq) = event.seq {
            if seq <= self.last_seq {
                self.duplicates += 1;
                return None;
            }
            if self.last_seq > 0 && seq > self.last_seq + 1 {
                self.note_gap(self.last_seq + 1, seq - 1);
            }
            self.last_seq = seq;
        }
        self.events_total += 1;
        self.failures_total += u64::from(!event.success);
        self.daemons.fold(&event);
        self.timeline.add(event.timestamp.unix_millis(), &event.spell_name, event.success);
        let stored = Rc::new(Stored { id: self.id(), event, origin });
        self.push(Entry::Event(Rc::clone(&stored)));
        Some(stored)
    }

    fn note_gap(&mut self, from: Seq, to: Seq) {
        self.missing = self.missing.saturating_add(to - from + 1);
        let id = self.id();
        self.push(Entry::Gap { id, from, to });
    }

    fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn push(&mut self, entry: Entry) {
        self.entries.push_back(entry);
        if self.entries.len() > CHRONICLE_MAX {
            self.entries.pop_front();
        }
    }
}
