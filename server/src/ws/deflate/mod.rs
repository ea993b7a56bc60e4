//! permessage-deflate (RFC 7692). Pure: agreed on once, then each message stands for itself.
//!
//! Memory is what makes compression expensive for a server: a window for each connection. Here no
//! connection has one. Clients are asked to compress each message alone, and what goes out is either
//! compressed alone or with the window that a whole cohort of readers shares.

pub mod negotiation;
