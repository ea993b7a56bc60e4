//! A token bucket: how much may be done at a rate, with bursts. Pure.

use std::time::{Duration, Instant};

/// How fast a bucket fills, and how full it gets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rate {
    /// Units a second.
    pub(crate) per_s: f64,
    /// Most units that are saved up.
    pub(crate) burst: f64,
    /// What has to be left for a take; anything if 0.
    pub(crate) least: f64,
}

impl Rate {
    /// So many a second; `seconds` of it are saved up.
    pub(crate) fn new(per_s: u32, seconds: f64) -> Self {
        Self { per_s: f64::from(per_s), burst: f64::from(per_s) * seconds, least: 0.0 }
    }
}

/// What is left of a rate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bucket {
    level: f64,
    at: Instant,
}

impl Bucket {
    /// A full one.
    pub(crate) fn full(rate: Rate, now: Instant) -> Self {
        Self { level: rate.burst, at: now }
    }

    /// Takes `units` if there is anything left, and goes into debt for what there is not: what comes as one may be larger than a
    /// burst. Otherwise nothing is taken.
    ///
    /// # Errors
    /// How long to wait until there is something left.
    pub(crate) fn take(&mut self, rate: Rate, units: f64, now: Instant) -> Result<(), Duration> {
        self.fill(rate, now);
        if self.level <= 0.0 || self.level < rate.least {
            let wait = (1.0 - self.level) / rate.per_s;
            return Err(Duration::try_from_secs_f64(wait).unwrap_or(Duration::MAX));
        }
        self.level -= units;
        Ok(())
    }

    /// Takes `units` for what is done already, whatever is left.
    pub(crate) fn charge(&mut self, rate: Rate, units: f64, now: Instant) {
        self.fill(rate, now);
        self.level -= units;
    }

    /// Whether nothing was taken from it lately.
    pub(crate) fn is_full(&mut self, rate: Rate, now: Instant) -> bool {
        self.fill(rate, now);
        self.level >= rate.burst
    }

    fn fill(&mut self, rate: Rate, now: Instant) {
        let since = now.saturating_duration_since(self.at).as_secs_f64();
        self.level = since.mul_add(rate.per_s, self.level).min(rate.burst);
        self.at = self.at.max(now);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RATE: Rate = Rate { per_s: 10.0, burst: 20.0, least: 0.0 };

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let begin = Instant::now();
        let mut bucket = Bucket::full(RATE, begin);
        assert!((0..20).all(|_| bucket.take(RATE, 1.0, begin).is_ok()));
        assert_eq!(bucket.take(RATE, 1.0, begin), Err(Duration::from_millis(100)));
        let later = begin + Duration::from_millis(100);
        assert!(bucket.take(RATE, 1.0, later).is_ok());
        assert!(bucket.take(RATE, 1.0, later).is_err());
    }

    #[test]
    fn what_is_counted_one_by_one_waits_for_a_whole_one() {
        let (begin, rate) = (Instant::now(), Rate { per_s: 0.5, burst: 1.0, least: 1.0 });
        let mut bucket = Bucket::full(rate, begin);
        assert!(bucket.take(rate, 1.0, begin).is_ok());
        let soon = begin + Duration::from_secs(1);
        assert_eq!(bucket.take(rate, 1.0, soon), Err(Duration::from_secs(1)));
        assert!(bucket.take(rate, 1.0, soon + Duration::from_secs(1)).is_ok());
    }

    #[test]
    fn what_is_larger_than_a_burst_passes_once_and_is_paid_for() {
        let begin = Instant::now();
        let mut bucket = Bucket::full(RATE, begin);
        assert!(bucket.take(RATE, 120.0, begin).is_ok());
        assert_eq!(bucket.take(RATE, 1.0, begin), Err(Duration::from_millis(10_100)));
        assert!(bucket.take(RATE, 1.0, begin + Duration::from_secs(10)).is_err());
        assert!(bucket.take(RATE, 1.0, begin + Duration::from_millis(10_100)).is_ok());
    }

    proptest! {
        #[test]
        fn never_more_than_the_rate_a_burst_and_one_last_take(
            takes in proptest::collection::vec((0u64..500, 1u32..50), 1..200),
        ) {
            let begin = Instant::now();
            let (mut bucket, mut now, mut taken) = (Bucket::full(RATE, begin), begin, 0.0);
            for (pause_ms, units) in takes {
                now += Duration::from_millis(pause_ms);
                match bucket.take(RATE, f64::from(units), now) {
                    Ok(()) => taken += f64::from(units),
                    // What is waited for is there then.
                    Err(wait) => prop_assert!(bucket.clone().take(RATE, 1.0, now + wait + Duration::from_micros(1)).is_ok()),
                }
                let elapsed = now.duration_since(begin).as_secs_f64();
                prop_assert!(taken <= RATE.burst + RATE.per_s * elapsed + 50.0 + 1e-6);
            }
        }
    }
}
