//! `ArcaneEventBus`: accepts events, gives them their number, keeps history, fans out.
//!
//! Emitting takes a room's lock for as long as it takes to encode one event and hand it to the log, and never
//! waits for a reader. Once the log has it, it reaches the room's ring of prepared frames. Each reader is a
//! cursor into that ring, or into the log where the ring does not reach back far enough.

mod batch;
mod closing;
mod colors;
pub(crate) mod consumers;
mod course;

pub mod keys;

mod observer;
mod pace;
mod rate;
mod reads;
mod resume;
mod ring;
mod room;
mod rooms;
mod submission;
mod subscription;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use arcane_shared::{ArcaneEvent, DaemonName, Epoch, EventFilter, Rgb, RoomName, SpellName};

use crate::event::{Completed, PreparedFrame, TooLarge};
pub use closing::CannotClose;
pub use consumers::{ConsumerError, Consumers, Reader};
// What the log is asked in: the bus answers for it, and nobody above has to know it.
pub use crate::log::{EventLog, Fault, Level, LogError, PageRequest, Receipt, Record, RoomId, history};
pub use batch::Batch;
pub use keys::{Key, KeyRefused, Known};
pub(crate) use observer::Observer;
pub use pace::Speed;
pub(crate) use resume::END;
pub use resume::Since;
pub use rooms::NoSuchRoom;
pub(crate) use rooms::{HeldRoom, Whereabouts};
pub use submission::{Emitted, Outcome, Submission};
pub use subscription::{Delivery, Start, Subscription};

use crate::config::BusConfig;
use crate::log::memory::MemoryLog;
use reads::Reads;
use room::Room;
use rooms::open;

/// The bus. Cloning it gives another handle to the same bus.
#[derive(Debug, Clone)]
pub struct ArcaneEventBus {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: BusConfig,
    reads: Reads,
    consumers: Consumers,
    main: Arc<Room>,
    rooms: RwLock<BTreeMap<RoomName, Arc<Room>>>,
    /// Rooms that are being opened or closed: each by one at a time.
    doors: Doors,
    /// Colours that are fixed in every room.
    fixed: Mutex<Fixed>,
    /// Deliveries lost in rooms that are not in memory any more.
    skipped: AtomicU64,
    emitted: [[AtomicU64; 2]; SpellName::ALL.len()],
}

use colors::Fixed;
use rooms::Doors;

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
        Self::open(config, Reads::new(log, true)).expect("memory can always be read")
    }

    /// A bus that goes on where `log` ends: with the rooms, colours and consumers that are in it.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub fn with_log(config: BusConfig, log: Arc<dyn EventLog>) -> Result<Self, LogError> {
        Self::open(config, Reads::new(log, false))
    }

    fn open(config: BusConfig, reads: Reads) -> Result<Self, LogError> {
        let log = reads.log();
        let consumers = Consumers::recall(Arc::clone(log))?;
        let main = Arc::new(open(&config, &reads, &RoomName::default(), Fixed::default())?);
        let mut rooms = BTreeMap::from([(RoomName::default(), Arc::clone(&main))]);
        // Only the configured rooms exist where there are any; the others of the log open when they are asked for.
        for name in config.rooms.clone().unwrap_or_default() {
            if let Entry::Vacant(place) = rooms.entry(name) {
                let room = open(&config, &reads, place.key(), Fixed::default())?;
                place.insert(Arc::new(room));
            }
        }
        let inner = Inner {
            config,
            consumers,
            main,
            rooms: RwLock::new(rooms),
            doors: Doors::default(),
            fixed: Mutex::default(),
            skipped: AtomicU64::new(0),
            emitted: Default::default(),
            reads,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The log.
    #[must_use]
    pub fn log(&self) -> &Arc<dyn EventLog> {
        self.inner.reads.log()
    }

    /// Asks the log about a room, where that may take a while.
    ///
    /// # Errors
    /// If the log cannot answer.
    pub(crate) async fn ask_log<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn EventLog) -> Result<T, LogError> + Send + 'static,
    ) -> Result<T, LogError> {
        self.inner.reads.ask(question).await
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
        Subscription::new(Arc::clone(&self.inner.main), EventFilter::default(), Start::Recent(0))
    }

    /// Subscribes to what passes `filter` in a room, from `start` on. Blocks for as long as a disk takes if the room is
    /// not in memory; `hold_room` brings it there.
    ///
    /// # Errors
    /// If the room does not exist and cannot be opened.
    pub fn subscribe_to(
        &self,
        room: &RoomName,
        filter: EventFilter,
        start: Start,
    ) -> Result<Subscription, NoSuchRoom> {
        Ok(Subscription::new(self.enter(room)?, filter, start))
    }

    /// Enters a room without becoming one of its subscribers.
    pub(crate) fn visit(&self, room: &RoomName, recent: usize) -> Result<Subscription, NoSuchRoom> {
        Ok(Subscription::uncounted(self.enter(room)?, EventFilter::default(), Start::Recent(recent)))
    }

    /// Reads a room on behalf of its subscribers.
    pub(crate) fn observe(&self, room: &RoomName) -> Result<Observer, NoSuchRoom> {
        Ok(Observer::new(self.open_room(room)?))
    }

    /// Subscribers of all rooms.
    #[must_use]
    pub fn subscriber_count(&self) -> usize {
        self.rooms().values().map(|room| room.subscriber_count()).sum()
    }

    /// Takes several events of one room in one go: all of them, in order and next to each other, or none. Returns
    /// without waiting for anybody: the receipt tells when they are in the log and readers see them. Blocks for as long
    /// as a disk takes if the room is not in memory.
    ///
    /// # Errors
    /// The index of the event that is too large, or 0 if it is about all of them; then none took a number.
    pub fn submit(
        &self,
        room: &RoomName,
        events: &[Completed],
        submission: Submission,
    ) -> Result<Outcome, (usize, EmitError)> {
        let room = self.enter(room).map_err(|error| (0, error.into()))?;
        let early = submission.level == crate::log::Level::Received;
        let mut outcome = room.emit_all(events, submission)?;
        if let Outcome::New(emitted) = &mut outcome {
            for frame in &emitted.frames {
                self.count(frame, &room);
            }
            if early && room.promise(emitted.seq()) {
                emitted.receipt = Receipt::done();
            }
        }
        Ok(outcome)
    }

    /// The latest `n` events of the default room, oldest first.
    #[must_use]
    pub fn recent_events(&self, n: usize) -> Vec<ArcaneEvent> {
        let (frames, _) = self.inner.main.recent(n, &EventFilter::default());
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
        Ok(self.open_room(room)?.recent(n, filter).0)
    }

    /// A daemon's colour in the default room, or the one that it would get there now.
    #[must_use]
    pub fn color(&self, daemon: &DaemonName) -> Rgb {
        self.inner.main.color(daemon)
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
        Ok(self.whereabouts(room)?.epoch)
    }

    /// Subscribers that read from the log at the moment.
    #[must_use]
    pub fn lagging(&self) -> usize {
        self.rooms().values().map(|room| room.lagging().load(Ordering::Relaxed)).sum()
    }

    /// Events held for newcomers of the default room.
    #[must_use]
    pub fn history_len(&self) -> usize {
        self.inner.main.history_len()
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

    fn count(&self, frame: &PreparedFrame, room: &Room) {
        let (spell, success) = (frame.spell_name(), frame.success());
        self.inner.emitted[spell as usize][usize::from(success)].fetch_add(1, Ordering::Relaxed);
        tracing::debug!(room = %room.name(), seq = frame.seq(), spell = spell.as_str(), success, "Event emitted");
    }
}

#[cfg(test)]
mod tests;
