//! The flash governor: the only door to large changes of luminance.
//!
//! Whatever arrives, at most one inversion begins in any second. More than [`STORM_COUNT`] wishes
//! in [`STORM_WINDOW_MS`] are a storm: no inversion at all, but a steady border and a counter,
//! until none failed for as long.

use std::collections::VecDeque;

/// Least time between the beginnings of two inversions. A little above a second, since a clock may
/// be coarse.
pub const SPACING_MS: f64 = 1_020.0;
/// How long an inversion lasts, from begin to end.
pub const HOLD_MS: f64 = 420.0;
/// Wishes within [`STORM_WINDOW_MS`] beyond which it is a storm.
pub const STORM_COUNT: usize = 5;
/// See [`STORM_COUNT`]; a storm ends when it has been quiet for as long.
pub const STORM_WINDOW_MS: f64 = 10_000.0;
/// The same in seconds.
const WINDOW_SECONDS: usize = 10;
/// Inversions remembered for inspection.
pub const LOG_MAX: usize = 256;

/// What became of the wish to invert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The inversion begins now.
    Invert,
    /// Another one is running or ended less than a second ago; this wish is merged into it.
    Merged,
    /// It is a storm; counted, nothing flashes.
    Storm,
}

/// How an inversion looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// The background rises to a grey that is below the flash threshold.
    #[default]
    Soft,
    /// No change of luminance: a frame and a text (reduced motion).
    Badge,
}

/// The door to large changes of luminance.
#[derive(Debug, Clone, Default)]
pub struct Governor {
    begun: VecDeque<f64>,
    begun_total: u64,
    wishes: VecDeque<f64>,
    last_begun: Option<f64>,
    last_wish: Option<f64>,
    storm: Option<Storm>,
    /// Failures of the latest seconds, by the second modulo its length.
    by_second: [(u64, u64); WINDOW_SECONDS],
}

/// A storm of failures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Storm {
    /// When it began.
    pub since: f64,
    /// Failures in it so far, the ones that announced it included.
    pub count: u64,
}

impl Governor {
    /// An inversion is wished for at `now` (milliseconds; may repeat, but not run backwards:
    /// a time before the last one counts as the last one).
    pub fn request(&mut self, now: f64) -> Verdict {
        let now = self.monotonic(now);
        if self.note(now) {
            return Verdict::Storm;
        }
        if self.last_begun.is_some_and(|at| now - at < SPACING_MS) {
            return Verdict::Merged;
        }
        self.last_begun = Some(now);
        self.begun_total += 1;
        self.begun.push_back(now);
        if self.begun.len() > LOG_MAX {
            self.begun.pop_front();
        }
        Verdict::Invert
    }

    /// A failure that came too late to invert anything: it still counts towards a storm. Says
    /// whether there is one.
    pub fn note(&mut self, now: f64) -> bool {
        let now = self.monotonic(now);
        self.settle(now);
        self.last_wish = Some(now);
        let (second, slot) = place(now);
        if self.by_second[slot].0 != second {
            self.by_second[slot] = (second, 0);
        }
        self.by_second[slot].1 += 1;
        self.wishes.push_back(now);
        while self.wishes.len() > STORM_COUNT + 1 {
            self.wishes.pop_front();
        }
        if let Some(storm) = &mut self.storm {
            storm.count += 1;
            return true;
        }
        let recent = self.wishes.iter().filter(|at| now - **at <= STORM_WINDOW_MS).count();
        if recent > STORM_COUNT {
            self.storm = Some(Storm { since: now, count: recent as u64 });
            return true;
        }
        false
    }

    /// How far the inversion is, 0.0 (none) to 1.0 (full), rising and falling without a jump.
    #[must_use]
    pub fn level(&self, now: f64) -> f32 {
        let Some(begun) = self.last_begun else { return 0.0 };
        let age = (now - begun) / HOLD_MS;
        if !(0.0..=1.0).contains(&age) || self.storm.is_some() {
            return 0.0;
        }
        let rise = (age / 0.15).min(1.0);
        let fall = ((1.0 - age) / 0.55).min(1.0);
        #[expect(clippy::cast_possible_truncation, reason = "between 0 and 1")]
        let level = (rise * fall) as f32;
        level
    }

    /// The storm that is on, if one is.
    #[must_use]
    pub fn storm(&self, now: f64) -> Option<Storm> {
        self.storm.filter(|_| self.failures_lately(now) > 0)
    }

    /// Failures within the latest [`STORM_WINDOW_MS`], to the second.
    #[must_use]
    pub fn failures_lately(&self, now: f64) -> u64 {
        let (second, _) = place(now);
        let oldest = (second + 1).saturating_sub(WINDOW_SECONDS as u64);
        self.by_second.iter().filter(|(of, _)| *of >= oldest).map(|(_, count)| count).sum()
    }

    /// Inversions since the start.
    #[must_use]
    pub fn inversions_total(&self) -> u64 {
        self.begun_total
    }

    /// When the latest inversions began, oldest first.
    pub fn inversion_times(&self) -> impl Iterator<Item = f64> + '_ {
        self.begun.iter().copied()
    }

    fn monotonic(&self, now: f64) -> f64 {
        let last = self.last_wish.unwrap_or(f64::MIN);
        if now.is_finite() { now.max(last) } else { last.max(0.0) }
    }

    fn settle(&mut self, now: f64) {
        if self.storm.is_some() && self.storm(now).is_none() {
            self.storm = None;
            self.wishes.clear();
        }
    }
}

/// The second of a moment, and its slot.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
fn place(now: f64) -> (u64, usize) {
    let second = (now / 1000.0) as u64;
    (second, (second % WINDOW_SECONDS as u64) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_second_failure_within_a_second_does_not_invert() {
        let mut governor = Governor::default();
        assert_eq!(governor.request(0.0), Verdict::Invert);
        assert_eq!(governor.request(300.0), Verdict::Merged);
        assert_eq!(governor.request(1_100.0), Verdict::Invert);
        assert_eq!(governor.inversions_total(), 2);
    }

    #[test]
    fn a_flood_is_a_storm_and_passes() {
        let mut governor = Governor::default();
        for at in 0..2_000 {
            governor.request(f64::from(at) * 5.0);
        }
        assert_eq!(governor.storm(10_000.0).unwrap().count, 2_000);
        assert_eq!(governor.failures_lately(9_999.0), 2_000);
        assert_eq!(governor.failures_lately(14_500.0), 1_000);
        assert_eq!(governor.inversions_total(), 1);
        // The border stands as long as the count beside it says more than none.
        assert_eq!((governor.storm(18_999.0).is_some(), governor.failures_lately(18_999.0)), (true, 200));
        assert_eq!((governor.storm(19_000.0), governor.failures_lately(19_000.0)), (None, 0));
        assert_eq!(governor.request(20_000.0), Verdict::Invert);
    }

    proptest! {
        #[test]
        fn never_more_than_one_inversion_in_any_second(
            steps in proptest::collection::vec(prop_oneof![0.0..50.0, 0.0..2_000.0, -500.0..500.0, 0.0..20_000.0], 1..400)
        ) {
            let mut governor = Governor::default();
            let mut now = 0.0;
            for step in steps {
                now += step;
                governor.request(now);
                let level = governor.level(now);
                prop_assert!((0.0..=1.0).contains(&level));
            }
            let times: Vec<f64> = governor.inversion_times().collect();
            for pair in times.windows(2) {
                prop_assert!(pair[1] - pair[0] >= 1_000.0, "{pair:?}");
            }
        }
    }
}
