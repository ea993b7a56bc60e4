//! What went wrong last, for those who ask whether the log takes events. Pure but for its lock.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::log::{Fault, LogError};

/// How long a failure is told of that nothing followed.
const TOLD_MAX: Duration = Duration::from_secs(10);

/// The last failure that no success followed.
#[derive(Debug, Default)]
pub(super) struct Trouble(Mutex<Option<(Instant, LogError)>>);

impl Trouble {
    /// Something failed. A publisher's own mistake is none of the log's.
    pub(super) fn is(&self, error: &LogError, now: Instant) {
        if error.fault != Fault::OtherContent {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, error.clone()));
        }
    }

    /// A server answers: what was away is there again.
    pub(super) fn answers(&self) {
        let mut trouble = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.take_if(|(_, error)| matches!(error.fault, Fault::Away | Fault::Unknown));
    }

    /// Something worked.
    pub(super) fn is_over(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Whether nothing has failed lately.
    ///
    /// # Errors
    /// What failed.
    pub(super) fn check(&self, now: Instant) -> Result<(), LogError> {
        let trouble = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match trouble.as_ref().filter(|(at, _)| now.duration_since(*at) < TOLD_MAX) {
            Some((_, error)) => Err(error.clone()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_told_until_something_works_or_it_is_old() {
        let (trouble, now) = (Trouble::default(), Instant::now());
        let error = LogError::new(Fault::Full, "insufficient storage");
        trouble.is(&error, now);
        assert_eq!(trouble.check(now), Err(error.clone()));
        assert_eq!(trouble.check(now + TOLD_MAX), Ok(()));
        trouble.answers();
        assert_eq!(trouble.check(now), Err(error.clone()), "a server that answers may be full");
        trouble.is_over();
        assert_eq!(trouble.check(now), Ok(()));
        trouble.is(&LogError::new(Fault::Away, "no leader"), now);
        trouble.answers();
        assert_eq!(trouble.check(now), Ok(()));
    }
}
