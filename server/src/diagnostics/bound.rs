//! How many lines of the log there are a second, and how many are left out. Pure.

use std::time::{Duration, Instant};

use crate::bucket::{Bucket, Rate};

/// How many seconds' worth of lines may come at once.
const BURST_S: f64 = 2.0;
/// Part of what may come at once that is kept for warnings and errors: nobody hides them behind other lines.
const KEPT_FOR_WARNINGS: f64 = 0.25;
/// Least time between two lines that say how many were left out.
const SAY_EVERY: Duration = Duration::from_secs(1);

/// A bound on the lines of the log.
#[derive(Debug)]
pub(super) struct Bound {
    /// Lines a second; 0 is no bound.
    lines_per_s: u32,
    bucket: Bucket,
    /// Lines that were left out and not told of.
    left_out: u64,
    told_at: Option<Instant>,
    /// What was left out is told of at once: the process is about to end.
    hurries: bool,
}

impl Bound {
    /// So many lines a second; 0 is no bound.
    pub(super) fn new(lines_per_s: u32, now: Instant) -> Self {
        let bucket = Bucket::full(Rate::new(lines_per_s, BURST_S), now);
        Self { lines_per_s, bucket, left_out: 0, told_at: None, hurries: false }
    }

    /// The bound, lines a second.
    pub(super) fn lines_per_s(&self) -> u32 {
        self.lines_per_s
    }

    /// Whether another line may come; otherwise it is counted as left out.
    pub(super) fn passes(&mut self, is_warning: bool, now: Instant) -> bool {
        if self.lines_per_s == 0 {
            return true;
        }
        let rate = Rate::new(self.lines_per_s, BURST_S);
        let kept = if is_warning { 0.0 } else { rate.burst * KEPT_FOR_WARNINGS };
        let passes = self.bucket.take(Rate { least: kept + 1.0, ..rate }, 1.0, now).is_ok();
        self.left_out += u64::from(!passes);
        passes
    }

    /// How many lines were left out since this was told last, if it is to be told now.
    pub(super) fn tell(&mut self, now: Instant) -> Option<u64> {
        self.wait(now).filter(Duration::is_zero)?;
        self.told_at = Some(now);
        Some(std::mem::take(&mut self.left_out))
    }

    /// How long until it is to be told; `None`: there is nothing to tell.
    pub(super) fn wait(&self, now: Instant) -> Option<Duration> {
        let due = self.told_at.map(|at| at + SAY_EVERY).filter(|_| !self.hurries);
        (self.left_out > 0).then(|| due.map_or(Duration::ZERO, |due| due.saturating_duration_since(now)))
    }

    /// Whether lines were left out that nothing has told of.
    pub(super) fn has_something_to_tell(&self) -> bool {
        self.left_out > 0
    }

    /// Lets what was left out be told of at once, or not.
    pub(super) fn hurry(&mut self, hurries: bool) {
        self.hurries = hurries;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beyond_the_bound_is_left_out_and_told_of_once_a_second() {
        let begin = Instant::now();
        let mut bound = Bound::new(10, begin);
        let passed = (0..100).filter(|_| bound.passes(false, begin)).count();
        assert_eq!(passed, 15, "two seconds' worth but for what is kept");
        assert_eq!((bound.tell(begin), bound.tell(begin)), (Some(85), None));
        assert!(!bound.passes(false, begin));
        let soon = begin + Duration::from_millis(400);
        assert_eq!((bound.wait(soon), bound.tell(soon)), (Some(Duration::from_millis(600)), None));
        let later = begin + SAY_EVERY;
        assert!(bound.passes(false, later), "the rate goes on");
        assert_eq!((bound.tell(later), bound.wait(later)), (Some(1), None));
        assert!((0..100).any(|_| !bound.passes(false, later)));
        bound.hurry(true);
        assert!(bound.tell(later).is_some(), "at the end it does not wait");
    }

    #[test]
    fn nobody_hides_a_warning_behind_other_lines() {
        let begin = Instant::now();
        let mut bound = Bound::new(10, begin);
        while bound.passes(false, begin) {}
        assert!((0..5).all(|_| bound.passes(true, begin)));
        assert!(!bound.passes(true, begin), "warnings have a bound, too");
    }

    #[test]
    fn without_a_bound_every_line_passes() {
        let begin = Instant::now();
        let mut bound = Bound::new(0, begin);
        assert!((0..10_000).all(|_| bound.passes(false, begin)));
        assert_eq!(bound.tell(begin), None);
    }
}
