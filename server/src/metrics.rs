//! What the server counts, for Prometheus.

mod cluster;
mod ingest;
mod log;
mod notify;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arcane_shared::control::{MissReason, PaintSample};
use arcane_shared::{RoomName, SpellName};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

pub use cluster::ClusterFigures;
use ingest::IngestMetrics;
pub use log::LogFigures;
use log::LogMetrics;
use notify::NotifyMetrics;

const NEVER_FAILS: &str = "writing to a string does not fail";
/// Upper bounds of the publish→paint histogram, seconds; 0.2 is the usual deadline.
const PAINT_BUCKETS: [f64; 12] = [0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0];

/// Handles to the counters. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    registry: Registry,
    events: Family<EventLabels, Counter>,
    subscribers: Family<RoomLabels, Gauge>,
    skipped: Counter,
    lagging: Gauge,
    log: LogMetrics,
    memory: MemoryMetrics,
    deliveries: Counter,
    connections: Counter,
    closes: Family<CloseLabels, Counter>,
    responses: Family<ResponseLabels, Counter>,
    refused: Family<RefusedLabels, Counter>,
    notifications: NotifyMetrics,
    ingest: IngestMetrics,
    paint: Histogram,
    paint_missed: Family<MissLabels, Counter>,
    diagnostics: DiagnosticsMetrics,
    certificate_expiry: Gauge<f64, AtomicU64>,
    uptime: Gauge<f64, AtomicU64>,
}

/// What is counted elsewhere, as it is at one moment.
#[derive(Debug)]
pub(crate) struct Readings<E, R> {
    /// Events so far, by spell and outcome.
    pub(crate) emitted: E,
    /// Rooms in memory and their subscribers.
    pub(crate) subscribers: R,
    /// Deliveries that slow readers lost.
    pub(crate) skipped: u64,
    /// Subscribers that read from the log.
    pub(crate) lagging: usize,
    /// The log's own figures, if it has some, and whether it takes events.
    pub(crate) log: Option<(LogFigures, bool)>,
    /// What is known of other nodes, if they share the log.
    pub(crate) cluster: Option<ClusterFigures>,
    /// What each part of the server holds of its memory, bytes.
    pub(crate) memory: [(&'static str, usize); 5],
    /// How much all of them may hold.
    pub(crate) memory_max: usize,
    /// Events that rooms' memory gave up for want of it.
    pub(crate) given_up: u64,
    /// Lines for standard error that could not be written, and those that were more than its bound.
    pub(crate) diagnostics: (u64, u64),
    /// Seconds since the start.
    pub(crate) uptime_s: f64,
}

/// The metrics of the memory that grows with what clients do.
#[derive(Debug, Default)]
struct MemoryMetrics {
    held: Family<PartLabels, Gauge>,
    limit: Gauge,
    given_up: Counter,
}

impl MemoryMetrics {
    fn register(&self, registry: &mut Registry) {
        let help = "Memory that grows with what clients do, by what it is held for";
        registry.register_with_unit("memory_budget", help, Unit::Bytes, self.held.clone());
        let help = "What all of that may come to";
        registry.register_with_unit("memory_budget_limit", help, Unit::Bytes, self.limit.clone());
        registry.register(
            "memory_events_given_up",
            "Events that rooms' memory gave up because there was too little; the log has them",
            self.given_up.clone(),
        );
    }

    fn set(&self, held: [(&'static str, usize); 5], limit: usize, given_up: u64) {
        for (part, bytes) in held {
            self.held.get_or_create(&PartLabels { part }).set(signed(bytes as u64));
        }
        self.limit.set(signed(limit as u64));
        raise(&self.given_up, given_up);
    }
}

/// The metrics of the log on standard error.
#[derive(Debug, Default)]
struct DiagnosticsMetrics {
    lost: Counter,
    left_out: Counter,
}

impl DiagnosticsMetrics {
    fn register(&self, registry: &mut Registry) {
        let help = "Lines for standard error that could not be written";
        registry.register("diagnostics_lost", help, self.lost.clone());
        let help = "Lines for standard error that were left out because there were more than its bound";
        registry.register("diagnostics_left_out", help, self.left_out.clone());
    }

    fn set(&self, (lost, left_out): (u64, u64)) {
        raise(&self.lost, lost);
        raise(&self.left_out, left_out);
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PartLabels {
    part: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefusedLabels {
    why: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EventLabels {
    spell: &'static str,
    success: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RoomLabels {
    room: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MissLabels {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CloseLabels {
    code: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResponseLabels {
    route: String,
    status: u16,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut inner = Inner {
            registry: Registry::with_prefix("arcane"),
            events: Family::default(),
            subscribers: Family::default(),
            skipped: Counter::default(),
            lagging: Gauge::default(),
            log: LogMetrics::default(),
            memory: MemoryMetrics::default(),
            deliveries: Counter::default(),
            connections: Counter::default(),
            closes: Family::default(),
            responses: Family::default(),
            refused: Family::default(),
            notifications: NotifyMetrics::default(),
            ingest: IngestMetrics::default(),
            paint: Histogram::new(PAINT_BUCKETS),
            paint_missed: Family::default(),
            diagnostics: DiagnosticsMetrics::default(),
            certificate_expiry: Gauge::default(),
            uptime: Gauge::default(),
        };
        let registry = &mut inner.registry;
        registry.register("events", "Events emitted since the start", inner.events.clone());
        registry.register("subscribers", "Readers of a room", inner.subscribers.clone());
        registry.register("skipped_deliveries", "Deliveries lost to slow readers", inner.skipped.clone());
        registry.register("lagging", "Readers that read on from the log", inner.lagging.clone());
        inner.log.register(registry);
        inner.memory.register(registry);
        registry.register(
            "deliveries",
            "Events handed to WebSocket and SSE readers",
            inner.deliveries.clone(),
        );
        registry.register("websocket_connections", "WebSockets opened", inner.connections.clone());
        registry.register("websocket_closes", "WebSockets closed, by code", inner.closes.clone());
        registry.register(
            "refused",
            "Requests and messages that might not, by what they had not or had too much of",
            inner.refused.clone(),
        );
        inner.notifications.register(registry);
        inner.ingest.register(registry);
        registry.register("http_responses", "Answers by route and status", inner.responses.clone());
        registry.register_with_unit(
            "publish_to_paint",
            "From emission to paint, as dashboards report it",
            Unit::Seconds,
            inner.paint.clone(),
        );
        registry.register(
            "paint_deadline_missed",
            "Cues painted after their deadline, by where it was lost",
            inner.paint_missed.clone(),
        );
        inner.diagnostics.register(registry);
        registry.register_with_unit("uptime", "Time since the start", Unit::Seconds, inner.uptime.clone());
        Self { inner: Arc::new(inner) }
    }

    /// The same, of a server that shows a certificate: without one there is nothing to tell of its end.
    pub(crate) fn with_certificate() -> Self {
        let mut metrics = Self::new();
        if let Some(inner) = Arc::get_mut(&mut metrics.inner) {
            let help = "When the certificate of new connections ends, Unix time";
            let expiry = inner.certificate_expiry.clone();
            inner.registry.register_with_unit("tls_certificate_expiry", help, Unit::Seconds, expiry);
        }
        metrics
    }

    /// New connections get a certificate that ends then, Unix seconds; `None`: it does not say so plainly.
    #[expect(clippy::cast_precision_loss, reason = "exact for a quarter of a million years")]
    pub(crate) fn certificate_expires(&self, at: Option<i64>) {
        self.inner.certificate_expiry.set(at.map_or(f64::NAN, |at| at as f64));
    }

    pub(crate) fn delivered(&self, n: u64) {
        self.inner.deliveries.inc_by(n);
    }

    pub(crate) fn connected(&self) {
        self.inner.connections.inc();
    }

    pub(crate) fn closed(&self, code: u16) {
        // A client's own code is outside input: the number of series stays bounded.
        let code = if (1000..5000).contains(&code) && (code < 3000 || (4000..4600).contains(&code)) {
            code
        } else {
            0
        };
        self.inner.closes.get_or_create(&CloseLabels { code }).inc();
    }

    /// A request or a message was refused: it had no token that holds, or too much of something.
    pub(crate) fn refused(&self, why: &'static str) {
        self.inner.refused.get_or_create(&RefusedLabels { why }).inc();
    }

    pub(crate) fn responded(&self, route: &str, status: u16) {
        self.inner.responses.get_or_create(&ResponseLabels { route: route.into(), status }).inc();
    }

    pub(crate) fn seen(&self, samples: &[PaintSample]) {
        for sample in samples.iter().filter(|sample| sample.late_ms.is_finite() && sample.late_ms >= 0.0) {
            self.inner.paint.observe(sample.late_ms / 1000.0);
            if sample.missed {
                let reason = sample.reason.map_or("other", MissReason::as_str);
                self.inner.paint_missed.get_or_create(&MissLabels { reason }).inc();
            }
        }
    }

    /// The OpenMetrics text, with what is counted elsewhere.
    pub(crate) fn render(
        &self,
        readings: Readings<
            impl Iterator<Item = (SpellName, bool, u64)>,
            impl Iterator<Item = (RoomName, u64)>,
        >,
    ) -> String {
        for (spell, success, n) in readings.emitted {
            let labels =
                EventLabels { spell: spell.as_str(), success: if success { "true" } else { "false" } };
            raise(&self.inner.events.get_or_create(&labels), n);
        }
        self.inner.subscribers.clear();
        for (room, subscribers) in readings.subscribers {
            let labels = RoomLabels { room: room.to_string() };
            self.inner.subscribers.get_or_create(&labels).set(signed(subscribers));
        }
        raise(&self.inner.skipped, readings.skipped);
        self.inner.lagging.set(i64::try_from(readings.lagging).unwrap_or(i64::MAX));
        if let Some((figures, up)) = readings.log {
            self.inner.log.set(figures, up);
        }
        self.inner.memory.set(readings.memory, readings.memory_max, readings.given_up);
        self.inner.diagnostics.set(readings.diagnostics);
        self.inner.uptime.set(readings.uptime_s);
        let mut out = String::new();
        text::encode_registry(&mut out, &self.inner.registry).expect(NEVER_FAILS);
        if let Some(figures) = readings.cluster {
            let mut registry = Registry::with_prefix("arcane_cluster");
            figures.register(&mut registry);
            text::encode_registry(&mut out, &registry).expect(NEVER_FAILS);
        }
        text::encode_eof(&mut out).expect(NEVER_FAILS);
        out
    }
}

/// Brings a counter up to what was counted elsewhere. It never goes down, though several may ask at a time.
fn raise(counter: &Counter, n: u64) {
    counter.inner().fetch_max(n, Ordering::Relaxed);
}

fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
