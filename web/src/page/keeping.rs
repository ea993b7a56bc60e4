//! What the browser keeps of a room's history.

use super::Page;
use crate::clock;

impl Page {
    /// Hears no more, and lets go of what the browser keeps.
    pub(crate) fn forget(&mut self) {
        self.socket = None;
        self.memory.forget();
    }

    /// Writes the history, once there is what writes it: that comes with what opens later.
    pub(crate) fn save(&mut self) {
        if let Some(write) = self.writes {
            self.saved_at = clock::now();
            write(self);
        }
    }
}

/// Writes the history.
pub(crate) fn write_history(page: &mut Page) {
    page.memory.save();
}
