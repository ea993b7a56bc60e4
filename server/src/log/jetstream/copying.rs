//! A room is copied to this node's disk when it is asked about, up to where it is then. What is copied stays for the next question
//! and the next run.

use std::sync::Arc;
use std::time::Duration;

use arcane_shared::Seq;
use tokio::sync::{OwnedMutexGuard, oneshot};

use super::copies::Copies;
use super::entry::{Extent, RoomEntry};
use super::log::JetStreamLog;
use crate::log::sqlite::index::IndexError;
use crate::log::sqlite::mirror::{Copied, Mirror};
use crate::log::{Fault, LogError, Page, PageRequest, RoomId};

/// How long a question waits for the copy. Copying goes on.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// Events and bytes that are copied at once.
const EVENTS_MAX: usize = 1_000;
const BYTES_MAX: usize = 4 << 20;

impl JetStreamLog {
    /// The number of a room's copy, which has all that the room has now; `None` if this node has no copies, or cannot use them.
    ///
    /// # Errors
    /// [`Fault::Behind`] if copying takes too long: it goes on, and a later question finds it done. Others if the stream cannot be
    /// read.
    pub(super) async fn copy_of(&self, entry: &Arc<RoomEntry>) -> Result<Option<RoomId>, LogError> {
        if self.0.copies.get().is_none() {
            return Ok(None);
        }
        match tokio::time::timeout(WAIT_MAX, self.copied(entry)).await {
            Ok(copied) => unless_broken(copied),
            Err(_) => Err(LogError::new(Fault::Behind, "the room is being copied to this node")),
        }
    }

    /// Has the room copied by a task of its own, which goes on when nobody waits for it any more.
    async fn copied(&self, entry: &Arc<RoomEntry>) -> Result<RoomId, LogError> {
        // One copies, the others wait for it.
        let known = Arc::clone(&entry.copied).lock_owned().await;
        let (log, entry) = (self.clone(), Arc::clone(entry));
        let (done, copied) = oneshot::channel();
        self.0.spawn(async move {
            let _ = done.send(log.copy(&entry, known).await);
        });
        copied.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Asks the copies; `None` if they cannot be read.
    ///
    /// # Errors
    /// If there is no answer now, or not within the question's time.
    pub(super) async fn of_copies<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Mirror) -> Result<T, IndexError> + Send + 'static,
    ) -> Result<Option<T>, LogError> {
        let Some(copies) = self.0.copies.get() else { return Ok(None) };
        unless_broken(copies.ask(ask).await)
    }

    async fn copy(
        &self,
        entry: &RoomEntry,
        mut known: OwnedMutexGuard<Option<Copied>>,
    ) -> Result<RoomId, LogError> {
        let copies = self.0.copies.get().ok_or_else(closed)?;
        let Extent { head, .. } = entry.extent();
        // Another node may have deleted events a moment ago.
        let first = self.0.first_of(&entry.name, &entry.epoch).await?;
        let first =
            first.ok_or_else(|| LogError::new(Fault::NoRoom, "the room's numbers have begun anew"))?;
        let mut copied = match *known {
            Some(copied) if copied.first == first.min(copied.head + 1) => copied,
            Some(_) => self.begin(copies, entry, first).await?,
            None => self.begin_checked(copies, entry, first, head).await?,
        };
        *known = Some(copied);
        while copied.head < head {
            if *self.0.ended.borrow() {
                return Err(closed());
            }
            let request = PageRequest {
                after: copied.head,
                through: head,
                events_max: EVENTS_MAX,
                bytes_max: BYTES_MAX,
            };
            let Page { gap, frames } = self.page(entry.id, request).await?;
            if let Some((gap, _)) = gap {
                // The stream has let go of them meanwhile.
                copied = self.begin(copies, entry, gap.to + 1).await?;
            }
            if frames.is_empty() && copied.head < head {
                return Err(LogError::new(Fault::Behind, "the room's stream cannot be read to its end yet"));
            }
            copied = copies.with(move |mirror| mirror.add(&mut copied, &frames).map(|()| copied)).await?;
            *known = Some(copied);
        }
        Ok(copied.id)
    }

    async fn begin(&self, copies: &Copies, entry: &RoomEntry, first: Seq) -> Result<Copied, LogError> {
        let (name, epoch) = (entry.name.clone(), entry.epoch.clone());
        copies.with(move |mirror| mirror.room(&name, &epoch, first)).await
    }

    /// The same for a copy of an earlier run of this node, whose last event has to be in the stream: that may have been cut
    /// while no node ran.
    async fn begin_checked(
        &self,
        copies: &Copies,
        entry: &RoomEntry,
        first: Seq,
        head: Seq,
    ) -> Result<Copied, LogError> {
        let copied = self.begin(copies, entry, first).await?;
        let last = copied.head;
        if last < copied.first {
            return Ok(copied);
        }
        let request = PageRequest { after: last - 1, through: last, events_max: 1, bytes_max: 1 };
        let Page { frames, .. } =
            if last <= head { self.page(entry.id, request).await? } else { Page::default() };
        let there = frames.first().map(|frame| frame.text().to_owned());
        let ours = copies.with(move |mirror| mirror.text(copied, last)).await?;
        let is_whole = copies.with(move |mirror| mirror.is_whole(copied)).await?;
        if is_whole && ours.is_some() && ours == there {
            return Ok(copied);
        }
        copies.with(move |mirror| mirror.forget(copied)).await?;
        self.begin(copies, entry, first).await
    }
}

fn closed() -> LogError {
    LogError::new(Fault::Closed, "the event log is closed")
}

/// Nothing where the copies themselves are at fault: the stream has all that they have.
fn unless_broken<T>(found: Result<T, LogError>) -> Result<Option<T>, LogError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if matches!(error.fault, Fault::Disk | Fault::Damaged | Fault::NoRoom) => {
            tracing::warn!(%error, "the copies of rooms cannot be used: all events of the room are read");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
