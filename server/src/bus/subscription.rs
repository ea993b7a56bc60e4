//! A reader's place in a room: a cursor, not a queue.

use std::sync::Arc;

use arcane_shared::{Epoch, EventFilter, RoomName, Seq};
use tokio::sync::watch;

use super::frame::PreparedFrame;
use super::room::Room;

/// One reader of a room. It costs a few words however slow it is; what fell out of the ring before
/// it was read is reported as a [`Gap`]. Dropping it unsubscribes.
#[derive(Debug)]
pub struct Subscription {
    observer: Observer,
    filter: EventFilter,
    recent: Vec<Arc<PreparedFrame>>,
    /// Whether it is one of the room's subscribers.
    counted: bool,
}

/// Events that can no longer be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The first of them.
    pub from: Seq,
    /// The last of them.
    pub to: Seq,
}

/// What is new for a reader.
#[derive(Debug, Default)]
pub struct Batch {
    /// What was lost before `frames`.
    pub gap: Option<Gap>,
    /// The events that pass the filter, in order.
    pub frames: Vec<Arc<PreparedFrame>>,
    /// Everything up to here was considered.
    pub seq: Seq,
}

/// One event, or the honest statement that some are missing.
#[derive(Debug, Clone)]
pub enum Delivery {
    /// The next event.
    Event(Arc<PreparedFrame>),
    /// What was lost before the next event.
    Gap(Gap),
}

impl Subscription {
    /// Subscribes first and looks at the history after that, so nothing is lost or doubled between.
    pub(crate) fn new(room: Arc<Room>, filter: EventFilter, recent: usize) -> Self {
        room.join();
        let mut subscription = Self::uncounted(room, filter, recent);
        subscription.counted = true;
        subscription
    }

    /// The same for somebody who will not listen: it is not one of the room's subscribers.
    pub(crate) fn uncounted(room: Arc<Room>, filter: EventFilter, recent: usize) -> Self {
        let head = room.watch();
        let (recent, cursor) = room.recent(recent, &filter);
        Self { observer: Observer { room, head, cursor }, filter, recent, counted: false }
    }

    /// The room.
    #[must_use]
    pub fn room(&self) -> &RoomName {
        self.observer.room.name()
    }

    /// The room's run of numbers.
    #[must_use]
    pub fn epoch(&self) -> &Epoch {
        self.observer.room.epoch()
    }

    /// Everything up to this event was handed out or filtered.
    #[must_use]
    pub fn cursor(&self) -> Seq {
        self.observer.cursor
    }

    /// Subscribers of the room, this one included.
    #[must_use]
    pub fn subscriber_count(&self) -> usize {
        self.observer.room.subscriber_count()
    }

    /// The history as it was at the moment of subscribing, once.
    pub fn take_recent(&mut self) -> Vec<Arc<PreparedFrame>> {
        std::mem::take(&mut self.recent)
    }

    /// Changes the filter for every event after the returned one.
    pub fn set_filter(&mut self, filter: EventFilter) -> Seq {
        self.filter = filter;
        self.observer.cursor
    }

    /// What passes.
    pub(crate) fn filter(&self) -> &EventFilter {
        &self.filter
    }

    /// Goes on after `cursor`: somebody else has handed out everything up to it.
    pub(crate) fn seek(&mut self, cursor: Seq) {
        self.observer.cursor = cursor;
    }

    /// Waits until there is something after the cursor. Cancel-safe.
    pub async fn ready(&mut self) {
        self.observer.ready().await;
    }

    /// Takes what is new, at most `frames_max` considered events and about `bytes_max` bytes.
    pub fn take(&mut self, frames_max: usize, bytes_max: usize) -> Batch {
        let mut batch = self.observer.take(frames_max, bytes_max);
        if let Some(gap) = batch.gap {
            self.observer.room.skip(gap.to - gap.from + 1);
        }
        if !self.filter.is_empty() {
            batch.frames.retain(|frame| frame.passes(&self.filter));
        }
        batch
    }

    /// Waits for the next event. Cancel-safe.
    pub async fn next(&mut self) -> Delivery {
        loop {
            self.ready().await;
            let batch = self.take(1, usize::MAX);
            if let Some(gap) = batch.gap {
                // The event behind the gap is the next delivery.
                self.seek(gap.to);
                return Delivery::Gap(gap);
            }
            if let Some(frame) = batch.frames.into_iter().next() {
                return Delivery::Event(frame);
            }
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if self.counted {
            self.observer.room.leave();
        }
    }
}

/// Reads a room on behalf of its subscribers, without being one.
#[derive(Debug)]
pub(crate) struct Observer {
    room: Arc<Room>,
    head: watch::Receiver<Seq>,
    cursor: Seq,
}

impl Observer {
    /// Begins after the latest event.
    pub(crate) fn new(room: Arc<Room>) -> Self {
        let head = room.watch();
        let cursor = *head.borrow();
        Self { room, head, cursor }
    }

    /// Everything up to this event was taken.
    pub(crate) fn cursor(&self) -> Seq {
        self.cursor
    }

    /// How many events there are after the cursor.
    pub(crate) fn pending(&self) -> u64 {
        self.head.borrow().saturating_sub(self.cursor)
    }

    /// Waits until there is something after the cursor. Cancel-safe.
    pub(crate) async fn ready(&mut self) {
        let cursor = self.cursor;
        // The room is held by this observer, so the sender cannot be gone.
        let _ = self.head.wait_for(|head| *head > cursor).await;
    }

    /// Takes what is new, at most `frames_max` events and about `bytes_max` bytes.
    pub(crate) fn take(&mut self, frames_max: usize, bytes_max: usize) -> Batch {
        let slice = self.room.after(self.cursor, frames_max, bytes_max);
        let gap = slice.resumes_at.map(|resumes_at| Gap { from: self.cursor + 1, to: resumes_at - 1 });
        let last = slice.frames.last().map(|frame| frame.seq());
        self.cursor = last.or(gap.map(|gap| gap.to)).unwrap_or(self.cursor);
        Batch { gap, frames: slice.frames, seq: self.cursor }
    }
}
