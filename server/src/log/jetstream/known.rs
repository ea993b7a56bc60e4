//! What a stream has under an id that it knew before: the events that were sent now, or others.
//!
//! The ids of messages are made of idempotency keys, so another node, or an earlier run of this one, may have used the
//! key. The record of the key rides with the first of its events, and says of which content it was.

use arcane_shared::Seq;

use super::claim::Claim;
use super::core::Core;
use super::entry::RoomEntry;
use super::message::Message;
use super::pages::{Raw, ReadError};
use super::publish::{Outcome, Silence};
use crate::log::Record;

impl Core {
    /// Finds out what the stream has under the id of an offer, where that is what came of sending it. The outcome is
    /// [`Outcome::Again`] only for the same events, with the number of the first, and [`Outcome::Other`] for others.
    pub(super) async fn compare(
        &self,
        entry: &RoomEntry,
        id: &str,
        claim: Option<&Claim>,
        outcome: Outcome,
    ) -> Outcome {
        let first = match outcome {
            Outcome::Again { first } => first,
            Outcome::AgainBatch => match self.number_of(entry, id).await {
                Some(first) => first,
                None => return outcome,
            },
            outcome => return outcome,
        };
        // An id without a key is of this process: its first attempt was taken.
        let Some(claim) = claim else { return Outcome::Again { first } };
        match self.is_met(entry, claim, first).await {
            Ok(Some(true)) => Outcome::Again { first },
            Ok(Some(false)) => Outcome::Other,
            Ok(None) | Err(_) => Outcome::Unanswered(Silence::Late),
        }
    }

    /// The number of the message of an id; `None` if the stream does not say.
    async fn number_of(&self, entry: &RoomEntry, id: &str) -> Option<Seq> {
        let info = self.connection.context().get_stream(&entry.stream).await.ok()?;
        let replicas = info.cached_info().config.num_replicas;
        self.publisher.number_of(&entry.stream, &entry.subject, id, replicas).await
    }

    /// Whether the event of a number is the first of what a key is to stand for; `None` if nothing of it is left.
    async fn is_met(&self, entry: &RoomEntry, claim: &Claim, first: Seq) -> Result<Option<bool>, ReadError> {
        if let Some(Raw { seq, headers, payload, .. }) = self.reader.message(&entry.stream, first).await? {
            return Ok(Some(match Message::numbered(seq, &headers, payload) {
                Message::Stored { entry, .. } => claim.is_met(&entry.records),
                Message::Foreign { .. } => false,
            }));
        }
        // It was let go of since.
        let pending = self.state.pending().into_iter().rev().find(|record| record.key == claim.record);
        let value = match pending {
            Some(record) => record.value,
            None => self.state.bucket().get(&claim.record).await.map_err(|_| ReadError::Late)?.value,
        };
        let value = value.filter(|value| entry.fold().has_key(value));
        Ok(value.map(|value| claim.is_met(&[Record::keep(claim.record.clone(), value)])))
    }
}
