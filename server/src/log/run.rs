//! Numbers that are next to each other.

use arcane_shared::Seq;

/// The numbers of events of one room that are next to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The number of the first.
    pub first: Seq,
    /// How many there are.
    pub count: u64,
}

impl Run {
    /// The numbers of no event.
    pub const EMPTY: Self = Self { first: 1, count: 0 };

    /// The number of the last event; the one before `first` if there is none.
    #[must_use]
    pub fn last(self) -> Seq {
        (self.first + self.count).saturating_sub(1)
    }

    /// All of them, in order.
    pub fn numbers(self) -> impl Iterator<Item = Seq> + use<> {
        self.first..self.first + self.count
    }
}
