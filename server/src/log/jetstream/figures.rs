//! What is told of the servers that keep the log, and of the nodes that share it.

use std::sync::atomic::Ordering;
use std::time::Instant;

use arcane_shared::api::LogServers;

use super::core::{Core, Counts};
use crate::metrics::ClusterFigures;

impl Core {
    /// Who keeps the log, and what should be otherwise.
    pub(super) fn servers(&self) -> LogServers {
        let (connection, cluster, now) = (&self.connection, self.cluster(), Instant::now());
        let own = connection.warning().map(ToOwned::to_owned);
        let warnings: Vec<String> = own.into_iter().chain(cluster.warnings(now)).collect();
        LogServers {
            addresses: connection.servers().to_vec(),
            version: connection.version(),
            connected: connection.is_connected(),
            replicas: self.replicas.count() as u64,
            prefix: self.names.prefix().to_string(),
            node: self.node().to_owned(),
            nodes: Some(cluster.nodes(now).len() as u64 + 1),
            synced: self.is_synced().is_ok(),
            warning: (!warnings.is_empty()).then(|| warnings.join("; ")),
        }
    }

    /// What this node knows of others.
    #[expect(clippy::cast_precision_loss, reason = "microseconds fit 53 bits for 285 years")]
    pub(super) fn cluster_figures(&self) -> ClusterFigures {
        let Counts { gaps, unknown, outdated, epochs, .. } = &self.counts;
        let (entries, now) = (self.rooms().entries(), Instant::now());
        let cluster = self.cluster();
        let lags = entries
            .iter()
            .map(|entry| cluster.head(&entry.name, &entry.epoch, now).saturating_sub(entry.extent().head));
        let nodes = cluster.nodes(now);
        ClusterFigures {
            nodes: nodes.len() as u64 + 1,
            heads_lag: lags.max().unwrap_or(0),
            feed_gaps: gaps.load(Ordering::Relaxed),
            publish_unknown: unknown.load(Ordering::Relaxed),
            decisions_outdated: outdated.load(Ordering::Relaxed),
            epoch_changes: epochs.load(Ordering::Relaxed),
            clock_skew_s: nodes.into_iter().map(|node| (node.node, node.skew as f64 / 1e6)).collect(),
        }
    }
}
