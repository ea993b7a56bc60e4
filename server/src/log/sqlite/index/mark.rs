//! What a filter looks at, of one event, in five bytes.

use arcane_shared::{EventFilter, SpellName};

/// An event's mark where there is no event.
const NONE: u8 = u8::MAX;
/// How many kinds there are: each spell, and those that this version does not know, failed or not.
pub(super) const KINDS: usize = 2 * (SpellName::ALL.len() + 1);

/// Spell and success in one byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind(pub(super) u8);

impl Kind {
    /// In the place of an event that is not there.
    pub(super) const ABSENT: Self = Self(NONE);

    /// `None` is a spell that this version does not know.
    pub(super) fn new(spell: Option<SpellName>, success: bool) -> Self {
        let place = SpellName::ALL.iter().position(|one| Some(*one) == spell);
        let place = place.unwrap_or(SpellName::ALL.len());
        Self(u8::try_from(2 * place).unwrap_or(NONE) | u8::from(success))
    }

    /// Its place in [`SpellName::ALL`], or that list's length.
    pub(super) fn spell(self) -> usize {
        usize::from(self.0 / 2)
    }

    pub(super) fn success(self) -> bool {
        self.0 & 1 == 1
    }
}

/// The spell as `events.db` names it.
pub(super) fn spell(name: &str) -> Option<SpellName> {
    SpellName::ALL.into_iter().find(|spell| spell.as_str() == name)
}

/// A daemon in four bytes. Two can look alike, so a question that finds one looks at the event itself.
pub(super) fn daemon(name: Option<&str>) -> u32 {
    // 0 is no daemon.
    name.map_or(0, |name| crc32fast::hash(name.as_bytes()).max(1))
}

/// A filter as marks.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    kinds: [bool; 256],
    /// Sorted; empty lets all pass.
    daemons: Vec<u32>,
    /// One bit for each daemon: most of the others are turned away without a search.
    bits: u64,
}

impl Wanted {
    pub(super) fn new(filter: &EventFilter) -> Self {
        let mut kinds = [false; 256];
        for spell in SpellName::ALL.into_iter().map(Some).chain([None]) {
            let passes = spell.map_or(filter.spell.is_empty(), |spell| {
                filter.spell.is_empty() || filter.spell.contains(&spell)
            });
            for success in [false, true] {
                kinds[usize::from(Kind::new(spell, success).0)] =
                    passes && filter.success.is_none_or(|wanted| wanted == success);
            }
        }
        let mut daemons: Vec<u32> = filter.daemon.iter().map(|name| daemon(Some(name.as_str()))).collect();
        daemons.sort_unstable();
        let bits = daemons.iter().fold(0, |bits, daemon| bits | bit(*daemon));
        Self { kinds, daemons, bits }
    }

    /// Whether an event of this kind and daemon can pass.
    pub(super) fn passes(&self, kind: Kind, daemon: u32) -> bool {
        self.kinds[usize::from(kind.0)]
            && (self.daemons.is_empty()
                || (self.bits & bit(daemon) != 0 && self.daemons.binary_search(&daemon).is_ok()))
    }
}

fn bit(daemon: u32) -> u64 {
    1 << (daemon % 64)
}

#[cfg(test)]
mod tests {
    use arcane_shared::DaemonName;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn marks_let_pass_what_the_filter_does(
            spells in prop::collection::btree_set(0_usize..6, 0..4),
            names in prop::collection::btree_set("[ab]{1,2}", 0..4),
            wanted in prop::option::of(any::<bool>()),
            spell in 0_usize..6, name in prop::option::of("[ab]{1,2}"), success: bool,
        ) {
            let filter = EventFilter {
                spell: spells.into_iter().map(|at| SpellName::ALL[at]).collect(),
                daemon: names.iter().map(|name| DaemonName::parse(name).unwrap()).collect(),
                success: wanted,
            };
            let spell = SpellName::ALL[spell];
            let marked = Wanted::new(&filter).passes(Kind::new(Some(spell), success), daemon(name.as_deref()));
            let name = name.map(|name| DaemonName::parse(&name).unwrap());
            prop_assert_eq!(marked, filter.passes(spell, name.as_ref(), success));
        }
    }

    #[test]
    fn what_is_not_there_passes_nothing() {
        assert!(!Wanted::new(&EventFilter::default()).passes(Kind::ABSENT, 0));
        assert!(Wanted::new(&EventFilter::default()).passes(Kind::new(None, true), 0));
    }
}
