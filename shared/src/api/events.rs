//! What happened, and telling what happened.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ConsumerCard;
use crate::lenient;
use crate::{Epoch, Metadata, ReceivedEvent, RoomName, Seq};

/// Answer of `GET /events/recent`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecentAnswer {
    /// `success`.
    pub status: String,
    /// A sentence.
    pub message: String,
    /// How many follow.
    pub count: u64,
    /// Oldest first.
    pub events: Vec<ReceivedEvent>,
}

/// One event as a publisher sends it: what is missing is filled in by the server.
///
/// `seq` and `room` are ignored here: the bus numbers, and the query names the room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublishEvent {
    /// One of the six spells.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::SpellName))]
    pub spell_name: String,
    /// Who; may be missing or null.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::DaemonName>))]
    pub daemon_name: Option<String>,
    /// When; missing: now.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::Timestamp>))]
    pub timestamp: Option<String>,
    /// Missing: true.
    #[serde(default)]
    pub success: Option<bool>,
    /// Missing: written by the server.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_length = 16384))]
    pub description: Option<String>,
    /// An object.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub metadata: Option<Value>,
}

/// Answer of `POST /events`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublishAnswer {
    /// `published`.
    pub status: String,
    /// Where.
    pub room: RoomName,
    /// The run of numbers that each `seq` belongs to.
    pub epoch: Epoch,
    /// What is true of the events by now: `received` (numbered, in memory), `logged` (written: they survive
    /// the process) or `synced` (on the disk: they survive the machine).
    pub ack: String,
    /// One for each event, in their order.
    pub events: Vec<Published>,
}

/// One published event's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Published {
    /// Its number in the room.
    pub seq: Seq,
}

/// One room in the answer of `GET /rooms`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoomCard {
    /// Its name.
    pub room: RoomName,
    /// Its run of numbers.
    pub epoch: Epoch,
    /// Its latest event, 0 before the first.
    pub seq: Seq,
    /// Who listens.
    pub subscribers: u64,
    /// Events in memory.
    pub history_size: u64,
    /// The oldest event that is kept; `seq + 1` if none is.
    #[serde(default)]
    pub oldest: Seq,
    /// Bytes of the kept events.
    #[serde(default)]
    pub bytes: u64,
    /// Subscribers that are behind memory and read on from the log.
    #[serde(default)]
    pub lagging: u64,
    /// Events in the last ten seconds, per second.
    pub events_per_second: f64,
}

/// Answer of `GET /rooms`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoomsAnswer {
    /// `success`.
    pub status: String,
    /// In order of name.
    #[serde(deserialize_with = "lenient::list")]
    pub rooms: Vec<RoomCard>,
}

/// Answer of `GET /events/stats`. The first five fields are the seed's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatsAnswer {
    /// `success`.
    pub status: String,
    /// A sentence.
    pub message: String,
    /// Over all rooms.
    pub subscribers: u64,
    /// Events in the room's history.
    pub history_size: u64,
    /// Whether the bus accepts events.
    pub active: bool,
    /// Per room.
    pub rooms: Vec<RoomCard>,
    /// Events by spell since the start.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub events_by_spell: Metadata,
    /// Deliveries that a reader missed because it was too slow, since the start.
    pub skipped_deliveries: u64,
    /// Durable consumers, in order of room and name.
    #[serde(default)]
    pub consumers: Vec<ConsumerCard>,
}
