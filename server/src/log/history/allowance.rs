//! How long a question may be worked on.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long the questions of one request may be worked on, all together. Clones share what is left; waiting for a turn costs nothing.
#[derive(Debug, Clone, Default)]
pub struct Allowance(Option<(Duration, Arc<Mutex<Duration>>)>);

impl Allowance {
    /// So long; zero is no bound.
    #[must_use]
    pub fn of(time: Duration) -> Self {
        Self((!time.is_zero()).then(|| (time, Arc::new(Mutex::new(time)))))
    }

    /// All of it, with what is spent; zero if there is no bound.
    pub(crate) fn whole(&self) -> Duration {
        self.0.as_ref().map_or(Duration::ZERO, |(whole, _)| *whole)
    }

    /// When the work has to end that begins now.
    pub(crate) fn deadline(&self, now: Instant) -> Option<Instant> {
        let (_, left) = self.0.as_ref()?;
        now.checked_add(*left.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes away what work took.
    pub(crate) fn spend(&self, time: Duration) {
        if let Some((_, left)) = &self.0 {
            let mut left = left.lock().unwrap_or_else(PoisonError::into_inner);
            *left = left.saturating_sub(time);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_question_takes_the_next_has_no_more() {
        let now = Instant::now();
        assert_eq!(Allowance::of(Duration::ZERO).deadline(now), None);
        let allowance = Allowance::of(Duration::from_secs(5));
        allowance.clone().spend(Duration::from_secs(3));
        assert_eq!(allowance.deadline(now), Some(now + Duration::from_secs(2)));
        allowance.spend(Duration::from_secs(3));
        assert_eq!((allowance.deadline(now), allowance.whole()), (Some(now), Duration::from_secs(5)));
    }
}
