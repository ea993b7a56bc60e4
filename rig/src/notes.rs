//! Where all tasks of a run write down what they see.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::history::{History, Moment};

/// The history of a run that goes on, and its clock. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Notes {
    history: Arc<Mutex<History>>,
    began: Instant,
}

impl Notes {
    /// An empty history that begins now.
    #[must_use]
    pub fn begin() -> Self {
        Self { history: Arc::default(), began: Instant::now() }
    }

    /// Time since the run began.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.began.elapsed()
    }

    /// Adds to the history.
    pub fn write(&self, note: impl FnOnce(&mut History)) {
        note(&mut self.history());
    }

    /// The history up to now. What is written meanwhile waits.
    pub fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
