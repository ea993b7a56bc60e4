//! One timing wheel for the deadlines of all connections.
//!
//! A hashed wheel as in Varghese and Lauck, "Hashed and hierarchical timing wheels" (1987): setting
//! a deadline appends to a slot, and a tick rings one slot's wakeups. A connection's deadlines are
//! seconds apart and move with every sign of life, so a tick of 100 ms is exact enough and nothing
//! is ever taken out again: a task that is woken early looks at the clock and sets the next one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::AbortHandle;

use super::wakeup::{Reason, Wakeup};

/// How exact a deadline is.
const TICK: Duration = Duration::from_millis(100);
/// Ticks of one turn of the wheel: 51.2 s.
const SLOTS: usize = 512;
/// A later deadline wakes its task early, and the task sets it again.
const DEADLINE_MAX: Duration = Duration::from_secs(50);

/// The wheel and its hand, which rests while nobody has a deadline.
#[derive(Debug)]
pub(crate) struct Wheel {
    inner: Arc<Inner>,
    hand: AbortHandle,
}

#[derive(Debug)]
struct Inner {
    started: Instant,
    slots: Mutex<Slots<Weak<Wakeup>>>,
    filled: Notify,
}

impl Wheel {
    /// A wheel whose hand moves until the wheel is dropped.
    pub(crate) fn start() -> Self {
        let slots = Mutex::new(Slots::new());
        let inner = Arc::new(Inner { started: Instant::now(), slots, filled: Notify::new() });
        let hand = tokio::spawn(turn(Arc::clone(&inner))).abort_handle();
        Self { inner, hand }
    }

    /// Wakes every connection: each has a deadline.
    pub(crate) fn wake_all(&self, reason: Reason) {
        let slots = self.inner.lock();
        for wakeup in slots.slots.iter().flatten().filter_map(Weak::upgrade) {
            wakeup.wake(reason);
        }
    }

    /// A connection's own deadline, not yet set.
    pub(super) fn alarm(&self, wakeup: Arc<Wakeup>) -> Alarm {
        Alarm { wheel: Arc::clone(&self.inner), wakeup, set_for: None }
    }
}

impl Drop for Wheel {
    fn drop(&mut self) {
        self.hand.abort();
    }
}

impl Inner {
    fn ring_at(&self, wakeup: &Arc<Wakeup>, at: Instant, now: Instant) {
        let mut slots = self.lock();
        if slots.len == 0 {
            slots.now = self.tick(now);
            self.filled.notify_one();
        }
        slots.insert(self.tick(at) + 1, Arc::downgrade(wakeup));
    }

    fn tick(&self, at: Instant) -> u64 {
        let ticks = at.saturating_duration_since(self.started).as_nanos() / TICK.as_nanos();
        u64::try_from(ticks).unwrap_or(u64::MAX - 1)
    }

    fn lock(&self) -> MutexGuard<'_, Slots<Weak<Wakeup>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn turn(wheel: Arc<Inner>) {
    loop {
        if wheel.lock().len == 0 {
            wheel.filled.notified().await;
        }
        tokio::time::sleep(TICK).await;
        let due = {
            let mut slots = wheel.lock();
            slots.advance(wheel.tick(Instant::now()))
        };
        for wakeup in due.iter().filter_map(Weak::upgrade) {
            wakeup.wake(Reason::Time);
        }
    }
}

/// One connection's next deadline on the wheel.
#[derive(Debug)]
pub(super) struct Alarm {
    wheel: Arc<Inner>,
    wakeup: Arc<Wakeup>,
    set_for: Option<Instant>,
}

impl Alarm {
    /// Makes sure that the task is woken at `at`, up to a tick later, or before.
    pub(super) fn set(&mut self, at: Instant, now: Instant) {
        let at = at.min(now + DEADLINE_MAX);
        if self.set_for.is_none_or(|set_for| at < set_for) {
            self.wheel.ring_at(&self.wakeup, at, now);
            self.set_for = Some(at);
        }
    }

    /// The wakeup has rung; maybe for a deadline that was set before the last one.
    pub(super) fn fired(&mut self, now: Instant) {
        self.set_for = self.set_for.filter(|at| now < *at);
    }
}

/// The wheel itself. Pure: ticks in, items out.
#[derive(Debug)]
struct Slots<T> {
    slots: Vec<Vec<T>>,
    /// The last tick whose slot was emptied.
    now: u64,
    len: usize,
}

impl<T> Slots<T> {
    fn new() -> Self {
        Self { slots: std::iter::repeat_with(Vec::new).take(SLOTS).collect(), now: 0, len: 0 }
    }

    fn insert(&mut self, due: u64, item: T) {
        let tick = due.clamp(self.now + 1, self.now + SLOTS as u64 - 1);
        self.slots[slot(tick)].push(item);
        self.len += 1;
    }

    /// Moves the hand to `to` and takes out what it passes.
    fn advance(&mut self, to: u64) -> Vec<T> {
        let mut due = Vec::new();
        // More than one turn passes every slot once.
        for tick in (self.now + 1..=to).take(SLOTS) {
            due.append(&mut self.slots[slot(tick)]);
        }
        self.now = self.now.max(to);
        self.len -= due.len();
        due
    }
}

fn slot(tick: u64) -> usize {
    usize::try_from(tick % SLOTS as u64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{SLOTS, Slots};

    proptest! {
        #[test]
        fn everything_rings_once_and_never_late(
            dues in proptest::collection::vec(0_u64..1500, 1..50), step in 1_u64..700,
        ) {
            let mut slots = Slots::new();
            for (index, due) in dues.iter().enumerate() {
                slots.insert(*due, index);
            }
            let mut rung = vec![None; dues.len()];
            let mut now = 0;
            while slots.len > 0 {
                let before = now;
                now += step;
                for index in slots.advance(now) {
                    prop_assert_eq!(rung[index], None);
                    let due = dues[index].clamp(1, SLOTS as u64 - 1);
                    prop_assert!(due > before && due <= now);
                    rung[index] = Some(now);
                }
            }
            prop_assert!(rung.iter().all(Option::is_some));
        }
    }
}
