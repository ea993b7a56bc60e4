//! What a room holds of the server's memory, and what becomes of it where there is too little.

use std::sync::Arc;

use super::{Room, RoomState};
use crate::budget::Budget;
use crate::bus::rings::{Holder, RingSize};
use crate::clock;
use crate::log::PageRequest;

impl RoomState {
    /// The account says what the ring holds now.
    pub(super) fn settle_charge(&mut self) {
        self.charge.set(self.ring.memory());
    }
}

impl Room {
    /// The memory that it shares with the rest of the server.
    pub(crate) fn budget(&self) -> &Arc<Budget> {
        self.rings.budget()
    }

    /// Lets rings give way, this one's or others', if all of them hold more than they may. Not under the lock.
    pub(crate) fn make_room(&self) {
        self.rings.give_way(|| self.log.clock().steady(clock::now()).unix_micros());
    }

    /// Reads the history for newcomers from the log again, as far as memory had to give it up.
    pub(crate) async fn recall_history(&self) {
        let (first, head) = {
            let state = self.lock();
            if !state.ring.is_shortened() {
                return;
            }
            (state.ring.first(), state.ring.head())
        };
        let oldest = self.log.usage(self.id).first.max(1);
        let after = head.saturating_sub(self.history_size as u64).max(oldest - 1);
        if after + 1 >= first {
            return;
        }
        let (events_max, bytes_max) = (self.history_size, self.history_bytes);
        let request = PageRequest { after, through: first - 1, events_max, bytes_max };
        match self.log.latest(self.id, request).await {
            Ok(frames) => {
                let mut state = self.lock();
                state.ring.lengthen(frames);
                state.settle_charge();
            }
            Err(error) => tracing::debug!(%error, "the history for newcomers could not be read"),
        }
    }
}

impl Holder for Room {
    fn ring_size(&self) -> RingSize {
        let state = self.lock();
        RingSize { bytes: state.ring.memory(), at: state.at }
    }

    fn shorten_ring(&self, memory_max: usize, taken_before: i64) -> usize {
        let mut state = self.lock();
        let given_up = state.ring.shorten(memory_max, taken_before);
        state.settle_charge();
        drop(state);
        given_up.len()
    }
}
