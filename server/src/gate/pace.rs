//! How often something may happen for one subject. Pure.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Most subjects that are remembered; where more come within one interval, nothing happens for the others.
const SUBJECTS_MAX: usize = 4096;

/// When it happened last, for each subject.
#[derive(Debug)]
pub(crate) struct Pace {
    every: Duration,
    last: HashMap<Arc<str>, Instant>,
}

impl Pace {
    /// Once in this time.
    pub(crate) fn new(every: Duration) -> Self {
        Self { every, last: HashMap::new() }
    }

    /// Whether it may happen now; then it does.
    pub(crate) fn is_due(&mut self, subject: &Arc<str>, now: Instant) -> bool {
        let every = self.every;
        let is_recent = |at: Instant| now.saturating_duration_since(at) < every;
        if self.last.get(subject).copied().is_some_and(is_recent) {
            return false;
        }
        if self.last.len() >= SUBJECTS_MAX {
            self.last.retain(|_, at| is_recent(*at));
        }
        if self.last.len() >= SUBJECTS_MAX {
            return false;
        }
        self.last.insert(Arc::clone(subject), now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_subject_has_its_own_turn() {
        let (mut pace, begin) = (Pace::new(Duration::from_secs(1)), Instant::now());
        let (one, two): (Arc<str>, Arc<str>) = ("one".into(), "two".into());
        assert!(pace.is_due(&one, begin) && pace.is_due(&two, begin));
        assert!(!pace.is_due(&one, begin + Duration::from_millis(999)));
        assert!(pace.is_due(&one, begin + Duration::from_secs(1)));
    }

    #[test]
    fn what_is_remembered_has_a_bound() {
        let (mut pace, begin) = (Pace::new(Duration::from_secs(1)), Instant::now());
        let who = |n: usize| Arc::<str>::from(format!("s{n}"));
        assert!((0..SUBJECTS_MAX).all(|n| pace.is_due(&who(n), begin)));
        assert!(!pace.is_due(&who(SUBJECTS_MAX), begin));
        assert!(pace.is_due(&who(SUBJECTS_MAX), begin + Duration::from_secs(1)));
    }
}
