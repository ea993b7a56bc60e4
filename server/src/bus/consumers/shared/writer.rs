//! Writes what readers of this node acknowledge, and that they have left.

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream;

use super::table::{Job, Known};
use super::{Inner, busy, contended};
use crate::bus::consumers::position::{Step, forward};
use crate::clock;
use crate::log::LogError;
use crate::log::record::ConsumerRecord;

/// Changes that are on their way at once.
const AT_ONCE: usize = 32;
/// How often one is tried in a row that other nodes make as well.
const TRIES: usize = 8;
/// How long it is waited for something to write: longer than that only if there is none.
const IDLE: Duration = Duration::from_mins(1);

/// What came of a change.
enum Written {
    /// It is kept, or was kept before.
    Done,
    /// Its consumer has another reader, or is gone.
    Lost,
}

impl Inner {
    /// Writes for as long as this is awaited.
    pub(super) async fn write(&self) {
        loop {
            let (jobs, next) = self.table().due(Instant::now());
            if jobs.is_empty() {
                let until = next.unwrap_or_else(|| Instant::now() + IDLE);
                let _ = tokio::time::timeout_at(until.into(), self.added.notified()).await;
                continue;
            }
            stream::iter(jobs).for_each_concurrent(AT_ONCE, |job| self.write_one(job)).await;
            self.written.send_replace(());
        }
    }

    async fn write_one(&self, job: Job) {
        let written = self.try_one(&job).await;
        let mut table = self.table();
        let now = Instant::now();
        let evicted = match written {
            Ok(Written::Done) => return table.done(&job, now),
            Ok(Written::Lost) => table.lost(&job),
            Err(error) => {
                tracing::debug!(%error, consumer = %job.key.1, "a consumer's position waits to be written");
                return table.failed(&job, now);
            }
        };
        drop(table);
        evicted.tell();
    }

    async fn try_one(&self, job: &Job) -> Result<Written, LogError> {
        let (key, id) = (&job.key, self.table().id(job.number));
        // Whether a reader that never began to read stands in the record is not heard of in time.
        let mut found = if job.leaves { self.get(key).await? } else { self.table().known(key) };
        for _ in 0..TRIES {
            let before = self.table().known(key).revision;
            if found.revision < before {
                // A leader that has lost its others says what was.
                break;
            }
            let Some(record) = found.record.filter(|record| record.reader.as_ref() == Some(&id)) else {
                return Ok(Written::Lost);
            };
            let step = job.acked.as_ref().map(|to| forward(&record.position, &to.epoch, to.seq));
            // Of an older run of numbers nothing is kept: its readers are about to be closed.
            let is_current = match &step {
                Some(Step::Anew(to)) => contended(&self.log)?.is_current(&key.0, &to.epoch).await?,
                _ => true,
            };
            let forward = step.and_then(|step| step.position(is_current));
            let mut next = ConsumerRecord { reader: Some(id.clone()).filter(|_| !job.leaves), ..record };
            match forward {
                Some(position) => (next.position, next.updated_at) = (position, clock::now()),
                None if !job.leaves => return Ok(Written::Done),
                None => {}
            }
            if let Some(revision) = self.swap(key, Some(&next), found.revision).await? {
                let written = Known { record: Some(next), revision };
                let evicted = self.table().wrote(key, written, before, Instant::now());
                evicted.tell();
                return Ok(Written::Done);
            }
            found = self.get(key).await?;
        }
        Err(busy(key))
    }
}
