//! Events per second over the last ten.

use std::collections::VecDeque;

/// Seconds over which a room's rate is averaged.
const WINDOW_S: u64 = 10;

/// Events per second over the last [`WINDOW_S`] whole seconds.
#[derive(Debug, Default)]
pub(super) struct Rate {
    /// (second of a clock that does not jump, events), oldest first; at most [`WINDOW_S`] + 1 entries.
    buckets: VecDeque<(u64, u64)>,
}

impl Rate {
    pub(super) fn count(&mut self, second: u64) {
        match self.buckets.back_mut() {
            Some((last, n)) if *last >= second => *n += 1,
            _ => self.buckets.push_back((second, 1)),
        }
        self.forget_before(second.saturating_sub(WINDOW_S));
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of ten seconds fit 53 bits")]
    pub(super) fn per_second(&mut self, now: u64) -> f64 {
        self.forget_before(now.saturating_sub(WINDOW_S));
        self.buckets.iter().map(|(_, n)| n).sum::<u64>() as f64 / WINDOW_S as f64
    }

    fn forget_before(&mut self, second: u64) {
        while self.buckets.front().is_some_and(|(first, _)| *first < second) {
            self.buckets.pop_front();
        }
    }
}
