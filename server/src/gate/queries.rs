//! How many questions to the log one subject asks at a time: one that asks many waits for itself, not for others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::limits::Subject;

/// How long a question waits for its turn.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// Most subjects that are kept although they ask nothing at the moment.
const IDLE_MAX: usize = 1024;

/// More questions than one subject may ask at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} questions to the log at a time, and none of them ended within {wait} s; ask fewer at once", wait = WAIT_MAX.as_secs())]
pub(crate) struct TooManyQueries(pub(crate) u32);

/// The turns of all subjects.
#[derive(Debug, Default)]
pub(crate) struct Queries(Mutex<HashMap<Subject, Arc<Semaphore>>>);

impl Queries {
    /// Waits for a turn, of which a subject has `max` at a time.
    ///
    /// # Errors
    /// If none comes in time.
    pub(crate) async fn turn(
        &self,
        subject: Subject,
        max: u32,
    ) -> Result<OwnedSemaphorePermit, TooManyQueries> {
        let turns = self.turns(subject, max);
        let turn = tokio::time::timeout(WAIT_MAX, turns.acquire_owned()).await;
        turn.ok().and_then(Result::ok).ok_or(TooManyQueries(max))
    }

    fn turns(&self, subject: Subject, max: u32) -> Arc<Semaphore> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= IDLE_MAX {
            // A permit holds its semaphore, too.
            all.retain(|_, turns| Arc::strong_count(turns) > 1);
        }
        Arc::clone(all.entry(subject).or_insert_with(|| Arc::new(Semaphore::new(max as usize))))
    }
}
