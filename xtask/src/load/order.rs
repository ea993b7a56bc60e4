//! Whether one reader got every event once and in order.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

/// What one reader got so far.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Order {
    next: u64,
    pub(crate) delivered: u64,
    pub(crate) faults: Faults,
}

/// What was not as it must be, in events.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Faults {
    /// Left out when a later one came.
    pub(crate) missing: u64,
    /// The latest one once more.
    pub(crate) repeated: u64,
    /// Older than the latest one.
    pub(crate) late: u64,
}

impl Order {
    /// Takes the number of the next event, counted from 0.
    pub(crate) fn take(&mut self, number: u64) {
        self.delivered += 1;
        if number >= self.next {
            self.faults.missing += number - self.next;
            self.next = number + 1;
        } else if number + 1 == self.next {
            self.faults.repeated += 1;
        } else {
            self.faults.late += 1;
        }
    }
}

impl Faults {
    /// Whether there are none.
    pub(crate) fn none(&self) -> bool {
        *self == Self::default()
    }
}

impl AddAssign for Faults {
    fn add_assign(&mut self, other: Self) {
        self.missing += other.missing;
        self.repeated += other.repeated;
        self.late += other.late;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plus_one_is_right() {
        let table: [(&[u64], [u64; 3]); 8] = [
            (&[], [0, 0, 0]),
            (&[0, 1, 2, 3], [0, 0, 0]),
            (&[1, 2], [1, 0, 0]),
            (&[0, 3], [2, 0, 0]),
            (&[0, 1, 1, 2], [0, 1, 0]),
            (&[0, 2, 1, 3], [1, 0, 1]),
            (&[0, 1, 2, 0], [0, 0, 1]),
            (&[0, 0, 0], [0, 2, 0]),
        ];
        for (numbers, [missing, repeated, late]) in table {
            let mut order = Order::default();
            numbers.iter().for_each(|&number| order.take(number));
            assert_eq!(order.faults, Faults { missing, repeated, late }, "{numbers:?}");
            assert_eq!(order.delivered, numbers.len() as u64);
            assert_eq!(order.faults.none(), missing + repeated + late == 0);
        }
    }
}
