//! A cursor in a room's memory.

use std::sync::Arc;

use arcane_shared::Seq;
use tokio::sync::watch;

use super::batch::Batch;
use super::room::{Head, Room};
use crate::event::{Gap, GapReason};

/// Reads a room's memory on behalf of its subscribers, without being one.
#[derive(Debug)]
pub(crate) struct Observer {
    pub(super) room: Arc<Room>,
    pub(super) head: watch::Receiver<Head>,
    pub(super) cursor: Seq,
}

impl Observer {
    /// Begins after the latest event.
    pub(crate) fn new(room: Arc<Room>) -> Self {
        let head = room.watch();
        let cursor = head.borrow().seq;
        Self { room, head, cursor }
    }

    /// Everything up to this event was taken.
    pub(crate) fn cursor(&self) -> Seq {
        self.cursor
    }

    /// How many events there are after the cursor.
    pub(crate) fn pending(&self) -> u64 {
        self.head.borrow().seq.saturating_sub(self.cursor)
    }

    /// Whether more has a number already and will be there once it is in the log.
    pub(crate) fn has_more_coming(&self) -> bool {
        self.room.has_more_coming()
    }

    /// Waits until more than `pending` events are after the cursor, or nothing more comes. Cancel-safe.
    pub(crate) async fn more_than(&mut self, pending: u64) {
        let seq = self.cursor + pending;
        let _ = self.head.wait_for(|head| head.seq > seq || head.is_over).await;
    }

    /// Waits until there is something after the cursor, or nothing more comes. Cancel-safe.
    pub(crate) async fn ready(&mut self) {
        let cursor = self.cursor;
        // The room is held by this observer, so the sender cannot be gone.
        let _ = self.head.wait_for(|head| head.seq > cursor || head.is_over).await;
    }

    /// Whether the room's last event was taken, and no further one comes.
    pub(super) fn is_over(&self) -> bool {
        let head = *self.head.borrow();
        head.is_over && self.cursor >= head.seq
    }

    /// Takes what is new, at most `frames_max` events and about `bytes_max` bytes.
    pub(crate) fn take(&mut self, frames_max: usize, bytes_max: usize) -> Batch {
        let slice = self.room.after(self.cursor, frames_max, bytes_max);
        let gap = slice.resumes_at.map(|resumes_at| Gap { from: self.cursor + 1, to: resumes_at - 1 });
        let last = slice.frames.last().map(|frame| frame.seq());
        self.cursor = last.or(gap.map(|gap| gap.to)).unwrap_or(self.cursor);
        let gap = gap.map(|gap| (gap, GapReason::Lagged));
        let over = self.is_over();
        Batch { over, gap, frames: slice.frames, seq: self.cursor, ..Batch::default() }
    }
}
