//! What a node knows of the consumers of all nodes, and which readers it has itself. Pure.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use arcane_shared::{Epoch, Position, RoomName, Seq};

use crate::bus::consumers::position::forward;
use crate::bus::consumers::{Evict, Key};
use crate::log::record::{ConsumerRecord, ReaderId};

/// A consumer's position is written so often at most.
pub(super) const WRITE_EVERY: Duration = Duration::from_millis(100);
/// Pause after a write that failed.
const RETRY: Duration = Duration::from_millis(250);
/// How long it is tried to say that a reader has left.
const LEAVING_MAX: Duration = Duration::from_mins(1);
/// How long it is remembered that a consumer was deleted: what was read before that is older.
const DELETED_KEPT: Duration = Duration::from_mins(1);
/// Most readers of this node, those among them whose leaving is not written yet.
const READERS_MAX: usize = 10_000;

/// A consumer as the log has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Known {
    /// `None`: there is none.
    pub(super) record: Option<ConsumerRecord>,
    /// Which change wrote that.
    pub(super) revision: u64,
}

/// Something to write for a reader of this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) key: Key,
    pub(super) number: u64,
    /// What it has acknowledged.
    pub(super) acked: Option<Position>,
    /// Whether it has left.
    pub(super) leaves: bool,
}

/// What the log has to be asked about: what was listed is older than what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Doubt {
    pub(super) key: Key,
    pub(super) revision: u64,
}

/// All of it.
pub(super) struct Table {
    node: String,
    known: BTreeMap<Key, (Known, Instant)>,
    readers: BTreeMap<(Key, u64), Local>,
    numbers: u64,
}

/// A reader of this node.
struct Local {
    stage: Stage,
    evict: Option<Evict>,
    acked: Option<Position>,
    /// When it may be written.
    due: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It is not known yet whether it is its consumer's reader.
    Attaching,
    Reading,
    /// Until then it is tried to say so.
    Leaving(Instant),
}

/// Readers that have to be told.
#[must_use]
pub(super) struct Evicted(Vec<Evict>);

impl Evicted {
    /// Tells them. No lock may be held.
    pub(super) fn tell(self) {
        for evict in self.0 {
            evict();
        }
    }
}

impl Table {
    pub(super) fn new(node: String) -> Self {
        Self { node, known: BTreeMap::new(), readers: BTreeMap::new(), numbers: 0 }
    }

    /// How a reader of this node is named.
    pub(super) fn id(&self, number: u64) -> ReaderId {
        ReaderId { node: self.node.clone(), number }
    }

    /// Returns whether a reader is connected to this node.
    pub(super) fn is_of_this_node(&self, reader: &ReaderId) -> bool {
        reader.node == self.node
    }

    /// How many consumers there are.
    pub(super) fn count(&self) -> usize {
        self.known.values().filter(|(known, _)| known.record.is_some()).count()
    }

    /// What is known of one.
    pub(super) fn known(&self, key: &Key) -> Known {
        self.known.get(key).map(|(known, _)| known.clone()).unwrap_or_default()
    }

    /// All consumers, and whether they have a reader at this node.
    pub(super) fn all(&self) -> impl Iterator<Item = (&Key, &ConsumerRecord, bool)> {
        self.known.iter().filter_map(|(key, (known, _))| {
            let record = known.record.as_ref()?;
            Some((key, record, self.of(key).any(|(_, local)| local.stage == Stage::Reading)))
        })
    }

    /// A consumer was read or heard of: what is older than what is known changes nothing.
    pub(super) fn hear(&mut self, key: &Key, heard: Known, now: Instant) -> Evicted {
        if heard.revision > self.known(key).revision {
            self.set(key, heard, now)
        } else {
            Evicted(Vec::new())
        }
    }

    /// The log says so again, though it is older than what is known: its revisions have begun anew. `revision`: what was known
    /// when the log was asked.
    pub(super) fn believe(&mut self, key: &Key, said: Known, revision: u64, now: Instant) -> Evicted {
        let known = self.known(key).revision;
        let is_news = said.revision > known || (known == revision && said.revision != known);
        if is_news { self.set(key, said, now) } else { Evicted(Vec::new()) }
    }

    fn set(&mut self, key: &Key, known: Known, now: Instant) -> Evicted {
        let reader = known.record.as_ref().and_then(|record| record.reader.as_ref());
        let own = reader.filter(|reader| reader.node == self.node).map(|reader| reader.number);
        if known.record.is_none() && known.revision == 0 {
            self.known.remove(key);
        } else {
            self.known.insert(key.clone(), (known, now));
        }
        self.evict(key, own)
    }

    /// Lets all readers of a consumer go but one.
    fn evict(&mut self, key: &Key, except: Option<u64>) -> Evicted {
        let is_over =
            |(number, local): &(u64, &Local)| local.stage == Stage::Reading && Some(*number) != except;
        let over: Vec<u64> = self.of(key).filter(is_over).map(|(number, _)| number).collect();
        let gone = over.into_iter().filter_map(|number| self.readers.remove(&(key.clone(), number)));
        Evicted(gone.filter_map(|local| local.evict).collect())
    }

    fn of(&self, key: &Key) -> impl Iterator<Item = (u64, &Local)> {
        let all = self.readers.range((key.clone(), 0)..=(key.clone(), u64::MAX));
        all.map(|((_, number), local)| (*number, local))
    }

    /// All consumers were listed. Returns what has to be asked about, and takes the rest.
    pub(super) fn list(&mut self, listed: Vec<(Key, Known)>, now: Instant) -> (Vec<Doubt>, Evicted) {
        let mut seen = BTreeMap::new();
        let mut evicted = Vec::new();
        for (key, said) in listed {
            seen.insert(key.clone(), said.revision);
            // That one was deleted before this node knew of it says nothing.
            if said.record.is_some() || self.known.contains_key(&key) {
                evicted.extend(self.hear(&key, said, now).0);
            }
        }
        self.known.retain(|_, (known, at)| {
            known.record.is_some() || now.saturating_duration_since(*at) < DELETED_KEPT
        });
        let doubts = self.known.iter().filter(|(key, (known, _))| {
            known.record.is_some() && seen.get(*key).is_none_or(|revision| *revision < known.revision)
        });
        let doubts = doubts.map(|(key, (known, _))| Doubt { key: key.clone(), revision: known.revision });
        let doubts = doubts.collect();
        self.sweep(now);
        (doubts, Evicted(evicted))
    }

    /// Records that name a reader of this node which it does not have are to be cleared.
    fn sweep(&mut self, now: Instant) {
        let named = self.known.iter().filter_map(|(key, (known, _))| {
            let reader = known.record.as_ref()?.reader.as_ref()?;
            (reader.node == self.node).then(|| (key.clone(), reader.number))
        });
        let lost: Vec<_> = named.filter(|reader| !self.readers.contains_key(reader)).collect();
        for reader in lost {
            let stage = Stage::Leaving(now + LEAVING_MAX);
            self.readers.insert(reader, Local { stage, evict: None, acked: None, due: now });
        }
    }

    /// Takes a reader in that is about to be written into its consumer's record; `None` if there are too many.
    pub(super) fn arrive(&mut self, key: &Key, evict: Evict, now: Instant) -> Option<u64> {
        if self.readers.len() >= READERS_MAX {
            return None;
        }
        self.numbers += 1;
        let local = Local { stage: Stage::Attaching, evict: Some(evict), acked: None, due: now };
        self.readers.insert((key.clone(), self.numbers), local);
        Some(self.numbers)
    }

    /// A reader stands in its consumer's record. `before`: the revision that was known when that was written.
    pub(super) fn seat(
        &mut self,
        key: &Key,
        number: u64,
        written: Known,
        before: u64,
        now: Instant,
    ) -> Evicted {
        if let Some(local) = self.readers.get_mut(&(key.clone(), number)) {
            local.stage = Stage::Reading;
        }
        let mut evicted = self.wrote(key, written, before, now);
        let known = self.known(key);
        let reader = known.record.and_then(|record| record.reader);
        // Another one may have been quicker to take over than this one to learn that it had.
        let own = reader.filter(|reader| reader.node == self.node).map(|reader| reader.number);
        evicted.0.extend(self.evict(key, own).0);
        evicted
    }

    /// A change was made here. `before`: the revision that was known when that was asked for. If the new one is not above it,
    /// the log's revisions have begun anew, as after a backup: that the record names another reader or none says nothing then.
    pub(super) fn wrote(&mut self, key: &Key, written: Known, before: u64, now: Instant) -> Evicted {
        if written.revision > before {
            return self.hear(key, written, now);
        }
        if written.record.is_none() {
            return self.set(key, written, now);
        }
        self.known.insert(key.clone(), (written, now));
        Evicted(Vec::new())
    }

    /// A reader acknowledges an event: it is to be written. One that was evicted acknowledges nothing.
    pub(super) fn ack(&mut self, key: &Key, number: u64, epoch: &Epoch, seq: Seq) {
        let known = self.known(key).record;
        let Some(local) = self.readers.get_mut(&(key.clone(), number)) else { return };
        let kept = local.acked.as_ref().or(known.as_ref().map(|record| &record.position));
        if let Some(position) = kept.and_then(|kept| forward(kept, epoch, seq).position(true)) {
            local.acked = Some(position);
        }
    }

    /// The furthest that readers of this node have acknowledged for a consumer and that is not written yet.
    pub(super) fn unwritten(&self, key: &Key, epoch: &Epoch) -> Option<Seq> {
        let acked = self.of(key).filter_map(|(_, local)| local.acked.as_ref());
        acked.filter(|position| position.epoch == *epoch).map(|position| position.seq).max()
    }

    /// A reader is gone.
    pub(super) fn leave(&mut self, key: &Key, number: u64, now: Instant) {
        if let Some(local) = self.readers.get_mut(&(key.clone(), number)) {
            (local.stage, local.evict, local.due) = (Stage::Leaving(now + LEAVING_MAX), None, now);
        }
    }

    /// Lets all consumers of a room go.
    pub(super) fn forget_room(&mut self, room: &RoomName) -> Evicted {
        let keys: Vec<Key> = self.known.keys().filter(|(of, _)| of == room).cloned().collect();
        let mut evicted = Vec::new();
        for key in keys {
            self.known.remove(&key);
            evicted.extend(self.evict(&key, None).0);
        }
        Evicted(evicted)
    }

    /// What is to be written now, and when there will be more.
    pub(super) fn due(&self, now: Instant) -> (Vec<Job>, Option<Instant>) {
        let (mut jobs, mut next) = (Vec::new(), None::<Instant>);
        for ((key, number), local) in self.readers.iter().filter(|(_, local)| local.is_to_write()) {
            if local.due > now {
                next = Some(next.map_or(local.due, |next| next.min(local.due)));
                continue;
            }
            let leaves = matches!(local.stage, Stage::Leaving(_));
            jobs.push(Job { key: key.clone(), number: *number, acked: local.acked.clone(), leaves });
        }
        (jobs, next)
    }

    /// Returns whether nothing is to be written.
    pub(super) fn is_settled(&self) -> bool {
        !self.readers.values().any(Local::is_to_write)
    }

    /// It is written.
    pub(super) fn done(&mut self, job: &Job, now: Instant) {
        let at = (job.key.clone(), job.number);
        if job.leaves {
            self.readers.remove(&at);
        } else if let Some(local) = self.readers.get_mut(&at) {
            if local.acked == job.acked {
                local.acked = None;
            }
            // One that left meanwhile is written at once.
            if local.stage == Stage::Reading {
                local.due = now + WRITE_EVERY;
            }
        }
    }

    /// It could not be written.
    pub(super) fn failed(&mut self, job: &Job, now: Instant) {
        let at = (job.key.clone(), job.number);
        let Some(local) = self.readers.get_mut(&at) else { return };
        local.due = now + RETRY;
        if matches!(local.stage, Stage::Leaving(until) if until <= now) {
            self.readers.remove(&at);
        }
    }

    /// Its consumer has another reader, or is gone.
    pub(super) fn lost(&mut self, job: &Job) -> Evicted {
        let local = self.readers.remove(&(job.key.clone(), job.number));
        Evicted(local.and_then(|local| local.evict).into_iter().collect())
    }
}

impl Local {
    fn is_to_write(&self) -> bool {
        match self.stage {
            Stage::Attaching => false,
            Stage::Reading => self.acked.is_some(),
            Stage::Leaving(_) => true,
        }
    }
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (known, readers) = (self.known.len(), self.readers.len());
        f.debug_struct("Table").field("known", &known).field("readers", &readers).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
