//! Which rooms there are, and opening them.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLockReadGuard};

use arcane_shared::{Epoch, RoomName, Seq};

use super::ArcaneEventBus;
use super::reads::Reads;
use super::room::{Memory, Room};
use crate::config::BusConfig;
use crate::log::{LogError, RoomId};

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

impl ArcaneEventBus {
    /// A room that is open: its number in the log, its run of numbers, and its latest event.
    ///
    /// # Errors
    /// If the room is not open.
    pub(crate) fn whereabouts(&self, room: &RoomName) -> Result<Whereabouts, NoSuchRoom> {
        let room = self.open_room(room)?;
        let usage = self.log().usage(room.id());
        Ok(Whereabouts { id: room.id(), epoch: room.epoch().clone(), oldest: usage.first, head: room.head() })
    }

    /// The same, and opens the room.
    ///
    /// # Errors
    /// If the room cannot be opened.
    pub(crate) fn enter_room(&self, room: &RoomName) -> Result<Whereabouts, NoSuchRoom> {
        self.enter(room)?;
        self.whereabouts(room)
    }

    pub(super) fn open_room(&self, name: &RoomName) -> Result<Arc<Room>, NoSuchRoom> {
        self.rooms().get(name).cloned().ok_or_else(|| NoSuchRoom::NotOpen(name.to_string()))
    }

    pub(super) fn enter(&self, name: &RoomName) -> Result<Arc<Room>, NoSuchRoom> {
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
                let stays =
                    *name == RoomName::default() || Arc::strong_count(room) > 1 || !room.is_forgettable();
                if !stays {
                    self.log().forget_room(room.id());
                }
                stays
            });
        }
        if rooms.len() >= max && !rooms.contains_key(name) {
            return Err(NoSuchRoom::TooMany { name: name.to_string(), max });
        }
        if let Some(room) = rooms.get(name) {
            return Ok(Arc::clone(room));
        }
        let room = open(&self.inner.config, &self.inner.reads, name)
            .map_err(|error| NoSuchRoom::Log { name: name.to_string(), error })?;
        let room = Arc::new(room);
        rooms.insert(name.clone(), Arc::clone(&room));
        Ok(room)
    }

    pub(super) fn rooms(&self) -> RwLockReadGuard<'_, BTreeMap<RoomName, Arc<Room>>> {
        self.inner.rooms.read().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn open(config: &BusConfig, reads: &Reads, name: &RoomName) -> Result<Room, LogError> {
    let record = reads.log().open_room(name)?;
    let memory = Memory {
        history_size: config.history_size,
        ring_frames: config.ring_frames.max(config.history_size),
        ring_bytes: config.ring_bytes,
    };
    Room::open(record, reads.clone(), memory)
}
