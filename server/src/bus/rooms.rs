//! Which rooms there are, and bringing them into memory.
//!
//! The log keeps rooms; the bus has those in memory that are used. Where memory has as many as it may, the one whose
//! latest event is the oldest gives its place up, if nobody reads it: it comes back from the log when it is asked for.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, RwLockReadGuard};
use std::time::{Duration, Instant};

use arcane_shared::api::RoomCard;
use arcane_shared::{Epoch, RoomName, Seq};

use super::held::HeldRoom;
use super::resume::Since;
use super::room::{Memory, Room, readers_elsewhere};
use super::{ArcaneEventBus, Inner};
use crate::log::{LogError, RoomId, RoomRecord, Sequencer};

/// Rooms that the log may keep for each that may be in memory.
const KEPT_FOR_EACH: usize = 10;

/// How long a room waits for a place in memory, if one is about to become free.
const PLACE_WAIT_MAX: Duration = Duration::from_secs(1);
/// How long after a failure it is asked again where a room ends.
const SETTLE_RETRY: Duration = Duration::from_millis(500);
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

/// Which room of the log it is, and from where to where it has events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RoomInfo {
    pub(crate) id: RoomId,
    pub(crate) epoch: Epoch,
    pub(crate) oldest: Seq,
    pub(crate) head: Seq,
}

impl ArcaneEventBus {
    /// Which room this is, if it is kept.
    ///
    /// # Errors
    /// If there is no such room.
    pub(crate) fn room_info(&self, name: &RoomName) -> Result<RoomInfo, NoSuchRoom> {
        if let Ok(HeldRoom(room)) = self.room_in_memory(name) {
            let usage = self.log().usage(room.id());
            let (id, epoch, head) = (room.id(), room.epoch().clone(), room.head());
            return Ok(RoomInfo { id, epoch, oldest: usage.first, head });
        }
        let record = self.kept(name).ok_or_else(|| self.no_such(name))?;
        let RoomRecord { id, epoch, first, head, .. } = record;
        Ok(RoomInfo { id, epoch, oldest: first, head })
    }

    /// Brings a room into memory, and makes it if it was not there. Nobody else waits for the log meanwhile.
    ///
    /// # Errors
    /// If the room cannot be opened.
    pub async fn open_room(&self, name: &RoomName) -> Result<HeldRoom, NoSuchRoom> {
        let deadline = Instant::now() + PLACE_WAIT_MAX;
        loop {
            match self.room_in_memory(name) {
                Ok(held) if !held.0.is_unsettled() => return Ok(held),
                _ => {}
            }
            match self.open_reserved(name).await {
                Err(NoSuchRoom::TooMany { .. }) if self.has_passing_room() && Instant::now() < deadline => {
                    tokio::time::sleep(PLACE_LOOK).await;
                }
                opened => return opened,
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
    pub(crate) async fn open_known_room(&self, name: &RoomName) -> Result<HeldRoom, NoSuchRoom> {
        if let Err(none) = self.room_info(name) {
            // Another process may have made it.
            let is_there = match self.log().sequencer() {
                Sequencer::Room(_) => false,
                Sequencer::Log(log) => {
                    let of_log = |error| NoSuchRoom::Log { name: name.to_string(), error };
                    log.find(name).await.map_err(of_log)?
                }
            };
            if !is_there {
                return Err(none);
            }
        }
        self.open_room(name).await
    }

    /// Which room this is, if it is kept, and how far it is now: where other processes publish to it, it is brought into memory,
    /// which follows it.
    ///
    /// # Errors
    /// If there is no such room, or it cannot be opened.
    pub(crate) async fn room_info_now(&self, name: &RoomName) -> Result<RoomInfo, NoSuchRoom> {
        if let Sequencer::Room(_) = self.log().sequencer() {
            return self.room_info(name);
        }
        match self.open_known_room(name).await {
            // There is no place for it in memory: what is known of it may be old.
            Ok(_) | Err(NoSuchRoom::TooMany { .. }) => self.room_info(name),
            Err(error) => Err(error),
        }
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

    /// Readers of every room that is in memory, in this process.
    pub(crate) fn readers_here(&self) -> Vec<(RoomName, u64)> {
        let rooms = self.rooms();
        rooms.iter().map(|(name, room)| (name.clone(), room.subscriber_count() as u64)).collect()
    }

    /// Every room that is in memory, in order of name. None of them leaves memory while it is held.
    pub(crate) fn open_rooms(&self) -> Vec<HeldRoom> {
        self.rooms().values().filter(|room| !room.is_over()).cloned().map(HeldRoom).collect()
    }

    fn card_of(&self, record: RoomRecord) -> RoomCard {
        RoomCard {
            history_size: (record.head + 1)
                .saturating_sub(record.first)
                .min(self.inner.config.history_size as u64),
            subscribers: readers_elsewhere(self.log().as_ref(), Some(&record.name)),
            room: record.name,
            epoch: record.epoch,
            seq: record.head,
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

    /// A room that is in memory.
    ///
    /// # Errors
    /// If it is not; [`Self::open_room`] brings it there.
    pub(crate) fn room_in_memory(&self, name: &RoomName) -> Result<HeldRoom, NoSuchRoom> {
        let room = self.rooms().get(name).filter(|room| !room.is_over()).cloned();
        room.map(HeldRoom).ok_or_else(|| self.no_such(name))
    }

    /// The default room, which is always in memory.
    #[must_use]
    pub fn default_room(&self) -> HeldRoom {
        let room = self.rooms().get(&RoomName::default()).cloned();
        HeldRoom(room.expect("the default room is opened first and closed never"))
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

    /// Waits, for a short while, until readers can see in a room what a position says, where other processes publish to it.
    ///
    /// # Errors
    /// If the room cannot be opened, or the log cannot be asked.
    pub(crate) async fn reach(&self, name: &RoomName, since: &Since) -> Result<(), NoSuchRoom> {
        if let Sequencer::Room(_) = self.log().sequencer() {
            return Ok(());
        }
        let reached = self.open_room(name).await?.reach(since).await;
        reached.map_err(|error| NoSuchRoom::Log { name: name.to_string(), error })
    }

    /// Opens a room that is not in memory, or finds out where one ends that is.
    async fn open_reserved(&self, name: &RoomName) -> Result<HeldRoom, NoSuchRoom> {
        let of_log = |error| NoSuchRoom::Log { name: name.to_string(), error };
        let _reserved = self.inner.reservations.reserve(name).await;
        let known = self.rooms().get(name).cloned();
        match known {
            Some(room) if room.is_unsettled() && !room.is_over() => {
                if room.settle().await.map_err(of_log)? {
                    return Ok(HeldRoom(room));
                }
            }
            // Another may have reserved it before.
            Some(room) if !room.is_over() => return Ok(HeldRoom(room)),
            Some(_) => {}
            None if self.inner.config.rooms.is_some() => return Err(self.no_such(name)),
            None => self.make_place(name)?,
        }
        let room = self.read_room(name).await.map_err(of_log)?;
        self.insert(name, &room)?;
        Ok(HeldRoom(room))
    }

    /// A room as the log has it.
    pub(super) async fn read_room(&self, name: &RoomName) -> Result<Arc<Room>, LogError> {
        let Inner { config, fixed, unsettled, rings, .. } = &*self.inner;
        let memory = Memory {
            rings: Arc::clone(rings),
            history_size: config.history_size,
            ring_frames: config.ring_frames.max(config.history_size),
            ring_bytes: config.ring_bytes,
        };
        let record = self.log().open_room(name).await?;
        let room = Room::open(Arc::clone(self.log()), record, memory, fixed, unsettled.clone()).await?;
        let room = Arc::new(room);
        room.follow();
        let holder = Arc::downgrade(&room);
        rings.add(holder);
        room.make_room();
        Ok(room)
    }

    /// Takes a room in, if others have not taken the last place meanwhile.
    fn insert(&self, name: &RoomName, room: &Arc<Room>) -> Result<(), NoSuchRoom> {
        let mut rooms = self.inner.rooms.write().unwrap_or_else(PoisonError::into_inner);
        if !rooms.contains_key(name) {
            self.leave_one_place(&mut rooms, name)?;
        }
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
            // A room that is being opened is reserved, and nothing has happened in it yet either.
            let reserved = self.inner.reservations.try_reserve(&unused.name);
            if reserved.is_some() && !self.rooms().contains_key(&unused.name) {
                self.log().forget_room(unused.id);
            }
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
            } else {
                room.keep_roster();
            }
        }
        Ok(())
    }

    /// Keeps the rosters of all rooms in memory, as far as anything has happened.
    pub(crate) fn keep_rosters(&self) {
        for room in self.rooms().values() {
            room.keep_roster();
        }
    }

    /// Keeps rosters, and waits until what readers have acknowledged is kept; no longer than `patience`.
    pub(crate) async fn keep_for_the_next_start(&self, patience: Duration) {
        self.keep_rosters();
        self.consumers().settled(patience).await;
    }

    pub(super) fn rooms(&self) -> RwLockReadGuard<'_, BTreeMap<RoomName, Arc<Room>>> {
        self.inner.rooms.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Settles rooms as soon as it is not known where one ends, for as long as this is awaited. Without it a room is
    /// settled when it is opened the next time.
    pub async fn keep_settled(&self) {
        loop {
            self.inner.unsettled.added().await;
            for name in self.inner.unsettled.take() {
                while let Err(error) = self.open_room(&name).await {
                    tracing::warn!(room = %name, %error, "it is not known yet where the room ends");
                    tokio::time::sleep(SETTLE_RETRY).await;
                }
            }
        }
    }
}
