//! Events that a reader cannot have, and why.

use arcane_shared::Seq;

/// Events that can no longer be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The first of them.
    pub from: Seq,
    /// The last of them.
    pub to: Seq,
}

/// Why events cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GapReason {
    /// They fell out of the memory that a reader without a log depends on.
    Lagged,
    /// They are past the room's retention.
    Expired,
    /// What is on the disk is not what was written.
    Damaged,
}

impl GapReason {
    /// As it stands on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lagged => "lagged",
            Self::Expired => "expired",
            Self::Damaged => "damaged",
        }
    }
}
