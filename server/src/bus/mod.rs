//! `ArcaneEventBus`: accepts events, gives them their number, keeps history, fans out.
//!
//! Emitting takes a room's lock for as long as it takes to encode one event and never waits for a
//! reader. Each reader is a cursor into the room's ring of prepared frames.

mod colors;
mod emit;
mod encode;
pub mod frame;
pub mod metadata;
mod ring;
mod room;
mod subscription;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use arcane_shared::api::RoomCard;
use arcane_shared::{ArcaneEvent, DaemonName, Epoch, EventFilter, Rgb, RoomName, SpellName};

pub use emit::Emit;
pub use frame::{PreparedFrame, TooLarge};
pub(crate) use subscription::Observer;
pub use subscription::{Batch, Delivery, Gap, Subscription};

use crate::config::BusConfig;
use ring::Ring;
use room::Room;

/// The bus. Cloning it gives another handle to the same bus.
#[derive(Debug, Clone)]
pub struct ArcaneEventBus {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: BusConfig,
    main: Arc<Room>,
    rooms: RwLock<BTreeMap<RoomName, Arc<Room>>>,
    colors: Mutex<Colors>,
    emitted: [[AtomicU64; 2]; SpellName::ALL.len()],
}

use colors::Colors;

/// Why an event was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EmitError {
    /// Above the bound for one event.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// Its room does not exist and none can be opened.
    #[error(transparent)]
    NoSuchRoom(#[from] NoSuchRoom),
}

/// A room that does not exist and is not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSuchRoom {
    /// Only configured rooms exist.
    #[error("there is no room {0:?}; this server has a fixed list of rooms, see GET /rooms")]
    NotConfigured(String),
    /// The bound is reached.
    #[error("room {name:?} cannot be opened: the limit of {max} rooms is reached")]
    TooMany {
        /// The room that was asked for.
        name: String,
        /// The bound.
        max: usize,
    },
    /// A reader asked for a room without opening it.
    #[error("there is no room {0:?}; a room opens with its first publisher or subscriber")]
    NotOpen(String),
}

impl ArcaneEventBus {
    /// A bus with its default room, or with its configured rooms.
    #[must_use]
    pub fn new(config: BusConfig) -> Self {
        let main = Arc::new(open(&config, RoomName::default()));
        let mut rooms = BTreeMap::from([(RoomName::default(), Arc::clone(&main))]);
        for name in config.rooms.iter().flatten() {
            rooms.entry(name.clone()).or_insert_with(|| Arc::new(open(&config, name.clone())));
        }
        let inner = Inner {
            config,
            main,
            rooms: RwLock::new(rooms),
            colors: Mutex::default(),
            emitted: Default::default(),
        };
        Self { inner: Arc::new(inner) }
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
        Subscription::new(Arc::clone(&self.inner.main), EventFilter::default(), 0)
    }

    /// Subscribes to what passes `filter` in a room, with up to `recent` events of its history.
    ///
    /// # Errors
    /// If the room does not exist and cannot be opened.
    pub fn subscribe_to(
        &self,
        room: &RoomName,
        filter: EventFilter,
        recent: usize,
    ) -> Result<Subscription, NoSuchRoom> {
        Ok(Subscription::new(self.enter(room)?, filter, recent))
    }

    /// Enters a room without becoming one of its subscribers.
    pub(crate) fn visit(&self, room: &RoomName, recent: usize) -> Result<Subscription, NoSuchRoom> {
        Ok(Subscription::uncounted(self.enter(room)?, EventFilter::default(), recent))
    }

    /// Reads a room on behalf of its subscribers.
    pub(crate) fn observe(&self, room: &RoomName) -> Result<Observer, NoSuchRoom> {
        Ok(Observer::new(self.enter(room)?))
    }

    /// Subscribers of all rooms.
    #[must_use]
    pub fn subscriber_count(&self) -> usize {
        self.rooms().values().map(|room| room.subscriber_count()).sum()
    }

    /// Takes an event: completes its metadata, numbers it, and publishes it in its room, the
    /// default one where it names none. Returns without waiting for anybody.
    ///
    /// # Errors
    /// If the event is too large or its room cannot be opened; then it took no number.
    pub fn emit(&self, mut event: ArcaneEvent) -> Result<Arc<PreparedFrame>, EmitError> {
        let room = match &event.room {
            None => Arc::clone(&self.inner.main),
            Some(name) => self.enter(name)?,
        };
        let color = self.complete(&mut event);
        let mut frames = room.emit_all(&[event], &[color]).map_err(|(_, error)| error)?;
        let frame = frames.remove(0);
        self.count(&frame, &room);
        Ok(frame)
    }

    /// Takes several events of one room in one go: all of them, in order and next to each other, or
    /// none. The room is the first event's.
    ///
    /// # Errors
    /// The index of the event that is too large, or 0 if the room cannot be opened.
    pub fn emit_all(
        &self,
        mut events: Vec<ArcaneEvent>,
    ) -> Result<Vec<Arc<PreparedFrame>>, (usize, EmitError)> {
        let room = match events.first().and_then(|event| event.room.as_ref()) {
            None => Arc::clone(&self.inner.main),
            Some(name) => self.enter(name).map_err(|error| (0, error.into()))?,
        };
        let colors: Vec<_> = events.iter_mut().map(|event| self.complete(event)).collect();
        let frames = room.emit_all(&events, &colors).map_err(|(index, error)| (index, error.into()))?;
        for frame in &frames {
            self.count(frame, &room);
        }
        Ok(frames)
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

    /// A daemon's colour.
    #[must_use]
    pub fn color(&self, daemon: &DaemonName) -> Rgb {
        self.colors().of(daemon)
    }

    /// Fixes a daemon's colour.
    pub fn fix_color(&self, daemon: DaemonName, color: Rgb) {
        self.colors().fix(daemon, color);
    }

    /// Every open room.
    #[must_use]
    pub fn room_cards(&self) -> Vec<RoomCard> {
        let rooms: Vec<_> = self.rooms().values().cloned().collect();
        rooms.iter().map(|room| room.card()).collect()
    }

    /// The epoch of a room.
    ///
    /// # Errors
    /// If the room is not open.
    pub fn epoch(&self, room: &RoomName) -> Result<Epoch, NoSuchRoom> {
        Ok(self.open_room(room)?.epoch().clone())
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
        self.rooms().values().map(|room| room.skipped()).sum()
    }

    fn complete(&self, event: &mut ArcaneEvent) -> Option<Rgb> {
        metadata::complete(event);
        event.daemon_name.as_ref().map(|daemon| self.color(daemon))
    }

    fn count(&self, frame: &PreparedFrame, room: &Room) {
        let (spell, success) = (frame.spell_name(), frame.success());
        self.inner.emitted[spell as usize][usize::from(success)].fetch_add(1, Ordering::Relaxed);
        tracing::debug!(room = %room.name(), seq = frame.seq(), spell = spell.as_str(), success, "Event emitted");
    }

    fn open_room(&self, name: &RoomName) -> Result<Arc<Room>, NoSuchRoom> {
        self.rooms().get(name).cloned().ok_or_else(|| NoSuchRoom::NotOpen(name.to_string()))
    }

    fn enter(&self, name: &RoomName) -> Result<Arc<Room>, NoSuchRoom> {
        if let Some(room) = self.rooms().get(name) {
            return Ok(Arc::clone(room));
        }
        if self.inner.config.rooms.is_some() {
            return Err(NoSuchRoom::NotConfigured(name.to_string()));
        }
        let max = self.inner.config.rooms_max;
        let mut rooms = self.inner.rooms.write().unwrap_or_else(PoisonError::into_inner);
        if rooms.len() >= max {
            // A handle outside the map would lose its room's order, so only unshared ones go.
            rooms.retain(|name, room| {
                *name == RoomName::default() || Arc::strong_count(room) > 1 || !room.is_forgettable()
            });
        }
        if rooms.len() >= max && !rooms.contains_key(name) {
            return Err(NoSuchRoom::TooMany { name: name.to_string(), max });
        }
        let room =
            rooms.entry(name.clone()).or_insert_with(|| Arc::new(open(&self.inner.config, name.clone())));
        Ok(Arc::clone(room))
    }

    fn rooms(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<RoomName, Arc<Room>>> {
        self.inner.rooms.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn colors(&self) -> std::sync::MutexGuard<'_, Colors> {
        self.inner.colors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open(config: &BusConfig, name: RoomName) -> Room {
    let epoch = Epoch(format!("{:012x}", rand::random::<u64>() >> 16));
    let ring = Ring::new(config.ring_frames.max(config.history_size), config.ring_bytes);
    Room::new(name, epoch, config.history_size, ring)
}

#[cfg(test)]
mod tests;
