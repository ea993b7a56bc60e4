//! The Arcane event bus.
