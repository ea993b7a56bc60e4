//! What an event is in this server: its metadata completed, encoded once, and the bytes of that encoding.
//!
//! Nothing here numbers an event or keeps it: the bus does the one and the log the other.

mod body;
mod completed;
mod encoding;
pub mod frame;
mod gap;
pub mod metadata;

pub use body::Body;
pub use completed::Completed;
pub(crate) use encoding::Outgoing;
pub use frame::{Logged, PreparedFrame, TooLarge};
pub use gap::{Gap, GapReason};
