//! Which rooms are being opened or closed: each by one task at a time.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arcane_shared::RoomName;
use tokio::sync::Notify;

/// Rooms that are being opened or closed, each by one at a time. Tasks that want the same room wait; no other task does.
#[derive(Debug, Default)]
pub(super) struct Reservations(Mutex<BTreeMap<RoomName, Arc<Notify>>>);

/// A room that is reserved until this is dropped.
#[derive(Debug)]
pub(super) struct Reserved<'a> {
    all: &'a Reservations,
    name: RoomName,
}

impl Reservations {
    /// Waits until no other task has reserved the room.
    pub(super) async fn reserve(&self, name: &RoomName) -> Reserved<'_> {
        loop {
            // Made under the lock: what is given up from now on wakes it.
            let given_up = match self.lock().entry(name.clone()) {
                Entry::Vacant(free) => {
                    free.insert(Arc::default());
                    return Reserved { all: self, name: name.clone() };
                }
                Entry::Occupied(taken) => Arc::clone(taken.get()).notified_owned(),
            };
            given_up.await;
        }
    }

    /// Reserves the room unless another has.
    pub(super) fn try_reserve(&self, name: &RoomName) -> Option<Reserved<'_>> {
        match self.lock().entry(name.clone()) {
            Entry::Occupied(_) => None,
            Entry::Vacant(free) => {
                free.insert(Arc::default());
                Some(Reserved { all: self, name: name.clone() })
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<RoomName, Arc<Notify>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        if let Some(waiting) = self.all.lock().remove(&self.name) {
            waiting.notify_waiters();
        }
    }
}
