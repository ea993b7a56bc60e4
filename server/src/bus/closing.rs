//! Closing a room for good: its events, consumers, keys and colours go.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use arcane_shared::RoomName;

use super::ArcaneEventBus;
use super::room::readers_elsewhere;
use crate::log::record::OF_A_ROOM;
use crate::log::{Fault, LogError, Record, RoomId};

/// Why a room cannot be closed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotClose {
    /// There is none.
    #[error("there is no room {0:?}, see GET /rooms")]
    Unknown(String),
    /// The default room, and the configured ones.
    #[error(
        "room {0:?} belongs to this server and cannot be closed; DELETE /events?before= deletes its events"
    )]
    Permanent(String),
    /// It is being read or published to.
    #[error("room {name:?} is in use by {}; close it when nobody uses it", users(*subscribers))]
    InUse {
        /// The room.
        name: String,
        /// Who reads it.
        subscribers: usize,
    },
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Who uses a room: readers, or else a request in progress.
fn users(subscribers: usize) -> String {
    match subscribers {
        0 => "a request in progress".into(),
        1 => "1 subscriber".into(),
        n => format!("{n} subscribers"),
    }
}

impl ArcaneEventBus {
    /// Closes a room that nobody uses, and deletes all that was kept of it. A room of this name that is opened later
    /// is another one: its epoch is new.
    ///
    /// # Errors
    /// If there is no such room, it may not be closed, or it is in use; if the log cannot delete.
    pub(crate) async fn close_room(&self, name: &RoomName) -> Result<(), CannotClose> {
        if *name == RoomName::default() || self.inner.config.rooms.is_some() {
            return Err(CannotClose::Permanent(name.to_string()));
        }
        // A task of its own: a client that goes away leaves nothing half deleted.
        let (bus, name) = (self.clone(), name.clone());
        let deleted = tokio::spawn(async move { bus.delete_room(&name).await });
        deleted.await.map_err(|error| LogError::new(Fault::Closed, error.to_string()))?
    }

    async fn delete_room(&self, name: &RoomName) -> Result<(), CannotClose> {
        let _reserved = self.inner.reservations.reserve(name).await;
        let id = self.let_go(name)?;
        let log = self.log();
        let mut records = Vec::new();
        for prefix in OF_A_ROOM {
            let kept = log.recall(&format!("{prefix}{name}/")).await?;
            records.extend(kept.into_iter().map(|(key, _)| Record::forget(key)));
        }
        log.delete_room(id, records).await?;
        self.consumers().forget_room(name);
        tracing::info!(room = %name, "the room was closed, and what was kept of it deleted");
        Ok(())
    }

    /// Lets an unused room go from memory.
    fn let_go(&self, name: &RoomName) -> Result<RoomId, CannotClose> {
        let elsewhere =
            usize::try_from(readers_elsewhere(self.log().as_ref(), Some(name))).unwrap_or(usize::MAX);
        if elsewhere > 0 {
            return Err(CannotClose::InUse { name: name.to_string(), subscribers: elsewhere });
        }
        let mut rooms = self.inner.rooms.write().unwrap_or_else(PoisonError::into_inner);
        let Some(room) = rooms.get(name) else {
            let record = self.log().room(name);
            return record.map(|record| record.id).ok_or_else(|| CannotClose::Unknown(name.to_string()));
        };
        let subscribers = room.subscriber_count();
        // A handle outside the map is a publisher's or a reader's.
        if subscribers > 0 || Arc::strong_count(room) > 1 {
            return Err(CannotClose::InUse { name: name.to_string(), subscribers });
        }
        let id = room.id();
        self.inner.skipped.fetch_add(room.skipped(), Ordering::Relaxed);
        rooms.remove(name);
        Ok(id)
    }
}
