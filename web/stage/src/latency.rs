//! From the bus to the eye: how long it took, and how often too long.

use std::collections::VecDeque;

use arcane_shared::control::{MissReason, PaintSample, SEEN_SAMPLES_MAX};

/// Samples that the percentiles are taken of.
pub const WINDOW: usize = 512;
/// Events whose time is remembered.
pub const LATEST_MAX: usize = 2_000;
/// Samples that may wait to be reported: what a second of a flood brings.
pub const UNSENT_MAX: usize = 4 * SEEN_SAMPLES_MAX;
/// Upper bounds of the histogram, milliseconds; the last count is of what took longer.
pub const BOUNDS_MS: [f64; 11] = [10.0, 20.0, 30.0, 40.0, 60.0, 80.0, 100.0, 150.0, 200.0, 300.0, 500.0];

/// How late cues were painted.
#[derive(Debug, Clone, Default)]
pub struct Latency {
    window: VecDeque<f64>,
    /// The same, in order.
    sorted: Vec<f64>,
    unsent: Vec<PaintSample>,
    /// Number and time of the latest, oldest first.
    latest: VecDeque<(u64, f64)>,
    missed: u64,
    transport: u64,
    painted: u64,
    /// Cues by how long they took: see [`BOUNDS_MS`].
    counts: [u64; BOUNDS_MS.len() + 1],
}

/// What the header says.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Report {
    /// Half were faster, milliseconds.
    pub p50: Option<f64>,
    /// All but one in a hundred were faster, milliseconds.
    pub p99: Option<f64>,
    /// Cues past their deadline.
    pub missed: u64,
    /// How many of those had lost it on their way to the page.
    pub transport: u64,
    /// Cues measured.
    pub painted: u64,
}

impl Latency {
    /// An event's cues became visible. Samples beyond what one report may hold are only counted.
    pub fn painted(&mut self, sample: PaintSample) {
        if !sample.late_ms.is_finite() {
            return;
        }
        self.painted += 1;
        self.missed += u64::from(sample.missed);
        self.transport += u64::from(sample.reason == Some(MissReason::Transport));
        self.counts
            [BOUNDS_MS.iter().position(|bound| sample.late_ms <= *bound).unwrap_or(BOUNDS_MS.len())] += 1;
        let late_ms = sample.late_ms.max(0.0);
        self.window.push_back(late_ms);
        self.latest.push_back((sample.seq, late_ms));
        if self.latest.len() > LATEST_MAX {
            self.latest.pop_front();
        }
        self.sorted.insert(self.place(late_ms), late_ms);
        if self.window.len() > WINDOW
            && let Some(oldest) = self.window.pop_front()
        {
            self.sorted.remove(self.place(oldest));
        }
        if self.unsent.len() < UNSENT_MAX {
            self.unsent.push(sample);
        }
    }

    /// Samples that the server has not got yet; at most [`SEEN_SAMPLES_MAX`] of them, and none when all are told.
    pub fn take_unsent(&mut self) -> Vec<PaintSample> {
        self.unsent.drain(..self.unsent.len().min(SEEN_SAMPLES_MAX)).collect()
    }

    /// How long it took until an event was painted, if that was lately.
    #[must_use]
    pub fn of(&self, seq: u64) -> Option<f64> {
        self.latest.iter().rev().find(|(other, _)| *other == seq).map(|(_, late_ms)| *late_ms)
    }

    /// How many cues took so long: see [`BOUNDS_MS`].
    #[must_use]
    pub fn histogram(&self) -> &[u64] {
        &self.counts
    }

    fn place(&self, late_ms: f64) -> usize {
        self.sorted.partition_point(|other| *other < late_ms)
    }

    /// Percentiles and counts.
    #[must_use]
    pub fn report(&self) -> Report {
        let sorted = &self.sorted;
        let at = |part: usize| {
            sorted.get((sorted.len() * part / 100).min(sorted.len().saturating_sub(1))).copied()
        };
        Report {
            p50: at(50),
            p99: at(99),
            missed: self.missed,
            transport: self.transport,
            painted: self.painted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn percentiles_are_ordered_and_counts_exact(
            samples in proptest::collection::vec((-5.0..5_000.0_f64, any::<bool>()), 0..2_000)
        ) {
            let mut latency = Latency::default();
            for (seq, (late_ms, missed)) in samples.iter().enumerate() {
                latency.painted(PaintSample { seq: seq as u64, painted_at: 0.0, late_ms: *late_ms, missed: *missed, reason: None });
            }
            let report = latency.report();
            prop_assert_eq!(report.painted, samples.len() as u64);
            prop_assert_eq!(report.missed, samples.iter().filter(|s| s.1).count() as u64);
            prop_assert!(report.p50 <= report.p99);
            prop_assert_eq!(latency.histogram().iter().sum::<u64>(), samples.len() as u64);
            prop_assert!(latency.take_unsent().len() <= SEEN_SAMPLES_MAX);
        }
    }
}
