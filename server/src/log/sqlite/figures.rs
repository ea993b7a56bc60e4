//! What a log did so far, counted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What `/metrics` tells of a log.
#[derive(Debug, Default)]
pub struct Figures {
    /// Commits.
    pub commits: AtomicU64,
    /// Events in them.
    pub events: AtomicU64,
    /// Commits that waited for the disk.
    pub syncs: AtomicU64,
    /// Microseconds that commits took.
    pub commit_micros: AtomicU64,
    /// Bytes of the write-ahead log, as of about a second ago.
    pub wal_bytes: AtomicU64,
    /// Times that the log could not be written.
    pub failures: AtomicU64,
    /// Changes of state, such as consumers' positions, that were refused because too many waited.
    pub refused_records: AtomicU64,
}

impl Figures {
    pub(super) fn committed(&self, events: u64, took: Duration, synced: bool) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.events.fetch_add(events, Ordering::Relaxed);
        self.syncs.fetch_add(u64::from(synced), Ordering::Relaxed);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.commit_micros.fetch_add(micros, Ordering::Relaxed);
    }

    pub(super) fn failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }
}
