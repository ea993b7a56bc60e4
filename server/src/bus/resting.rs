//! Rooms that nobody uses leave the memory of a node whose log is on other machines: each open room costs it the room's memory, a task
//! that follows it, and a line in what nodes tell each other.

use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use arcane_shared::RoomName;

use super::ArcaneEventBus;
use crate::clock;
use crate::log::Sequencer;

/// How long nothing must have happened in a room.
const REST_AFTER: Duration = Duration::from_mins(5);
/// How often it is looked for such rooms.
const LOOK_EVERY: Duration = Duration::from_mins(1);

impl ArcaneEventBus {
    /// Lets rooms rest from time to time, for as long as this is awaited. Where the log is this process's own, rooms stay.
    pub(crate) async fn keep_resting(&self) {
        if let Sequencer::Room(_) = self.log().sequencer() {
            return;
        }
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            self.let_rest(REST_AFTER);
        }
    }

    /// Lets those rooms go from memory that nobody reads or publishes to and in which nothing has happened for so long. The
    /// default room stays. Returns how many went; who needs one opens it again.
    pub(crate) fn let_rest(&self, idle: Duration) -> usize {
        let log = self.log();
        let idle_micros = i64::try_from(idle.as_micros()).unwrap_or(i64::MAX);
        let before = log.clock().steady(clock::now()).unix_micros().saturating_sub(idle_micros);
        let mut rooms = self.inner.rooms.write().unwrap_or_else(PoisonError::into_inner);
        let count = rooms.len();
        rooms.retain(|name, room| {
            // A handle outside the map would lose its room's order.
            let is_used = *name == RoomName::default()
                || Arc::strong_count(room) > 1
                || room.subscriber_count() > 0
                || room.at() > before;
            if !is_used {
                self.inner.skipped.fetch_add(room.skipped(), Ordering::Relaxed);
                room.keep_roster();
            }
            is_used
        });
        count - rooms.len()
    }
}
