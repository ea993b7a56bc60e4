//! What is forgotten of a room: all of it where it is deleted, and what belongs to an earlier run of its numbers.

use futures_util::{StreamExt as _, stream};

use super::bucket::Kept;
use super::core::Core;
use super::fold::Fold;
use super::log::{JetStreamLog, SNAPSHOT_MAX};
use crate::log::record::CONSUMER;
use crate::log::{Fault, LogError, Record, RoomId};

/// Keys that are forgotten at once.
const AT_ONCE: usize = 32;

impl JetStreamLog {
    /// Deletes a room, and `records` with it.
    pub(super) async fn delete(&self, room: RoomId, records: Vec<Record>) -> Result<(), LogError> {
        let name = {
            let rooms = self.0.rooms();
            rooms.records().into_iter().find(|record| record.id == room).map(|record| record.name)
        };
        let gone = || LogError::new(Fault::NoRoom, "the room is not in the log");
        let name = name.ok_or_else(gone)?;
        // Other nodes change consumers: one that is made while this room is deleted is of the next room of its name.
        let consumers = self.0.state.bucket().list_all(&format!("{CONSUMER}{name}/")).await?;
        self.0.delete_stream(&name).await?;
        self.0.rooms().remove(room);
        self.0.pins.forget(room);
        let consumers: Vec<_> = consumers.into_iter().filter(|(_, kept)| kept.value.is_some()).collect();
        if tokio::time::timeout(SNAPSHOT_MAX, self.0.forget_if_unchanged(&consumers)).await.is_err() {
            tracing::warn!(room = %name, "positions of consumers of the room stay in the event log");
        }
        let mut records: Vec<Record> =
            records.into_iter().filter(|record| !record.key.starts_with(CONSUMER)).collect();
        records.push(Record::forget(Fold::key(&name)));
        self.0.state.put(records)?;
        // The room is gone: what is left of it goes as soon as that can be written.
        if let Err(error) = self.0.state.flushed_within(SNAPSHOT_MAX).await {
            tracing::warn!(%error, room = %name, "state of the room is deleted later");
        }
        Ok(())
    }
}

impl Core {
    /// Has the bucket of state forget keys that still have what was listed. What it does not forget is in the way of nothing.
    pub(super) async fn forget_if_unchanged(&self, listed: &[(String, Kept)]) {
        let forget = async |(key, kept): &(String, Kept)| {
            if let Err(error) = self.state.bucket().swap(key, None, kept.revision).await {
                tracing::warn!(%error, key, "a record of a room that is over stays in the event log");
            }
        };
        stream::iter(listed).for_each_concurrent(AT_ONCE, forget).await;
    }
}
