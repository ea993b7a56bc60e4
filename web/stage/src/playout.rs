//! When a cue is performed: picture and sound share one target, a little after the event was emitted.
//!
//! The delay adapts like a jitter buffer's: long enough that almost all events have arrived by then, and that the frame
//! nearest to the target can still show them; never so long that less than [`RESERVE_MS`] and two frames of a deadline are left:
//! the one that the event misses, and the one that the compositor takes.

use std::collections::VecDeque;
use std::rc::Rc;

use arcane_shared::UnixMillis;

use crate::store::Stored;

/// What the delay leaves of a deadline beside two frames, milliseconds.
pub const RESERVE_MS: f64 = 40.0;
/// Events that may wait for their moment. Beyond that the oldest is performed at once.
pub const WAITING_MAX: usize = 4_096;
/// Arrivals that the delay is taken from.
pub const ARRIVALS: usize = 128;
/// The delay grows and shrinks by at most so many milliseconds a second, so that nobody sees it.
pub const SLEW_MS: [f64; 2] = [120.0, 15.0];

/// An event that waits.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// When it should be seen and heard, server clock.
    pub target: UnixMillis,
    /// How old it was when it arrived, milliseconds; `None` without a clock.
    pub arrived: Option<f64>,
    /// The event.
    pub stored: Rc<Stored>,
}

/// Events that wait for their frame.
#[derive(Debug, Clone, Default)]
pub struct Playout {
    waiting: VecDeque<Waiting>,
    ages: VecDeque<f64>,
    goal: f64,
    delay: f64,
    /// The mean time between frames, milliseconds.
    interval: f64,
    adapted: Option<f64>,
}

impl Playout {
    /// An event arrives. `server_now`: the server's clock if it is known; without it the event is due at once.
    pub fn arrive(&mut self, stored: &Rc<Stored>, server_now: Option<UnixMillis>) {
        let sync = stored.event.sync();
        let age =
            server_now.zip(sync.emitted_at).map(|(now, emitted)| now - emitted).filter(|a| a.is_finite());
        #[expect(clippy::cast_precision_loss, reason = "a deadline beyond 2^52 ms is as good as none")]
        let room = (sync.deadline_ms as f64 - RESERVE_MS - 2.0 * self.interval).max(0.0);
        let target = match (age, sync.emitted_at) {
            (Some(age), Some(emitted)) => {
                self.note(age);
                emitted + self.delay.min(room)
            }
            _ => f64::NEG_INFINITY,
        };
        // Order is kept: an event that is due before those ahead of it takes them along.
        for ahead in self.waiting.iter_mut().rev().take_while(|ahead| ahead.target > target) {
            ahead.target = target;
        }
        self.waiting.push_back(Waiting { target, arrived: age, stored: Rc::clone(stored) });
    }

    fn note(&mut self, age: f64) {
        // Whatever is older than that is no matter of jitter.
        if !(-100.0..1_000.0).contains(&age) {
            return;
        }
        if self.ages.len() >= ARRIVALS {
            self.ages.pop_front();
        }
        self.ages.push_back(age.max(0.0));
    }

    /// Adapts the delay; once a frame. `interval`: the mean time between frames, milliseconds.
    pub fn adapt(&mut self, now: f64, interval: f64) {
        self.interval = interval.clamp(0.0, 1_000.0);
        let seconds = self.adapted.map_or(0.0, |last| (now - last).clamp(0.0, 1_000.0)) / 1000.0;
        // A quarter of a second is soon enough for the percentile.
        if self.adapted.is_none() || seconds >= 0.25 {
            self.adapted = Some(now);
            self.goal = percentile_95(&self.ages) + interval.clamp(4.0, 200.0) / 2.0;
            let [up, down] = SLEW_MS;
            let least = self.delay - down * seconds;
            self.delay = self.goal.min(self.delay + up * seconds).max(least).max(0.0);
        }
    }

    /// The delay that holds now, milliseconds after emission.
    #[must_use]
    pub fn delay(&self) -> f64 {
        self.delay
    }

    /// Whether anything is due in a frame that is seen at `seen_at` (server clock; `None` if unknown).
    #[must_use]
    pub fn is_due(&self, seen_at: Option<UnixMillis>, interval: f64) -> bool {
        let horizon = seen_at.map_or(f64::INFINITY, |at| at + interval / 2.0);
        self.waiting.len() > WAITING_MAX || self.waiting.front().is_some_and(|next| next.target <= horizon)
    }

    /// The next event that belongs into a frame that is seen at `seen_at`: the one whose target is nearest to this frame.
    pub fn next(&mut self, seen_at: Option<UnixMillis>, interval: f64) -> Option<Waiting> {
        if self.is_due(seen_at, interval) { self.waiting.pop_front() } else { None }
    }

    /// Events that wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Everything that waits is due at once, and what is known of arrivals is forgotten: they were dated by a wrong clock.
    pub fn release(&mut self) {
        for waiting in &mut self.waiting {
            waiting.target = f64::NEG_INFINITY;
        }
        self.ages.clear();
    }

    /// Another room, another time: what waits is not performed.
    pub fn clear(&mut self) {
        self.waiting.clear();
    }
}

fn percentile_95(ages: &VecDeque<f64>) -> f64 {
    // The seventh largest of 128: no need to sort.
    let mut largest = [0.0_f64; ARRIVALS / 20 + 1];
    let keep = (ages.len() / 20 + 1).min(largest.len());
    for age in ages {
        let mut age = *age;
        for slot in &mut largest[..keep] {
            if age > *slot {
                std::mem::swap(slot, &mut age);
            }
        }
    }
    largest[keep - 1]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Origin;
    use proptest::prelude::*;
    use serde_json::json;

    fn stored(id: u64, emitted_at: f64, deadline_ms: u64) -> Rc<Stored> {
        let sync = json!({"emitted_at": emitted_at, "deadline_ms": deadline_ms});
        let value = json!({"spell_name": "invoke", "metadata": {"sync": sync}});
        let event = crate::message::event(value, arcane_shared::Timestamp::from_unix_micros(0)).unwrap();
        Rc::new(Stored { id, event, origin: Origin::Live })
    }

    fn settled(age: f64, interval: f64) -> Playout {
        let mut playout = Playout::default();
        for n in 0..600 {
            let now = f64::from(n) * 20.0;
            playout.arrive(&stored(1, now - age, 200), Some(now));
            playout.adapt(now, interval);
            playout.clear();
        }
        playout
    }

    #[test]
    fn the_delay_is_what_arrival_and_half_a_frame_need() {
        let delay = settled(12.0, 16.0).delay();
        assert!((delay - 20.0).abs() < 0.5, "{delay}");
        assert!((settled(0.0, 60.0).delay() - 30.0).abs() < 0.5);
    }

    #[test]
    fn slow_frames_leave_a_deadline_no_room_for_a_delay() {
        let mut playout = settled(60.0, 90.0);
        playout.arrive(&stored(1, 50_000.0, 200), Some(50_001.0));
        assert!(playout.next(Some(50_002.0), 0.0).is_some());
    }

    #[test]
    fn an_event_is_in_the_frame_nearest_to_its_target() {
        let mut playout = settled(10.0, 16.0);
        playout.arrive(&stored(7, 100_000.0, 200), Some(100_010.0));
        // The target is 18 ms after emission.
        assert!(playout.next(Some(100_009.0), 16.0).is_none());
        assert_eq!(playout.next(Some(100_011.0), 16.0).unwrap().stored.id, 7);
    }

    #[test]
    fn a_short_deadline_shortens_the_delay_and_takes_along_who_is_ahead() {
        let mut playout = settled(80.0, 60.0);
        playout.arrive(&stored(1, 50_000.0, 1_000), Some(50_000.0));
        playout.arrive(&stored(2, 50_000.0, 50), Some(50_000.0));
        let due: Vec<u64> =
            std::iter::from_fn(|| playout.next(Some(50_011.0), 0.0)).map(|w| w.stored.id).collect();
        assert_eq!(due, [1, 2]);
    }

    #[test]
    fn without_a_clock_everything_is_due() {
        let mut playout = Playout::default();
        playout.arrive(&stored(1, 0.0, 200), None);
        assert!(playout.next(None, 16.0).is_some());
    }

    proptest! {
        #[test]
        fn nothing_waits_beyond_its_deadline_and_order_is_kept(
            events in proptest::collection::vec((0.0..300.0_f64, 0..2_000_u64, 0.0..50.0_f64), 1..200)
        ) {
            let mut playout = Playout::default();
            let (mut now, mut last) = (1e6, 0);
            for (id, (age, deadline, step)) in events.into_iter().enumerate() {
                now += step;
                let emitted = now - age;
                playout.arrive(&stored(id as u64 + 1, emitted, deadline), Some(now));
                playout.adapt(now, 16.0);
                for waiting in &playout.waiting {
                    let sync = waiting.stored.event.sync();
                    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a deadline")]
                    let least = (sync.deadline_ms as f64 - RESERVE_MS).max(0.0);
                    prop_assert!(waiting.target <= sync.emitted_at.unwrap() + least + 1e-6);
                }
                while let Some(due) = playout.next(Some(now), 16.0) {
                    prop_assert!(due.stored.id > last);
                    last = due.stored.id;
                }
            }
        }

        #[test]
        fn the_percentile_is_that_of_a_sorted_list(ages in proptest::collection::vec(0.0..500.0_f64, 1..=ARRIVALS)) {
            let mut sorted = ages.clone();
            sorted.sort_by(f64::total_cmp);
            let expected = sorted[sorted.len() - 1 - ages.len() / 20];
            prop_assert_eq!(percentile_95(&ages.into_iter().collect()), expected);
        }
    }
}
