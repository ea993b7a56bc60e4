//! What administrators do and what is refused, told as events of a room that only administrators read.
//!
//! Whoever acts or is refused waits for nothing: what is to be told goes into a queue of [`QUEUED_MAX`] entries, and what does not fit is
//! counted and told of with the next one. Of refusals of one kind one a second is told; `arcane_refused_total` counts all.

mod entry;
mod sample;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use tokio::sync::mpsc;

pub(crate) use entry::Entry;
use sample::Sample;

use crate::bus::{ArcaneEventBus, Submission};
use crate::gate::scope::audit_room;
use crate::intake;

/// Entries that wait to be told.
const QUEUED_MAX: usize = 1024;

/// Where administrative acts and refusals are reported. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Audit {
    queue: Option<mpsc::Sender<Entry>>,
    lost: Arc<AtomicU64>,
}

/// What tells of the entries in a queue.
#[derive(Debug)]
pub(crate) struct Clerk {
    queue: mpsc::Receiver<Entry>,
    lost: Arc<AtomicU64>,
}

impl Audit {
    /// One that tells nothing: where everybody may do everything there is nobody to tell of.
    pub(crate) fn off() -> Self {
        Self { queue: None, lost: Arc::default() }
    }

    /// One whose entries a clerk tells of.
    pub(crate) fn on() -> (Self, Clerk) {
        let (sender, queue) = mpsc::channel(QUEUED_MAX);
        let lost = Arc::<AtomicU64>::default();
        (Self { queue: Some(sender), lost: Arc::clone(&lost) }, Clerk { queue, lost })
    }

    pub(crate) fn is_on(&self) -> bool {
        self.queue.is_some()
    }

    /// Reports something. Waits for nothing.
    pub(crate) fn report(&self, entry: Entry) {
        if let Some(queue) = &self.queue
            && queue.try_send(entry).is_err()
        {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Clerk {
    /// Tells of what is reported, for as long as this is awaited.
    pub(crate) async fn tell(mut self, bus: ArcaneEventBus) {
        let mut sample = Sample::default();
        while let Some(entry) = self.queue.recv().await {
            sample.leave_out(self.lost.swap(0, Ordering::Relaxed));
            let Some(left_out) = sample.take(&entry, Instant::now()) else { continue };
            if let Err(error) = write(&bus, &entry, left_out).await {
                sample.leave_out(left_out + 1);
                tracing::warn!(%error, what = %entry, "the audit log takes nothing; it is told of here instead");
            }
        }
    }
}

async fn write(bus: &ArcaneEventBus, entry: &Entry, left_out: u64) -> anyhow::Result<()> {
    let room = bus.open_room(&audit_room()).await?;
    let mut emitted = intake::emit(bus, &room, entry.draft(left_out), Submission::default())?;
    emitted.receipt.logged().await?;
    Ok(())
}
