//! Rooms that NATS JetStream keeps: what is said to its servers, and how their answers are read.

pub mod assembly;
pub mod bound;
pub mod bucket;
mod claim;
pub mod connect;
mod contended;
mod copies;
mod copying;
mod core;
mod decision;
mod entry;
mod exchange;
mod figures;
pub mod fold;
pub mod foreign;
mod forgetting;
mod group;
pub mod heads;
mod history;
mod known;
mod log;
pub mod message;
mod monitor;
pub mod names;
pub mod pages;
pub mod publish;
mod recall;
mod registry;
mod room;
mod rooms;
pub mod settings;
mod shared;
mod state;
mod sweeping;
pub mod synced;
mod told;
mod trouble;
pub mod version;
mod way;
mod witness;

pub use core::OpenError;
pub use log::JetStreamLog;

#[cfg(test)]
mod tests;
