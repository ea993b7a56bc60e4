//! A range of a room as columns: what a filter looks at, and nothing else.
//!
//! A million events are five megabytes of marks. Looking at all of them takes a few milliseconds, whatever
//! the filter and however many values it has; an index for each part of a filter would be larger than that,
//! and slow for just those filters whose parts it has to combine.

use arcane_shared::Seq;

use super::mark::{Kind, Wanted};
use crate::log::history::Order;

/// Events of one block. Small enough to be written anew with every batch, large enough to be read quickly.
pub(super) const BLOCK_EVENTS: u64 = 4096;

/// The marks of the events from a multiple of [`BLOCK_EVENTS`] on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Block {
    start: Seq,
    kinds: Vec<u8>,
    /// Four bytes each, little-endian, as they are in the file.
    daemons: Vec<u8>,
}

impl Block {
    /// Where the block begins that has this event.
    pub(super) fn start_of(seq: Seq) -> Seq {
        seq - seq % BLOCK_EVENTS
    }

    /// Without events.
    pub(super) fn new(start: Seq) -> Self {
        Self { start, ..Self::default() }
    }

    /// As it is in the file, if it can be one.
    pub(super) fn from_columns(start: Seq, kinds: &[u8], daemons: &[u8]) -> Option<Self> {
        let fits = daemons.len() == 4 * kinds.len() && kinds.len() as u64 <= BLOCK_EVENTS;
        fits.then(|| Self { start, kinds: kinds.to_vec(), daemons: daemons.to_vec() })
    }

    pub(super) fn start(&self) -> Seq {
        self.start
    }

    pub(super) fn has(&self, seq: Seq) -> bool {
        Self::start_of(seq) == self.start
    }

    pub(super) fn columns(&self) -> (&[u8], &[u8]) {
        (&self.kinds, &self.daemons)
    }

    /// Adds an event of this block; those between the last one and it are marked as absent.
    pub(super) fn push(&mut self, seq: Seq, kind: Kind, daemon: u32) {
        let at = place(seq - self.start).min(place(BLOCK_EVENTS - 1));
        self.kinds.resize(at, Kind::ABSENT.0);
        self.daemons.resize(4 * at, 0);
        self.kinds.push(kind.0);
        self.daemons.extend(daemon.to_le_bytes());
    }

    /// The kinds of a range, both ends included.
    pub(super) fn kinds(&self, low: Seq, high: Seq) -> impl Iterator<Item = Kind> {
        let range = self.range(low, high);
        self.kinds[range].iter().copied().map(Kind).filter(|kind| *kind != Kind::ABSENT)
    }

    /// The first event of a range, in this order, that can pass.
    pub(super) fn find(&self, wanted: &Wanted, low: Seq, high: Seq, order: Order) -> Option<Seq> {
        let range = self.range(low, high);
        let first = range.start;
        let daemons = self.daemons[4 * range.start..4 * range.end].as_chunks::<4>().0;
        let mut marks = self.kinds[range].iter().zip(daemons);
        let passes =
            |(kind, daemon): (&u8, &[u8; 4])| wanted.passes(Kind(*kind), u32::from_le_bytes(*daemon));
        let found = match order {
            Order::Ascending => marks.position(passes),
            Order::Descending => marks.rposition(passes),
        };
        found.map(|at| self.start + (first + at) as u64)
    }

    fn range(&self, low: Seq, high: Seq) -> std::ops::Range<usize> {
        let end = place((high + 1).saturating_sub(self.start)).min(self.kinds.len());
        place(low.saturating_sub(self.start)).min(end)..end
    }
}

fn place(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use arcane_shared::{EventFilter, SpellName};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_finds_what_looking_at_each_finds(
            marks in prop::collection::vec((0_u64..3, 0_usize..6, any::<bool>()), 0..80),
            low in 0_u64..200, high in 0_u64..200, descending: bool,
        ) {
            let mut block = Block::new(4096);
            let mut seq = 4096;
            let mut seqs = Vec::new();
            for (hole, spell, success) in marks {
                seq += hole;
                block.push(seq, Kind::new(Some(SpellName::ALL[spell]), success), 7);
                seqs.push((seq, spell == 1 && success));
                seq += 1;
            }
            let filter = EventFilter {
                spell: [SpellName::ALL[1]].into(), success: Some(true), ..EventFilter::default()
            };
            let (low, high) = (4000 + low, 4000 + high);
            let order = if descending { Order::Descending } else { Order::Ascending };
            let mut hits = seqs.iter().filter(|(seq, hit)| *hit && (low..=high).contains(seq)).map(|(seq, _)| *seq);
            let expected = if descending { hits.next_back() } else { hits.next() };
            prop_assert_eq!(block.find(&Wanted::new(&filter), low, high, order), expected);

            let (kinds, daemons) = block.columns();
            let again = Block::from_columns(4096, kinds, daemons);
            prop_assert_eq!(again, Some(block.clone()));
            let all = seqs.iter().filter(|(seq, _)| (low..=high).contains(seq)).count();
            prop_assert_eq!(block.kinds(low, high).count(), all);
        }
    }

    #[test]
    fn columns_of_different_lengths_are_no_block() {
        assert_eq!(Block::from_columns(0, &[1, 2], &[0; 7]), None);
        assert_eq!(Block::from_columns(0, &[0; 4097], &[0; 4 * 4097]), None);
    }
}
