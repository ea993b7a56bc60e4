//! What the browser keeps of the rooms, which it shares with its other tabs.

use arcane_shared::color::hash;
use arcane_shared::{Epoch, ReceivedEvent, RoomName};
use arcane_stage::history::{History, STORAGE_KEY};

use crate::storage;

/// The history of all rooms, and what of it is to be written.
pub(super) struct Memory {
    history: History,
    /// Whether something is not written yet.
    unsaved: bool,
    /// The hash of the text that was read or written last: another one is another tab's.
    known: u64,
}

impl Memory {
    /// Reads it, for a page that shows the rooms of a server.
    pub(super) fn read(server: &str) -> Self {
        let text = storage::read(STORAGE_KEY).unwrap_or_default();
        Self { history: History::decode(&text, server), unsaved: false, known: hash(&text) }
    }

    /// Keeps an event of a room.
    pub(super) fn keep(&mut self, room: &RoomName, epoch: Option<&Epoch>, event: &ReceivedEvent) {
        self.history.keep(room, epoch, event);
        self.unsaved = true;
    }

    /// Lets go of all that the browser keeps.
    pub(super) fn forget(&mut self) {
        self.unsaved = false;
        storage::write(STORAGE_KEY, "[]");
    }

    /// What is kept of a room, oldest first.
    pub(super) fn of_room(&self, room: &RoomName) -> Vec<(Option<Epoch>, ReceivedEvent)> {
        self.history.of_room(room)
    }

    /// Whether there is something to write.
    pub(super) fn is_unsaved(&self) -> bool {
        self.unsaved
    }

    /// Writes it, and what other tabs wrote meanwhile; what does not fit in the browser's storage is not kept.
    pub(super) fn save(&mut self) {
        if !std::mem::take(&mut self.unsaved) {
            return;
        }
        if let Some(text) = storage::read(STORAGE_KEY).filter(|text| hash(text) != self.known) {
            self.history.merge(&text);
        }
        let text = self.history.encode();
        self.known = hash(&text);
        storage::write(STORAGE_KEY, &text);
    }
}
