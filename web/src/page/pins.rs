//! Events that stay in sight, of the room or the recording that is shown.

use std::rc::Rc;

use arcane_shared::RoomName;
use arcane_stage::store::Stored;

use super::Page;

impl Page {
    /// The room whose pins are in sight; `None`: they are of the recording that is shown.
    fn pinned_in(&self) -> Option<&RoomName> {
        self.recorded.is_none().then_some(&self.room)
    }

    /// An event that can be read somewhere on the page.
    pub(crate) fn event(&self, id: u64) -> Option<Rc<Stored>> {
        let mut aside = self.pins().chain(self.search.found());
        let held = || self.held.as_ref()?.event(id);
        self.shown().event(id).or_else(held).or_else(|| aside.find(|stored| stored.id == id).map(Rc::clone))
    }

    /// Events that stay in sight.
    pub(crate) fn pins(&self) -> impl Iterator<Item = &Rc<Stored>> {
        self.pins.of(self.pinned_in())
    }

    /// Whether an event stays in sight.
    pub(crate) fn is_pinned(&self, stored: &Stored) -> bool {
        self.pins.has(self.pinned_in(), stored)
    }

    /// Keeps the event that was opened in sight, or no longer.
    pub(crate) fn toggle_pin(&mut self) {
        if let Some(opened) = &self.opened {
            let room = self.recorded.is_none().then_some(&self.room);
            self.pins.toggle(room, opened);
        }
    }
}
