//! Asking the server who is present, where events that say so are missing here.

use arcane_shared::api::RosterAnswer;

use super::Page;
use crate::clock;

/// Milliseconds between two questions who is present and does what.
const ROSTER_EVERY_MS: f64 = 3_000.0;

impl Page {
    /// Whether to ask the server who is present and does what: events that say so are missing, and it was not asked just now.
    pub(crate) fn roster_due(&mut self) -> bool {
        let now = clock::now();
        let rested = self.roster_asked_at.is_none_or(|at| now - at >= ROSTER_EVERY_MS);
        let due = self.store.lacks_events() && rested && self.recorded.is_none();
        if due {
            self.roster_asked_at = Some(now);
        }
        due
    }

    /// The server has said who is present and does what.
    pub(crate) fn adopt(&mut self, answer: RosterAnswer) {
        if answer.room == self.room && Some(&answer.epoch) == self.store.epoch() {
            self.store.adopt(answer.roster);
            if self.time_travel.travel.is_none() {
                let present = self.present();
                self.stage.settle(self.store.daemons(), present, clock::now());
            }
        }
    }
}
