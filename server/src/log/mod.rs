//! What happened, kept.

pub mod index;
