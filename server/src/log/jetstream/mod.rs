//! Rooms that NATS JetStream keeps: what is said to its servers, and how their answers are read.

pub mod message;
pub mod names;
