//! What is new for a reader.

use std::sync::Arc;

use arcane_shared::Seq;

use crate::event::{Gap, GapReason, PreparedFrame};

/// What is new for a reader.
#[derive(Debug, Default)]
pub struct Batch {
    /// It has fallen behind memory and reads on from the log: so many events are before it.
    pub lagging: Option<u64>,
    /// What was lost before `frames`, and why.
    pub gap: Option<(Gap, GapReason)>,
    /// The events that pass the filter, in order.
    pub frames: Vec<Arc<PreparedFrame>>,
    /// With this event it has come back from the log to memory.
    pub caught_up: Option<Seq>,
    /// A replay has come to its end.
    pub ended: bool,
    /// The room goes on with other numbers: nothing more comes here.
    pub over: bool,
    /// Everything up to here was considered.
    pub seq: Seq,
}
