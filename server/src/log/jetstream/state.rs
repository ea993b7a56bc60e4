//! Writes state that belongs to no event into its bucket, in the order of the calls.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::bucket::{Bucket, BucketError};
use crate::log::{Fault, LogError, Record};

/// Records that may wait. Beyond that none is taken.
const WAITING_MAX: usize = 65_536;
/// Records that are written at once.
const AT_ONCE: usize = 256;
/// Pause after a failure.
const RETRY: Duration = Duration::from_millis(250);
/// How long it is waited for that all is written.
const FLUSH_MAX: Duration = Duration::from_secs(10);

/// What waits to be written.
#[derive(Debug)]
pub(super) struct State {
    bucket: Bucket,
    waiting: Mutex<Waiting>,
    added: Notify,
    /// How many records were written, or refused for good.
    written: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Waiting {
    /// Those that are being written are among them.
    records: VecDeque<Record>,
    /// How many were ever taken.
    taken: u64,
    /// Why they wait, if writing failed.
    error: Option<LogError>,
}

impl State {
    pub(super) fn new(bucket: Bucket) -> Self {
        Self { bucket, waiting: Mutex::default(), added: Notify::new(), written: watch::Sender::new(0) }
    }

    pub(super) fn bucket(&self) -> &Bucket {
        &self.bucket
    }

    /// Takes records, to be written soon.
    ///
    /// # Errors
    /// [`Fault::Busy`] if too many wait; then none was taken.
    pub(super) fn put(&self, records: Vec<Record>) -> Result<(), LogError> {
        let mut waiting = self.lock();
        if waiting.records.len() + records.len() > WAITING_MAX {
            let text = format!("{} records of state wait to be written", waiting.records.len());
            return Err(LogError::new(Fault::Busy, text));
        }
        waiting.taken += records.len() as u64;
        waiting.records.extend(records);
        drop(waiting);
        self.added.notify_one();
        Ok(())
    }

    /// What waits, in order: it holds already.
    pub(super) fn pending(&self) -> Vec<Record> {
        self.lock().records.iter().cloned().collect()
    }

    /// Completes once all that was taken is written.
    ///
    /// # Errors
    /// If that takes longer than `wait`; it is written later then.
    pub(super) async fn flushed_within(&self, wait: Duration) -> Result<(), LogError> {
        let taken = self.lock().taken;
        let mut written = self.written.subscribe();
        let flushed = written.wait_for(|written| *written >= taken);
        match tokio::time::timeout(wait, flushed).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => {
                let why = self.lock().error.clone();
                Err(why.unwrap_or_else(|| LogError::new(Fault::Busy, "state is not written yet")))
            }
        }
    }

    /// The same within ten seconds.
    ///
    /// # Errors
    /// As [`Self::flushed_within`].
    pub(super) async fn flushed(&self) -> Result<(), LogError> {
        self.flushed_within(FLUSH_MAX).await
    }

    /// Writes for as long as this is awaited.
    pub(super) async fn write(&self) {
        loop {
            let some: Vec<Record> = { self.lock().records.iter().take(AT_ONCE).cloned().collect() };
            if some.is_empty() {
                self.added.notified().await;
                continue;
            }
            self.write_some(&some).await;
            {
                let mut waiting = self.lock();
                waiting.records.drain(..some.len());
                waiting.error = None;
            }
            self.written.send_modify(|written| *written += some.len() as u64);
        }
    }

    /// Writes records until the bucket has them: writing one twice changes nothing.
    async fn write_some(&self, records: &[Record]) {
        let mut tells = true;
        loop {
            match self.bucket.write(records).await {
                Ok(()) => return,
                Err(
                    error @ (BucketError::TooLarge { .. } | BucketError::Key(_) | BucketError::Wrong { .. }),
                ) => {
                    tracing::warn!(%error, "state of the event log is not kept");
                    return self.write_each(records).await;
                }
                Err(error) => {
                    if std::mem::take(&mut tells) {
                        tracing::warn!(%error, "state of the event log waits to be written");
                    }
                    self.lock().error = Some(error.into());
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    /// The same where one of them can never be written.
    async fn write_each(&self, records: &[Record]) {
        for record in records {
            while let Err(error) = self.bucket.write(std::slice::from_ref(record)).await {
                match error {
                    BucketError::TooLarge { .. } | BucketError::Key(_) | BucketError::Wrong { .. } => break,
                    _ => tokio::time::sleep(RETRY).await,
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
