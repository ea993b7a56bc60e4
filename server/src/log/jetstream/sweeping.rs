//! What the log has let go of is not kept in copies either: not of rooms that were deleted or begun anew, and not of events that
//! were deleted, on whichever node that was asked for.

use std::time::Duration;

use arcane_shared::{Epoch, RoomName};

use super::copies::Copies;
use super::core::Core;
use crate::log::LogError;
use crate::log::sqlite::mirror::Mirror;

/// How often copies are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// The same after a look that was not to its end.
const AGAIN_AFTER: Duration = Duration::from_secs(2);

impl Core {
    /// Looks at copies until the log is closed.
    pub(super) async fn sweep_copies(&self) {
        let mut ended = self.ended.subscribe();
        tokio::select! {
            _ = ended.wait_for(|ended| *ended) => {}
            () = self.sweep_on() => {}
        }
    }

    async fn sweep_on(&self) {
        let Some(copies) = self.copies.get() else { return };
        loop {
            let is_done = self.sweep(copies).await.unwrap_or_else(|error| {
                tracing::debug!(%error, "copies of rooms are looked at later");
                false
            });
            tokio::time::sleep(if is_done { LOOK_EVERY } else { AGAIN_AFTER }).await;
        }
    }

    async fn sweep(&self, copies: &Copies) -> Result<bool, LogError> {
        for (name, epoch) in copies.with(Mirror::rooms).await? {
            self.sweep_one(copies, name, epoch).await?;
        }
        copies.with(Mirror::tidy).await
    }

    async fn sweep_one(&self, copies: &Copies, name: RoomName, epoch: Epoch) -> Result<(), LogError> {
        let first = self.first_of(&name, &epoch).await?;
        let entry = self.rooms().entry(&name);
        // Nobody copies meanwhile; what is known of the copy is asked for anew.
        let known = match &entry {
            Some(entry) => Some(entry.copied.lock().await),
            None => None,
        };
        copies
            .with(move |mirror| match first {
                Some(first) => mirror.trim(&name, &epoch, first),
                None => mirror.forget_room(&name),
            })
            .await?;
        if let Some(mut known) = known {
            *known = None;
        }
        Ok(())
    }
}
