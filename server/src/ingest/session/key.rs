//! What tells sessions apart. Plain data.

use arcane_shared::{DaemonName, RoomName};

/// A session of an agent in a room.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(super) room: RoomName,
    pub(super) daemon: DaemonName,
    pub(super) id: Box<str>,
}
