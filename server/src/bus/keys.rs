//! Idempotency keys: sending the same again publishes nothing twice.
//!
//! As in "The Idempotency-Key HTTP Header Field" (IETF draft): a key that was used before gets the first
//! answer again; with other content it is refused; while the first is still under way, too.

use std::collections::{HashMap, HashSet, VecDeque};

use arcane_shared::{RoomName, Seq, Timestamp};
use sha2::{Digest, Sha256};

use crate::log::record::{self, KeyRecord};
use crate::log::{Fault, Record, Run};

/// How long a key is remembered.
const AGE_MAX_MICROS: i64 = 24 * 3600 * 1_000_000;
/// Most keys remembered in a room; beyond that the oldest gives way.
pub const KEYS_MAX: usize = 100_000;
/// Longest key, bytes.
pub const KEY_BYTES_MAX: usize = 255;

/// A key and what was sent with it. Both are kept as digests: neither has to be shown again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    id: u128,
    content: u64,
}

/// A key that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefused {
    /// It stands for something else.
    #[error("{}", Fault::OtherContent.preface())]
    OtherContent,
    /// The first publication with it is not over.
    #[error("a publication with this Idempotency-Key is under way; send it again in a moment")]
    UnderWay,
}

/// What a key means at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    New,
    Again(Run),
    Refused(KeyRefused),
}

impl Key {
    /// The digest under which it is known.
    pub(super) fn id(self) -> u128 {
        self.id
    }

    /// `part` tells apart what is sent under one key piece by piece.
    #[must_use]
    pub fn new(key: &str, part: u64, content: &[u8]) -> Self {
        let digest = Sha256::new().chain_update(part.to_le_bytes()).chain_update(key).finalize();
        let content = Sha256::digest(content);
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        let id = u128::from_be_bytes(id);
        Self { id, content: u64::from_le_bytes(content[..8].try_into().unwrap_or_default()) }
    }
}

/// The keys of one room.
#[derive(Debug, Default)]
pub(super) struct Keys {
    known: HashMap<u128, KeyRecord>,
    /// Oldest first.
    order: VecDeque<(u128, i64)>,
    /// Those whose events the log has not numbered yet.
    coming: HashSet<u128>,
}

impl Keys {
    /// What the log remembers.
    pub(super) fn recall(room: &RoomName, kept: &[(String, String)]) -> Self {
        let mut found: Vec<_> = kept
            .iter()
            .filter_map(|(key, value)| KeyRecord::read(key, value))
            .map(|(_, id, record)| (id, record))
            .collect();
        if found.len() < kept.len() {
            tracing::warn!(%room, lost = kept.len() - found.len(), "idempotency keys in the event log cannot be read");
        }
        found.sort_by_key(|(_, record)| record.at);
        let mut keys = Self::default();
        for (id, record) in found {
            keys.known.insert(id, record);
            keys.order.push_back((id, record.at));
        }
        keys
    }

    /// `head`: everything up to here is in the log. `expiry`: by this time a key is too old, see [`crate::clock::SteadyClock`].
    pub(super) fn check(&self, key: &Key, head: Seq, expiry: Timestamp) -> Use {
        if self.coming.contains(&key.id) {
            return Use::Refused(KeyRefused::UnderWay);
        }
        let Some(record) = self.known.get(&key.id) else { return Use::New };
        let is_old = self.order.iter().take_while(|(_, at)| is_old(*at, expiry)).any(|(id, _)| *id == key.id);
        if is_old {
            Use::New
        } else if record.content != key.content {
            Use::Refused(KeyRefused::OtherContent)
        } else if record.last() > head {
            Use::Refused(KeyRefused::UnderWay)
        } else {
            Use::Again(Run { first: record.first, count: record.count })
        }
    }

    /// Whether this process has handed events of a key over that have not appeared.
    pub(super) fn is_coming(&self, key: &Key) -> bool {
        self.coming.contains(&key.id)
    }

    /// What the log has to remember and may forget once `key` is used.
    pub(super) fn records(
        &self,
        room: &RoomName,
        key: &Key,
        run: Run,
        now: Timestamp,
        expiry: Timestamp,
    ) -> Vec<Record> {
        let record = KeyRecord::of(key, run, now);
        let surplus = (self.order.len() + 1).saturating_sub(KEYS_MAX);
        let old = self.order.iter().enumerate();
        let old = old.take_while(|(index, (_, at))| *index < surplus || is_old(*at, expiry));
        let forgotten = old
            .filter(|(_, (id, _))| *id != key.id)
            .map(|(_, (id, _))| Record::forget(KeyRecord::key(room, *id)));
        forgotten.chain([record.record(room, key.id)]).collect()
    }

    pub(super) fn add(&mut self, key: Key, run: Run, now: Timestamp, expiry: Timestamp) {
        self.insert(key.id, KeyRecord::of(&key, run, now), expiry);
    }

    /// Returns which keys gave way.
    fn insert(&mut self, id: u128, record: KeyRecord, expiry: Timestamp) -> Vec<u128> {
        let mut gone = Vec::new();
        while self.order.len() >= KEYS_MAX || self.order.front().is_some_and(|(_, at)| is_old(*at, expiry)) {
            if let Some((id, _)) = self.order.pop_front() {
                self.known.remove(&id);
                gone.push(id);
            }
        }
        self.known.insert(id, record);
        self.order.push_back((id, record.at));
        gone
    }

    /// A key is under way of which the log tells later.
    pub(super) fn begin(&mut self, key: Key) {
        self.coming.insert(key.id);
    }

    /// What the log keeps of a key together with its events, before they have numbers.
    pub(super) fn unnumbered(room: &RoomName, key: &Key, count: u64, now: Timestamp) -> Record {
        KeyRecord::of(key, Run { first: 0, count }, now).record(room, key.id)
    }

    /// Takes in what is kept of a key with an event of the log. What the log may forget then goes to `forgotten`.
    pub(super) fn learn(
        &mut self,
        room: &RoomName,
        Record { key, value }: &Record,
        forgotten: &mut Vec<Record>,
    ) {
        let Some((_, id, record)) = value.as_deref().and_then(|value| KeyRecord::read(key, value)) else {
            return;
        };
        self.coming.remove(&id);
        if self.known.get(&id) != Some(&record) {
            let gone = self.insert(id, record, Timestamp::from_unix_micros(record.at));
            forgotten.extend(gone.into_iter().map(|id| Record::forget(KeyRecord::key(room, id))));
        }
    }

    /// It is not under way any more, whatever became of it.
    pub(super) fn give_up(&mut self, record: &Record) {
        if let Some(id) = record::key_id(&record.key) {
            self.coming.remove(&id);
        }
    }

    /// Forgets keys whose events were taken back.
    pub(super) fn forget_after(&mut self, head: Seq) {
        self.known.retain(|_, record| record.first <= head);
        self.order.retain(|(id, _)| self.known.contains_key(id));
    }
}

fn is_old(at: i64, expiry: Timestamp) -> bool {
    expiry.unix_micros().saturating_sub(at) > AGE_MAX_MICROS
}

impl KeyRecord {
    fn of(key: &Key, run: Run, now: Timestamp) -> Self {
        let Run { first, count } = run;
        Self { first, count, content: key.content, at: now.unix_micros() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_unix_micros(hours * 3600 * 1_000_000)
    }

    #[test]
    fn the_same_again_is_known_until_it_is_old() {
        let mut keys = Keys::default();
        let key = Key::new("k", 0, b"content");
        let known = Run { first: 5, count: 2 };
        assert_eq!(keys.check(&key, 9, at(0)), Use::New);
        keys.add(key, known, at(0), at(0));
        assert_eq!(keys.check(&key, 5, at(1)), Use::Refused(KeyRefused::UnderWay));
        assert_eq!(keys.check(&key, 6, at(1)), Use::Again(known));
        assert_eq!(keys.check(&Key::new("k", 0, b"other"), 6, at(1)), Use::Refused(KeyRefused::OtherContent));
        assert_eq!(keys.check(&Key::new("k", 1, b"content"), 6, at(1)), Use::New);
        assert_eq!(keys.check(&key, 6, at(25)), Use::New);
        keys.forget_after(4);
        assert_eq!(keys.check(&key, 6, at(1)), Use::New);
    }

    #[test]
    fn what_is_recorded_is_recalled() {
        let room = RoomName::default();
        let (key, known) = (Key::new("k", 3, b"content"), Run { first: 5, count: 2 });
        let kept = |records: Vec<Record>| {
            records.into_iter().filter_map(|record| Some((record.key, record.value?))).collect::<Vec<_>>()
        };
        let keys = Keys::recall(&room, &kept(Keys::default().records(&room, &key, known, at(1), at(1))));
        assert_eq!(keys.check(&key, 6, at(2)), Use::Again(known));
        let later = keys.records(&room, &Key::new("l", 0, b""), known, at(40), at(40));
        assert_eq!(kept(later.clone()).len(), 1);
        assert!(later.iter().any(|record| record.value.is_none()), "the old one is forgotten");
    }
}
