//! A cluster on one machine: servers of NATS, nodes of ours on them, faults that they suffer, and a checker of what came of it.
//!
//! `history` is what publishers and readers saw; `check` says what of it must not be. `nats/` runs the servers, `fault` says what is suffered, `suffering` lets it happen.
//! `nodes/` runs nodes, publishes to them and reads from them; `raw/` does that with a stream of the servers itself. `up` only runs them.

mod board;
pub mod check;
#[cfg(unix)]
pub mod cli;
pub mod fault;
pub mod history;
#[cfg(unix)]
pub mod nats;
#[cfg(unix)]
pub mod nodes;
pub mod notes;
#[cfg(unix)]
pub mod process;
#[cfg(unix)]
pub mod raw;
#[cfg(unix)]
mod suffering;
#[cfg(unix)]
pub mod up;
