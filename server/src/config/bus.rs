//! How much the bus remembers and how many rooms it has.

use std::time::Duration;

use arcane_shared::RoomName;

/// Bounds of the bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusConfig {
    /// Events that a newcomer can ask for, per room. Default 100, as in the seed.
    pub history_size: usize,
    /// Frames that a slow reader may be behind, per room, before it reads on from the log. Default 16,384.
    pub ring_frames: usize,
    /// Bytes of JSON in those frames, per room. Default 16 MiB; the oldest frames give way.
    pub ring_bytes: usize,
    /// Bytes of memory for all that grows with what clients do: rooms' latest events, bodies, answers, compressors. Default
    /// 1 GiB.
    pub memory_bytes: usize,
    /// The only rooms there are besides the default one; `None`: rooms open with their first publisher or subscriber.
    pub rooms: Option<Vec<RoomName>>,
    /// Most rooms in memory at a time, the default one included, which always is. Default 1,000.
    pub rooms_max: usize,
    /// How much of each room the log keeps.
    pub retention: Retention,
}

impl Default for BusConfig {
    fn default() -> Self {
        Self {
            history_size: 100,
            ring_frames: 16_384,
            ring_bytes: 16 * 1024 * 1024,
            memory_bytes: 1024 * 1024 * 1024,
            rooms: None,
            rooms_max: 1000,
            retention: Retention::default(),
        }
    }
}

/// How much of each room the log keeps; whichever bound is reached first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Events.
    pub events_max: u64,
    /// Bytes of their JSON.
    pub bytes_max: u64,
    /// How old an event may become.
    pub age_max: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self { events_max: 1_000_000, bytes_max: 1024 * 1024 * 1024, age_max: Duration::from_hours(30 * 24) }
    }
}
