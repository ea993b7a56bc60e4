//! Everything that one room has told: folded daemons, counts, and a bounded chronicle.

use std::collections::VecDeque;
use std::rc::Rc;

use arcane_shared::roster::{Roster, Sign};
use arcane_shared::{Epoch, NotRecovered, Position, ReceivedEvent, Resume, Seq};

use crate::calls::{Calls, Part};
use crate::daemons::Daemons;
use crate::gap::{Anew, Cause};
use crate::message::Welcome;
use crate::timeline::Timeline;

/// Entries of the chronicle. Beyond that the oldest give way.
pub const CHRONICLE_MAX: usize = 2_000;
/// Most events that a reconnected page catches up with. More are left to the log, and shown as a gap.
pub const RESUME_MAX: u64 = 20_000;

/// Where an event came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It has just happened.
    Live,
    /// It came with a connection message or was resumed after it: it happened while nobody looked.
    Recent,
    /// It was kept in this browser.
    Kept,
    /// It was read from the log, to show what was.
    Past,
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
    /// Something happened, and what it is to a call.
    Event(Rc<Stored>, Part),
    /// Events that this page does not have.
    Gap {
        /// Its place in this page's order.
        id: u64,
        /// The first of them.
        from: Seq,
        /// The last of them.
        to: Seq,
        /// Why.
        cause: Cause,
    },
    /// The room's numbering began anew.
    NewRun {
        /// Its place in this page's order.
        id: u64,
        /// Why.
        why: Anew,
    },
}

impl Entry {
    /// Its place in this page's order.
    #[must_use]
    pub fn id(&self) -> u64 {
        match self {
            Self::Event(stored, _) => stored.id,
            Self::Gap { id, .. } | Self::NewRun { id, .. } => *id,
        }
    }
}

/// What the page knows of the realm.
#[derive(Debug, Clone, Default)]
pub struct Store {
    entries: VecDeque<Entry>,
    daemons: Daemons,
    calls: Calls,
    lacks_events: bool,
    timeline: Timeline,
    epoch: Option<Epoch>,
    last_seq: Seq,
    /// What comes up to here was there before the connection.
    resumes_until: Seq,
    skips: bool,
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
                self.begin_run(epoch, Anew::Unsaid);
            }
            self.take(event, Origin::Kept, Cause::Unsaid);
        }
    }

    /// Where a connection should go on. `None`: at what is live, because there is nothing to go on from.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        let epoch = self.epoch.clone().filter(|_| !self.skips)?;
        // What a browser kept may be anything, and a position that is none would be refused for good.
        Position::parse(&Position { epoch, seq: self.last_seq }.to_string()).ok()
    }

    /// Leaves what was missed to the log: the next connection begins at what is live.
    pub fn skip_missed(&mut self) {
        self.skips = true;
    }

    /// A connection begins. Returns the events that are new, oldest first.
    pub fn welcome(&mut self, welcome: &Welcome) -> Vec<Rc<Stored>> {
        let fresh = self.greet(welcome);
        if let Some(roster) = &welcome.roster {
            self.adopt(roster.clone());
        }
        fresh
    }

    fn greet(&mut self, welcome: &Welcome) -> Vec<Rc<Stored>> {
        let reason = welcome.resume.and_then(|resume| resume.reason);
        let same_run = welcome.epoch.is_some() && welcome.epoch == self.epoch;
        self.undecodable += welcome.undecodable;
        self.resumes_until = 0;
        if let Some(Resume { recovered: true, count, .. }) = welcome.resume.filter(|_| same_run) {
            self.resumes_until = welcome.seq.saturating_add(count.unwrap_or(0));
            return Vec::new();
        }
        // A log that ends before what was seen will give numbers again that are taken here.
        if !same_run || reason == Some(NotRecovered::Ahead) {
            self.begin_run(welcome.epoch.clone(), reason.into());
        }
        let cause = match (reason, std::mem::take(&mut self.skips)) {
            (Some(NotRecovered::Expired), _) => Cause::Expired,
            (_, true) => Cause::Skipped,
            _ => Cause::Unsaid,
        };
        let recent = welcome.recent.iter();
        let fresh = recent.filter_map(|event| self.take(event.clone(), Origin::Recent, cause)).collect();
        // What the server knows of and did not send is missing, unless it is from before our time.
        if self.last_seq > 0 && welcome.seq > self.last_seq {
            self.note_gap(self.last_seq + 1, welcome.seq, cause);
        }
        self.last_seq = self.last_seq.max(welcome.seq);
        fresh
    }

    /// An event of the stream. `None` if it is already here.
    pub fn receive(&mut self, event: ReceivedEvent) -> Option<Rc<Stored>> {
        let missed = event.seq.is_some_and(|seq| seq <= self.resumes_until);
        self.take(event, if missed { Origin::Recent } else { Origin::Live }, Cause::Unsaid)
    }

    /// Events that this page still catches up with after it connected again.
    #[must_use]
    pub fn behind(&self) -> u64 {
        self.resumes_until.saturating_sub(self.last_seq)
    }

    /// The server says that these cannot be delivered.
    pub fn gap(&mut self, from: Seq, to: Seq, cause: Cause) {
        if to >= from && to > self.last_seq {
            self.note_gap(from.max(self.last_seq + 1), to, cause);
            self.last_seq = to;
        }
    }

    /// The realm at a moment of the past: who was there then, before any event.
    #[must_use]
    pub fn of_past(daemons: Daemons) -> Self {
        Self { daemons, ..Self::default() }
    }

    /// The next event of the past, shared with the store of the past. Its `id` leaves room for a gap before it.
    pub fn recall(&mut self, stored: &Rc<Stored>) {
        if let Some(seq) = stored.event.seq {
            if self.last_seq > 0 && seq > self.last_seq + 1 {
                self.next_id = stored.id - 2;
                self.note_gap(self.last_seq + 1, seq - 1, Cause::Unsaid);
            }
            self.last_seq = seq;
        }
        self.fold(stored);
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

    /// Takes the server's word for who is present and does what. Returns whether all that came after it is known: if not,
    /// ask again.
    pub fn adopt(&mut self, roster: Roster) -> bool {
        let mut daemons = Daemons::of(roster);
        let after = daemons.roster().seq();
        let run = self.entries.iter().rev().take_while(|entry| !matches!(entry, Entry::NewRun { .. }));
        let mut later: Vec<&Rc<Stored>> = run
            .filter_map(|entry| if let Entry::Event(stored, _) = entry { Some(stored) } else { None })
            .take_while(|stored| stored.event.seq.is_some_and(|seq| seq > after))
            .collect();
        later.reverse();
        let (mut next, mut whole) = (after + 1, true);
        for event in later.iter().map(|stored| &stored.event) {
            whole &= event.seq == Some(next);
            next = event.seq.unwrap_or(next) + 1;
            daemons.fold(event);
        }
        self.daemons = daemons;
        self.lacks_events = !whole || next <= self.last_seq;
        !self.lacks_events
    }

    /// Whether the roster lacks events that are missing here: the server has to be asked for it.
    #[must_use]
    pub fn lacks_events(&self) -> bool {
        self.lacks_events
    }

    /// Whether a call goes on for which the roster has no room.
    pub(crate) fn is_beyond(&self, seq: Seq) -> bool {
        self.calls.is_beyond(seq)
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
            Entry::Event(stored, _) => Some(Rc::clone(stored)),
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

    fn begin_run(&mut self, epoch: Option<Epoch>, why: Anew) {
        let had_events = self.entries.iter().any(|entry| matches!(entry, Entry::Event(..)));
        let same_unknown = self.epoch.is_none() && epoch.is_none();
        self.epoch = epoch;
        self.last_seq = 0;
        self.daemons = Daemons::default();
        if had_events && !same_unknown {
            let id = self.id();
            self.push(Entry::NewRun { id, why });
        }
    }

    fn take(&mut self, event: ReceivedEvent, origin: Origin, cause: Cause) -> Option<Rc<Stored>> {
        if let Some(seq) = event.seq {
            if seq <= self.last_seq {
                self.duplicates += 1;
                return None;
            }
            if self.last_seq > 0 && seq > self.last_seq + 1 {
                self.note_gap(self.last_seq + 1, seq - 1, cause);
            }
            self.last_seq = seq;
        }
        let stored = Rc::new(Stored { id: self.id(), event, origin });
        self.fold(&stored);
        Some(stored)
    }

    fn fold(&mut self, stored: &Rc<Stored>) {
        let event = &stored.event;
        self.events_total += 1;
        self.failures_total += u64::from(!event.success);
        let (seq, sign) = (self.daemons.number(event), Sign::read(event));
        let part = self.calls.note(stored.id, seq, sign.as_ref(), &self.daemons);
        self.daemons.fold_sign(seq, sign.as_ref());
        self.timeline.add(event.timestamp.unix_millis(), &event.spell_name, event.success);
        self.push(Entry::Event(Rc::clone(stored), part));
    }

    fn note_gap(&mut self, from: Seq, to: Seq, cause: Cause) {
        self.missing = self.missing.saturating_add(to - from + 1);
        self.lacks_events |= to > self.daemons.roster().seq();
        let id = self.id();
        self.push(Entry::Gap { id, from, to, cause });
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
