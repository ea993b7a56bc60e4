//! Hears what other nodes change, and reads anew what it may have missed.

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;

use super::table::Doubt;
use super::{Inner, contended, read};
use crate::log::record::{CONSUMER, ConsumerRecord};
use crate::log::{Heard, LogError};

/// How often all consumers are listed, whatever is heard.
const LIST_EVERY: Duration = Duration::from_secs(10);
/// Pause after a failure.
const RETRY: Duration = Duration::from_millis(500);

impl Inner {
    /// Listens for as long as this is awaited.
    pub(super) async fn watch(&self) {
        let mut doubts = Vec::new();
        loop {
            if let Err(error) = self.watch_on(&mut doubts).await {
                tracing::debug!(%error, "what other nodes change of consumers is not heard yet");
                tokio::time::sleep(RETRY).await;
            }
        }
    }

    /// Lists, and listens until it is time to list anew.
    async fn watch_on(&self, doubts: &mut Vec<Doubt>) -> Result<(), LogError> {
        // What is changed while they are listed is heard afterwards.
        let mut changes = contended(&self.log)?.changes(CONSUMER).await?;
        *doubts = self.list(std::mem::take(doubts)).await?;
        let until = tokio::time::Instant::now() + LIST_EVERY;
        while let Ok(Some(Heard::Changed(at, revised))) = tokio::time::timeout_at(until, changes.next()).await
        {
            if let Some((key, known)) = read(&at, revised) {
                let evicted = self.table().hear(&key, known, Instant::now());
                evicted.tell();
            }
        }
        Ok(())
    }

    /// Lists all consumers. `doubts`: of these the leader said the time before that they are older than what is known; if it
    /// says so again they are. Returns those of which it says so now.
    async fn list(&self, doubts: Vec<Doubt>) -> Result<Vec<Doubt>, LogError> {
        let listed = self.listed().await?;
        let (to_ask, evicted) = self.table().list(listed, Instant::now());
        evicted.tell();
        self.added.notify_one();
        let mut left = Vec::new();
        for doubt in to_ask {
            let said = self.get(&doubt.key).await?;
            if said.revision >= doubt.revision {
                continue;
            }
            if doubts.contains(&doubt) {
                let at = ConsumerRecord::key(&doubt.key.0, &doubt.key.1);
                tracing::warn!(key = at, "a consumer in the event log is older than it was");
                let evicted = self.table().believe(&doubt.key, said, doubt.revision, Instant::now());
                evicted.tell();
            } else {
                left.push(doubt);
            }
        }
        Ok(left)
    }
}
