//! New kinds of subagents have a bound: each is a daemon, and takes a place in its room's roster from others. Pure.

use std::collections::{HashSet, VecDeque};

use arcane_shared::Timestamp;

/// Most kinds that are known at a time; beyond that the oldest counts as new again.
const KNOWN_MAX: usize = 512;
/// Most kinds in a minute that were not known.
const NEW_PER_MINUTE: u32 = 30;
const MINUTE_MICROS: i64 = 60 * 1_000_000;

/// The kinds of subagents that were heard of.
#[derive(Debug, Default)]
pub(super) struct Kinds {
    known: HashSet<Box<str>>,
    in_order: VecDeque<Box<str>>,
    minute: i64,
    new: u32,
}

impl Kinds {
    /// Whether a subagent of this kind may be a daemon of its own; otherwise it goes by its parent's name.
    pub(super) fn admit(&mut self, kind: &str, now: Timestamp) -> bool {
        if self.known.contains(kind) {
            return true;
        }
        let minute = now.unix_micros().div_euclid(MINUTE_MICROS);
        if minute != self.minute {
            (self.minute, self.new) = (minute, 0);
        }
        if self.new >= NEW_PER_MINUTE {
            return false;
        }
        self.new += 1;
        if self.known.len() >= KNOWN_MAX
            && let Some(oldest) = self.in_order.pop_front()
        {
            self.known.remove(&oldest);
        }
        self.known.insert(kind.into());
        self.in_order.push_back(kind.into());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_kinds_are_admitted_up_to_a_bound_and_known_ones_always() {
        let mut kinds = Kinds::default();
        let at = |minute| Timestamp::from_unix_micros(minute * MINUTE_MICROS);
        let admitted = (0..100).filter(|n| kinds.admit(&format!("k{n}"), at(1))).count();
        assert_eq!(admitted, 30);
        assert!(kinds.admit("k0", at(1)) && !kinds.admit("k99", at(1)) && kinds.admit("k99", at(2)));
        for minute in 3..40 {
            for n in 0..30 {
                kinds.admit(&format!("m{minute}-{n}"), at(minute));
            }
        }
        assert_eq!((kinds.known.len(), kinds.in_order.len()), (KNOWN_MAX, KNOWN_MAX));
    }
}
