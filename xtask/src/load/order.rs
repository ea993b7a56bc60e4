//! Whether one reader got every event once and in order.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use super::publish::lane_of;

/// What one reader got so far.
#[derive(Debug, Default, Clone)]
pub(crate) struct Order {
    /// Of each connection that publishes.
    next: Vec<u64>,
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
    /// Takes the number of the next event.
    pub(crate) fn take(&mut self, number: u64) {
        let (lane, nth) = lane_of(number);
        self.delivered += 1;
        if lane >= self.next.len() {
            self.next.resize(lane + 1, 0);
        }
        let next = &mut self.next[lane];
        if nth >= *next {
            self.faults.missing += nth - *next;
            *next = nth + 1;
        } else if nth + 1 == *next {
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
    use super::super::publish::numbered;
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
            for nth in numbers {
                // Whatever another connection's events are doing.
                [0, 7].iter().for_each(|lane| order.take(numbered(*lane, *nth)));
            }
            let [missing, repeated, late] = [missing, repeated, late].map(|each| 2 * each);
            assert_eq!(order.faults, Faults { missing, repeated, late }, "{numbers:?}");
            assert_eq!(order.delivered, 2 * numbers.len() as u64);
            assert_eq!(order.faults.none(), missing + repeated + late == 0);
        }
    }
}
