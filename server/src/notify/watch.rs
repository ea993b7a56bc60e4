//! What is told, to whom, and when. Pure: what rooms look like, now → messages.
//!
//! A wait is told once it has gone on for as long as its target says, and if it still goes on then; [`TOGETHER_MS`] later, so that several that begin
//! together are one message. Positions say which waits were told: of one target all wait equally long, so they are due in the order of their events.

use std::collections::{BTreeMap, VecDeque};

use arcane_shared::{DaemonName, Epoch, RoomName, Seq};

use super::Millis;
use super::sight::{OpenWait, Sight, Spent};
use super::storms::Storms;
use crate::config::{NotifyTarget, Occasion};

/// How long a message waits for others.
pub(super) const TOGETHER_MS: Millis = 3_000;
/// Most storms and budgets that a target has yet to be told of; the oldest gives way.
const LATER_MAX: usize = 64;

/// Something that is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Happening {
    /// An agent waits for a human.
    Wait(OpenWait),
    /// Calls of an agent fail one after another.
    Storm(Storm),
    /// So much of a daemon's budget of the day is spent.
    Budget(Spent),
}

impl Happening {
    pub(super) fn occasion(&self) -> Occasion {
        match self {
            Self::Wait(_) => Occasion::Waiting,
            Self::Storm(_) => Occasion::Failures,
            Self::Budget(_) => Occasion::Budget,
        }
    }

    pub(super) fn place(&self) -> (&RoomName, &DaemonName) {
        match self {
            Self::Wait(wait) => (&wait.room, &wait.daemon),
            Self::Storm(storm) => (&storm.room, &storm.daemon),
            Self::Budget(spent) => (&spent.room, &spent.daemon),
        }
    }
}

/// Calls of an agent fail one after another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Storm {
    pub(super) room: RoomName,
    pub(super) daemon: DaemonName,
    /// The latest failure, in a line.
    pub(super) last: String,
}

/// What was seen, and what was told of it.
#[derive(Debug)]
pub(super) struct Watch {
    targets: Vec<Told>,
    rooms: BTreeMap<RoomName, Seen>,
    /// When rooms were looked at last: what was due by then in a room that is new is not told.
    looked_at: Millis,
}

#[derive(Debug)]
struct Seen {
    epoch: Epoch,
    seq: Seq,
    waits: Vec<OpenWait>,
    storms: Storms,
    /// Budgets were told of up to this event.
    budgets_through: Seq,
}

/// What a target was told.
#[derive(Debug)]
struct Told {
    target: NotifyTarget,
    /// Waits up to these events.
    through: BTreeMap<RoomName, Seq>,
    /// Storms and budgets that it is yet to be told of, and since when.
    later: VecDeque<(Millis, Happening)>,
    at: Option<Millis>,
}

impl Watch {
    /// Nothing was seen yet.
    pub(super) fn new(targets: &[NotifyTarget], now: Millis) -> Self {
        let told = |target: &NotifyTarget| Told {
            target: target.clone(),
            through: BTreeMap::new(),
            later: VecDeque::new(),
            at: None,
        };
        Self { targets: targets.iter().map(told).collect(), rooms: BTreeMap::new(), looked_at: now }
    }

    /// Whether a room is as it was when it was looked at.
    pub(super) fn knows(&self, room: &RoomName, epoch: &Epoch, seq: Seq) -> bool {
        self.rooms.get(room).is_some_and(|seen| (&seen.epoch, seen.seq) == (epoch, seq))
    }

    /// Takes what has changed, and which rooms are in memory; gives what is to be told now, and to which target.
    pub(super) fn look(
        &mut self,
        changed: Vec<Sight>,
        is_open: impl Fn(&RoomName) -> bool,
        now: Millis,
    ) -> Vec<(usize, Vec<Happening>)> {
        self.rooms.retain(|room, _| is_open(room));
        for sight in changed {
            self.take(sight, now);
        }
        self.looked_at = now;
        let Self { targets, rooms, .. } = self;
        for told in &mut *targets {
            told.through.retain(|room, _| rooms.contains_key(room));
        }
        let due = targets.iter_mut().enumerate().map(|(n, told)| (n, told.due(rooms, now)));
        due.filter(|(_, happenings)| !happenings.is_empty()).collect()
    }

    fn take(&mut self, sight: Sight, now: Millis) {
        let Sight { room, epoch, seq, waits, failures, budgets } = sight;
        let known = self.rooms.remove(&room).filter(|seen| seen.epoch == epoch);
        let through = known.as_ref().map(|seen| seen.budgets_through);
        let is_new =
            |spent: &&Spent| through.map_or(spent.at > self.looked_at, |through| spent.seq > through);
        for spent in budgets.iter().filter(is_new).filter(|spent| spent.percent > 0) {
            self.targets.iter_mut().for_each(|told| told.note(now, Happening::Budget(spent.clone())));
        }
        let budgets_through = budgets.iter().map(|spent| spent.seq).chain(through).max().unwrap_or(0);
        let storms = if let Some(Seen { mut storms, .. }) = known {
            for begun in storms.take(&failures, now) {
                let (daemon, last) = (begun.daemon.clone(), begun.last.clone());
                let storm = Happening::Storm(Storm { room: room.clone(), daemon, last });
                self.targets.iter_mut().for_each(|told| told.note(now, storm.clone()));
            }
            storms
        } else {
            for told in &mut self.targets {
                let was_due = |wait: &&OpenWait| told.target.is_due(wait, self.looked_at);
                let through = waits.iter().filter(was_due).map(|wait| wait.seq).max();
                told.through.insert(room.clone(), through.unwrap_or(0));
            }
            Storms::after(&failures)
        };
        self.rooms.insert(room, Seen { epoch, seq, waits, storms, budgets_through });
    }
}

impl NotifyTarget {
    fn after_ms(&self) -> Millis {
        u64::try_from(self.after.as_millis()).unwrap_or(Millis::MAX)
    }

    fn is_due(&self, wait: &OpenWait, now: Millis) -> bool {
        wait.since.saturating_add(self.after_ms()) <= now
    }
}

impl Told {
    fn note(&mut self, now: Millis, happening: Happening) {
        let (room, daemon) = happening.place();
        if !self.target.on.contains(&happening.occasion()) || !self.target.is_for(room, daemon) {
            return;
        }
        if self.later.len() >= LATER_MAX {
            self.later.pop_front();
        }
        self.later.push_back((now, happening));
    }

    /// What is to be told now: nothing, or all that is due.
    fn due(&mut self, rooms: &BTreeMap<RoomName, Seen>, now: Millis) -> Vec<Happening> {
        let interval = u64::try_from(self.target.min_interval.as_millis()).unwrap_or(Millis::MAX);
        if self.at.is_some_and(|at| now < at.saturating_add(interval)) {
            return Vec::new();
        }
        let waits = self.waits(rooms, now);
        let since = waits.first().map(|wait| wait.since.saturating_add(self.target.after_ms()));
        let first = since.into_iter().chain(self.later.front().map(|(at, _)| *at)).min();
        if first.is_none_or(|first| now < first.saturating_add(TOGETHER_MS)) {
            return Vec::new();
        }
        for wait in &waits {
            let through = self.through.entry(wait.room.clone()).or_default();
            *through = wait.seq.max(*through);
        }
        self.at = Some(now);
        let later = self.later.drain(..).map(|(_, happening)| happening);
        waits.into_iter().map(Happening::Wait).chain(later).collect()
    }

    /// The waits that are due, the oldest first.
    fn waits(&self, rooms: &BTreeMap<RoomName, Seen>, now: Millis) -> Vec<OpenWait> {
        if !self.target.on.contains(&Occasion::Waiting) {
            return Vec::new();
        }
        let is_due = |wait: &&OpenWait| {
            self.target.is_for(&wait.room, &wait.daemon)
                && wait.seq > self.through.get(&wait.room).copied().unwrap_or(0)
                && self.target.is_due(wait, now)
        };
        let mut waits: Vec<OpenWait> =
            rooms.values().flat_map(|seen| seen.waits.iter().filter(is_due).cloned()).collect();
        waits.sort_by_key(|wait| (wait.since, wait.seq));
        waits
    }
}

#[cfg(test)]
mod tests;
