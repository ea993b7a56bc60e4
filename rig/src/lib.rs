//! A cluster on one machine: servers of NATS, faults that they suffer, and a checker of what came of it.
//!
//! `history` is what publishers and readers saw; `check` says what of it must not be. `nats/` runs the servers, `fault` says what they suffer, `raw` publishes to a stream of
//! theirs and reads it meanwhile. `up` only runs them.

pub mod check;
#[cfg(unix)]
pub mod cli;
pub mod fault;
pub mod history;
#[cfg(unix)]
pub mod nats;
#[cfg(unix)]
pub mod raw;
#[cfg(unix)]
pub mod up;
