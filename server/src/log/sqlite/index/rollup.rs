//! How many events of each kind happened in a second, a minute, an hour.

use arcane_shared::{Seq, SpellName};

use super::mark::{KINDS, Kind};

/// How finely a rollup counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Second,
    Minute,
    Hour,
}

impl Level {
    /// From fine to coarse.
    pub(super) const ALL: [Self; 3] = [Self::Second, Self::Minute, Self::Hour];

    pub(super) fn seconds(self) -> u64 {
        match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3600,
        }
    }

    /// The coarsest from which steps of this many seconds can be put together.
    pub(super) fn for_step(step_s: u64) -> Self {
        Self::ALL
            .into_iter()
            .rev()
            .find(|level| step_s.is_multiple_of(level.seconds()))
            .unwrap_or(Self::Second)
    }

    /// Its table in `index.db`.
    pub(super) fn table(self) -> &'static str {
        match self {
            Self::Second => "seconds",
            Self::Minute => "minutes",
            Self::Hour => "hours",
        }
    }
}

/// Events of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts([u64; KINDS]);

impl Counts {
    pub(super) fn add(&mut self, kind: Kind) {
        if let Some(count) = self.0.get_mut(usize::from(kind.0)) {
            *count += 1;
        }
    }

    /// Takes back what [`Self::add`] added.
    pub(super) fn remove(&mut self, kind: Kind) {
        if let Some(count) = self.0.get_mut(usize::from(kind.0)) {
            *count = count.saturating_sub(1);
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count += more;
        }
    }

    /// Pairs of kind and count, for the kinds that happened: most seconds have one or two.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(16);
        for (kind, count) in (0..).zip(self.0).filter(|(_, count)| *count > 0) {
            bytes.push(kind);
            let mut rest = count;
            while rest >= 0x80 {
                bytes.push(rest.to_le_bytes()[0] | 0x80);
                rest >>= 7;
            }
            bytes.push(rest.to_le_bytes()[0]);
        }
        bytes
    }

    /// Reads what [`Self::encode`] wrote; `None` if it did not.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut counts = Self::default();
        let mut bytes = bytes.iter();
        while let Some(kind) = bytes.next() {
            let count = counts.0.get_mut(usize::from(*kind))?;
            let mut shift = 0;
            loop {
                let byte = bytes.next()?;
                *count |= u64::from(byte & 0x7f).checked_shl(shift).filter(|_| shift < 63)?;
                shift += 7;
                if byte & 0x80 == 0 {
                    break;
                }
            }
        }
        Some(counts)
    }

    /// All events.
    pub(super) fn events(&self) -> u64 {
        self.0.iter().sum()
    }

    pub(super) fn failures(&self) -> u64 {
        self.kinds().filter(|(kind, _)| !kind.success()).map(|(_, count)| count).sum()
    }

    /// In the order of [`SpellName::ALL`]; spells that this version does not know are not among them.
    pub(super) fn by_spell(&self) -> [u64; SpellName::ALL.len()] {
        let mut spells = [0; SpellName::ALL.len()];
        for (kind, count) in self.kinds() {
            if let Some(spell) = spells.get_mut(kind.spell()) {
                *spell += count;
            }
        }
        spells
    }

    fn kinds(&self) -> impl Iterator<Item = (Kind, u64)> {
        (0..).map(Kind).zip(self.0)
    }
}

/// The events of one second, minute or hour. Time does not decrease within a room, so they are next to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bucket {
    /// Its beginning, Unix seconds.
    pub(super) at: u64,
    /// Its first event that is kept.
    pub(super) first: Seq,
    pub(super) counts: Counts,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn counts_are_read_as_they_were_written(counts: [u32; KINDS], few in 0_u64..3) {
            let mut all = Counts(counts.map(|count| u64::from(count) * few));
            prop_assert_eq!(Counts::decode(&all.encode()), Some(all));
            all.add(Kind(3));
            all.remove(Kind(3));
            prop_assert_eq!(Counts::decode(&all.encode()), Some(all));
        }

        #[test]
        fn any_bytes_are_counts_that_can_be_written_or_nothing(
            bytes in proptest::collection::vec(prop_oneof![0_u8..16, any::<u8>()], 0..40),
        ) {
            if let Some(counts) = Counts::decode(&bytes) {
                prop_assert_eq!(Counts::decode(&counts.encode()), Some(counts));
            }
        }
    }

    #[test]
    fn kinds_are_told_apart() {
        let mut counts = Counts::default();
        counts.add(Kind::new(Some(SpellName::Invoke), true));
        counts.add(Kind::new(Some(SpellName::Invoke), false));
        counts.add(Kind::new(None, true));
        counts.add(Kind::ABSENT);
        assert_eq!((counts.events(), counts.failures()), (3, 1));
        assert_eq!(counts.by_spell(), [0, 2, 0, 0, 0, 0]);
    }

    #[test]
    fn a_step_is_put_together_from_the_coarsest_that_divides_it() {
        assert_eq!(Level::for_step(30), Level::Second);
        assert_eq!(Level::for_step(1800), Level::Minute);
        assert_eq!(Level::for_step(86_400), Level::Hour);
    }
}
