//! The metrics of the event log.

use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::{raise, signed};

/// What a log did so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogFigures {
    /// Commits.
    pub commits: u64,
    /// Events in them.
    pub events: u64,
    /// Commits that waited for the disk.
    pub syncs: u64,
    /// Microseconds that commits took.
    pub commit_micros: u64,
    /// Bytes of the write-ahead log, as of about a second ago.
    pub wal_bytes: u64,
    /// Times that the log could not be written.
    pub failures: u64,
    /// Changes of state, such as consumers' positions, that were refused because too many waited.
    pub refused_records: u64,
}

/// The metrics of the log.
#[derive(Debug, Default)]
pub(super) struct LogMetrics {
    up: Gauge,
    commits: Counter,
    events: Counter,
    syncs: Counter,
    failures: Counter,
    refused_records: Counter,
    wal: Gauge,
    seconds: Counter<f64, AtomicU64>,
}

impl LogMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("log_up", "Whether the event log takes events", self.up.clone());
        registry.register("log_commits", "Commits of the event log", self.commits.clone());
        registry.register("log_events", "Events that were written by those commits", self.events.clone());
        registry.register("log_syncs", "Commits that waited for the disk", self.syncs.clone());
        registry.register(
            "log_failures",
            "Times that the event log could not be written",
            self.failures.clone(),
        );
        registry.register(
            "log_refused_records",
            "Changes of state, such as consumers' positions, that were refused because too many waited",
            self.refused_records.clone(),
        );
        registry.register_with_unit(
            "log_wal",
            "Length of the event log's write-ahead log",
            Unit::Bytes,
            self.wal.clone(),
        );
        registry.register_with_unit(
            "log_commit",
            "Time spent in commits",
            Unit::Seconds,
            self.seconds.clone(),
        );
    }

    #[expect(clippy::cast_precision_loss, reason = "microseconds fit 53 bits for 285 years")]
    pub(super) fn set(&self, figures: LogFigures, up: bool) {
        self.up.set(i64::from(up));
        raise(&self.commits, figures.commits);
        raise(&self.events, figures.events);
        raise(&self.syncs, figures.syncs);
        raise(&self.failures, figures.failures);
        raise(&self.refused_records, figures.refused_records);
        self.wal.set(signed(figures.wal_bytes));
        // The bits of numbers that are not negative are in the order of the numbers.
        let seconds = figures.commit_micros as f64 / 1e6;
        self.seconds.inner().fetch_max(seconds.to_bits(), Ordering::Relaxed);
    }
}
