//! Durable consumers: readers whose position is kept for them.
//!
//! Delivery is at least once: a reader starts after the last event that it acknowledged, and what it had
//! received beyond that comes again. One reader at a time; a new one takes over, on whichever node of a shared log.

mod own;
mod position;
mod shared;

use std::sync::Arc;
use std::time::Duration;

use arcane_shared::api::ConsumerCard;
use arcane_shared::{ConsumerName, Epoch, Position, RoomName, Seq, Timestamp};

use super::held::HeldRoom;
use super::resume::Since;
use super::rooms::{NoSuchRoom, RoomInfo};
use crate::log::{EventLog, LogError, Sequencer};
use own::{OwnConsumers, OwnReader};
use shared::{SharedConsumers, SharedReader};

/// Most consumers in all rooms. Nodes of a shared log that make some at the same moment may exceed it by a few.
const CONSUMERS_MAX: usize = 1000;

/// Which consumer.
type Key = (RoomName, ConsumerName);

/// Tells a reader that it reads no more in its consumer's name.
type Evict = Box<dyn Fn() + Send>;

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
    /// It acknowledges an event of a run of numbers that is over.
    #[error(
        "the numbers of the room began anew on another node: an event of epoch {0} cannot be acknowledged. Read the room's position anew"
    )]
    EpochChanged(Epoch),
    /// The log does not take it.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// All of them.
#[derive(Debug, Clone)]
pub struct Consumers(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Own(OwnConsumers),
    Shared(SharedConsumers),
}

/// A reader in a consumer's name. Dropping it makes room for the next.
#[derive(Debug)]
pub struct Reader(ReaderKind);

#[derive(Debug)]
enum ReaderKind {
    Own(OwnReader),
    Shared(SharedReader),
}

/// A consumer as it is listed.
struct Shown {
    key: Key,
    position: Position,
    connected: bool,
    updated_at: Timestamp,
}

impl Consumers {
    pub(super) async fn recall(log: Arc<dyn EventLog>) -> Result<Self, LogError> {
        let is_shared = matches!(log.sequencer(), Sequencer::Log(shared) if shared.contended().is_some());
        Ok(Self(if is_shared {
            Kind::Shared(SharedConsumers::recall(log).await?)
        } else {
            Kind::Own(OwnConsumers::recall(log).await?)
        }))
    }

    /// Reads in a consumer's name, which is made if it was not there, and begins at `begin` then. The reader that read in
    /// its name before is told by its `evict` and reads no more. `there` says where the room is.
    ///
    /// A position that the room has not got to is told to the reader as it is, but not kept: there the consumer is
    /// where reading begins instead, before the oldest event.
    ///
    /// # Errors
    /// If it would be one too many, or the log takes no position.
    pub(crate) async fn attach(
        &self,
        room: &HeldRoom,
        name: &ConsumerName,
        begin: &Position,
        there: impl Fn() -> Result<RoomInfo, NoSuchRoom> + Send + Sync,
        evict: Evict,
    ) -> Result<(Reader, Since), ConsumerError> {
        let key = (room.name().clone(), name.clone());
        match &self.0 {
            Kind::Own(own) => {
                let (reader, since) = own.attach(key, begin, || there().ok(), evict)?;
                Ok((Reader(ReaderKind::Own(reader)), since))
            }
            Kind::Shared(shared) => {
                let (reader, since) = shared.attach(key, room, begin, || there().ok(), evict).await?;
                Ok((Reader(ReaderKind::Shared(reader)), since))
            }
        }
    }

    /// Acknowledges everything up to `seq`. What was acknowledged before stays so.
    ///
    /// # Errors
    /// If there is no such consumer, the event did not happen or is of an older epoch, or the log takes no position; then it
    /// stays where it was.
    pub async fn ack(
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
        match &self.0 {
            Kind::Own(own) => own.ack(&key, epoch, seq),
            Kind::Shared(shared) => shared.ack(&key, epoch, seq).await,
        }
    }

    /// Forgets a consumer; the reader in its name is told.
    ///
    /// # Errors
    /// If there is no such consumer, or the log does not take that it is to be forgotten; then it is there still.
    pub async fn delete(&self, room: &RoomName, name: &ConsumerName) -> Result<(), ConsumerError> {
        let key = (room.clone(), name.clone());
        match &self.0 {
            Kind::Own(own) => own.delete(key),
            Kind::Shared(shared) => shared.delete(key).await,
        }
    }

    /// Forgets all of a room that is being deleted; their readers are told.
    pub(super) fn forget_room(&self, room: &RoomName) {
        match &self.0 {
            Kind::Own(own) => own.forget_room(room),
            Kind::Shared(shared) => shared.forget_room(room),
        }
    }

    /// All of them; where other nodes share the log, theirs as well, as far as that was heard. `there` says where a room is.
    pub(crate) fn cards(&self, there: impl Fn(&RoomName) -> Option<RoomInfo>) -> Vec<ConsumerCard> {
        let (shown, is_shared) = match &self.0 {
            Kind::Own(own) => (own.shown(), false),
            Kind::Shared(shared) => (shared.shown(), true),
        };
        let lag = |position: &Position, there: &RoomInfo| {
            // Another node may be further than this one.
            let is_further = is_shared && position::is_ahead(position, there);
            if is_further { 0 } else { position::lag(position, there) }
        };
        let cards =
            shown.into_iter().map(|Shown { key: (room, consumer), position, connected, updated_at }| {
                let lag = there(&room).map_or(0, |there| lag(&position, &there));
                ConsumerCard { consumer, room, seq: position.seq, lag, connected, updated_at }
            });
        cards.collect()
    }

    /// Waits until what readers have acknowledged is kept, and those that have left are no longer named; no longer than
    /// `patience`.
    pub(crate) async fn settled(&self, patience: Duration) {
        if let Kind::Shared(shared) = &self.0 {
            shared.settled(patience).await;
        }
    }
}

impl Reader {
    /// Acknowledges everything up to `seq`. On a shared log that is kept within about 100 ms; if another reader has taken over
    /// the consumer by then, nothing changes.
    ///
    /// # Errors
    /// If the consumer was deleted, the event did not happen, or the log takes no position; then it stays where it was.
    pub fn ack(&self, epoch: &Epoch, seq: Seq, head: Seq) -> Result<(), ConsumerError> {
        if seq > head {
            return Err(ConsumerError::Ahead { seq, head });
        }
        match &self.0 {
            ReaderKind::Own(reader) => reader.ack(epoch, seq),
            ReaderKind::Shared(reader) => {
                reader.ack(epoch, seq);
                Ok(())
            }
        }
    }

    /// The name that it reads in.
    #[must_use]
    pub fn name(&self) -> &ConsumerName {
        match &self.0 {
            ReaderKind::Own(reader) => &reader.key().1,
            ReaderKind::Shared(reader) => &reader.key().1,
        }
    }
}
