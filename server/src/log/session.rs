//! Events that tell of one agent's session, where several processes may tell of it.
//!
//! Each is made on the state of the session after the one before, and carries the state after itself: so any process can go on with the
//! session. The log takes them only if the latest event of the session is the one that they were made on.

use arcane_shared::Seq;

/// What a session is known by in the log of its room: a digest that is the same for all processes.
pub type SessionId = u64;

/// How events continue a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Continues {
    /// Which session.
    pub session: SessionId,
    /// The latest event of the session that is known; 0: none.
    pub on: Seq,
    /// The state of the session after these events, as text; `None` if it is too large to be carried.
    pub state: Option<String>,
}

/// The end of a session in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionEnd {
    /// Its latest event.
    pub seq: Seq,
    /// The state that this event carries, if it does.
    pub state: Option<String>,
}
