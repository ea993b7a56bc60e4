//! What happened long ago: pages of the log, how busy it was, and who reads durably.

use serde::{Deserialize, Serialize};

use crate::lenient;
use crate::{ConsumerName, Epoch, Metadata, Position, ReceivedEvent, RoomName, Seq, Timestamp, UnixMillis};

/// Answer of `GET /events`: one page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HistoryAnswer {
    /// The room.
    pub room: RoomName,
    /// The run of numbers that every `seq` here belongs to.
    pub epoch: Epoch,
    /// The oldest event that is kept; `head + 1` if none is.
    pub oldest: Seq,
    /// The latest event.
    pub head: Seq,
    /// In the order that was asked for.
    #[serde(deserialize_with = "crate::event::mended")]
    pub events: Vec<ReceivedEvent>,
    /// Where the next page begins: give it as `after` (ascending) or `before` (descending). `null`: there is none.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub next: Option<Position>,
}

/// Answer of `GET /events/activity`: how much happened when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActivityAnswer {
    /// The room.
    pub room: RoomName,
    /// The run of numbers that every `seq` here belongs to.
    pub epoch: Epoch,
    /// The oldest event that is kept; `head + 1` if none is.
    pub oldest: Seq,
    /// The latest event.
    pub head: Seq,
    /// When the oldest one was taken; `null` if none is kept.
    pub oldest_at: Option<UnixMillis>,
    /// When the latest one was taken.
    pub head_at: Option<UnixMillis>,
    /// Seconds of one bucket.
    pub step_s: u64,
    /// Only those in which something happened, oldest first.
    #[serde(deserialize_with = "lenient::list")]
    pub buckets: Vec<ActivityBucket>,
}

/// What happened in one stretch of time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActivityBucket {
    /// Its beginning; a multiple of `step_s`.
    pub at: UnixMillis,
    /// Its first event.
    pub seq: Seq,
    /// How many events.
    pub events: u64,
    /// How many of them failed.
    pub failures: u64,
    /// How many of each spell; spells that did not happen are left out.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub by_spell: Metadata,
}

/// One durable consumer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConsumerCard {
    /// Its name.
    pub consumer: ConsumerName,
    /// Its room.
    pub room: RoomName,
    /// The last event that it acknowledged.
    pub seq: Seq,
    /// Events between that and the room's latest; of a room whose numbers began anew since, all that are kept.
    pub lag: u64,
    /// Whether it is reading now.
    pub connected: bool,
    /// When it last acknowledged, or was made.
    pub updated_at: Timestamp,
}

/// Answer of `GET /consumers`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConsumersAnswer {
    /// `success`.
    pub status: String,
    /// In order of room and name.
    pub consumers: Vec<ConsumerCard>,
}

/// Body of `POST /consumers/{name}/ack`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AckRequest {
    /// The last event that was processed.
    pub seq: Seq,
    /// The run of numbers that it belongs to; missing: trusted to be the room's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Epoch>,
}

/// Answer of `DELETE /events`: what a purge left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PurgeAnswer {
    /// `purged`.
    pub status: String,
    /// The room.
    pub room: RoomName,
    /// Unchanged by a purge.
    pub epoch: Epoch,
    /// How many events went.
    pub purged: u64,
    /// The oldest event that is still kept; `head + 1` if none is.
    pub oldest: Seq,
    /// The latest event.
    pub head: Seq,
}
