//! What became of a reader's wish to go on where it was.

use serde::{Deserialize, Serialize};

/// In the connection message of a reader that named a position: either everything after that position
/// follows, or nothing does and the reason says why. Never a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    /// Whether everything after the position follows.
    pub recovered: bool,
    /// How many events there were after the position at that moment, before any filter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<NotRecovered>,
}

/// Why nothing could be resumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotRecovered {
    /// Events after the position are past the room's retention.
    Expired,
    /// The position is of another run of numbers: the log was lost or came back shorter.
    EpochChanged,
    /// The position is after the room's latest event.
    Ahead,
    /// A reason of a later version.
    #[serde(other)]
    Other,
}

impl Resume {
    /// `count` events follow.
    #[must_use]
    pub fn recovered(count: u64) -> Self {
        Self { recovered: true, count: Some(count), reason: None }
    }

    /// Nothing follows but what is live.
    #[must_use]
    pub fn refused(reason: NotRecovered) -> Self {
        Self { recovered: false, count: None, reason: Some(reason) }
    }
}

impl std::fmt::Display for NotRecovered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Expired => "expired",
            Self::EpochChanged => "epoch_changed",
            Self::Ahead => "ahead",
            Self::Other => "other",
        })
    }
}
