//! Rooms: separate event streams, each with its own order and history.

use crate::name::checked_name;

checked_name! {
    /// The name of a room: 1–64 of `[a-z0-9._-]`, lower case.
    RoomName
}

/// The room that is meant where none is named.
pub const DEFAULT_ROOM: &str = "main";

impl Default for RoomName {
    fn default() -> Self {
        Self::parse(DEFAULT_ROOM).expect("the default room's name is valid")
    }
}
