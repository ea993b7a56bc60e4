//! The server's clock as this page sees it: four-stamp pings, the best quarter, their median.

use std::collections::VecDeque;

use arcane_shared::UnixMillis;

/// Pings in the burst after a connection.
pub const BURST: u32 = 8;
/// Milliseconds between the pings of a burst.
pub const BURST_SPACING_MS: f64 = 60.0;
/// Milliseconds between pings afterwards.
pub const STEADY_SPACING_MS: f64 = 5_000.0;
/// Samples kept.
pub const SAMPLES_MAX: usize = 64;
/// A sample that disagrees by more than this starts over: a clock was set, or the machine slept.
pub const STEP_MS: f64 = 100.0;

#[derive(Debug, Clone, Copy, PartialEq)]
struct Sample {
    offset: f64,
    rtt: f64,
}

/// What is known of the server's clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Server time minus client time, milliseconds.
    pub offset_ms: f64,
    /// The true offset lies within this of it: half the best round trip.
    pub error_ms: f64,
}

/// The server's clock as the page knows it.
#[derive(Debug, Clone, Default)]
pub struct ClockSync {
    samples: VecDeque<Sample>,
    known: Option<Estimate>,
    sent: u32,
    next_at: f64,
}

impl ClockSync {
    /// Forgets everything: a new connection may be another server.
    pub fn restart(&mut self, now: f64) {
        *self = Self { next_at: now, ..Self::default() };
    }

    /// Whether a ping is due at `now`; the caller sends it if so.
    pub fn ping_due(&mut self, now: f64) -> bool {
        if now < self.next_at {
            return false;
        }
        self.sent = self.sent.saturating_add(1);
        self.next_at = now + if self.sent < BURST { BURST_SPACING_MS } else { STEADY_SPACING_MS };
        true
    }

    /// Takes the four stamps: client sent, server received, server sent, client received.
    /// Stamps that no round trip can have are ignored.
    pub fn pong(&mut self, t0: UnixMillis, t1: UnixMillis, t2: UnixMillis, t3: UnixMillis) {
        let rtt = (t3 - t0) - (t2 - t1);
        let offset = ((t1 - t0) + (t2 - t3)) / 2.0;
        if !rtt.is_finite() || !offset.is_finite() || !(-1.0..60_000.0).contains(&rtt) {
            return;
        }
        let rtt = rtt.max(0.0);
        if self
            .estimate()
            .is_some_and(|known| (known.offset_ms - offset).abs() > STEP_MS + rtt / 2.0 + known.error_ms)
        {
            self.samples.clear();
        }
        self.samples.push_back(Sample { offset, rtt });
        if self.samples.len() > SAMPLES_MAX {
            self.samples.pop_front();
        }
        self.known = self.estimated();
    }

    /// The offset and its bound; `None` before the first pong.
    #[must_use]
    pub fn estimate(&self) -> Option<Estimate> {
        self.known
    }

    fn estimated(&self) -> Option<Estimate> {
        let mut best: Vec<Sample> = self.samples.iter().copied().collect();
        sort(&mut best, |sample| sample.rtt);
        best.truncate(self.samples.len().div_ceil(4));
        let rtt_min = best.first()?.rtt;
        sort(&mut best, |sample| sample.offset);
        let median = best[best.len() / 2].offset;
        Some(Estimate { offset_ms: median, error_ms: rtt_min / 2.0 })
    }

    /// The server's clock at the client's `now`.
    #[must_use]
    pub fn server_time(&self, now: UnixMillis) -> Option<UnixMillis> {
        self.estimate().map(|known| now + known.offset_ms)
    }
}

/// By insertion: the list is short, and the library's sort is long.
fn sort(list: &mut [Sample], key: fn(&Sample) -> f64) {
    for end in 1..list.len() {
        let mut at = end;
        while at > 0 && key(&list[at]) < key(&list[at - 1]) {
            list.swap(at, at - 1);
            at -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_burst_and_then_a_steady_beat() {
        let mut sync = ClockSync::default();
        sync.restart(0.0);
        let due: Vec<u32> = (0..10_000).filter(|ms| sync.ping_due(f64::from(*ms))).collect();
        assert_eq!(due, [0, 60, 120, 180, 240, 300, 360, 420, 5420]);
    }

    #[test]
    fn a_clock_that_was_set_is_followed_at_once() {
        let mut sync = ClockSync::default();
        for _ in 0..20 {
            sync.pong(0.0, 5.0, 5.0, 10.0);
        }
        sync.pong(0.0, 3_005.0, 3_005.0, 10.0);
        assert!((sync.estimate().unwrap().offset_ms - 3_000.0).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn the_true_offset_lies_within_the_bound(
            offset in -1e6..1e6_f64,
            trips in proptest::collection::vec((0.1..80.0_f64, 0.1..80.0_f64), 1..80)
        ) {
            let mut sync = ClockSync::default();
            let mut t = 1_000.0;
            for (up, down) in &trips {
                sync.pong(t, t + up + offset, t + up + offset, t + up + down);
                t += 100.0;
            }
            let known = sync.estimate().unwrap();
            // The median is of the best quarter, so its own round trip may exceed the very best.
            let mut rtts: Vec<f64> = trips.iter().rev().take(SAMPLES_MAX).map(|(u, d)| u + d).collect();
            rtts.sort_by(f64::total_cmp);
            let worst_of_best = rtts[rtts.len().div_ceil(4) - 1];
            prop_assert!((known.offset_ms - offset).abs() <= worst_of_best / 2.0 + 1e-6);
        }

        #[test]
        fn absurd_stamps_are_ignored(t0: f64, t1: f64, t2: f64, t3: f64) {
            let mut sync = ClockSync::default();
            sync.pong(t0, t1, t2, t3);
            prop_assert!(sync.estimate().is_none_or(|known| known.offset_ms.is_finite()));
        }
    }
}
