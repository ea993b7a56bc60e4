//! Which rooms there are, and bringing them into memory.
//!
//! The log keeps rooms; the bus has those in memory that are used. Where memory has as many as it may, the one whose
//! latest event is the oldest gives its place up, if nobody reads it: it comes back from the log when it is asked for.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLockReadGuard};
use std::time::{Duration, Instant};

use arcane_shared::api::RoomCard;
use arcane_shared::{Epoch, RoomName, Seq};

use super::ArcaneEventBus;
use super::colors::Fixed;
use super::reads::Reads;
use super::room::{Memory, Room};
use crate::config::BusConfig;
use crate::log::{LogError, RoomId, RoomRecord};

/// Rooms that the log may keep for each that may be in memory.
const KEPT_FOR_EACH: usize = 10;

/// How long a room waits for a place in memory, if one is about to become free.
const PLACE_WAIT_MAX: Duration = Duration::from_secs(1);
/// How often it looks.
const PLACE_LOOK: Duration = Duration::from_millis(10);

/// A room that does not exist and is not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSuchRoom {
    /// Only configured rooms exist.
    #[error("there is no room {0:?}; this server has a fixed list of rooms, see GET /rooms")]
    NotConfigured(String),
    /// As many rooms are in use as may be.
    #[error("room {name:?} cannot be opened: no more than {max} may be in use at a time, and so many are")]
    TooMany {
        /// The room that was asked for.
        name: String,
        /// The bound.
        max: usize,
    },
    /// The log keeps as many rooms as it may.
    #[error(
        "room {name:?} cannot be opened: {max} rooms are kept; close one that is not needed with DELETE /rooms/NAME, or \
         `arcane close NAME`"
    )]
    TooManyKept {
        /// The room that was asked for.
        name: String,
        /// The bound.
        max: usize,
    },
    /// A reader asked for a room without opening it.
    #[error("there is no room {0:?}; a room opens with its first publisher or subscriber")]
    NotOpen(String),
    /// The log could not open it.
    #[error("room {name:?} cannot be opened: {error}")]
    Log {
        /// The room that was asked for.
        name: String,
        /// Why.
        error: LogError,
    },
}

/// Where a room is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Whereabouts {
    pub(crate) id: RoomId,
    pub(crate) epoch: Epoch,
    pub(crate) oldest: Seq,
    pub(crate) head: Seq,
}

/// A room that is in memory and stays there for as long as this is held.
#[derive(Debug)]
pub(crate) struct HeldRoom(#[expect(dead_code, reason = "held, not read")] Arc<Room>);

/// Rooms that are being opened or closed. Each has a lock of its own: others do not wait for its disk.
#[derive(Debug, Default)]
pub(super) struct Doors(Mutex<BTreeMap<RoomName, Arc<Mutex<()>>>>);

impl Doors {
    /// Does what must not be done with a room twice at a time. Blocks for as long as another does.
    pub(super) fn pass<T>(&self, name: &RoomName, act: impl FnOnce() -> T) -> T {
        let door = Arc::clone(self.lock().entry(name.clone()).or_default());
        let alone = door.lock().unwrap_or_else(PoisonError::into_inner);
        let done = act();
        drop(alone);
        let mut doors = self.lock();
        // This one and the map's.
        if Arc::strong_count(&door) == 2 {
            doors.remove(name);
        }
        done
    }

    /// The same, unless another is at it.
    fn try_pass(&self, name: &RoomName, act: impl FnOnce()) {
        let door = Arc::clone(self.lock().entry(name.clone()).or_default());
        if let Ok(alone) = door.try_lock() {
            act();
            drop(alone);
        }
        let mut doors = self.lock();
        if Arc::strong_count(&door) == 2 {
            doors.remove(name);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<RoomName, Arc<Mutex<()>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ArcaneEventBus {
    /// A room that is kept: its number in the log, its run of numbers, and its latest event.
    ///
    /// # Errors
    /// If there is no such room.
    pub(crate) fn whereabouts(&self, name: &RoomName) -> Result<Whereabouts, NoSuchRoom> {
        if let Ok(room) = self.open_room(name) {
            let usage = self.log().usage(room.id());
            let (id, epoch, head) = (room.id(), room.epoch().clone(), room.head());
            return Ok(Whereabouts { id, epoch, oldest: usage.first, head });
        }
        let record = self.kept(name).ok_or_else(|| self.no_such(name))?;
        let RoomRecord { id, epoch, first, head, .. } = record;
        Ok(Whereabouts { id, epoch, oldest: first, head })
    }

    /// Brings a room into memory, and makes it if it was not there. Waits for the disk without keeping a thread.
    ///
    /// # Errors
    /// If the room cannot be opened.
    pub(crate) async fn hold_room(&self, name: &RoomName) -> Result<HeldRoom, NoSuchRoom> {
        if let Ok(room) = self.open_room(name) {
            return Ok(HeldRoom(room));
        }
        let deadline = Instant::now() + PLACE_WAIT_MAX;
        loop {
            let (bus, asked) = (self.clone(), name.clone());
            let entered = self.inner.reads.ask(move |_| Ok(bus.enter(&asked))).await;
            match entered.unwrap_or_else(|error| Err(NoSuchRoom::Log { name: name.to_string(), error })) {
                Err(NoSuchRoom::TooMany { .. }) if self.has_passing_room() && Instant::now() < deadline => {
                    tokio::time::sleep(PLACE_LOOK).await;
                }
                entered => return entered.map(HeldRoom),
            }
        }
    }

    /// Whether nobody reads a room that is in memory: then it is there for a publication that is being written, or for
    /// as long as it takes to answer.
    fn has_passing_room(&self) -> bool {
        let default = RoomName::default();
        self.rooms().iter().any(|(name, room)| *name != default && room.subscriber_count() == 0)
    }

    /// The same, but makes none.
    ///
    /// # Errors
    /// If there is no such room, or it cannot be opened.
    pub(crate) async fn hold_known_room(&self, name: &RoomName) -> Result<HeldRoom, NoSuchRoom> {
        self.whereabouts(name)?;
        self.hold_room(name).await
    }

    /// Every room that is kept, in order of name.
    #[must_use]
    pub fn room_cards(&self) -> Vec<RoomCard> {
        let mut cards: BTreeMap<RoomName, RoomCard> =
            self.open_room_cards().into_iter().map(|card| (card.room.clone(), card)).collect();
        let kept = if self.inner.config.rooms.is_some() { Vec::new() } else { self.log().rooms() };
        for record in kept {
            cards.entry(record.name.clone()).or_insert_with(|| self.card_of(record));
        }
        cards.into_values().collect()
    }

    /// Every room that is in memory, in order of name.
    #[must_use]
    pub fn open_room_cards(&self) -> Vec<RoomCard> {
        let rooms: Vec<_> = self.rooms().values().cloned().collect();
        rooms.iter().map(|room| room.card()).collect()
    }

    fn card_of(&self, record: RoomRecord) -> RoomCard {
        RoomCard {
            history_size: (record.head + 1 - record.first).min(self.inner.config.history_size as u64),
            room: record.name,
            epoch: record.epoch,
            seq: record.head,
            subscribers: 0,
            oldest: record.first,
            bytes: record.bytes,
            lagging: 0,
            events_per_second: 0.0,
        }
    }

    /// A room of the log, where it may be opened.
    fn kept(&self, name: &RoomName) -> Option<RoomRecord> {
        self.log().room(name).filter(|_| self.inner.config.rooms.is_none())
    }

    pub(super) fn open_room(&self, name: &RoomName) -> Result<Arc<Room>, NoSuchRoom> {
        self.rooms().get(name).cloned().ok_or_else(|| self.no_such(name))
    }

    /// Why a room is not there, and what would make it.
    fn no_such(&self, name: &RoomName) -> NoSuchRoom {
        let name = name.to_string();
        if self.inner.config.rooms.is_some() {
            NoSuchRoom::NotConfigured(name)
        } else {
            NoSuchRoom::NotOpen(name)
        }
    }

    /// A room, opened if it is not in memory. That blocks for as long as a disk takes; see [`Self::hold_room`].
    pub(super) fn enter(&self, name: &RoomName) -> Result<Arc<Room>, NoSuchRoom> {
        if let Ok(room) = self.open_room(name) {
            return Ok(room);
        }
        if self.inner.config.rooms.is_some() {
            return Err(self.no_such(name));
        }
        self.inner.doors.pass(name, || {
            // Another may have been at the door before.
            if let Ok(room) = self.open_room(name) {
                return Ok(room);
            }
            self.make_place(name)?;
            let fixed = Fixed::clone(&self.inner.fixed.lock().unwrap_or_else(PoisonError::into_inner));
            let room = open(&self.inner.config, &self.inner.reads, name, fixed)
                .map_err(|error| NoSuchRoom::Log { name: name.to_string(), error })?;
            let room = Arc::new(room);
            self.insert(name, &room)?;
            Ok(room)
        })
    }

    /// Takes a room in, if others have not taken the last place meanwhile.
    fn insert(&self, name: &RoomName, room: &Arc<Room>) -> Result<(), NoSuchRoom> {
        let mut rooms = self.inner.rooms.write().unwrap_or_else(PoisonError::into_inner);
        self.leave_one_place(&mut rooms, name)?;
        // Colours may have been fixed since it was opened.
        room.fix_colors(&self.inner.fixed.lock().unwrap_or_else(PoisonError::into_inner));
        rooms.insert(name.clone(), Arc::clone(room));
        Ok(())
    }

    /// Checks the bounds before the disk is asked.
    fn make_place(&self, name: &RoomName) -> Result<(), NoSuchRoom> {
        self.leave_one_place(&mut self.inner.rooms.write().unwrap_or_else(PoisonError::into_inner), name)?;
        let max = self.inner.config.rooms_max.saturating_mul(KEPT_FOR_EACH);
        if self.log().room(name).is_some() || self.log().rooms().len() < max {
            return Ok(());
        }
        for unused in self.log().rooms().into_iter().filter(|record| record.head == 0) {
            // A room that is being opened has a door of its own, and nothing has happened in it yet either.
            self.inner.doors.try_pass(&unused.name, || {
                if !self.rooms().contains_key(&unused.name) {
                    self.log().forget_room(unused.id);
                }
            });
        }
        let is_full = self.log().rooms().len() >= max;
        if is_full { Err(NoSuchRoom::TooManyKept { name: name.to_string(), max }) } else { Ok(()) }
    }

    /// Lets rooms go from memory until there is a place for one more.
    fn leave_one_place(
        &self,
        rooms: &mut BTreeMap<RoomName, Arc<Room>>,
        name: &RoomName,
    ) -> Result<(), NoSuchRoom> {
        let max = self.inner.config.rooms_max;
        if rooms.len() < max {
            return Ok(());
        }
        // A handle outside the map would lose its room's order, so only unshared ones go.
        let unused = |(name, room): &(&RoomName, &Arc<Room>)| {
            **name != RoomName::default() && Arc::strong_count(room) == 1 && room.subscriber_count() == 0
        };
        let oldest = rooms.iter().filter(unused).min_by_key(|(_, room)| room.at());
        let Some(oldest) = oldest.map(|(name, _)| name.clone()) else {
            return Err(NoSuchRoom::TooMany { name: name.to_string(), max });
        };
        if let Some(room) = rooms.remove(&oldest) {
            self.inner.skipped.fetch_add(room.skipped(), Ordering::Relaxed);
            if room.is_forgettable() {
                self.log().forget_room(room.id());
            }
        }
        Ok(())
    }

    pub(super) fn rooms(&self) -> RwLockReadGuard<'_, BTreeMap<RoomName, Arc<Room>>> {
        self.inner.rooms.read().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn open(
    config: &BusConfig,
    reads: &Reads,
    name: &RoomName,
    fixed: Fixed,
) -> Result<Room, LogError> {
    let record = reads.log().open_room(name)?;
    let memory = Memory {
        history_size: config.history_size,
        ring_frames: config.ring_frames.max(config.history_size),
        ring_bytes: config.ring_bytes,
    };
    Room::open(record, reads.clone(), memory, fixed)
}
