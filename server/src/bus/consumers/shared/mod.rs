//! Consumers of a log that other nodes share: each change depends on the one before, and all nodes hear of it.
//!
//! The record of a consumer names its reader. A reader takes over by writing itself into it; the node of the reader before
//! hears of that, and closes it. What a reader acknowledges is written only if the record names it still.

mod table;
mod watch;
mod writer;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arcane_shared::{Epoch, Position, RoomName, Seq};
use tokio::sync::{Notify, watch as channel};
use tokio::task::JoinHandle;

use super::position::{Begin, Step, begin, forward, is_ahead};
use super::{CONSUMERS_MAX, ConsumerError, Evict, Key, Shown};
use crate::bus::held::HeldRoom;
use crate::bus::resume::Since;
use crate::bus::rooms::RoomInfo;
use crate::clock;
use crate::log::record::{CONSUMER, ConsumerRecord};
use crate::log::{Contended, EventLog, Fault, LogError, Revised, Sequencer};
use table::{Known, Table};

/// How long a change is tried that other nodes make as well.
const CHANGE_MAX: Duration = Duration::from_secs(10);

/// All of them. The tasks that listen and write end with the last handle.
#[derive(Debug, Clone)]
pub(super) struct SharedConsumers {
    inner: Arc<Inner>,
    _tasks: Arc<Tasks>,
}

#[derive(Debug)]
struct Inner {
    log: Arc<dyn EventLog>,
    table: Mutex<Table>,
    /// There is something to write.
    added: Notify,
    /// Changes whenever something was written, or was tried.
    written: channel::Sender<()>,
}

#[derive(Debug)]
struct Tasks([JoinHandle<()>; 2]);

impl Drop for Tasks {
    fn drop(&mut self) {
        for task in &self.0 {
            task.abort();
        }
    }
}

/// A reader in a consumer's name, or one that is about to be.
#[derive(Debug)]
pub(super) struct SharedReader {
    consumers: Arc<Inner>,
    key: Key,
    number: u64,
}

impl SharedConsumers {
    pub(super) async fn recall(log: Arc<dyn EventLog>) -> Result<Self, LogError> {
        let node = contended(&log)?.node().to_owned();
        let inner = Arc::new(Inner {
            log,
            table: Mutex::new(Table::new(node)),
            added: Notify::new(),
            written: channel::Sender::new(()),
        });
        let listed = inner.listed().await?;
        let (_, evicted) = inner.table().list(listed, Instant::now());
        evicted.tell();
        let (watching, writing) = (Arc::clone(&inner), Arc::clone(&inner));
        let tasks = [
            tokio::spawn(async move { watching.watch().await }),
            tokio::spawn(async move { writing.write().await }),
        ];
        Ok(Self { inner, _tasks: Arc::new(Tasks(tasks)) })
    }

    pub(super) async fn attach(
        &self,
        key: Key,
        room: &HeldRoom,
        new: &Position,
        there: impl Fn() -> Option<RoomInfo> + Send + Sync,
        evict: Evict,
    ) -> Result<(SharedReader, Since), ConsumerError> {
        let inner = &self.inner;
        let until = Instant::now() + CHANGE_MAX;
        let (mut reader, mut evict) = (None::<SharedReader>, Some(evict));
        loop {
            let mut found = inner.get(&key).await?;
            inner.catch_up(&key, &mut found);
            if found.record.is_none() && inner.table().count() >= CONSUMERS_MAX {
                return Err(ConsumerError::TooMany);
            }
            let kept = found.record.as_ref().map(|record| &record.position);
            let at = kept.unwrap_or(new);
            if there().is_some_and(|there| is_ahead(at, &there)) {
                // It may have been acknowledged on a node that is further than this one.
                room.reach(&Since::from(at.clone())).await?;
            }
            let Begin { since, keep } = begin(kept, new, there());
            if let Some(evict) = evict.take() {
                reader = Some(inner.arrive(&key, evict)?);
            }
            let Some(number) = reader.as_ref().map(|reader| reader.number) else {
                return Err(busy(&key).into());
            };
            let updated_at = found.record.as_ref().filter(|_| keep.is_none()).map(|record| record.updated_at);
            let next = ConsumerRecord {
                position: keep.unwrap_or_else(|| at.clone()),
                updated_at: updated_at.unwrap_or_else(clock::now),
                reader: Some(inner.table().id(number)),
            };
            let before = inner.table().known(&key).revision;
            if let Some(revision) = inner.swap(&key, Some(&next), found.revision).await? {
                let written = Known { record: Some(next), revision };
                let evicted = inner.table().seat(&key, number, written, before, Instant::now());
                evicted.tell();
                return reader.map(|reader| (reader, since)).ok_or_else(|| busy(&key).into());
            }
            if Instant::now() >= until {
                return Err(busy(&key).into());
            }
        }
    }

    pub(super) async fn ack(&self, key: &Key, epoch: &Epoch, seq: Seq) -> Result<(), ConsumerError> {
        let mut is_current = false;
        loop {
            let is_elsewhere = AtomicBool::new(false);
            let next = |record: ConsumerRecord| {
                let step = forward(&record.position, epoch, seq);
                is_elsewhere.store(matches!(step, Step::Anew(_)) && !is_current, Ordering::Relaxed);
                let position = step.position(is_current)?;
                Some(Some(ConsumerRecord { position, updated_at: clock::now(), ..record }))
            };
            self.inner.change(key, next).await?;
            if !is_elsewhere.into_inner() {
                return Ok(());
            }
            // This node may not have noticed yet that the room's numbers began anew.
            is_current = contended(&self.inner.log)?.is_current(&key.0, epoch).await?;
            if !is_current {
                return Err(ConsumerError::EpochChanged(epoch.clone()));
            }
        }
    }

    pub(super) async fn delete(&self, key: Key) -> Result<(), ConsumerError> {
        self.inner.change(&key, |_| Some(None)).await
    }

    pub(super) fn forget_room(&self, room: &RoomName) {
        let evicted = self.inner.table().forget_room(room);
        evicted.tell();
    }

    pub(super) fn shown(&self) -> Vec<Shown> {
        let Ok(contended) = contended(&self.inner.log) else { return Vec::new() };
        let table = self.inner.table();
        let shown = table.all().map(|(key, record, is_here)| Shown {
            key: key.clone(),
            position: record.position.clone(),
            connected: match &record.reader {
                Some(reader) if reader.node == contended.node() => is_here,
                // A node that was killed has left its readers in the records.
                Some(reader) => contended.is_heard(&reader.node),
                None => false,
            },
            updated_at: record.updated_at,
        });
        shown.collect()
    }

    pub(super) async fn settled(&self, patience: Duration) {
        let mut written = self.inner.written.subscribe();
        let settled = async {
            loop {
                let is_settled = self.inner.table().is_settled();
                if is_settled || written.changed().await.is_err() {
                    return;
                }
            }
        };
        if tokio::time::timeout(patience, settled).await.is_err() {
            tracing::warn!("positions of consumers could not be written before the stop; events come again");
        }
    }
}

impl Inner {
    /// Changes a consumer as `next` says: to another record, or to none. Where it says nothing, nothing is changed.
    async fn change(
        &self,
        key: &Key,
        next: impl Fn(ConsumerRecord) -> Option<Option<ConsumerRecord>>,
    ) -> Result<(), ConsumerError> {
        let until = Instant::now() + CHANGE_MAX;
        loop {
            let found = self.get(key).await?;
            let record = found.record.ok_or_else(|| ConsumerError::Unknown(key.1.clone()))?;
            let Some(record) = next(record) else { return Ok(()) };
            let before = self.table().known(key).revision;
            if let Some(revision) = self.swap(key, record.as_ref(), found.revision).await? {
                let evicted = self.table().wrote(key, Known { record, revision }, before, Instant::now());
                evicted.tell();
                return Ok(());
            }
            if Instant::now() >= until {
                return Err(busy(key).into());
            }
        }
    }

    /// What the reader before has acknowledged on this node goes into the record together with the next reader.
    fn catch_up(&self, key: &Key, found: &mut Known) {
        let Some(record) = &mut found.record else { return };
        // Unless a reader of another node has read on since.
        let table = self.table();
        let is_own = record.reader.as_ref().is_some_and(|reader| table.is_of_this_node(reader));
        let unwritten = table.unwritten(key, &record.position.epoch).filter(|_| is_own);
        drop(table);
        let further =
            unwritten.and_then(|seq| forward(&record.position, &record.position.epoch, seq).position(false));
        if let Some(position) = further {
            (record.position, record.updated_at) = (position, clock::now());
        }
    }

    /// A consumer as the leader has it.
    async fn get(&self, key: &Key) -> Result<Known, LogError> {
        let at = ConsumerRecord::key(&key.0, &key.1);
        let known = known(&at, contended(&self.log)?.get(&at).await?);
        let evicted = self.table().hear(key, known.clone(), Instant::now());
        evicted.tell();
        Ok(known)
    }

    async fn swap(
        &self,
        key: &Key,
        record: Option<&ConsumerRecord>,
        revision: u64,
    ) -> Result<Option<u64>, LogError> {
        let at = ConsumerRecord::key(&key.0, &key.1);
        let text = record.map(ConsumerRecord::text);
        contended(&self.log)?.swap(&at, text.as_deref(), revision).await
    }

    async fn listed(&self) -> Result<Vec<(Key, Known)>, LogError> {
        let listed = contended(&self.log)?.list(CONSUMER).await?;
        Ok(listed.into_iter().filter_map(|(at, revised)| read(&at, revised)).collect())
    }

    fn arrive(self: &Arc<Self>, key: &Key, evict: Evict) -> Result<SharedReader, LogError> {
        let number = self.table().arrive(key, evict, Instant::now()).ok_or_else(|| busy(key))?;
        Ok(SharedReader { consumers: Arc::clone(self), key: key.clone(), number })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SharedReader {
    pub(super) fn key(&self) -> &Key {
        &self.key
    }

    pub(super) fn ack(&self, epoch: &Epoch, seq: Seq) {
        self.consumers.table().ack(&self.key, self.number, epoch, seq);
        self.consumers.added.notify_one();
    }
}

impl Drop for SharedReader {
    fn drop(&mut self) {
        self.consumers.table().leave(&self.key, self.number, Instant::now());
        self.consumers.added.notify_one();
    }
}

fn contended(log: &Arc<dyn EventLog>) -> Result<&dyn Contended, LogError> {
    let contended = match log.sequencer() {
        Sequencer::Log(shared) => shared.contended(),
        Sequencer::Room(_) => None,
    };
    contended.ok_or_else(|| LogError::new(Fault::Engine, "the log keeps no state that nodes share"))
}

/// The consumer of a key, and what is kept of it; `None` if that is no consumer's key.
fn read(at: &str, revised: Revised) -> Option<(Key, Known)> {
    let (room, name) = ConsumerRecord::read_key(at)?;
    Some(((room, name), known(at, revised)))
}

/// What is kept of a consumer. What cannot be read is not there: the next reader writes it anew.
fn known(at: &str, Revised { value, revision }: Revised) -> Known {
    let record = value.and_then(|value| {
        let read = ConsumerRecord::read(at, &value);
        if read.is_none() {
            tracing::warn!(key = at, value, "a consumer in the event log cannot be read");
        }
        read.map(|(_, _, record)| record)
    });
    Known { record, revision }
}

fn busy(key: &Key) -> LogError {
    let text = format!("the consumer {} is changed by other nodes again and again", key.1);
    LogError::new(Fault::Busy, text)
}
