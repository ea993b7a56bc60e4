//! A reader's place in a room: a cursor, not a queue.

use std::sync::Arc;

use arcane_shared::{Epoch, EventFilter, Resume, RoomName, Seq};
use bytes::Bytes;

use super::batch::Batch;
use super::catch_up::CatchUp;
use super::held::HeldRoom;
use super::observer::Observer;
use super::pace::Speed;
use super::resume::Since;
use super::room::{Room, Source};
use crate::event::{Gap, PreparedFrame};
use crate::log::RoomId;

/// One reader of a room. It costs a few words however slow it is: what is no longer in memory is read from
/// the log, and what is not there either is reported as a [`Gap`]. Dropping it unsubscribes.
#[derive(Debug)]
pub struct Subscription {
    observer: Observer,
    filter: EventFilter,
    recent: Vec<Arc<PreparedFrame>>,
    resume: Option<Resume>,
    /// While it reads from the log instead of from memory.
    catch_up: Option<Box<CatchUp>>,
    /// Whether it is one of the room's subscribers.
    counted: bool,
}

/// One event, or the honest statement that some are missing.
#[derive(Debug, Clone)]
pub enum Delivery {
    /// The next event.
    Event(Arc<PreparedFrame>),
    /// What was lost before the next event.
    Gap(Gap),
    /// Nothing more comes: a replay has come to its end, or the room goes on with other numbers. Subscribe again.
    Over,
}

/// Where a reader begins.
#[derive(Debug, Clone, PartialEq)]
pub enum Start {
    /// Now, with so many events of the history.
    Recent(usize),
    /// After a position; where that cannot be, now, with so many events of the history.
    Since(Since, usize),
    /// After the position of a durable consumer; where that cannot be, with the oldest event that is kept.
    Consumer(Since),
    /// With this event, at the events' own pace, up to what is the latest one now.
    Replay {
        /// Everything after this one.
        after: Seq,
        /// How fast.
        speed: Speed,
    },
}

impl Subscription {
    /// Subscribes first and looks at the history after that, so nothing is lost or doubled between.
    pub(crate) fn new(room: Arc<Room>, filter: EventFilter, start: Start) -> Self {
        room.join();
        let mut subscription = Self::uncounted(room, filter, start);
        subscription.counted = true;
        subscription
    }

    /// A subscription that is not counted, for a connection that only publishes.
    pub(crate) fn uncounted(room: Arc<Room>, filter: EventFilter, start: Start) -> Self {
        let head = room.watch();
        let observer = Observer { room, head, cursor: 0 };
        let recent = Vec::new();
        let mut subscription =
            Self { observer, filter, recent, resume: None, catch_up: None, counted: false };
        subscription.begin(start);
        // What was brought back for newcomers may have been too much.
        subscription.observer.room.make_room();
        subscription
    }

    fn begin(&mut self, start: Start) {
        let room = Arc::clone(&self.observer.room);
        let (since, recent, or_oldest) = match start {
            Start::Recent(recent) => return self.begin_now(recent),
            Start::Replay { after, speed } => {
                self.observer.cursor = after;
                let catch_up = CatchUp::replay(&room, after, room.head(), speed);
                self.catch_up = Some(Box::new(catch_up));
                return;
            }
            Start::Since(since, recent) => (since, recent, false),
            Start::Consumer(since) => (since, 0, true),
        };
        // Pinned before the decision: what is promised cannot be purged in between.
        let (pin, first) = room.log().pin(room.id(), since.seq);
        let head = room.head();
        match since.decide(room.epoch(), first, head) {
            Ok(count) => {
                self.observer.cursor = since.seq;
                self.resume = Some(Resume::recovered(count));
                if count > 0 {
                    self.catch_up = Some(Box::new(CatchUp::resume(&room, pin)));
                }
            }
            Err(reason) => {
                self.resume = Some(Resume::refused(reason));
                if or_oldest {
                    self.observer.cursor = first.min(head + 1) - 1;
                    self.catch_up = Some(Box::new(CatchUp::resume(&room, pin)));
                } else {
                    self.begin_now(recent);
                }
            }
        }
    }

    fn begin_now(&mut self, recent: usize) {
        let (recent, cursor) = self.observer.room.recent(recent, &self.filter);
        self.recent = recent;
        self.observer.cursor = cursor;
    }

    /// The room.
    #[must_use]
    pub fn room(&self) -> &RoomName {
        self.observer.room.name()
    }

    /// Who is present in the room and does what. What it has folded in already may still be handed out.
    pub(crate) fn roster(&self) -> impl Future<Output = Bytes> + Send + use<> {
        let room = Arc::clone(&self.observer.room);
        async move { room.told_roster().await.json }
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

    /// What became of the wish to go on somewhere.
    #[must_use]
    pub fn resume(&self) -> Option<Resume> {
        self.resume
    }

    /// Says what became of that wish where it was decided before.
    pub(crate) fn tell(&mut self, resume: Option<Resume>) {
        self.resume = resume;
    }

    /// Subscribers of the room, this one included.
    #[must_use]
    pub fn subscriber_count(&self) -> usize {
        usize::try_from(self.observer.room.subscribers_anywhere()).unwrap_or(usize::MAX)
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

    /// The room's number in the log.
    pub(crate) fn room_id(&self) -> RoomId {
        self.observer.room.id()
    }

    /// What passes.
    pub(crate) fn filter(&self) -> &EventFilter {
        &self.filter
    }

    /// Whether it takes what comes from memory as it comes.
    pub(crate) fn is_following(&self) -> bool {
        self.catch_up.is_none() && !self.observer.room.is_over()
    }

    /// Whether everything was taken, and nothing more comes: the room goes on with other numbers.
    pub(crate) fn is_over(&self) -> bool {
        self.observer.is_over()
    }

    /// The room, which stays in memory for as long as this is held.
    pub(crate) fn held_room(&self) -> HeldRoom {
        HeldRoom(Arc::clone(&self.observer.room))
    }

    /// Goes on after `cursor`: a fan-out list has handed out everything up to it.
    pub(crate) fn seek(&mut self, cursor: Seq) {
        self.observer.cursor = cursor;
    }

    /// Waits until there is something after the cursor. Cancel-safe.
    pub async fn ready(&mut self) {
        let Self { observer, catch_up, .. } = self;
        loop {
            if let Some(catch_up) = catch_up {
                return Box::pin(catch_up.ready(&observer.room, &mut observer.head, observer.cursor)).await;
            }
            observer.ready().await;
            if observer.is_over() {
                return;
            }
            let Source::Log(behind) = observer.room.source(observer.cursor) else { return };
            *catch_up = Some(Box::new(CatchUp::lagging(&observer.room, observer.cursor, behind)));
        }
    }

    /// Takes what is new, at most `frames_max` considered events and about `bytes_max` bytes. Empty if
    /// nothing is [`Self::ready`].
    pub fn take(&mut self, frames_max: usize, bytes_max: usize) -> Batch {
        let mut batch = match &mut self.catch_up {
            Some(catch_up) => {
                let batch = catch_up.take(&self.observer.room, self.observer.cursor, frames_max, bytes_max);
                self.observer.cursor = batch.seq;
                if batch.caught_up.is_some() {
                    self.catch_up = None;
                }
                batch
            }
            None if matches!(self.observer.room.source(self.observer.cursor), Source::Log(_)) => {
                Batch { seq: self.observer.cursor, ..Batch::default() }
            }
            None => self.observer.take(frames_max, bytes_max),
        };
        batch.over = !batch.ended && self.observer.is_over();
        if let Some((gap, _)) = batch.gap {
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
            if let Some((gap, _)) = batch.gap {
                // The event behind the gap is the next delivery.
                self.seek(gap.to);
                return Delivery::Gap(gap);
            }
            if let Some(frame) = batch.frames.into_iter().next() {
                return Delivery::Event(frame);
            }
            if batch.ended || batch.over {
                return Delivery::Over;
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
