//! One account of the memory that grows with what clients do: which part of the server holds how much of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

/// What one place for a body holds. A body that is not larger needs none.
pub(crate) const BODY_PLACE_BYTES: usize = 64 * 1024;
/// What one place for an answer holds. A smaller answer needs none.
pub(crate) const ANSWER_PLACE_BYTES: usize = 16 * 1024;
/// What a shared compressor takes.
pub(crate) const COMPRESSOR_BYTES: usize = 300 * 1024;
/// Most bytes of bodies that are being sent, and as many of answers that are whole before they are read: an eighth of the
/// budget, if that is less.
const PLACES_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Bytes of one page that a reader takes from the log, give or take an event, while there is memory.
const PAGE_BYTES_MAX: usize = 256 * 1024;
/// Bytes of one page where memory is short.
const PAGE_BYTES_MIN: usize = 16 * 1024;

/// What memory is held for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Rooms' latest events. They give way to all the others: what they let go of is in the log.
    Rings,
    /// Pages of the log, each for one reader that is behind memory. Where they are many they become smaller.
    Pages,
    /// Compressors that many readers share. Where they are many, events are compressed one by one.
    Compressors,
}

/// The memory of one server.
#[derive(Debug)]
pub(crate) struct Budget {
    bytes_max: usize,
    charged: [AtomicUsize; 3],
    bodies: Places,
    answers: Places,
}

/// Memory that is waited for, in places of one size.
#[derive(Debug)]
pub(crate) struct Places {
    free: Arc<Semaphore>,
    all: usize,
    place_bytes: usize,
    /// How many wait for places.
    waiting: AtomicUsize,
}

impl Places {
    fn new(bytes: usize, place_bytes: usize) -> Self {
        let all = (bytes / place_bytes).max(1);
        Self { free: Arc::new(Semaphore::new(all)), all, place_bytes, waiting: AtomicUsize::new(0) }
    }

    /// Those that nobody has.
    pub(crate) fn free(&self) -> &Arc<Semaphore> {
        &self.free
    }

    /// How many there are.
    pub(crate) fn all(&self) -> usize {
        self.all
    }

    /// Counts who waits for places.
    pub(crate) fn waiting(&self) -> &AtomicUsize {
        &self.waiting
    }

    fn held(&self) -> usize {
        self.all.saturating_sub(self.free.available_permits()) * self.place_bytes
    }
}

impl Budget {
    /// So many bytes for everything.
    pub(crate) fn new(bytes_max: usize) -> Arc<Self> {
        let places = PLACES_BYTES_MAX.min(bytes_max / 8);
        Arc::new(Self {
            bytes_max,
            charged: Default::default(),
            bodies: Places::new(places, BODY_PLACE_BYTES),
            answers: Places::new(places, ANSWER_PLACE_BYTES),
        })
    }

    /// All that there is.
    pub(crate) fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    /// For bodies that are being sent.
    pub(crate) fn bodies(&self) -> &Places {
        &self.bodies
    }

    /// For answers that are whole before they are read.
    pub(crate) fn answers(&self) -> &Places {
        &self.answers
    }

    /// How much every part holds, by its name.
    pub(crate) fn held(&self) -> [(&'static str, usize); 5] {
        [
            ("rings", self.charged(Part::Rings)),
            ("pages", self.charged(Part::Pages)),
            ("compressors", self.charged(Part::Compressors)),
            ("bodies", self.bodies.held()),
            ("answers", self.answers.held()),
        ]
    }

    /// What the rings may hold: all that nobody else does.
    pub(crate) fn for_rings(&self) -> usize {
        let others = self.charged(Part::Pages)
            + self.charged(Part::Compressors)
            + self.bodies.held()
            + self.answers.held();
        self.bytes_max.saturating_sub(others)
    }

    /// Whether the rings hold more than they may.
    pub(crate) fn is_short(&self) -> bool {
        self.charged(Part::Rings) > self.for_rings()
    }

    /// How large the next page of a reader may be: the share of an eighth of what pages may have that is left.
    pub(crate) fn page_bytes(&self) -> usize {
        let left = (self.bytes_max / 4).saturating_sub(self.charged(Part::Pages));
        (left / 8).clamp(PAGE_BYTES_MIN, PAGE_BYTES_MAX)
    }

    pub(crate) fn charged(&self, part: Part) -> usize {
        self.charged[part as usize].load(Ordering::Relaxed)
    }
}

/// What one holder has of a part, until it is dropped.
#[derive(Debug)]
pub(crate) struct Charge {
    budget: Arc<Budget>,
    part: Part,
    bytes: usize,
}

impl Charge {
    /// Nothing yet.
    pub(crate) fn none(budget: &Arc<Budget>, part: Part) -> Self {
        Self { budget: Arc::clone(budget), part, bytes: 0 }
    }

    /// A shared compressor's, if a sixteenth of the budget has a place for it.
    pub(crate) fn compressor(budget: &Arc<Budget>) -> Option<Self> {
        if budget.charged(Part::Compressors) + COMPRESSOR_BYTES > budget.bytes_max / 16 {
            return None;
        }
        let mut charge = Self::none(budget, Part::Compressors);
        charge.set(COMPRESSOR_BYTES);
        Some(charge)
    }

    /// So much is held now.
    pub(crate) fn set(&mut self, bytes: usize) {
        let account = &self.budget.charged[self.part as usize];
        if bytes > self.bytes {
            account.fetch_add(bytes - self.bytes, Ordering::Relaxed);
        } else if bytes < self.bytes {
            account.fetch_sub(self.bytes - bytes, Ordering::Relaxed);
        }
        self.bytes = bytes;
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1024 * 1024;

    #[test]
    fn what_others_hold_the_rings_may_not() {
        let budget = Budget::new(64 * MIB);
        assert_eq!(budget.for_rings(), 64 * MIB);
        let mut page = Charge::none(&budget, Part::Pages);
        page.set(MIB);
        let places = budget.bodies().free().try_acquire_many(16).unwrap();
        assert_eq!(budget.for_rings(), 62 * MIB);
        let mut ring = Charge::none(&budget, Part::Rings);
        ring.set(62 * MIB);
        assert!(!budget.is_short());
        ring.set(62 * MIB + 1);
        assert!(budget.is_short());
        drop((page, places));
        assert_eq!((budget.is_short(), budget.for_rings()), (false, 64 * MIB));
        drop(ring);
        assert!(budget.held().iter().all(|(_, bytes)| *bytes == 0), "{:?}", budget.held());
    }

    #[test]
    fn whatever_the_others_hold_something_is_left_for_rings() {
        let budget = Budget::new(64 * MIB);
        let places = [budget.bodies(), budget.answers()];
        let all = places
            .map(|places| places.free().try_acquire_many(u32::try_from(places.all()).unwrap()).unwrap());
        let compressors: Vec<_> = std::iter::from_fn(|| Charge::compressor(&budget)).collect();
        let pages: Vec<_> = std::iter::repeat_with(|| {
            let mut page = Charge::none(&budget, Part::Pages);
            page.set(budget.page_bytes());
            page
        })
        .take(200)
        .collect();
        assert!(budget.for_rings() >= 24 * MIB, "{:?}", budget.held());
        drop((all, compressors, pages));
    }

    #[test]
    fn pages_become_smaller_where_they_are_many() {
        let budget = Budget::new(64 * MIB);
        assert_eq!(budget.page_bytes(), PAGE_BYTES_MAX);
        let mut page = Charge::none(&budget, Part::Pages);
        page.set(15 * MIB);
        assert_eq!(budget.page_bytes(), MIB / 8);
        page.set(60 * MIB);
        assert_eq!(budget.page_bytes(), PAGE_BYTES_MIN);
    }
}
