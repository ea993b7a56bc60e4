//! Durable consumers: readers whose position is kept for them.

use crate::name::checked_name;

checked_name! {
    /// The name of a durable consumer: 1–64 of `[a-z0-9._-]`, lower case.
    ConsumerName
}
