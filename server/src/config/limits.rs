//! How much one subject may do.

use std::time::Duration;

/// Bounds for each subject: of a server with keys the token's, of another one the address that asks; and for each room. 0 is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitsConfig {
    /// Events that are published, a second. Default 0.
    pub events_per_s: u32,
    /// Bytes of JSON that are published, a second. Default 0.
    pub bytes_per_s: u32,
    /// Spells and voices, a second. Default 0.
    pub spells_per_s: u32,
    /// Messages over WebSockets that do not publish, a second. Default 0.
    pub messages_per_s: u32,
    /// Rooms that were not there, a minute. Default 0.
    pub new_rooms_per_min: u32,
    /// Names of daemons that were not known, a minute. Default 0.
    pub new_daemons_per_min: u32,
    /// Streams of events that are read at a time. Default 0.
    pub streams: u32,
    /// Replays among them. Default 0.
    pub replays: u32,
    /// Readers of one room at a time, whoever they are. Default 0.
    pub readers_per_room: u32,
    /// Questions to the log at a time: history, search, activity. Default 0.
    pub queries: u32,
    /// How long one of these may be worked on. Default 30 s.
    pub query_time: Duration,
}

impl LimitsConfig {
    /// For a server that only its own machine reaches: no bounds but the time of a question, which others would wait for.
    #[must_use]
    pub fn none() -> Self {
        Self {
            events_per_s: 0,
            bytes_per_s: 0,
            spells_per_s: 0,
            messages_per_s: 0,
            new_rooms_per_min: 0,
            new_daemons_per_min: 0,
            streams: 0,
            replays: 0,
            readers_per_room: 0,
            queries: 0,
            query_time: Duration::from_secs(30),
        }
    }

    /// For a server with keys: several times what an agent does, and less than what one machine can.
    #[must_use]
    pub fn of_strangers() -> Self {
        Self {
            events_per_s: 5_000,
            bytes_per_s: 8 * 1024 * 1024,
            spells_per_s: 20,
            messages_per_s: 100,
            new_rooms_per_min: 20,
            new_daemons_per_min: 120,
            streams: 200,
            replays: 4,
            // Half of all connections: there are places left for other rooms, and for what is no stream.
            readers_per_room: 10_000,
            queries: 4,
            query_time: Duration::from_secs(5),
        }
    }
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self::none()
    }
}
