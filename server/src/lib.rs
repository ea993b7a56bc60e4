//! The Arcane event bus: a server on which every operation of AI daemons is announced.
//!
//! How an event comes to be and goes out, in the order of the modules:
//!
//! 1. [`http`] reads a request; what is malformed ends there.
//! 2. [`realm`] decides and describes what happened; a refusal is an event, too.
//! 3. [`bus`] numbers the event and hands it to the [`log`]; once it is there, readers are woken.
//! 4. [`ws`] and `http::sse` write the same encoded bytes to every reader.
//!
//! [`run`] is the whole server; `main` only finds out with which [`config`].

mod attach;
mod audit;
mod background;
mod bucket;
mod budget;
pub mod bus;
pub mod cli;
pub mod clock;
pub mod config;
mod connection;
mod demo;
mod diagnostics;
pub mod event;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod gate;
mod guards;
mod http;
mod ingest;
mod intake;
mod json;
pub mod log;
mod lore;
mod mcp;
mod metrics;
mod notify;
mod query;
pub mod realm;
mod requests;
mod serve;
mod stamp;
mod state;
mod stream;
pub mod ws;

pub use notify::NotifyError;
pub use serve::{OtlpListener, PairError, RunError, Server, run};

/// Compiles the Rust example of the protocol's page.
#[cfg(doctest)]
#[doc = include_str!("../../docs/protocol.md")]
struct ProtocolPage;
