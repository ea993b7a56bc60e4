//! An event as the bus takes it.

use arcane_shared::{ArcaneEvent, SyncDirectives};

/// An event that lacks nothing but its number: every field of its spell is there, it has its sentence, and how it is
/// shown is decided. Only the intake makes them.
#[derive(Debug, Clone)]
pub struct Completed {
    /// The event. Its room is the one that it is handed to.
    pub(crate) event: ArcaneEvent,
    /// What the stage does where the event's own sync block says nothing.
    pub(crate) directives: SyncDirectives,
}
