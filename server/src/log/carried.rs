//! The state that rides with the decisions of a room.
//!
//! A decision is an event that was decided on the state of those before it: a daemon is summoned because it was not here.
//! Where other processes decide as well, the log takes a decision only if the latest one is still the one that it knew of.

use arcane_shared::{Epoch, Seq};

/// How far the decisions of a room are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The room's run of numbers.
    pub epoch: Epoch,
    /// The latest decision; 0: none.
    pub decided: Seq,
}

/// State as of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// Which.
    pub mark: Mark,
    /// All of it, in order of key.
    pub records: Vec<(String, String)>,
}
