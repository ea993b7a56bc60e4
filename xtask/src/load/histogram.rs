//! Latencies, counted in classes that are at most 1.6 % wide, so that memory is bounded however many there are.

/// Classes to each doubling.
const STEPS: u64 = 64;
const STEP_BITS: u32 = STEPS.trailing_zeros();
/// Longest that is told apart, microseconds: about 19 hours. What is longer counts as that.
const US_MAX: u64 = (1 << 36) - 1;

/// How many latencies fell into which class.
#[derive(Debug)]
pub(crate) struct Histogram {
    classes: Vec<u64>,
    count: u64,
    max_us: u64,
}

impl Histogram {
    /// Nothing counted yet.
    pub(crate) fn new() -> Self {
        Self { classes: vec![0; class(US_MAX) + 1], count: 0, max_us: 0 }
    }

    /// Counts one latency.
    pub(crate) fn count(&mut self, us: u64) {
        self.classes[class(us.min(US_MAX))] += 1;
        self.count += 1;
        self.max_us = self.max_us.max(us);
    }

    /// The latency that this share of all did not exceed; none if none were counted.
    pub(crate) fn quantile_us(&self, share: f64) -> Option<f64> {
        let rank = ((self.count as f64 * share).ceil() as u64).clamp(1, self.count.max(1));
        let mut below = 0;
        let class = self.classes.iter().position(|count| {
            below += count;
            below >= rank
        })?;
        Some(upper(class).min(self.max_us) as f64)
    }

    /// The longest, exactly.
    pub(crate) fn max_us(&self) -> Option<f64> {
        (self.count > 0).then_some(self.max_us as f64)
    }
}

fn class(us: u64) -> usize {
    let doublings = (us | STEPS).ilog2() - STEP_BITS;
    (u64::from(doublings) * STEPS + (us >> doublings)) as usize
}

fn upper(class: usize) -> u64 {
    let class = class as u64;
    let doublings = (class / STEPS).saturating_sub(1);
    ((class - doublings * STEPS + 1) << doublings) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_latency_is_in_its_class() {
        for us in (0..5_000).chain((0..36).map(|bit| 1 << bit)).chain([US_MAX]) {
            let top = upper(class(us));
            assert!(top >= us && (top - us) as f64 <= us as f64 / 60.0, "{us} is in the class up to {top}");
            assert!(class(us) == 0 || upper(class(us) - 1) < us, "{us}");
        }
    }

    #[test]
    fn quantiles_of_a_hundred() {
        let mut some = Histogram::new();
        assert_eq!((some.quantile_us(0.5), some.max_us()), (None, None));
        (1..=100).for_each(|us| some.count(us));
        let quantile = |share| some.quantile_us(share).unwrap();
        assert_eq!([quantile(0.0), quantile(0.5), quantile(0.99), quantile(1.0)], [1.0, 50.0, 99.0, 100.0]);
        some.count(u64::MAX);
        assert_eq!(some.max_us(), Some(u64::MAX as f64));
    }
}
