//! The metrics of a node whose event log other nodes share.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::signed;

/// What a node knows of its cluster.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClusterFigures {
    /// How many nodes are there, this one included.
    pub nodes: u64,
    /// Events by which the room that is furthest behind another node's is behind it.
    pub heads_lag: u64,
    /// Times that events were read which were not told.
    pub feed_gaps: u64,
    /// Publications that were answered with *unknown*.
    pub publish_unknown: u64,
    /// Decisions (spells, and what hooks tell) that another node's was quicker than, and that were decided anew.
    pub decisions_outdated: u64,
    /// Rooms whose numbers began anew while they were open.
    pub epoch_changes: u64,
    /// Other nodes, and their clocks less this node's, seconds.
    pub clock_skew_s: Vec<(String, f64)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct NodeLabels {
    node: String,
}

impl ClusterFigures {
    /// Its metrics as they are now: nodes come and go, and one that went leaves none behind.
    pub(super) fn register(&self, registry: &mut Registry) {
        let gauge = |n: u64| {
            let gauge: Gauge = Gauge::default();
            gauge.set(signed(n));
            gauge
        };
        let counter = |n: u64| {
            let counter: Counter = Counter::default();
            counter.inc_by(n);
            counter
        };
        registry.register("nodes", "Nodes that were heard within 5 s, and this one", gauge(self.nodes));
        registry.register(
            "heads_lag",
            "Events by which the room that is furthest behind another node's is behind it",
            gauge(self.heads_lag),
        );
        registry.register(
            "feed_gaps",
            "Times that events were read from a stream which were not told",
            counter(self.feed_gaps),
        );
        registry.register(
            "publish_unknown",
            "Publications of which it is not known whether they are in the event log",
            counter(self.publish_unknown),
        );
        registry.register(
            "decisions_outdated",
            "Decisions (spells, and what hooks tell) of this node that another one was quicker than, and that were decided anew",
            counter(self.decisions_outdated),
        );
        registry.register(
            "epoch_changes",
            "Rooms whose numbers began anew while they were open",
            counter(self.epoch_changes),
        );
        let skew: Family<NodeLabels, Gauge<f64, AtomicU64>> = Family::default();
        for (node, seconds) in &self.clock_skew_s {
            skew.get_or_create(&NodeLabels { node: node.clone() }).set(*seconds);
        }
        registry.register_with_unit(
            "clock_skew",
            "The clock of another node less this node's, which includes the time of a message's way",
            Unit::Seconds,
            skew,
        );
    }
}
