//! Reading the log without keeping anybody else waiting.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::log::{EventLog, Fault, LogError, Page, PageRequest, RoomId};

/// Readers of the log at a time; further ones wait. Each holds one page in memory.
const READERS_MAX: usize = 4;

/// The log, and places to read it from.
#[derive(Debug, Clone)]
pub(crate) struct Reads {
    log: Arc<dyn EventLog>,
    places: Arc<Semaphore>,
    /// Whether the log is memory: then reading it keeps nobody waiting.
    at_once: bool,
}

impl Reads {
    pub(crate) fn new(log: Arc<dyn EventLog>, at_once: bool) -> Self {
        Self { log, places: Arc::new(Semaphore::new(READERS_MAX)), at_once }
    }

    pub(crate) fn log(&self) -> &Arc<dyn EventLog> {
        &self.log
    }

    /// A page of a room.
    pub(crate) async fn page(&self, room: RoomId, request: PageRequest) -> Result<Page, LogError> {
        self.ask(move |log| log.read(room, request)).await
    }

    /// Asks the log something that blocks.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn EventLog) -> Result<T, LogError> + Send + 'static,
    ) -> Result<T, LogError> {
        if self.at_once {
            return question(self.log.as_ref());
        }
        let closed = || LogError::new(Fault::Closed, "nothing more is read");
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| closed())?;
        let log = Arc::clone(&self.log);
        let asked = tokio::task::spawn_blocking(move || {
            let answer = question(log.as_ref());
            drop(place);
            answer
        });
        asked.await.map_err(|_| closed())?
    }
}
