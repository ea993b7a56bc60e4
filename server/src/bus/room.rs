//! One event stream: its order, its ring, its subscribers.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arcane_shared::api::RoomCard;
use arcane_shared::{ArcaneEvent, Epoch, EventFilter, Rgb, RoomName, Seq};
use tokio::sync::watch;

use super::encode::Outgoing;
use super::frame::{PreparedFrame, TooLarge};
use super::ring::{Ring, Slice};
use crate::clock;

/// Seconds over which a room's rate is averaged.
const RATE_WINDOW_S: u64 = 10;

/// A room. Numbers are given and frames pushed under one lock that is held for neither I/O nor an
/// await, so a publisher waits for other publishers only, never for a reader.
#[derive(Debug)]
pub(crate) struct Room {
    name: RoomName,
    epoch: Epoch,
    history_size: usize,
    state: Mutex<State>,
    head: watch::Sender<Seq>,
    subscribers: AtomicUsize,
    skipped: AtomicU64,
}

#[derive(Debug)]
struct State {
    ring: Ring,
    rate: Rate,
    /// Where events are encoded; at most as large as the largest event so far.
    scratch: Vec<u8>,
}

impl Room {
    pub(crate) fn new(name: RoomName, epoch: Epoch, history_size: usize, ring: Ring) -> Self {
        Self {
            name,
            epoch,
            history_size,
            state: Mutex::new(State { ring, rate: Rate::default(), scratch: Vec::new() }),
            head: watch::Sender::new(0),
            subscribers: AtomicUsize::new(0),
            skipped: AtomicU64::new(0),
        }
    }

    pub(crate) fn name(&self) -> &RoomName {
        &self.name
    }

    pub(crate) fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    /// Numbers, stamps, encodes and publishes events: all of them or, if one is too large, none.
    /// What is refused takes no number.
    pub(crate) fn emit_all(
        &self,
        events: &[ArcaneEvent],
        colors: &[Option<Rgb>],
    ) -> Result<Vec<Arc<PreparedFrame>>, (usize, TooLarge)> {
        let mut state = self.lock();
        let State { ring, rate, scratch } = &mut *state;
        let emitted_at = clock::now_millis();
        let mut frames = Vec::with_capacity(events.len());
        for ((seq, event), color) in (ring.next_seq()..).zip(events).zip(colors) {
            let outgoing = Outgoing { event, seq, room: &self.name, color: *color, emitted_at };
            let frame = PreparedFrame::encode(&outgoing, scratch).map_err(|error| (frames.len(), error))?;
            frames.push(Arc::new(frame));
        }
        for frame in &frames {
            ring.push(Arc::clone(frame));
            rate.count(second(emitted_at));
        }
        // Inside the lock: otherwise two publishers could announce their heads in the wrong order.
        self.head.send_replace(ring.head());
        Ok(frames)
    }

    pub(crate) fn after(&self, cursor: Seq, frames_max: usize, bytes_max: usize) -> Slice {
        self.lock().ring.after(cursor, frames_max, bytes_max)
    }

    /// The latest events that pass, oldest first, and the head at the same moment.
    pub(crate) fn recent(&self, n: usize, filter: &EventFilter) -> (Vec<Arc<PreparedFrame>>, Seq) {
        let state = self.lock();
        let found = state.ring.recent(n, self.history_size, |frame| frame.passes(filter));
        (found, state.ring.head())
    }

    /// Counts a new subscriber in.
    pub(crate) fn join(&self) {
        self.subscribers.fetch_add(1, Ordering::Relaxed);
    }

    /// The head to watch.
    pub(crate) fn watch(&self) -> watch::Receiver<Seq> {
        self.head.subscribe()
    }

    pub(crate) fn leave(&self) {
        self.subscribers.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn subscriber_count(&self) -> usize {
        self.subscribers.load(Ordering::Relaxed)
    }

    /// Remembers that a reader lost `n` events.
    pub(crate) fn skip(&self, n: u64) {
        self.skipped.fetch_add(n, Ordering::Relaxed);
    }

    pub(crate) fn skipped(&self) -> u64 {
        self.skipped.load(Ordering::Relaxed)
    }

    pub(crate) fn history_len(&self) -> usize {
        self.lock().ring.len().min(self.history_size)
    }

    /// Whether nothing ever happened here and nobody waits for it.
    pub(crate) fn is_forgettable(&self) -> bool {
        self.subscriber_count() == 0 && self.lock().ring.head() == 0
    }

    pub(crate) fn card(&self) -> RoomCard {
        let mut state = self.lock();
        let events_per_second = state.rate.per_second(second(clock::now_millis()));
        RoomCard {
            room: self.name.clone(),
            epoch: self.epoch.clone(),
            seq: state.ring.head(),
            subscribers: self.subscriber_count() as u64,
            history_size: state.ring.len().min(self.history_size) as u64,
            oldest: 0,
            bytes: 0,
            lagging: 0,
            events_per_second,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic while the lock is held leaves the ring as it was before the push.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Events per second over the last [`RATE_WINDOW_S`] whole seconds.
#[derive(Debug, Default)]
struct Rate {
    /// (Unix second, events), oldest first; at most [`RATE_WINDOW_S`] + 1 entries.
    buckets: VecDeque<(u64, u64)>,
}

impl Rate {
    fn count(&mut self, second: u64) {
        match self.buckets.back_mut() {
            Some((last, n)) if *last >= second => *n += 1,
            _ => self.buckets.push_back((second, 1)),
        }
        self.forget_before(second.saturating_sub(RATE_WINDOW_S));
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of ten seconds fit 53 bits")]
    fn per_second(&mut self, now: u64) -> f64 {
        self.forget_before(now.saturating_sub(RATE_WINDOW_S));
        self.buckets.iter().map(|(_, n)| n).sum::<u64>() as f64 / RATE_WINDOW_S as f64
    }

    fn forget_before(&mut self, second: u64) {
        while self.buckets.front().is_some_and(|(first, _)| *first < second) {
            self.buckets.pop_front();
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "times after 1970 are positive")]
fn second(unix_millis: f64) -> u64 {
    (unix_millis / 1000.0) as u64
}
