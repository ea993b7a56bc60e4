//! Which pages are open and visible, whose viewers may answer. Pure.
//!
//! A page says so again and again: each time it holds for a lease, so that a page that is gone without a word is no watcher for long.

use std::collections::HashMap;

use arcane_shared::RoomName;
use arcane_shared::control::PRESENCE_LEASE_S;

use super::Millis;

/// For how long a page whose connection has ended counts as watched, milliseconds: one that is loaded anew is back within that, and what its viewer was asked
/// is not withdrawn meanwhile.
const GRACE_MS: Millis = 5_000;

/// The pages that are watched, by their connections.
#[derive(Debug, Default)]
pub(super) struct Watchers {
    /// The room, and until when the lease holds.
    leases: HashMap<u64, (RoomName, Millis)>,
}

impl Watchers {
    /// A page says whether it is visible.
    pub(super) fn see(&mut self, connection: u64, room: &RoomName, is_visible: bool, now: Millis) {
        if is_visible {
            self.leases.insert(connection, (room.clone(), now + PRESENCE_LEASE_S * 1000));
        } else {
            self.leases.remove(&connection);
        }
    }

    /// A page's connection has ended.
    pub(super) fn leave(&mut self, connection: u64, now: Millis) {
        self.leases.retain(|_, (_, until)| now < *until);
        if let Some((_, until)) = self.leases.get_mut(&connection) {
            *until = (*until).min(now + GRACE_MS);
        }
    }

    /// Whether a page of a room is watched.
    pub(super) fn watch(&self, room: &RoomName, now: Millis) -> bool {
        self.leases.values().any(|(of, until)| of == room && now < *until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_holds_for_its_room_until_it_is_over_or_given_up() {
        let (main, other) = (RoomName::default(), RoomName::parse("other").unwrap());
        let mut watchers = Watchers::default();
        assert!(!watchers.watch(&main, 0));
        watchers.see(1, &main, true, 1_000);
        watchers.see(2, &main, true, 2_000);
        assert!(watchers.watch(&main, 30_999) && !watchers.watch(&other, 1_000));
        watchers.see(2, &main, false, 3_000);
        assert!(!watchers.watch(&main, 31_000), "the first page's lease is over");
        watchers.see(1, &main, true, 40_000);
        watchers.leave(1, 40_001);
        assert!(watchers.watch(&main, 45_000), "it may be loaded anew");
        assert!(!watchers.watch(&main, 45_001));
        watchers.see(3, &main, true, 50_000);
        watchers.leave(3, 79_999);
        assert!(!watchers.watch(&main, 80_000), "no lease is longer than it was");
        watchers.leave(4, 80_000);
        assert_eq!(watchers.leases.len(), 0, "what is over is forgotten");
    }
}
