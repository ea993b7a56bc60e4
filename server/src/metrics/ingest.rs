//! The metrics of what agents tell of themselves.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Metrics;

/// The metrics of what agents tell of themselves.
#[derive(Debug, Default)]
pub(super) struct IngestMetrics {
    read: Family<AgentLabels, Counter>,
    dropped: Family<DroppedLabels, Counter>,
    unknown: Family<UnknownLabels, Counter>,
    unusable: Family<FieldLabels, Counter>,
    telemetry: Family<SignalLabels, Counter>,
    rejected: Family<SignalLabels, Counter>,
    listening: Gauge,
}

impl IngestMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        let help = "Payloads of agents that were read";
        registry.register("ingest_read", help, self.read.clone());
        let help = "What agents sent and became no event, by why: queue, body, encoding, room, limit, not_json, \
                    unknown_agent, no_session, too_large, log, waiting, stop";
        registry.register("ingest_dropped", help, self.dropped.clone());
        let help = "Events and fields of agents' payloads that this version does not know";
        registry.register("ingest_unknown", help, self.unknown.clone());
        let help = "Amounts that cannot be, which were left out of what agents told: more tokens than a request has, costs that are none";
        registry.register("ingest_unusable", help, self.unusable.clone());
        let help = "Log records, spans and metrics of OpenTelemetry that were taken, by signal";
        registry.register("otlp_items", help, self.telemetry.clone());
        let help = "Parts of telemetry that were taken and could not be used, by signal";
        registry.register("otlp_rejected", help, self.rejected.clone());
        let help = "Whether the listener of --otlp-listen is there; 0 as well where it is off";
        registry.register("otlp_listening", help, self.listening.clone());
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SignalLabels {
    signal: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AgentLabels {
    agent: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DroppedLabels {
    why: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FieldLabels {
    field: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UnknownLabels {
    agent: &'static str,
    kind: &'static str,
}

impl Metrics {
    /// A payload of an agent was read.
    pub(crate) fn ingest_read(&self, agent: &'static str) {
        self.inner.ingest.read.get_or_create(&AgentLabels { agent }).inc();
    }

    /// Something that an agent sent became no event.
    pub(crate) fn ingest_dropped(&self, why: &'static str) {
        self.inner.ingest.dropped.get_or_create(&DroppedLabels { why }).inc();
    }

    /// A payload has an event, or a field, that its dialect does not know.
    pub(crate) fn ingest_unknown(&self, agent: &'static str, kind: &'static str) {
        self.inner.ingest.unknown.get_or_create(&UnknownLabels { agent, kind }).inc();
    }

    /// An amount that cannot be was left out of what an agent told: of which field.
    pub(crate) fn ingest_unusable(&self, field: &'static str) {
        self.inner.ingest.unusable.get_or_create(&FieldLabels { field }).inc();
    }

    /// Telemetry of a signal was taken: how much, and how much of it could not be used.
    pub(crate) fn otlp_taken(&self, signal: &'static str, items: usize, rejected: usize) {
        let count = |family: &Family<SignalLabels, Counter>, n: usize| {
            if n > 0 {
                family.get_or_create(&SignalLabels { signal }).inc_by(n as u64);
            }
        };
        count(&self.inner.ingest.telemetry, items);
        count(&self.inner.ingest.rejected, rejected);
    }

    /// Whether there is a listener for telemetry alone.
    pub(crate) fn otlp_listens(&self, listens: bool) {
        self.inner.ingest.listening.set(i64::from(listens));
    }
}
