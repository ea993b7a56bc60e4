//! Puts what is told of a stream into the order of its numbers, and says what is missing. Pure.
//!
//! What is told may come twice, or not at all: it is told once (`RePublish`), read again when it is missing, and known from
//! the answers to what this process published.

use std::collections::BTreeMap;

use arcane_shared::Seq;

/// Most items that wait for what is before them. Beyond that the latest give way, and are read later.
const PARKED_MAX: usize = 16_384;

/// What has come of a stream.
#[derive(Debug)]
pub struct Assembly<T> {
    /// Everything up to here was given.
    head: Seq,
    /// What came before its turn.
    parked: BTreeMap<Seq, T>,
    /// The latest number that there is for certain.
    known: Seq,
}

impl<T> Assembly<T> {
    /// Begins after an item.
    #[must_use]
    pub fn after(head: Seq) -> Self {
        Self { head, parked: BTreeMap::new(), known: head }
    }

    /// The last item that was given.
    #[must_use]
    pub fn head(&self) -> Seq {
        self.head
    }

    /// Takes what came. What was given before is dropped, and so is what comes a second time.
    pub fn add(&mut self, seq: Seq, item: T) {
        self.known(seq);
        if seq > self.head {
            self.parked.entry(seq).or_insert(item);
            if self.parked.len() > PARKED_MAX {
                self.parked.pop_last();
            }
        }
    }

    /// There is something up to this number.
    pub fn known(&mut self, through: Seq) {
        self.known = self.known.max(through);
    }

    /// What comes next and is there, in order.
    pub fn ready(&mut self) -> Vec<(Seq, T)> {
        let mut ready = Vec::new();
        while let Some(entry) = self.parked.first_entry().filter(|entry| *entry.key() == self.head + 1) {
            self.head += 1;
            ready.push(entry.remove_entry());
        }
        ready
    }

    /// The first stretch of numbers that there are and that have not come.
    #[must_use]
    pub fn missing(&self) -> Option<(Seq, Seq)> {
        let next = self.parked.first_key_value().map_or(self.known + 1, |(seq, _)| *seq);
        (next > self.head + 1).then(|| (self.head + 1, next - 1))
    }

    /// Whether something later has come: what is told comes in order, so what is missing will not.
    #[must_use]
    pub fn is_passed_over(&self) -> bool {
        !self.parked.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_comes_how_often_and_in_which_order_is_given_once_and_in_order(
            told in prop::collection::vec(1_u64..40, 0..120), head in 0_u64..5,
        ) {
            let mut assembly = Assembly::after(head);
            let mut given = Vec::new();
            for seq in &told {
                assembly.add(*seq, *seq);
                given.extend(assembly.ready());
            }
            // Whatever is missing is read, as often as something is.
            while let Some((from, through)) = assembly.missing() {
                prop_assert!(from <= through && from == assembly.head() + 1);
                assembly.add(from, from);
                given.extend(assembly.ready());
            }
            let last = told.iter().copied().max().unwrap_or(0).max(head);
            let expected: Vec<_> = (head + 1..=last).map(|seq| (seq, seq)).collect();
            prop_assert_eq!(given, expected);
        }
    }

    #[test]
    fn what_is_known_to_be_there_is_missing_until_it_comes() {
        let mut assembly = Assembly::after(4);
        assert_eq!(assembly.missing(), None);
        assembly.known(6);
        assert_eq!(assembly.missing(), Some((5, 6)));
        assert!(!assembly.is_passed_over(), "it may be on its way");
        assembly.add(7, ());
        assert_eq!(assembly.missing(), Some((5, 6)));
        assert!(assembly.is_passed_over());
        assembly.add(5, ());
        assembly.add(6, ());
        assert_eq!(assembly.ready(), [(5, ()), (6, ()), (7, ())]);
        assert_eq!(assembly.missing(), None);
    }

    #[test]
    fn what_waits_has_a_bound_and_is_missing_instead() {
        let mut assembly = Assembly::after(0);
        let last = PARKED_MAX as u64 + 10;
        (2..=last).for_each(|seq| assembly.add(seq, ()));
        assert_eq!(assembly.parked.len(), PARKED_MAX);
        assembly.add(1, ());
        assert_eq!(assembly.ready().len(), PARKED_MAX);
        assert_eq!(assembly.missing(), Some((assembly.head() + 1, last)));
    }
}
