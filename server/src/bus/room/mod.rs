//! One event stream: its order, its ring, its subscribers.

mod emit;
mod memory;
mod roster;
mod rosters;
mod settle;
mod snapshots;
mod unnumbered;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arcane_shared::api::RoomCard;
use arcane_shared::{DaemonName, Epoch, EventFilter, Rgb, RoomName, Seq};
use tokio::sync::watch;

use roster::RoomRoster;
use rosters::Rosters;
pub(crate) use rosters::ToldRoster;

use crate::budget::{Charge, Part};
use crate::bus::colors::{Colors, Fixed};
use crate::bus::keys::Keys;
use crate::bus::rate::Rate;
use crate::bus::ring::{Ring, Slice};
use crate::bus::rings::Rings;
use crate::bus::unsettled::Unsettled;
use crate::clock;
use crate::event::PreparedFrame;
use crate::log::record::{COLOR, KEY};
use crate::log::{
    Announcement, Commits, EventLog, LogError, PageRequest, RoomId, RoomRecord, Sequencer, Usage, Wake,
};

/// A room. Numbers are given under one lock that is held for neither I/O nor an await, so a publisher waits
/// for other publishers only, never for a reader. Frames reach the ring once they are in the log.
#[derive(Debug)]
pub(crate) struct Room {
    id: RoomId,
    name: RoomName,
    epoch: Epoch,
    history_size: usize,
    /// Most bytes of it.
    history_bytes: usize,
    log: Arc<dyn EventLog>,
    unsettled: Unsettled,
    rings: Arc<Rings>,
    state: Mutex<RoomState>,
    head: Arc<watch::Sender<Head>>,
    subscribers: AtomicUsize,
    lagging: AtomicUsize,
    skipped: AtomicU64,
    rosters: Rosters,
}

#[derive(Debug)]
struct RoomState {
    /// What is in the log, the latest of it.
    ring: Ring,
    /// What the ring holds of the server's memory.
    charge: Charge,
    /// The number that the next event gets. Beyond the ring's head while the log has not answered yet.
    next_seq: Seq,
    /// Whether it is not known where the log ends; then nothing is taken. See `settle`.
    is_unsettled: bool,
    /// When the latest event was taken, Unix microseconds.
    at: i64,
    rate: Rate,
    keys: Keys,
    colors: Colors,
    roster: RoomRoster,
    /// Where events are encoded; at most as large as the largest event so far.
    scratch: Vec<u8>,
}

/// The latest event that readers may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) seq: Seq,
    /// No further one comes: the room goes on with other numbers.
    pub(crate) is_over: bool,
}

/// Where a reader finds what comes after its cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// There is nothing yet.
    Head,
    /// In memory.
    Ring,
    /// Only in the log: so many events are after it.
    Log(u64),
}

/// How much memory a room may take, and with whom it shares.
#[derive(Debug, Clone)]
pub(crate) struct Memory {
    pub(crate) rings: Arc<Rings>,
    pub(crate) history_size: usize,
    pub(crate) ring_frames: usize,
    pub(crate) ring_bytes: usize,
}

impl Room {
    /// A room as the log has it, with its latest events in memory.
    pub(super) async fn open(
        log: Arc<dyn EventLog>,
        record: RoomRecord,
        memory: Memory,
        fixed: &Mutex<Fixed>,
        unsettled: Unsettled,
    ) -> Result<Self, LogError> {
        let mut ring = Ring::after_head(record.head, memory.ring_frames, memory.ring_bytes);
        let request = PageRequest {
            after: record.head.saturating_sub(memory.history_size as u64).max(record.first.saturating_sub(1)),
            through: record.head,
            events_max: memory.history_size,
            bytes_max: memory.ring_bytes,
        };
        if request.after < record.head {
            ring.refill(log.latest(record.id, request).await?);
        }
        let (keys, mut colors) = recall(log.as_ref(), &record.name).await?;
        let roster = RoomRoster::open(log.as_ref(), &record).await?;
        colors.fix(&fixed.lock().unwrap_or_else(PoisonError::into_inner));
        let mut state = RoomState {
            charge: Charge::none(memory.rings.budget(), Part::Rings),
            ring,
            next_seq: record.head + 1,
            is_unsettled: false,
            at: record.at,
            rate: Rate::default(),
            keys,
            colors,
            roster,
            scratch: Vec::new(),
        };
        state.settle_charge();
        Ok(Self {
            id: record.id,
            name: record.name,
            epoch: record.epoch,
            history_size: memory.history_size,
            history_bytes: memory.ring_bytes,
            log,
            unsettled,
            rings: memory.rings,
            state: Mutex::new(state),
            head: Arc::new(watch::Sender::new(Head { seq: record.head, is_over: false })),
            subscribers: AtomicUsize::new(0),
            lagging: AtomicUsize::new(0),
            skipped: AtomicU64::new(0),
            rosters: Rosters::default(),
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

    pub(crate) fn log(&self) -> &Arc<dyn EventLog> {
        &self.log
    }

    /// Whether events have numbers and are not in the log yet.
    pub(super) fn has_more_coming(&self) -> bool {
        let state = self.lock();
        state.next_seq > state.ring.head() + 1
    }

    /// Whether no further event comes: the room goes on with other numbers.
    pub(crate) fn is_over(&self) -> bool {
        self.head.borrow().is_over
    }

    /// A daemon's colour in this room, or the one that it would get now.
    pub(super) fn color(&self, daemon: &DaemonName) -> Rgb {
        self.lock().colors.color(daemon)
    }

    /// Fixes daemons' colours.
    pub(super) fn fix_colors(&self, fixed: &Fixed) {
        self.lock().colors.fix(fixed);
    }

    /// Whether the number of an event may be told before it is in the log.
    pub(crate) fn promise(&self, seq: Seq) -> bool {
        self.log.promise(self.id, seq)
    }

    pub(crate) fn after(&self, cursor: Seq, frames_max: usize, bytes_max: usize) -> Slice {
        self.lock().ring.after(cursor, frames_max, bytes_max)
    }

    /// Where the next event after `cursor` is.
    pub(crate) fn source(&self, cursor: Seq) -> Source {
        let state = self.lock();
        let head = state.ring.head();
        if cursor >= head {
            Source::Head
        } else if cursor + 1 >= state.ring.first() {
            Source::Ring
        } else {
            Source::Log(head - cursor)
        }
    }

    /// The latest events that pass, oldest first, and the head at the same moment.
    pub(crate) fn recent(&self, n: usize, filter: &EventFilter) -> (Vec<Arc<PreparedFrame>>, Seq) {
        let state = self.lock();
        let within = self.shown(&state, self.log.usage(self.id));
        (state.ring.recent(n, within, |frame| frame.passes(filter)), state.ring.head())
    }

    /// The oldest event that memory has.
    pub(crate) fn first_in_memory(&self) -> Seq {
        self.lock().ring.first()
    }

    /// The latest event.
    pub(crate) fn head(&self) -> Seq {
        self.lock().ring.head()
    }

    /// When the latest event was taken, Unix microseconds; 0 before the first.
    pub(super) fn at(&self) -> i64 {
        self.lock().at
    }

    /// Counts a new subscriber in.
    pub(crate) fn join(&self) {
        self.subscribers.fetch_add(1, Ordering::Relaxed);
    }

    /// The head to watch.
    pub(crate) fn watch(&self) -> watch::Receiver<Head> {
        self.head.subscribe()
    }

    pub(crate) fn leave(&self) {
        self.subscribers.fetch_sub(1, Ordering::Relaxed);
    }

    /// Subscribers in this process.
    pub(crate) fn subscriber_count(&self) -> usize {
        self.subscribers.load(Ordering::Relaxed)
    }

    /// Subscribers in all processes, as far as those have told.
    pub(crate) fn subscribers_anywhere(&self) -> u64 {
        self.subscriber_count() as u64 + readers_elsewhere(self.log.as_ref(), Some(&self.name))
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
        self.shown(&self.lock(), self.log.usage(self.id))
    }

    /// How many of the latest events a newcomer can have. What the log has let go of is in memory for those who are
    /// reading it, and for nobody who asks from then on.
    fn shown(&self, state: &RoomState, usage: Usage) -> usize {
        let kept = (state.ring.head() + 1).saturating_sub(usage.first);
        state.ring.len().min(self.history_size).min(usize::try_from(kept).unwrap_or(usize::MAX))
    }

    /// Whether nothing has happened here and nobody waits for it. A room whose events are all past retention is not:
    /// its numbers, keys and consumers go on.
    pub(crate) fn is_forgettable(&self) -> bool {
        self.subscriber_count() == 0 && self.lock().next_seq == 1
    }

    pub(crate) fn card(&self) -> RoomCard {
        let mut state = self.lock();
        let usage = self.log.usage(self.id);
        let events_per_second = state.rate.per_second(clock::elapsed_s());
        RoomCard {
            room: self.name.clone(),
            epoch: self.epoch.clone(),
            seq: state.ring.head(),
            subscribers: self.subscribers_anywhere(),
            history_size: self.shown(&state, usage) as u64,
            oldest: usage.first,
            bytes: usage.bytes,
            lagging: self.lagging.load(Ordering::Relaxed) as u64,
            events_per_second,
        }
    }

    /// Lets readers see what is in the log.
    fn show(&self, state: &mut RoomState, frames: &[Arc<PreparedFrame>]) {
        keep(state, frames);
        self.announce(state);
    }

    /// Wakes readers. Inside the lock: otherwise two publishers could announce their heads in the wrong order.
    fn announce(&self, state: &RoomState) {
        self.head.send_modify(|head| head.seq = state.ring.head());
    }

    fn lock(&self) -> MutexGuard<'_, RoomState> {
        // A panic while the lock is held leaves the ring as it was before the push.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets readers that ask see what is in the log.
fn keep(state: &mut RoomState, frames: &[Arc<PreparedFrame>]) {
    let second = clock::elapsed_s();
    for frame in frames {
        state.roster.show(frame);
        state.ring.push(Arc::clone(frame));
        state.rate.count(second);
    }
    state.settle_charge();
}

impl Wake for watch::Sender<Head> {
    fn wake(&self, seq: Seq) {
        // A head that was announced later may have come first.
        self.send_modify(|head| head.seq = head.seq.max(seq));
    }
}

impl Commits for Room {
    fn committed(&self, frames: &[Arc<PreparedFrame>]) -> Announcement {
        let head = {
            let mut state = self.lock();
            keep(&mut state, frames);
            state.ring.head()
        };
        self.make_room();
        let readers = Arc::clone(&self.head);
        Announcement { readers, head }
    }

    fn taken_back(&self) {
        let mut state = self.lock();
        let head = state.ring.head();
        state.next_seq = head + 1;
        state.keys.forget_after(head);
        state.colors.forget_after(head);
        state.roster.forget_after(head);
    }

    fn unknown(&self) {
        self.lock().is_unsettled = true;
        self.unsettled.add(&self.name);
    }
}

/// Readers of a room, or of all rooms, in processes that share the log.
pub(super) fn readers_elsewhere(log: &dyn EventLog, room: Option<&RoomName>) -> u64 {
    match log.sequencer() {
        Sequencer::Room(_) => 0,
        Sequencer::Log(log) => log.readers_elsewhere(room),
    }
}

/// The keys and colours of a room that the log remembers.
async fn recall(log: &dyn EventLog, room: &RoomName) -> Result<(Keys, Colors), LogError> {
    let keys = Keys::recall(room, &log.recall(&format!("{KEY}{room}/")).await?);
    // The list that earlier versions kept is beside those of the rooms.
    let default = *room == RoomName::default();
    let kept = if default { COLOR.to_owned() } else { format!("{COLOR}{room}/") };
    Ok((keys, Colors::recall(room, &log.recall(&kept).await?)))
}
