//! From the bus to the eye: how long it took, and how often too long.

use std::collections::VecDeque;

use arcane_shared::control::{PaintSample, SEEN_SAMPLES_MAX};

/// Samples that the percentiles are taken of.
pub const WINDOW: usize = 512;

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Latency {
    window: VecDeque<f64>,
    /// The same, in order.
    sorted: Vec<f64>,
    unsent: Vec<PaintSample>,
    missed: u64,
    painted: u64,
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
        let late_ms = sample.late_ms.max(0.0);
        self.window.push_back(late_ms);
        self.sorted.insert(self.place(late_ms), late_ms);
        if self.window.len() > WINDOW
            && let Some(oldest) = self.window.pop_front()
        {
            self.sorted.remove(self.place(oldest));
        }
        if self.unsent.len() < SEEN_SAMPLES_MAX {
            self.unsent.push(sample);
        }
    }

    /// The samples that the server has not got yet; at most [`SEEN_SAMPLES_MAX`].
    pub fn take_unsent(&mut self) -> Vec<PaintSample> {
        std::mem::take(&mut self.unsent)
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
        Report { p50: at(50), p99: at(99), missed: self.missed, painted: self.painted }
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
                latency.painted(PaintSample { seq: seq as u64, painted_at: 0.0, late_ms: *late_ms, missed: *missed });
            }
            let report = latency.report();
            prop_assert_eq!(report.painted as usize, samples.len());
            prop_assert_eq!(report.missed as usize, samples.iter().filter(|s| s.1).count());
            prop_assert!(report.p50 <= report.p99);
            prop_assert!(latency.take_unsent().len() <= SEEN_SAMPLES_MAX);
        }
    }
}
