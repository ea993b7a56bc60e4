//! What a log did so far, counted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::metrics::LogFigures;

/// What the threads of a log count.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) commits: AtomicU64,
    pub(super) events: AtomicU64,
    pub(super) syncs: AtomicU64,
    pub(super) commit_micros: AtomicU64,
    pub(super) wal_bytes: AtomicU64,
    pub(super) failures: AtomicU64,
    pub(super) refused_records: AtomicU64,
}

impl Counters {
    pub(super) fn read(&self) -> LogFigures {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        LogFigures {
            commits: read(&self.commits),
            events: read(&self.events),
            syncs: read(&self.syncs),
            commit_micros: read(&self.commit_micros),
            wal_bytes: read(&self.wal_bytes),
            failures: read(&self.failures),
            refused_records: read(&self.refused_records),
        }
    }

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
