//! `ArcaneEventBus`: accepts events, gives them their number, keeps history, fans out.
//!
//! Emitting takes a room's lock for as long as it takes to encode one event and hand it to the log, and never
//! waits for a reader. Once the log has it, it reaches the room's ring of prepared frames. Each reader is a
//! cursor into that ring, or into the log where the ring does not reach back far enough.

mod batch;
mod catch_up;
mod closing;
mod colors;
pub(crate) mod consumers;

mod held;
pub mod keys;

mod observer;
mod pace;
mod rate;
mod reservations;
mod resting;
mod resume;
mod ring;
mod rings;
mod room;
mod rooms;
mod submission;
mod subscription;
mod unsettled;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use arcane_shared::{ArcaneEvent, DaemonName, Epoch, EventFilter, Rgb, RoomName, SpellName};

use crate::event::{Completed, PreparedFrame, TooLarge};
pub use closing::CannotClose;
pub use consumers::{ConsumerError, Consumers, Reader};
// What the log is asked in: the bus answers for it, and nobody above has to know it.
pub use crate::log::{
    Carried, Continues, EventLog, Fault, History, Level, LogError, Mark, PageRequest, Receipt, Record,
    RoomId, Run, SessionEnd, SessionId, Turn, history,
};
pub use batch::Batch;
pub use held::HeldRoom;
pub use keys::{Key, KeyRefused};
pub(crate) use observer::Observer;
pub use pace::Speed;
pub(crate) use resume::END;
pub use resume::Since;
pub use rooms::NoSuchRoom;
pub(crate) use rooms::RoomInfo;
pub use submission::{Emitted, Events, Outcome, Submission};
pub use subscription::{Delivery, Start, Subscription};

use futures_util::FutureExt as _;

use crate::budget::Budget;
use crate::config::BusConfig;
use crate::log::Turns;
use crate::log::memory::MemoryLog;
use room::Room;

/// The bus. Cloning it gives another handle to the same bus.
#[derive(Debug, Clone)]
pub struct ArcaneEventBus {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: BusConfig,
    log: Arc<dyn EventLog>,
    consumers: Consumers,
    /// The default room is always there.
    rooms: RwLock<BTreeMap<RoomName, Arc<Room>>>,
    reservations: Reservations,
    unsettled: Unsettled,
    turns: Turns,
    rings: Arc<Rings>,
    /// Colours that are fixed in every room.
    fixed: Mutex<Fixed>,
    /// Deliveries lost in rooms that are not in memory any more.
    skipped: AtomicU64,
    emitted: [[AtomicU64; 2]; SpellName::ALL.len()],
}

use colors::Fixed;
use reservations::Reservations;
use rings::Rings;
use unsettled::Unsettled;

/// Why an event was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EmitError {
    /// Above the bound for one event.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// Its room does not exist and none can be opened.
    #[error(transparent)]
    NoSuchRoom(#[from] NoSuchRoom),
    /// Its key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyRefused),
    /// The log takes none.
    #[error(transparent)]
    Log(#[from] LogError),
}

impl ArcaneEventBus {
    /// A bus in memory, with its default room, or with its configured rooms.
    #[must_use]
    pub fn new(config: BusConfig) -> Self {
        let log = Arc::new(MemoryLog::new(config.retention));
        let opened = Self::with_log(config, log).now_or_never();
        opened.and_then(Result::ok).expect("memory answers at once, and can always be read")
    }

    /// A bus that goes on where `log` ends: with the rooms, colours and consumers that are in it.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub async fn with_log(config: BusConfig, log: Arc<dyn EventLog>) -> Result<Self, LogError> {
        let inner = Inner {
            consumers: Consumers::recall(Arc::clone(&log)).await?,
            rooms: RwLock::default(),
            reservations: Reservations::default(),
            unsettled: Unsettled::default(),
            turns: Turns::default(),
            rings: Arc::new(Rings::new(Budget::new(config.memory_bytes))),
            fixed: Mutex::default(),
            skipped: AtomicU64::new(0),
            emitted: Default::default(),
            config,
            log,
        };
        let bus = Self { inner: Arc::new(inner) };
        // Only the configured rooms exist where there are any; the others of the log open when they are asked for.
        let configured = bus.inner.config.rooms.clone().unwrap_or_default();
        for name in [RoomName::default()].into_iter().chain(configured) {
            let room = bus.read_room(&name).await?;
            bus.inner.rooms.write().unwrap_or_else(PoisonError::into_inner).insert(name, room);
        }
        Ok(bus)
    }

    /// The log.
    #[must_use]
    pub fn log(&self) -> &Arc<dyn EventLog> {
        &self.inner.log
    }

    /// Whether other processes write to the log as well.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self.log().sequencer(), crate::log::Sequencer::Log(_))
    }

    /// The memory of the server, on which rooms draw.
    pub(crate) fn budget(&self) -> &Arc<Budget> {
        self.inner.rings.budget()
    }

    /// Events that rooms' memory has given up for want of memory.
    pub(crate) fn given_up(&self) -> u64 {
        self.inner.rings.given_up()
    }

    /// What the log can be asked of its past.
    ///
    /// # Errors
    /// If it has no index.
    pub(crate) fn history(&self) -> Result<&dyn History, LogError> {
        let none =
            || LogError::new(Fault::Query, "the event log of this server cannot be searched or counted");
        self.log().history().ok_or_else(none)
    }

    /// Who reads durably.
    #[must_use]
    pub fn consumers(&self) -> &Consumers {
        &self.inner.consumers
    }

    /// The process's own bus, made with the default configuration at first use.
    ///
    /// For code that is embedded in one process, as the seed's singleton is; the server hands its
    /// bus on instead.
    pub fn global() -> &'static Self {
        static GLOBAL: OnceLock<ArcaneEventBus> = OnceLock::new();
        GLOBAL.get_or_init(|| Self::new(BusConfig::default()))
    }

    /// Subscribes to everything in the default room. Dropping the subscription unsubscribes.
    #[must_use]
    pub fn subscribe(&self) -> Subscription {
        self.subscribe_to(&self.default_room(), EventFilter::default(), Start::Recent(0))
    }

    /// Joins a room as one of its subscribers. Dropping the subscription leaves it.
    #[must_use]
    pub fn subscribe_to(&self, room: &HeldRoom, filter: EventFilter, start: Start) -> Subscription {
        Subscription::new(Arc::clone(&room.0), filter, start)
    }

    /// The same for a connection that only publishes: it is given the latest events, and is not counted.
    pub(crate) fn join_uncounted(room: &HeldRoom, recent: usize) -> Subscription {
        Subscription::uncounted(Arc::clone(&room.0), EventFilter::default(), Start::Recent(recent))
    }

    /// Watches what is new in a room, on behalf of its subscribers.
    ///
    /// # Errors
    /// If it is not in memory.
    pub(crate) fn watch(&self, room: &RoomName) -> Result<Observer, NoSuchRoom> {
        Ok(Observer::new(self.room_in_memory(room)?.0))
    }

    /// Subscribers of all rooms; where other nodes share the log, theirs as well, as far as they have told.
    #[must_use]
    pub fn subscriber_count(&self) -> usize {
        let elsewhere = room::readers_elsewhere(self.log().as_ref(), None);
        let here: usize = self.rooms().values().map(|room| room.subscriber_count()).sum();
        here + usize::try_from(elsewhere).unwrap_or(usize::MAX)
    }

    /// Waits for the turn of a publication of so many bytes: small ones do not wait. To be handed in with the events.
    ///
    /// # Errors
    /// [`Fault::Busy`] if it does not come for ten seconds.
    pub async fn turn(&self, bytes: usize) -> Result<Turn, LogError> {
        self.inner.turns.take(bytes, self.log().as_ref()).await
    }

    /// Takes several events of one room in one go: all of them, in order and next to each other, or none. Returns
    /// without waiting for anybody: the receipt tells when they are in the log and readers see them.
    ///
    /// # Errors
    /// The index of the event that is too large, or 0 if it is about all of them; then none took a number.
    pub fn submit(
        &self,
        HeldRoom(room): &HeldRoom,
        events: &[Completed],
        submission: Submission,
    ) -> Result<Outcome, (usize, EmitError)> {
        let early = submission.level == crate::log::Level::Received;
        let mut outcome = room.emit_all(events, submission)?;
        if let Outcome::New(emitted) = &mut outcome {
            room.make_room();
            for (spell, success) in emitted.outcomes() {
                self.count(spell, success);
                let (room, spell) = (room.name(), spell.as_str());
                tracing::debug!(%room, run = ?emitted.run(), spell, success, "Event emitted");
            }
            if let Some(run) = emitted.run().filter(|run| early && room.promise(run.last())) {
                emitted.receipt = Receipt::done(run);
            }
        }
        Ok(outcome)
    }

    /// The latest `n` events of the default room, oldest first.
    #[must_use]
    pub fn recent_events(&self, n: usize) -> Vec<ArcaneEvent> {
        let (frames, _) = self.default_room().0.recent(n, &EventFilter::default());
        frames.iter().map(|frame| frame.event()).collect()
    }

    /// The latest `n` frames of a room that pass `filter`, oldest first.
    ///
    /// # Errors
    /// If the room is not open.
    pub fn recent(
        &self,
        room: &RoomName,
        n: usize,
        filter: &EventFilter,
    ) -> Result<Vec<Arc<PreparedFrame>>, NoSuchRoom> {
        Ok(self.room_in_memory(room)?.0.recent(n, filter).0)
    }

    /// A daemon's colour in the default room, or the one that it would get there now.
    #[must_use]
    pub fn color(&self, daemon: &DaemonName) -> Rgb {
        self.default_room().0.color(daemon)
    }

    /// Fixes a daemon's colour in every room.
    pub fn fix_color(&self, daemon: DaemonName, color: Rgb) {
        let mut fixed = self.inner.fixed.lock().unwrap_or_else(PoisonError::into_inner);
        let mut colors = BTreeMap::clone(&fixed);
        colors.insert(daemon, color);
        *fixed = Arc::new(colors);
        for room in self.rooms().values() {
            room.fix_colors(&fixed);
        }
    }

    /// The epoch of a room.
    ///
    /// # Errors
    /// If there is no such room.
    pub fn epoch(&self, room: &RoomName) -> Result<Epoch, NoSuchRoom> {
        Ok(self.room_info(room)?.epoch)
    }

    /// Subscribers that read from the log at the moment.
    #[must_use]
    pub fn lagging(&self) -> usize {
        self.rooms().values().map(|room| room.lagging().load(Ordering::Relaxed)).sum()
    }

    /// Events held for newcomers of the default room.
    #[must_use]
    pub fn history_len(&self) -> usize {
        self.default_room().0.history_len()
    }

    /// How many events a room keeps for newcomers.
    #[must_use]
    pub fn history_size(&self) -> usize {
        self.inner.config.history_size
    }

    /// Events so far by spell and outcome.
    pub fn emitted(&self) -> impl Iterator<Item = (SpellName, bool, u64)> + '_ {
        SpellName::ALL.into_iter().flat_map(|spell| {
            [false, true].map(|success| {
                let counter = &self.inner.emitted[spell as usize][usize::from(success)];
                (spell, success, counter.load(Ordering::Relaxed))
            })
        })
    }

    /// Deliveries that slow readers lost so far.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        let left = self.inner.skipped.load(Ordering::Relaxed);
        left + self.rooms().values().map(|room| room.skipped()).sum::<u64>()
    }

    fn count(&self, spell: SpellName, success: bool) {
        self.inner.emitted[spell as usize][usize::from(success)].fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
