//! One event stream: its order, its ring, its subscribers.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arcane_shared::api::RoomCard;
use arcane_shared::{ArcaneEvent, Epoch, EventFilter, Rgb, RoomName, Seq};
use tokio::sync::watch;

use super::EmitError;
use super::encode::Outgoing;
use super::frame::PreparedFrame;
use super::keys::{Keys, Known, Use};
use super::rate::Rate;
use super::reads::Reads;
use super::ring::{Ring, Slice};
use super::submission::{Emitted, Outcome, Submission};
use crate::clock;
use crate::log::{Append, Appended, Commits, LogError, Notify, Portion, Receipt, RoomId, RoomRecord};

/// A room. Numbers are given under one lock that is held for neither I/O nor an await, so a publisher waits
/// for other publishers only, never for a reader. Frames reach the ring once they are in the log.
#[derive(Debug)]
pub(crate) struct Room {
    id: RoomId,
    name: RoomName,
    epoch: Epoch,
    history_size: usize,
    reads: Reads,
    state: Mutex<State>,
    head: watch::Sender<Seq>,
    subscribers: AtomicUsize,
    lagging: AtomicUsize,
    skipped: AtomicU64,
}

#[derive(Debug)]
struct State {
    /// What is in the log, the latest of it.
    ring: Ring,
    /// The number that the next event gets. Beyond the ring's head while the log has not answered yet.
    next_seq: Seq,
    /// When the latest event was taken, Unix microseconds.
    at: i64,
    rate: Rate,
    keys: Keys,
    /// Where events are encoded; at most as large as the largest event so far.
    scratch: Vec<u8>,
}

/// Where a reader finds what comes after its cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// There is nothing yet.
    Head,
    /// In memory.
    Ring,
    /// Only in the log: so many events are after it.
    Log(u64),
}

/// How much memory a room may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    pub(crate) history_size: usize,
    pub(crate) ring_frames: usize,
    pub(crate) ring_bytes: usize,
}

impl Room {
    /// A room as the log has it, with its latest events in memory.
    pub(crate) fn open(record: RoomRecord, reads: Reads, memory: Memory) -> Result<Self, LogError> {
        let mut ring = Ring::after_head(record.head, memory.ring_frames, memory.ring_bytes);
        let portion = Portion {
            after: record.head.saturating_sub(memory.history_size as u64).max(record.first.saturating_sub(1)),
            through: record.head,
            events_max: memory.history_size,
            bytes_max: memory.ring_bytes,
        };
        let latest =
            if portion.after < record.head { reads.log().read(record.id, portion)?.frames } else { vec![] };
        // What is damaged or does not fit leaves a hole before the head; a ring has none.
        if latest.last().is_some_and(|frame| frame.seq() == record.head) {
            ring.refill(latest);
        }
        let keys = Keys::recall(&record.name, reads.log().as_ref())?;
        let state = State {
            ring,
            next_seq: record.head + 1,
            at: record.at,
            rate: Rate::default(),
            keys,
            scratch: Vec::new(),
        };
        Ok(Self {
            id: record.id,
            name: record.name,
            epoch: record.epoch,
            history_size: memory.history_size,
            reads,
            state: Mutex::new(state),
            head: watch::Sender::new(record.head),
            subscribers: AtomicUsize::new(0),
            lagging: AtomicUsize::new(0),
            skipped: AtomicU64::new(0),
        })
    }

    pub(crate) fn id(&self) -> RoomId {
        self.id
    }

    pub(crate) fn name(&self) -> &RoomName {
        &self.name
    }

    pub(crate) fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    pub(crate) fn reads(&self) -> &Reads {
        &self.reads
    }

    /// Numbers, stamps and encodes events and hands them to the log: all of them or, if one is too large, or
    /// the log takes none, nothing. What is refused takes no number.
    pub(crate) fn emit_all(
        self: &Arc<Self>,
        events: &[ArcaneEvent],
        colors: &[Option<Rgb>],
        submission: Submission,
    ) -> Result<Outcome, (usize, EmitError)> {
        let mut state = self.lock();
        let now = clock::now();
        let Submission { level, mut records, key } = submission;
        if let Some(key) = &key {
            match state.keys.check(key, state.ring.head(), now) {
                Use::New => {}
                Use::Again(known) => return Ok(Outcome::Again(known)),
                Use::Refused(error) => return Err((0, error.into())),
            }
        }
        let State { at, next_seq, scratch, .. } = &mut *state;
        let emitted_at = now.unix_millis();
        let taken_at = now.unix_micros().max(*at);
        let mut frames = Vec::with_capacity(events.len());
        for ((seq, event), color) in (*next_seq..).zip(events).zip(colors) {
            let outgoing = Outgoing { event, seq, room: &self.name, color: *color, emitted_at };
            let frame = PreparedFrame::encode(&outgoing, taken_at, scratch)
                .map_err(|error| (frames.len(), error.into()))?;
            frames.push(Arc::new(frame));
        }
        let run = Known { first: *next_seq, count: frames.len() as u64 };
        if let Some(key) = &key {
            records.extend(state.keys.records(&self.name, key, run, now));
        }
        let (done, receipt) = Notify::pair();
        let append = Append {
            room: self.id,
            frames: frames.clone(),
            records,
            level,
            commits: Arc::clone(self) as Arc<dyn Commits>,
            done,
        };
        let appended = self.reads.log().append(append).map_err(|error| (0, error.into()))?;
        if let Some(key) = key {
            state.keys.add(key, run, now);
        }
        state.next_seq += frames.len() as u64;
        state.at = taken_at;
        let receipt = match appended {
            Appended::Queued => receipt,
            Appended::Done(_) => {
                self.show(&mut state, &frames);
                Receipt::done()
            }
        };
        Ok(Outcome::New(Emitted { frames, receipt }))
    }

    /// The number of an event is told before it is in the log.
    pub(crate) fn promise(&self, seq: Seq) {
        self.reads.log().promise(self.id, seq);
    }

    pub(crate) fn after(&self, cursor: Seq, frames_max: usize, bytes_max: usize) -> Slice {
        self.lock().ring.after(cursor, frames_max, bytes_max)
    }

    /// Where the next event after `cursor` is.
    pub(crate) fn reach(&self, cursor: Seq) -> Reach {
        let state = self.lock();
        let head = state.ring.head();
        if cursor >= head {
            Reach::Head
        } else if cursor + 1 >= state.ring.first() {
            Reach::Ring
        } else {
            Reach::Log(head - cursor)
        }
    }

    /// The latest events that pass, oldest first, and the head at the same moment.
    pub(crate) fn recent(&self, n: usize, filter: &EventFilter) -> (Vec<Arc<PreparedFrame>>, Seq) {
        let state = self.lock();
        let found = state.ring.recent(n, self.history_size, |frame| frame.passes(filter));
        (found, state.ring.head())
    }

    /// The oldest event that memory has.
    pub(crate) fn first_in_memory(&self) -> Seq {
        self.lock().ring.first()
    }

    /// The latest event.
    pub(crate) fn head(&self) -> Seq {
        self.lock().ring.head()
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

    /// Counts the readers that read on from the log.
    pub(crate) fn lagging(&self) -> &AtomicUsize {
        &self.lagging
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

    /// Whether nothing is kept here and nobody waits for it.
    pub(crate) fn is_forgettable(&self) -> bool {
        let state = self.lock();
        let (head, next) = (state.ring.head(), state.next_seq);
        self.subscriber_count() == 0 && next == head + 1 && self.reads.log().usage(self.id).first > head
    }

    pub(crate) fn card(&self) -> RoomCard {
        let usage = self.reads.log().usage(self.id);
        let mut state = self.lock();
        let events_per_second = state.rate.per_second(second(clock::now_millis()));
        RoomCard {
            room: self.name.clone(),
            epoch: self.epoch.clone(),
            seq: state.ring.head(),
            subscribers: self.subscriber_count() as u64,
            history_size: state.ring.len().min(self.history_size) as u64,
            oldest: usage.first,
            bytes: usage.bytes,
            lagging: self.lagging.load(Ordering::Relaxed) as u64,
            events_per_second,
        }
    }

    /// Lets readers see what is in the log.
    fn show(&self, state: &mut State, frames: &[Arc<PreparedFrame>]) {
        let second = second(clock::now_millis());
        for frame in frames {
            state.ring.push(Arc::clone(frame));
            state.rate.count(second);
        }
        // Inside the lock: otherwise two publishers could announce their heads in the wrong order.
        self.head.send_replace(state.ring.head());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic while the lock is held leaves the ring as it was before the push.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Commits for Room {
    fn committed(&self, frames: &[Arc<PreparedFrame>]) {
        let mut state = self.lock();
        self.show(&mut state, frames);
    }

    fn taken_back(&self) {
        let mut state = self.lock();
        let head = state.ring.head();
        state.next_seq = head + 1;
        state.keys.forget_after(head);
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "times after 1970 are positive")]
fn second(unix_millis: f64) -> u64 {
    (unix_millis / 1000.0) as u64
}
