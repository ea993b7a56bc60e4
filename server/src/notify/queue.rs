//! What one target is yet to be told. If there is too much the oldest gives way: what is newest is what a human can still do something about.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use super::watch::Happening;

/// Most messages that wait for one target.
const MESSAGES_MAX: usize = 16;

#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// Something was put in, or nothing more will be.
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// What each message tells.
    messages: VecDeque<Vec<Happening>>,
    is_closed: bool,
    is_cut: bool,
}

impl Queue {
    /// Puts in what a message tells; says whether all of them have room.
    pub(super) fn put(&self, message: Vec<Happening>) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.messages.push_back(message);
        let has_room = state.messages.len() <= MESSAGES_MAX;
        if !has_room {
            state.messages.pop_front();
        }
        drop(state);
        self.changed.notify_one();
        has_room
    }

    /// Nothing more is put in; who waits goes on.
    pub(super) fn close(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).is_closed = true;
        self.changed.notify_one();
    }

    /// What is told now, and what is yet to be told, is given up.
    pub(super) fn cut(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).is_cut = true;
        self.changed.notify_one();
    }

    /// Completes once it is cut. For its reader, which does not wait for the next message meanwhile.
    pub(super) async fn is_cut(&self) {
        while !self.state.lock().unwrap_or_else(PoisonError::into_inner).is_cut {
            self.changed.notified().await;
        }
    }

    /// What the next message tells; `None`: it is closed and empty. For one reader.
    pub(super) async fn next(&self) -> Option<Vec<Happening>> {
        loop {
            {
                let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                match state.messages.pop_front() {
                    Some(message) => return Some(message),
                    None if state.is_closed => return None,
                    None => {}
                }
            }
            self.changed.notified().await;
        }
    }

    /// Completes once it is closed. For its reader, which does not wait for the next message meanwhile.
    pub(super) async fn closed(&self) {
        while !self.state.lock().unwrap_or_else(PoisonError::into_inner).is_closed {
            self.changed.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use arcane_shared::{DaemonName, RoomName};

    use super::*;
    use crate::notify::watch::Storm;

    #[tokio::test]
    async fn the_oldest_gives_way_and_a_closed_queue_is_emptied() {
        let queue = Queue::default();
        let message = |n: usize| {
            let room = RoomName::default();
            let storm = Storm { room, daemon: DaemonName::parse("claude").unwrap(), last: n.to_string() };
            vec![Happening::Storm(storm)]
        };
        assert!((0..MESSAGES_MAX).all(|n| queue.put(message(n))));
        assert!(!queue.put(message(MESSAGES_MAX)));
        queue.close();
        queue.closed().await;
        for n in 1..=MESSAGES_MAX {
            assert_eq!(queue.next().await, Some(message(n)));
        }
        assert_eq!(queue.next().await, None);
    }
}
