//! After an append with an unknown end: finding out where the room ends in the log, and going on from there.
//!
//! Meanwhile the room takes nothing, and readers see what they saw. If the log has the same run of numbers and all that
//! readers have seen, what it has beyond that is shown, and the room goes on. Otherwise continuity cannot be proven: its
//! readers are told to come back, and the room is opened anew.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arcane_shared::RoomName;
use tokio::sync::Notify;

use super::ArcaneEventBus;
use super::room::Room;
use crate::log::LogError;

/// How long after a failure the log is asked again.
const RETRY: Duration = Duration::from_millis(500);

/// The rooms of which it is not known where they end.
#[derive(Debug, Clone, Default)]
pub(super) struct Unsettled(Arc<Rooms>);

#[derive(Debug, Default)]
struct Rooms {
    names: Mutex<BTreeSet<RoomName>>,
    added: Notify,
}

impl Unsettled {
    pub(super) fn add(&self, room: &RoomName) {
        self.0.names.lock().unwrap_or_else(PoisonError::into_inner).insert(room.clone());
        self.0.added.notify_one();
    }

    fn take(&self) -> BTreeSet<RoomName> {
        std::mem::take(&mut *self.0.names.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ArcaneEventBus {
    /// Settles rooms as soon as it is not known where one ends, for as long as this is awaited. Without it a room is
    /// settled when it is opened the next time.
    pub async fn keep_settled(&self) {
        loop {
            self.inner.unsettled.0.added.notified().await;
            for name in self.inner.unsettled.take() {
                while let Err(error) = self.open_room(&name).await {
                    tracing::warn!(room = %name, %error, "it is not known yet where the room ends");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }
}

/// Finds out where a room ends. Returns whether it goes on with the same numbers; if not, its readers are told.
///
/// # Errors
/// If the log cannot say; then nothing has changed.
pub(super) async fn settle(room: &Room) -> Result<bool, LogError> {
    let record = room.log().open_room(room.name()).await?;
    let goes_on = record.epoch == *room.epoch() && room.show_through(record.head).await?;
    if goes_on {
        room.go_on(&record).await?;
    } else {
        room.end();
    }
    tracing::info!(room = %room.name(), head = record.head, goes_on, "the room was read again");
    Ok(goes_on)
}
