//! Large publications take turns: only so many bytes of them are on their way into the log at a time.
//!
//! A small publication has none of them to wait for but those that are on their way already: that is what bounds how long
//! publishers at full speed hold up everybody else.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{EventLog, Fault, LogError};

/// A publication that is larger takes a turn.
const LARGE_BYTES: usize = 16 * 1024;
/// Bytes of large publications that are on their way at a time. One that is larger is alone on its way.
const BYTES_MAX: usize = 128 * 1024;
/// What one permit stands for.
const PERMIT_BYTES: usize = 1024;
/// How long a publication waits for its turn.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// How long a publication whose turn it is waits for a log that is behind.
const BEHIND_MAX: Duration = Duration::from_secs(1);

/// The turns of one log.
#[derive(Debug)]
pub(crate) struct Turns(Arc<Semaphore>);

/// A publication's turn, until the last clone is dropped: with it once it is in the log, or was refused.
#[derive(Debug, Clone, Default)]
pub struct Turn(Option<Arc<OwnedSemaphorePermit>>);

impl Default for Turns {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(BYTES_MAX / PERMIT_BYTES)))
    }
}

impl Turns {
    /// Waits for the turn of a publication of so many bytes, in the order of the calls, and until `log` is not behind; a small
    /// one waits for neither. Cancel-safe.
    ///
    /// # Errors
    /// [`Fault::Busy`] if it does not come within ten seconds.
    pub(crate) async fn take(&self, bytes: usize, log: &dyn EventLog) -> Result<Turn, LogError> {
        let turn = self.take_within(bytes, WAIT_MAX).await?;
        if turn.0.is_some() {
            // Then it goes on all the same: the log says for itself what it cannot take.
            let _ = tokio::time::timeout(BEHIND_MAX, log.caught_up()).await;
        }
        Ok(turn)
    }

    async fn take_within(&self, bytes: usize, wait_max: Duration) -> Result<Turn, LogError> {
        if bytes <= LARGE_BYTES {
            return Ok(Turn::default());
        }
        let permits = u32::try_from(bytes.min(BYTES_MAX) / PERMIT_BYTES).unwrap_or(u32::MAX);
        let turn = Arc::clone(&self.0).acquire_many_owned(permits);
        match tokio::time::timeout(wait_max, turn).await {
            Ok(Ok(permit)) => Ok(Turn(Some(Arc::new(permit)))),
            Ok(Err(_)) | Err(_) => Err(LogError::new(
                Fault::Busy,
                "large publications wait for each other; send it again soon, or in smaller parts",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn turn(turns: &Turns, bytes: usize) -> Option<Turn> {
        turns.take_within(bytes, WAIT_MAX).now_or_never().and_then(Result::ok)
    }

    #[tokio::test]
    async fn large_ones_wait_for_each_other_and_small_ones_for_nobody() {
        let turns = Turns::default();
        let first = turn(&turns, BYTES_MAX / 2).unwrap();
        let second = turn(&turns, BYTES_MAX / 2).unwrap();
        assert!(turn(&turns, LARGE_BYTES + PERMIT_BYTES).is_none());
        assert!(turn(&turns, LARGE_BYTES).is_some());
        let copy = first.clone();
        drop(first);
        assert!(turn(&turns, BYTES_MAX / 2).is_none(), "it is held by its copy");
        drop((copy, second));
        let huge = turn(&turns, 100 * BYTES_MAX).unwrap();
        assert!(turn(&turns, LARGE_BYTES + PERMIT_BYTES).is_none(), "a huge one is alone");
        drop(huge);
        assert!(turn(&turns, BYTES_MAX).is_some());
    }

    #[tokio::test]
    async fn a_turn_that_does_not_come_is_told() {
        let turns = Turns::default();
        let _held = turns.take_within(BYTES_MAX, WAIT_MAX).await.unwrap();
        assert_eq!(turns.take_within(BYTES_MAX, Duration::ZERO).await.unwrap_err().fault, Fault::Busy);
    }
}
