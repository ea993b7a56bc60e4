//! What went wrong last, and when a leader last said anything, for those who ask whether the log takes events. Pure but for
//! its locks.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::log::{Fault, LogError};

/// How long a failure is told of that nothing followed.
const TOLD_MAX: Duration = Duration::from_secs(10);

/// How long no leader may say anything: buckets are looked at every two seconds, whatever happens in rooms.
const SILENCE_MAX: Duration = Duration::from_secs(5);

/// The last failure that no success followed, and when a leader of a stream was last heard.
#[derive(Debug)]
pub(super) struct Trouble {
    failure: Mutex<Option<(Instant, LogError)>>,
    heard_at: Mutex<Instant>,
}

impl Trouble {
    /// Nothing has failed, and a leader was heard now.
    pub(super) fn new(now: Instant) -> Self {
        Self { failure: Mutex::default(), heard_at: Mutex::new(now) }
    }

    /// A leader with a majority has said something: it has taken an event, told of one, or said that it has the majority.
    pub(super) fn heard(&self, now: Instant) {
        *self.heard_at.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// How long no leader has said anything.
    pub(super) fn silence(&self, now: Instant) -> Duration {
        now.saturating_duration_since(*self.heard_at.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Something failed. A publisher's own mistake is none of the log's.
    pub(super) fn is(&self, error: &LogError, now: Instant) {
        if error.fault != Fault::OtherContent {
            *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, error.clone()));
        }
    }

    /// A server answers: what was away is there again.
    pub(super) fn answers(&self) {
        let mut trouble = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.take_if(|(_, error)| matches!(error.fault, Fault::Away | Fault::Unknown));
    }

    /// Something worked.
    pub(super) fn is_over(&self) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Whether nothing has failed lately.
    ///
    /// # Errors
    /// What failed.
    pub(super) fn check(&self, now: Instant) -> Result<(), LogError> {
        let trouble = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        match trouble.as_ref().filter(|(at, _)| now.duration_since(*at) < TOLD_MAX) {
            Some((_, error)) => Err(error.clone()),
            None if self.silence(now) >= SILENCE_MAX => {
                let text = "no leader of a stream has said anything for 5 s, though there is a connection";
                Err(LogError::new(Fault::Away, text))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_told_until_something_works_or_it_is_old() {
        let now = Instant::now();
        let trouble = Trouble::new(now);
        let error = LogError::new(Fault::Full, "insufficient storage");
        trouble.is(&error, now);
        assert_eq!(trouble.check(now), Err(error.clone()));
        trouble.heard(now + TOLD_MAX);
        assert_eq!(trouble.check(now + TOLD_MAX), Ok(()));
        trouble.answers();
        assert_eq!(trouble.check(now), Err(error.clone()), "a server that answers may be full");
        trouble.is_over();
        assert_eq!(trouble.check(now), Ok(()));
        trouble.is(&LogError::new(Fault::Away, "no leader"), now);
        trouble.answers();
        assert_eq!(trouble.check(now), Ok(()));
    }
    #[test]
    fn leaders_that_say_nothing_are_trouble() {
        let now = Instant::now();
        let trouble = Trouble::new(now);
        assert_eq!(trouble.check(now + SILENCE_MAX - Duration::from_millis(1)), Ok(()));
        assert_eq!(trouble.check(now + SILENCE_MAX).unwrap_err().fault, Fault::Away);
        trouble.heard(now + SILENCE_MAX);
        assert_eq!(trouble.check(now + SILENCE_MAX), Ok(()));
        assert_eq!(trouble.silence(now + SILENCE_MAX * 2), SILENCE_MAX);
    }
}
