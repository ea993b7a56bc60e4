//! What a reader asks for, whether over a WebSocket or as server-sent events: where a stream begins, and with what.

mod greeting;
mod last_id;
mod open;
mod query;

pub(crate) use greeting::{greeting, session_name, with_roster};
pub(crate) use last_id::LastId;
pub(crate) use open::{Opened, StreamRefused, open};
pub(crate) use query::{Begin, StreamQuery};

/// What the reader of a consumer is told when it has to go.
pub(crate) const TAKEN_OVER: &str = "another reader took over this consumer, or it was deleted";
