//! Who there is, and what they have done.

use serde::{Deserialize, Serialize};

use crate::daemon::DaemonCard;
use crate::roster::{DayFigures, Figures, Roster, Sums, Window};
use crate::{Epoch, RoomName, Seq};

/// Answer of `GET /daemons` and `GET /daemons/active`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DaemonsAnswer {
    /// `success`.
    pub status: String,
    /// A sentence.
    pub message: String,
    /// How many.
    pub count: u64,
    /// In order of name, the three of the seed first.
    pub daemons: Vec<DaemonCard>,
}

/// Answer of `GET /roster`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RosterAnswer {
    /// `success`.
    pub status: String,
    /// A sentence.
    pub message: String,
    /// The room.
    pub room: RoomName,
    /// The run of numbers that every `seq` here belongs to.
    pub epoch: Epoch,
    /// Who is present and does what.
    pub roster: Roster,
}

/// Answer of `POST /daemons/{name}/seen`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SeenAnswer {
    /// `seen`, or `already-seen` where no failure lasts.
    pub status: String,
    /// A sentence.
    pub message: String,
    /// The room.
    pub room: RoomName,
    /// The run of numbers that `seq` belongs to.
    pub epoch: Epoch,
    /// The event that told of it; absent where no failure lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
}

/// Answer of `GET /statistics/days`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DaysAnswer {
    /// `success`.
    pub status: String,
    /// A sentence.
    pub message: String,
    /// The room.
    pub room: RoomName,
    /// How far its calendar is ahead of UTC, minutes.
    pub day_offset_minutes: i32,
    /// Figures are of events after this one: 0, unless earlier ones are no longer kept.
    pub after: Seq,
    /// The days on which something happened, the latest first.
    pub days: Vec<DayFigures>,
}

/// Answer of `GET /daemons/{name}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DaemonAnswer {
    /// `success`.
    pub status: String,
    /// A sentence.
    pub message: String,
    /// The daemon.
    pub daemon: DaemonCard,
}

/// Answer of `GET /statistics`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatisticsAnswer {
    /// `success`.
    pub status: String,
    /// A sentence.
    pub message: String,
    /// How many daemons are here.
    pub active_daemons: u64,
    /// Invocations ever.
    pub total_invocations: u64,
    /// How many of them failed.
    pub failed_invocations: u64,
    /// Seconds spent on them.
    pub total_execution_time: f64,
    /// Each daemon's own, ever.
    pub daemons: Vec<DaemonCard>,
    /// Which window `sums` and `figures` are of.
    pub window: Window,
    /// They are of events after this one: 0, unless earlier ones had left the log before they were summed.
    pub after: Seq,
    /// What all daemons did and spent within the window.
    pub sums: Sums,
    /// What each of them did and spent, in order of name.
    pub figures: Vec<Figures>,
}
