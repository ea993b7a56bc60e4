//! Rooms that NATS JetStream keeps: what is said to its servers, and how their answers are read.

pub mod bucket;
pub mod connect;
pub mod message;
pub mod names;
pub mod pages;
pub mod publish;
pub mod settings;
pub mod version;

#[cfg(test)]
mod tests;
