//! Copies of rooms on this node's disk, with an index: what is asked of them blocks, and waits for a thread.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Semaphore;

use crate::log::sqlite::index::IndexError;
use crate::log::sqlite::mirror::Mirror;
use crate::log::{Fault, LogError};

/// Questions that are answered at once; the rest waits.
const AT_ONCE: usize = 8;

/// The copies of a log's rooms.
#[derive(Debug)]
pub(super) struct Copies {
    mirror: Arc<Mirror>,
    places: Semaphore,
}

impl Copies {
    /// Opens the copies in a directory. `None`, with a line in the log, if there can be none.
    pub(super) async fn open(dir: PathBuf) -> Option<Self> {
        let opened = blocking(move || Ok(Mirror::open(&dir))).await.ok()?;
        let told = opened.inspect_err(|error| {
            tracing::warn!(%error, "rooms are not copied to this node's disk: each question about their past reads their events");
        });
        Some(Self { mirror: Arc::new(told.ok()?), places: Semaphore::new(AT_ONCE) })
    }

    /// Asks the copies.
    ///
    /// # Errors
    /// As `ask`.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Mirror) -> Result<T, IndexError> + Send + 'static,
    ) -> Result<T, LogError> {
        let place = self.places.acquire().await;
        let _place = place.map_err(|error| LogError::new(Fault::Closed, error.to_string()))?;
        self.with(ask).await
    }

    /// The same without waiting for a place among questions.
    ///
    /// # Errors
    /// As `with`.
    pub(super) async fn with<T: Send + 'static>(
        &self,
        with: impl FnOnce(&Mirror) -> Result<T, IndexError> + Send + 'static,
    ) -> Result<T, LogError> {
        let mirror = Arc::clone(&self.mirror);
        blocking(move || with(&mirror).map_err(LogError::from)).await
    }

    /// Ends what works for the copies.
    pub(super) async fn close_by(&self, deadline: Instant) {
        let _ = self
            .with(move |mirror| {
                mirror.close_by(deadline);
                Ok(())
            })
            .await;
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LogError> + Send + 'static,
) -> Result<T, LogError> {
    let worked = tokio::task::spawn_blocking(work).await;
    worked.unwrap_or_else(|error| Err(LogError::new(Fault::Closed, error.to_string())))
}
