//! The memory of all rooms' rings together: which of them give how much of it up when there is more than there may be.
//!
//! The rings keep what there is memory for; a reader that is further behind reads on from the log, so nothing is lost.
//! The largest give way first, and those in which nothing happens before those in which something does. What is so new
//! that readers are just taking it stays, unless that alone is too much.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError, Weak};
use std::time::Duration;

use crate::budget::{Budget, Part};

/// What is younger than this is still being taken by readers that keep up.
const FRESH: Duration = Duration::from_millis(500);
/// A room in which nothing has happened for so long is idle.
const IDLE: Duration = Duration::from_mins(1);
/// How much a room may keep, of what an idle one may.
const BUSY_WEIGHT: usize = 4;
/// Rings that give way leave a part of this of their memory free, so that they do not have to with every event.
const SLACK_PART: usize = 64;

/// The rings of one bus.
#[derive(Debug)]
pub(super) struct Rings {
    budget: Arc<Budget>,
    rooms: Mutex<Vec<Weak<dyn Holder>>>,
    given_up: AtomicU64,
}

/// Who has a ring.
pub(super) trait Holder: std::fmt::Debug + Send + Sync {
    /// How large it is.
    fn ring_size(&self) -> RingSize;

    /// Gives up its oldest events until it takes no more than so much memory, but none that were taken later than
    /// `taken_before`. Returns how many.
    fn shorten_ring(&self, memory_max: usize, taken_before: i64) -> usize;
}

/// What one ring holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct RingSize {
    pub(super) bytes: usize,
    /// When its room's latest event was taken, Unix microseconds.
    pub(super) at: i64,
}

impl Rings {
    pub(super) fn new(budget: Arc<Budget>) -> Self {
        Self { budget, rooms: Mutex::default(), given_up: AtomicU64::new(0) }
    }

    pub(super) fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }

    /// Events that rings have given up for want of memory.
    pub(super) fn given_up(&self) -> u64 {
        self.given_up.load(Ordering::Relaxed)
    }

    pub(super) fn add(&self, room: Weak<dyn Holder>) {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        if rooms.len() == rooms.capacity() {
            rooms.retain(|room| room.strong_count() > 0);
        }
        rooms.push(room);
    }

    /// Lets rings give way if all of them hold more than they may. To be called without any room's lock; `now`: Unix
    /// microseconds.
    pub(super) fn give_way(&self, now: impl FnOnce() -> i64) {
        if !self.budget.is_short() {
            return;
        }
        let rooms = match self.rooms.try_lock() {
            Ok(rooms) => rooms,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // Another one is at it.
            Err(TryLockError::WouldBlock) => return,
        };
        let now = now();
        // If what is not new any more is not enough, the rest goes, too.
        for taken_before in [now - micros(FRESH), i64::MAX] {
            if self.budget.is_short() {
                self.shorten(&rooms, taken_before, now);
            }
        }
    }

    fn shorten(&self, rooms: &[Weak<dyn Holder>], taken_before: i64, now: i64) {
        // Each is held for a moment only: who closes a room looks whether others have it.
        let size = |room: &Weak<dyn Holder>| room.upgrade().map(|room| room.ring_size()).unwrap_or_default();
        let sizes: Vec<_> = rooms.iter().map(size).collect();
        let all = self.budget.for_rings();
        let Some(share) = share(&sizes, all - all / SLACK_PART, now) else { return };
        for (room, size) in rooms.iter().zip(&sizes) {
            let kept = share.saturating_mul(size.weight(now));
            if size.bytes > kept
                && let Some(room) = room.upgrade()
            {
                let given_up = room.shorten_ring(kept, taken_before);
                self.given_up.fetch_add(given_up as u64, Ordering::Relaxed);
            }
        }
        tracing::debug!(bytes = self.budget.charged(Part::Rings), all, "rooms' memory was shortened");
    }
}

impl RingSize {
    fn weight(self, now: i64) -> usize {
        if now.saturating_sub(self.at) >= micros(IDLE) { 1 } else { BUSY_WEIGHT }
    }
}

/// How many bytes a ring may keep for each unit of its weight, so that all of them have no more than `all`; `None`: they
/// have no more. Pure.
fn share(rings: &[RingSize], all: usize, now: i64) -> Option<usize> {
    let mut rings: Vec<_> = rings.iter().map(|ring| (ring.bytes, ring.weight(now))).collect();
    rings.sort_unstable_by_key(|(bytes, weight)| bytes / weight);
    let (mut left, mut weights) = (all, rings.iter().map(|(_, weight)| weight).sum::<usize>());
    for (bytes, weight) in rings {
        let share = left / weights.max(1);
        if bytes > share * weight {
            return Some(share);
        }
        left -= bytes;
        weights -= weight;
    }
    None
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::budget::Charge;

    const MIB: usize = 1024 * 1024;
    const NOW: i64 = 1_700_000_000_000_000;

    fn ring(bytes: usize, is_idle: bool) -> RingSize {
        RingSize { bytes, at: if is_idle { NOW - micros(IDLE) } else { NOW } }
    }

    fn kept(rings: &[RingSize], all: usize) -> Vec<usize> {
        let share = share(rings, all, NOW).unwrap_or(usize::MAX);
        rings.iter().map(|ring| ring.bytes.min(share.saturating_mul(ring.weight(NOW)))).collect()
    }

    #[test]
    fn the_largest_give_way_and_the_idle_ones_first() {
        let busy = [100, 20, 60, 0].map(|bytes| ring(bytes, false));
        assert_eq!(kept(&busy, 180), [100, 20, 60, 0], "it fits");
        assert_eq!(kept(&busy, 120), [48, 20, 48, 0]);
        let mixed = [ring(100, false), ring(100, true), ring(5, true)];
        assert_eq!(kept(&mixed, 105), [80, 20, 5]);
        assert_eq!(kept(&mixed, 0), [0, 0, 0]);
    }

    /// Events of one megabyte, the oldest first: when each was taken.
    #[derive(Debug)]
    struct Fake(Mutex<(Vec<i64>, Charge)>);

    impl Fake {
        fn new(rings: &Rings, taken: Vec<i64>) -> Arc<Self> {
            let mut charge = Charge::none(rings.budget(), Part::Rings);
            charge.set(taken.len() * MIB);
            let fake = Arc::new(Self(Mutex::new((taken, charge))));
            let holder = Arc::downgrade(&fake);
            rings.add(holder);
            fake
        }

        fn len(&self) -> usize {
            self.0.lock().unwrap().0.len()
        }
    }

    impl Holder for Fake {
        fn ring_size(&self) -> RingSize {
            let fake = self.0.lock().unwrap();
            RingSize { bytes: fake.0.len() * MIB, at: fake.0.last().copied().unwrap_or(0) }
        }

        fn shorten_ring(&self, memory_max: usize, taken_before: i64) -> usize {
            let (taken, charge) = &mut *self.0.lock().unwrap();
            let before = taken.len();
            while taken.len() * MIB > memory_max && taken[0] < taken_before {
                taken.remove(0);
            }
            charge.set(taken.len() * MIB);
            before - taken.len()
        }
    }

    #[test]
    fn what_is_new_stays_unless_that_alone_is_too_much() {
        let rings = Rings::new(Budget::new(64 * MIB));
        let old = Fake::new(&rings, vec![NOW - micros(FRESH) - 1; 50]);
        let new = Fake::new(&rings, vec![NOW; 14]);
        rings.give_way(|| unreachable!("it fits"));
        let newer = Fake::new(&rings, vec![NOW; 1]);
        rings.give_way(|| NOW);
        assert_eq!((old.len(), new.len(), newer.len(), rings.given_up()), (48, 14, 1, 2));
        drop(old);
        let flood = Fake::new(&rings, vec![NOW; 100]);
        rings.give_way(|| NOW);
        assert_eq!((flood.len(), new.len(), newer.len()), (48, 14, 1));
    }

    proptest! {
        #[test]
        fn all_of_them_fit_and_nobody_gives_up_more_than_is_wanted(
            rings in proptest::collection::vec((0_usize..10_000, any::<bool>()), 0..40), all in 0_usize..100_000,
        ) {
            let rings: Vec<_> = rings.into_iter().map(|(bytes, is_idle)| ring(bytes, is_idle)).collect();
            let before: usize = rings.iter().map(|ring| ring.bytes).sum();
            let after = kept(&rings, all);
            let sum: usize = after.iter().sum();
            prop_assert!(sum <= all || before <= all);
            // What is left over is less than a byte for each unit of weight.
            prop_assert!(sum + rings.len() * BUSY_WEIGHT >= before.min(all));
            for (one, other) in rings.iter().zip(&after) {
                for (two, another) in rings.iter().zip(&after) {
                    if one.bytes <= two.bytes && one.at >= two.at && one.bytes > *other {
                        prop_assert!(another <= other, "a larger and older one keeps no more");
                    }
                }
            }
        }
    }
}
