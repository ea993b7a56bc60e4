//! Durable consumers: readers whose position is kept for them.
//!
//! Delivery is at least once: a reader starts after the last event that it acknowledged, and what it had
//! received beyond that comes again. One reader at a time; a new one takes over.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arcane_shared::api::ConsumerCard;
use arcane_shared::{ConsumerName, Epoch, NotRecovered, Position, RoomName, Seq, Timestamp};

use super::resume::Since;
use super::rooms::{NoSuchRoom, RoomInfo};
use crate::clock;
use crate::log::record::{CONSUMER, ConsumerRecord};
use crate::log::{EventLog, LogError, Record};

/// Most consumers in all rooms.
const CONSUMERS_MAX: usize = 1000;

/// What a consumer cannot do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConsumerError {
    /// There are as many as there may be.
    #[error(
        "there are {CONSUMERS_MAX} durable consumers and no more can be made; delete one that nobody reads"
    )]
    TooMany,
    /// Nobody made it.
    #[error("there is no consumer {0} in this room; a consumer is made by reading with consumer={0}")]
    Unknown(ConsumerName),
    /// It acknowledges what did not happen.
    #[error("seq {seq} cannot be acknowledged: the room's latest event is {head}")]
    Ahead {
        /// What was acknowledged.
        seq: Seq,
        /// The latest event.
        head: Seq,
    },
    /// The log does not take it.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// All of them.
#[derive(Debug, Clone)]
pub struct Consumers {
    log: Arc<dyn EventLog>,
    known: Arc<Mutex<BTreeMap<(RoomName, ConsumerName), Consumer>>>,
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
    evict: Box<dyn Fn() + Send>,
}

impl std::fmt::Debug for Current {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Current({})", self.number)
    }
}

/// A reader in a consumer's name. Dropping it makes room for the next.
#[derive(Debug)]
pub struct Reader {
    consumers: Consumers,
    key: (RoomName, ConsumerName),
    number: u64,
}

impl Consumers {
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

    /// Reads in a consumer's name, which is made if it was not there, and begins at `begin` then. The reader that read in
    /// its name before is told by its `evict` and reads no more.
    ///
    /// A position that the room has not got to is told to the reader as it is, but not kept: there the consumer is
    /// where reading begins instead, before the oldest event. Otherwise it would be passed over what happens until
    /// the room gets there.
    ///
    /// # Errors
    /// If it would be one too many, or the log takes no position.
    pub(crate) fn attach(
        &self,
        room: &RoomName,
        name: &ConsumerName,
        begin: &Position,
        there: impl FnOnce() -> Result<RoomInfo, NoSuchRoom>,
        evict: Box<dyn Fn() + Send>,
    ) -> Result<(Reader, Since), ConsumerError> {
        let key = (room.clone(), name.clone());
        let mut known = self.lock();
        // Under the lock: what was acknowledged before is no further than the room is now.
        let there = there().ok();
        let is_new = !known.contains_key(&key);
        if is_new && known.len() >= CONSUMERS_MAX {
            return Err(ConsumerError::TooMany);
        }
        let kept = known.get(&key).map_or(begin, |consumer| &consumer.position);
        let since = Since::from(kept.clone());
        let ahead = there.filter(|there| kept.epoch == there.epoch && kept.seq > there.head);
        if is_new || ahead.is_some() {
            let seq = ahead.map_or(kept.seq, |there| there.oldest.saturating_sub(1).min(there.head));
            let (position, updated_at) = (Position { seq, ..kept.clone() }, clock::now());
            // Kept at once: what happens before the first acknowledgement is for it, too.
            self.log.remember(vec![record(&key, &position, updated_at)])?;
            let consumer = Consumer { position, updated_at, reader: None, readers: 0 };
            known.entry(key.clone()).or_insert(consumer).position.seq = seq;
        }
        let consumer = known.get_mut(&key).ok_or_else(|| ConsumerError::Unknown(name.clone()))?;
        consumer.readers += 1;
        let number = consumer.readers;
        let before = consumer.reader.replace(Current { number, evict });
        drop(known);
        if let Some(before) = before {
            (before.evict)();
        }
        Ok((Reader { consumers: self.clone(), key, number }, since))
    }

    /// Acknowledges everything up to `seq`. What was acknowledged before stays so.
    ///
    /// # Errors
    /// If there is no such consumer, the event did not happen, or the log takes no position; then it stays where it was.
    pub fn ack(
        &self,
        room: &RoomName,
        name: &ConsumerName,
        epoch: &Epoch,
        seq: Seq,
        head: Seq,
    ) -> Result<(), ConsumerError> {
        if seq > head {
            return Err(ConsumerError::Ahead { seq, head });
        }
        let key = (room.clone(), name.clone());
        let mut known = self.lock();
        let consumer = known.get_mut(&key).ok_or_else(|| ConsumerError::Unknown(name.clone()))?;
        if consumer.position.epoch != *epoch || seq > consumer.position.seq {
            let (position, updated_at) = (Position { epoch: epoch.clone(), seq }, clock::now());
            // What is not taken is not acknowledged.
            self.log.remember(vec![record(&key, &position, updated_at)])?;
            (consumer.position, consumer.updated_at) = (position, updated_at);
        }
        Ok(())
    }

    /// Forgets a consumer; the reader in its name is told.
    ///
    /// # Errors
    /// If there is no such consumer, or the log does not take that it is to be forgotten; then it is there still.
    pub fn delete(&self, room: &RoomName, name: &ConsumerName) -> Result<(), ConsumerError> {
        let key = (room.clone(), name.clone());
        let mut known = self.lock();
        let Entry::Occupied(there) = known.entry(key) else {
            return Err(ConsumerError::Unknown(name.clone()));
        };
        self.log.remember(vec![Record::forget(ConsumerRecord::key(room, name))])?;
        let removed = there.remove();
        drop(known);
        if let Some(reader) = removed.reader {
            (reader.evict)();
        }
        Ok(())
    }

    /// Forgets all of a room that is being deleted; their readers are told.
    pub(super) fn forget_room(&self, room: &RoomName) {
        let mut known = self.lock();
        let names: Vec<_> = known.keys().filter(|(of, _)| of == room).cloned().collect();
        let removed: Vec<_> = names.iter().filter_map(|key| known.remove(key)).collect();
        drop(known);
        for reader in removed.into_iter().filter_map(|consumer| consumer.reader) {
            (reader.evict)();
        }
    }

    /// All of them. `there` says where a room is.
    pub(crate) fn cards(&self, there: impl Fn(&RoomName) -> Option<RoomInfo>) -> Vec<ConsumerCard> {
        let known = self.lock();
        let cards = known.iter().map(|((room, name), consumer)| ConsumerCard {
            consumer: name.clone(),
            room: room.clone(),
            seq: consumer.position.seq,
            lag: there(room).map_or(0, |there| lag(&consumer.position, &there)),
            connected: consumer.reader.is_some(),
            updated_at: consumer.updated_at,
        });
        cards.collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(RoomName, ConsumerName), Consumer>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader {
    /// The name that it reads in.
    #[must_use]
    pub fn name(&self) -> &ConsumerName {
        &self.key.1
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(consumer) = self.consumers.lock().get_mut(&self.key)
            && consumer.reader.as_ref().is_some_and(|reader| reader.number == self.number)
        {
            consumer.reader = None;
        }
    }
}

/// How many events follow a position. One that says nothing about the room, because its numbers began anew or have not got
/// there, is followed by everything that is kept: there its reader begins.
fn lag(position: &Position, there: &RoomInfo) -> u64 {
    match Since::from(position.clone()).decide(&there.epoch, there.oldest, there.head) {
        Err(NotRecovered::EpochChanged | NotRecovered::Ahead) => {
            (there.head + 1).saturating_sub(there.oldest)
        }
        Ok(_) | Err(NotRecovered::Expired | NotRecovered::Other) => there.head.saturating_sub(position.seq),
    }
}

fn record((room, name): &(RoomName, ConsumerName), position: &Position, updated_at: Timestamp) -> Record {
    ConsumerRecord { position: position.clone(), updated_at }.record(room, name)
}

fn decode(key: &str, value: &str) -> Option<((RoomName, ConsumerName), Consumer)> {
    let (room, name, record) = ConsumerRecord::read(key, value)?;
    let ConsumerRecord { position, updated_at } = record;
    Some(((room, name), Consumer { position, updated_at, reader: None, readers: 0 }))
}
