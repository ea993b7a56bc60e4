//! Reading from the log what is no longer in memory: page by page, until memory is reached or, for a
//! replay, to its end.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use arcane_shared::Seq;
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio::time::Instant;

use super::batch::Batch;
use super::pace::{Pace, Speed};
use super::room::{Head, Room, Source};
use crate::budget::{Charge, Part};
use crate::event::{Gap, GapReason, PreparedFrame};
use crate::log::{Fault, LogError, Page, PageRequest, Pin};

/// Events of one page.
const PAGE_EVENTS_MAX: usize = 512;
/// How long after a failure the log is asked again.
const RETRY: Duration = Duration::from_millis(500);

/// A reader's way through the log.
pub(super) struct CatchUp {
    /// The page at hand. Frames stay until all are behind the cursor: a reader may have to step back.
    page: Page,
    /// What the page takes of the server's memory.
    charge: Charge,
    /// A page that is on its way.
    reading: Option<BoxFuture<'static, Result<Page, LogError>>>,
    retry_at: Option<Instant>,
    _pin: Pin,
    _lagging: Option<Lagging>,
    /// To be told: so many events were before it when it fell behind.
    announce: Option<u64>,
    replay: Option<Replay>,
}

struct Replay {
    pace: Pace,
    began: Option<Instant>,
    /// The last event of it.
    through: Seq,
    /// The next event that was given a time, and the time.
    next: Option<(Seq, Instant)>,
}

impl std::fmt::Debug for CatchUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CatchUp").field("frames", &self.page.frames.len()).finish_non_exhaustive()
    }
}

impl CatchUp {
    fn new(room: &Room, pin: Pin) -> Self {
        Self {
            page: Page::default(),
            charge: Charge::none(room.budget(), Part::Pages),
            reading: None,
            retry_at: None,
            _pin: pin,
            _lagging: None,
            announce: None,
            replay: None,
        }
    }

    /// A reader that goes on after the position that it has pinned.
    pub(super) fn resume(room: &Room, pin: Pin) -> Self {
        Self::new(room, pin)
    }

    /// A reader that memory has left behind.
    pub(super) fn lagging(room: &Arc<Room>, cursor: Seq, behind: u64) -> Self {
        let (pin, _) = room.log().pin(room.id(), cursor);
        Self { _lagging: Some(Lagging::new(room)), announce: Some(behind), ..Self::new(room, pin) }
    }

    /// A reader of history at its own pace.
    pub(super) fn replay(room: &Arc<Room>, after: Seq, through: Seq, speed: Speed) -> Self {
        let (pin, _) = room.log().pin(room.id(), after);
        let replay = Replay { pace: Pace::new(speed), began: None, through, next: None };
        Self { replay: Some(replay), ..Self::new(room, pin) }
    }

    /// Waits until [`Self::take`] has something. Cancel-safe.
    pub(super) async fn ready(&mut self, room: &Arc<Room>, head: &mut watch::Receiver<Head>, cursor: Seq) {
        loop {
            if self.has_something(cursor) {
                if let Some(due) = self.due(cursor) {
                    tokio::time::sleep_until(due).await;
                }
                return;
            }
            if self.replay.as_ref().is_some_and(|replay| cursor >= replay.through) {
                return;
            }
            let now = *head.borrow();
            if self.replay.is_none() && now.is_over && cursor >= now.seq {
                return;
            }
            match room.source(cursor) {
                // Memory has it: the next take says that it has caught up.
                Source::Ring if self.replay.is_none() && self.reading.is_none() => return,
                // The room is held, so the sender cannot be gone.
                Source::Head if self.replay.is_none() && self.reading.is_none() => {
                    let _ = head.wait_for(|head| head.seq > cursor || head.is_over).await;
                }
                _ => self.read(room, cursor).await,
            }
        }
    }

    async fn read(&mut self, room: &Arc<Room>, cursor: Seq) {
        if let Some(at) = self.retry_at {
            tokio::time::sleep_until(at).await;
            self.retry_at = None;
        }
        let through = self.replay.as_ref().map_or(Seq::MAX, |replay| replay.through);
        let reading = self.reading.get_or_insert_with(|| {
            let (log, id) = (Arc::clone(room.log()), room.id());
            let (events_max, bytes_max) = (PAGE_EVENTS_MAX, room.budget().page_bytes());
            let request = PageRequest { after: cursor, through, events_max, bytes_max };
            Box::pin(async move { log.read(id, request).await })
        });
        let read = reading.await;
        self.reading = None;
        match read {
            Ok(page) => {
                self.charge.set(page.frames.iter().map(|frame| frame.memory()).sum());
                self.page = page;
            }
            Err(error) if error.fault == Fault::Damaged => {
                // Memory has what came last; the rest cannot be had.
                let to = room.first_in_memory().saturating_sub(1).min(through).max(cursor + 1);
                self.page =
                    Page { gap: Some((Gap { from: cursor + 1, to }, GapReason::Damaged)), frames: vec![] };
            }
            // The log has let go of it, and the room goes on with other numbers.
            Err(_) if room.is_over() => {
                let gap = Gap { from: cursor + 1, to: room.head().min(through).max(cursor + 1) };
                self.page = Page { gap: Some((gap, GapReason::Expired)), frames: vec![] };
            }
            Err(error) => {
                tracing::debug!(%error, "the log could not be read; trying again");
                self.retry_at = Some(Instant::now() + RETRY);
            }
        }
    }

    fn has_something(&self, cursor: Seq) -> bool {
        self.gap(cursor).is_some() || self.page.frames.last().is_some_and(|frame| frame.seq() > cursor)
    }

    fn gap(&self, cursor: Seq) -> Option<(Gap, GapReason)> {
        let (gap, reason) = self.page.gap?;
        (gap.to > cursor).then_some((Gap { from: gap.from.max(cursor + 1), to: gap.to }, reason))
    }

    fn rest(&self, cursor: Seq) -> &[Arc<PreparedFrame>] {
        &self.page.frames[self.page.frames.partition_point(|frame| frame.seq() <= cursor)..]
    }

    /// When the next event is due, for a replay.
    fn due(&mut self, cursor: Seq) -> Option<Instant> {
        let frame = Arc::clone(self.rest(cursor).first()?);
        let replay = self.replay.as_mut()?;
        Some(replay.due(&frame))
    }

    pub(super) fn take(
        &mut self,
        room: &Arc<Room>,
        cursor: Seq,
        frames_max: usize,
        bytes_max: usize,
    ) -> Batch {
        let mut batch = Batch { lagging: self.announce.take(), seq: cursor, ..Batch::default() };
        if let Some((gap, reason)) = self.gap(cursor) {
            batch.gap = Some((gap, reason));
            batch.seq = gap.to;
        }
        let (mut bytes, now) = (0, Instant::now());
        let from = self.page.frames.partition_point(|frame| frame.seq() <= batch.seq);
        for frame in self.page.frames.iter().skip(from).take(frames_max) {
            if self.replay.as_mut().is_some_and(|replay| replay.due(frame) > now) {
                break;
            }
            bytes += frame.json().len();
            if bytes > bytes_max && !batch.frames.is_empty() {
                break;
            }
            batch.seq = frame.seq();
            batch.frames.push(Arc::clone(frame));
        }
        match &self.replay {
            Some(replay) => batch.ended = batch.seq >= replay.through,
            None if self.rest(batch.seq).is_empty()
                && self.reading.is_none()
                && !matches!(room.source(batch.seq), Source::Log(_)) =>
            {
                batch.caught_up = Some(batch.seq);
            }
            None => {}
        }
        batch
    }
}

impl Replay {
    fn due(&mut self, frame: &PreparedFrame) -> Instant {
        if let Some((seq, due)) = self.next
            && seq == frame.seq()
        {
            return due;
        }
        let began = *self.began.get_or_insert_with(Instant::now);
        let due = began + Duration::from_secs_f64(self.pace.due_ms(frame.at()) / 1000.0);
        self.next = Some((frame.seq(), due));
        due
    }
}

/// Counts a reader among those that read from the log, for as long as it lives.
#[derive(Debug)]
struct Lagging(Arc<Room>);

impl Lagging {
    fn new(room: &Arc<Room>) -> Self {
        room.lagging().fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(room))
    }
}

impl Drop for Lagging {
    fn drop(&mut self) {
        self.0.lagging().fetch_sub(1, Ordering::Relaxed);
    }
}
