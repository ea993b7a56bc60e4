//! The command line of the Arcane event bus.
fn main() {}
