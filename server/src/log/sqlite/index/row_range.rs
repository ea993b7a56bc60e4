//! Where an event is: room and number in one integer, as both files have it.

use std::ops::RangeInclusive;

use arcane_shared::Seq;

use crate::log::history::Order;

/// Bits of a number within its room.
const SEQ_BITS: u32 = 40;
/// The largest number that an event can have.
pub(super) const SEQ_MAX: Seq = (1 << SEQ_BITS) - 1;

impl Order {
    /// Whether `place` is `from` or comes after it.
    pub(super) fn reaches(self, place: Seq, from: Seq) -> bool {
        match self {
            Self::Ascending => place >= from,
            Self::Descending => place <= from,
        }
    }
}

/// The row of an event, or of anything else that is numbered within a room.
#[expect(clippy::cast_possible_wrap, reason = "a number has 40 bits")]
pub(super) fn row(room: i64, seq: u64) -> i64 {
    (room << SEQ_BITS) | seq.min(SEQ_MAX) as i64
}

/// The number in the row.
pub(super) fn seq_of(row: i64) -> u64 {
    row.cast_unsigned() & SEQ_MAX
}

/// A range of one room, and the direction in which to go through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RowRange {
    pub(super) room: i64,
    /// The first and last number; nothing if they are in the wrong order.
    pub(super) low: Seq,
    pub(super) high: Seq,
    pub(super) order: Order,
}

impl RowRange {
    pub(super) fn is_empty(&self) -> bool {
        self.low > self.high
    }

    /// Its rows in either file.
    pub(super) fn rows(&self) -> RangeInclusive<i64> {
        row(self.room, self.low)..=row(self.room, self.high)
    }

    /// What is left of it, `seq` included.
    pub(super) fn from(self, seq: Seq) -> Self {
        match self.order {
            Order::Ascending => Self { low: self.low.max(seq), ..self },
            Order::Descending => Self { high: self.high.min(seq), ..self },
        }
    }

    /// What is left of it after `seq`.
    pub(super) fn beyond(self, seq: Seq) -> Self {
        match self.order {
            Order::Ascending => self.from(seq + 1),
            // Nothing comes before 0, so an end that lies before the beginning says "nothing".
            Order::Descending if seq == 0 => Self { low: 1, high: 0, ..self },
            Order::Descending => self.from(seq - 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_room_and_number() {
        assert_eq!(row(1, 1), (1 << 40) | 1);
        assert_eq!(seq_of(row(77, 123)), 123);
        assert_eq!(row(3, u64::MAX), (4 << 40) - 1);
    }

    #[test]
    fn what_is_left_goes_with_the_order() {
        let all = RowRange { room: 1, low: 1, high: 9, order: Order::Ascending };
        assert_eq!(all.beyond(4).rows(), row(1, 5)..=row(1, 9));
        let all = RowRange { order: Order::Descending, ..all };
        assert_eq!(all.from(4).rows(), row(1, 1)..=row(1, 4));
        assert!(all.beyond(0).is_empty() && all.beyond(1).is_empty());
    }
}
