//! Which refusals are told: one a second of each kind, so that a flood of them fills no log. Acts are all told. Pure.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::Entry;

/// Least time between two refusals of one kind that are told.
const REFUSAL_EVERY: Duration = Duration::from_secs(1);

/// Decides, and counts what is left out. There are as many kinds as the source names.
#[derive(Debug, Default)]
pub(super) struct Sample {
    told_at: HashMap<&'static str, Instant>,
    left_out: u64,
}

impl Sample {
    /// Counts what is not told.
    pub(super) fn leave_out(&mut self, count: u64) {
        self.left_out += count;
    }

    /// Whether to tell of an entry, and how many before it were left out.
    pub(super) fn take(&mut self, entry: &Entry, now: Instant) -> Option<u64> {
        if let Some(why) = entry.refused {
            let told_at = self.told_at.get(why);
            if told_at.is_some_and(|at| now.saturating_duration_since(*at) < REFUSAL_EVERY) {
                self.left_out += 1;
                return None;
            }
            self.told_at.insert(why, now);
        }
        Some(std::mem::take(&mut self.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(refused: Option<&'static str>) -> Entry {
        Entry { refused, asked: "GET /events".into(), subject: None, address: None }
    }

    #[test]
    fn one_refusal_of_a_kind_is_told_a_second_and_every_act() {
        let (mut sample, begun) = (Sample::default(), Instant::now());
        let mut take = |refused, ms| sample.take(&entry(refused), begun + Duration::from_millis(ms));
        assert_eq!(take(Some("no-token"), 0), Some(0));
        assert_eq!(take(Some("no-token"), 10), None);
        assert_eq!(take(Some("no-token"), 999), None);
        assert_eq!(take(None, 999), Some(2), "an act tells of what was left out before it");
        assert_eq!(take(Some("forbidden"), 999), Some(0), "another kind");
        assert_eq!(take(Some("no-token"), 1_000), Some(0));
        assert_eq!(take(None, 1_000), Some(0));
    }
}
