//! Consumers of a log to which this process alone writes: all of them are in memory, and written as they change.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arcane_shared::{Epoch, Position, RoomName, Seq, Timestamp};

use super::position::{Begin, begin, forward};
use super::{CONSUMERS_MAX, ConsumerError, Evict, Key, Shown};
use crate::bus::resume::Since;
use crate::bus::rooms::RoomInfo;
use crate::clock;
use crate::log::record::{CONSUMER, ConsumerRecord};
use crate::log::{EventLog, LogError, Record};

/// All of them.
#[derive(Debug, Clone)]
pub(super) struct OwnConsumers {
    log: Arc<dyn EventLog>,
    known: Arc<Mutex<BTreeMap<Key, Consumer>>>,
}

#[derive(Debug)]
struct Consumer {
    position: Position,
    updated_at: Timestamp,
    reader: Option<Current>,
    readers: u64,
}

/// The one who reads.
struct Current {
    number: u64,
    evict: Evict,
}

impl std::fmt::Debug for Current {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Current({})", self.number)
    }
}

/// A reader in a consumer's name.
#[derive(Debug)]
pub(super) struct OwnReader {
    consumers: OwnConsumers,
    key: Key,
    number: u64,
}

impl OwnConsumers {
    pub(super) async fn recall(log: Arc<dyn EventLog>) -> Result<Self, LogError> {
        let mut known = BTreeMap::new();
        for (key, value) in log.recall(CONSUMER).await? {
            match decode(&key, &value) {
                Some((key, consumer)) => drop(known.insert(key, consumer)),
                None => tracing::warn!(key, value, "a consumer in the event log cannot be read"),
            }
        }
        Ok(Self { log, known: Arc::new(Mutex::new(known)) })
    }

    pub(super) fn attach(
        &self,
        key: Key,
        new: &Position,
        there: impl FnOnce() -> Option<RoomInfo>,
        evict: Evict,
    ) -> Result<(OwnReader, Since), ConsumerError> {
        let mut known = self.lock();
        // Under the lock: what was acknowledged before is no further than the room is now.
        let there = there();
        let kept = known.get(&key).map(|consumer| &consumer.position);
        if kept.is_none() && known.len() >= CONSUMERS_MAX {
            return Err(ConsumerError::TooMany);
        }
        let Begin { since, keep } = begin(kept, new, there);
        if let Some(position) = keep {
            let updated_at = clock::now();
            // Kept at once: what happens before the first acknowledgement is for it, too.
            self.log.remember(vec![record(&key, &position, updated_at)])?;
            let consumer = Consumer { position: position.clone(), updated_at, reader: None, readers: 0 };
            known.entry(key.clone()).or_insert(consumer).position = position;
        }
        let name = &key.1;
        let consumer = known.get_mut(&key).ok_or_else(|| ConsumerError::Unknown(name.clone()))?;
        consumer.readers += 1;
        let number = consumer.readers;
        let before = consumer.reader.replace(Current { number, evict });
        drop(known);
        if let Some(before) = before {
            (before.evict)();
        }
        Ok((OwnReader { consumers: self.clone(), key, number }, since))
    }

    pub(super) fn ack(&self, key: &Key, epoch: &Epoch, seq: Seq) -> Result<(), ConsumerError> {
        let mut known = self.lock();
        let consumer = known.get_mut(key).ok_or_else(|| ConsumerError::Unknown(key.1.clone()))?;
        if let Some(position) = forward(&consumer.position, epoch, seq).position(true) {
            let updated_at = clock::now();
            // What is not taken is not acknowledged.
            self.log.remember(vec![record(key, &position, updated_at)])?;
            (consumer.position, consumer.updated_at) = (position, updated_at);
        }
        Ok(())
    }

    pub(super) fn delete(&self, key: Key) -> Result<(), ConsumerError> {
        let mut known = self.lock();
        let there = match known.entry(key) {
            Entry::Occupied(there) => there,
            Entry::Vacant(none) => return Err(ConsumerError::Unknown(none.key().1.clone())),
        };
        let (room, name) = there.key();
        self.log.remember(vec![Record::forget(ConsumerRecord::key(room, name))])?;
        let removed = there.remove();
        drop(known);
        if let Some(reader) = removed.reader {
            (reader.evict)();
        }
        Ok(())
    }

    pub(super) fn forget_room(&self, room: &RoomName) {
        let mut known = self.lock();
        let names: Vec<_> = known.keys().filter(|(of, _)| of == room).cloned().collect();
        let removed: Vec<_> = names.iter().filter_map(|key| known.remove(key)).collect();
        drop(known);
        for reader in removed.into_iter().filter_map(|consumer| consumer.reader) {
            (reader.evict)();
        }
    }

    pub(super) fn shown(&self) -> Vec<Shown> {
        let known = self.lock();
        let shown = known.iter().map(|(key, consumer)| Shown {
            key: key.clone(),
            position: consumer.position.clone(),
            connected: consumer.reader.is_some(),
            updated_at: consumer.updated_at,
        });
        shown.collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Consumer>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OwnReader {
    pub(super) fn key(&self) -> &Key {
        &self.key
    }

    pub(super) fn ack(&self, epoch: &Epoch, seq: Seq) -> Result<(), ConsumerError> {
        self.consumers.ack(&self.key, epoch, seq)
    }
}

impl Drop for OwnReader {
    fn drop(&mut self) {
        if let Some(consumer) = self.consumers.lock().get_mut(&self.key)
            && consumer.reader.as_ref().is_some_and(|reader| reader.number == self.number)
        {
            consumer.reader = None;
        }
    }
}

fn record((room, name): &Key, position: &Position, updated_at: Timestamp) -> Record {
    ConsumerRecord { position: position.clone(), updated_at, reader: None }.record(room, name)
}

fn decode(key: &str, value: &str) -> Option<(Key, Consumer)> {
    let (room, name, record) = ConsumerRecord::read(key, value)?;
    let ConsumerRecord { position, updated_at, .. } = record;
    Some(((room, name), Consumer { position, updated_at, reader: None, readers: 0 }))
}
