//! What the browser keeps of a room's history.

use super::Page;
use crate::clock;

impl Page {
    /// Hears no more, and lets go of what the browser keeps.
    pub(crate) fn forget(&mut self) {
        self.socket = None;
        self.memory.forget();
    }

    /// Writes the history.
    pub(crate) fn save(&mut self) {
        self.saved_at = clock::now();
        self.memory.save();
    }
}
