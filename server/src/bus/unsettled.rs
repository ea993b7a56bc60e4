//! Rooms of which it is not known where they end.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use arcane_shared::RoomName;
use tokio::sync::Notify;

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

    /// Completes when there is one.
    pub(super) async fn added(&self) {
        self.0.added.notified().await;
    }

    pub(super) fn take(&self) -> BTreeSet<RoomName> {
        std::mem::take(&mut *self.0.names.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
