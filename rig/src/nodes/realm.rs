//! Three servers of NATS and three nodes on them.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use super::{NODES, Node, name};
use crate::nats::config::Sync;
use crate::nats::lossy::{Loss, Lossy};
use crate::nats::{Between, Cluster};

/// What the subjects begin with on which streams tell nodes what they have taken.
const LIVE: &str = "arcane.live.";

/// Servers of NATS and nodes on them, in folders that go with them.
#[derive(Debug)]
pub struct Realm {
    /// Ended first.
    pub nodes: Vec<Node>,
    /// The servers.
    pub cluster: Cluster,
    /// The ways of nodes to servers on which live messages are lost; none: nodes connect to servers themselves.
    lossy: Vec<Lossy>,
    folder: TempDir,
}

impl Realm {
    /// Starts three servers and three nodes, and waits until all are ready. Of 100 live messages to nodes `drop_percent` are lost; `seed` decides which.
    ///
    /// # Errors
    /// If one does not start.
    pub async fn start(
        nats: &Path,
        program: &Path,
        sync: Sync,
        between: Between,
        drop_percent: f64,
        seed: u64,
    ) -> Result<Self> {
        let cluster = Cluster::start(nats, 3, sync, between).await?;
        let loss = Loss { percent: drop_percent, subjects: LIVE.to_owned(), seed };
        let lossy = if drop_percent > 0.0 { cluster.lossy(&loss).await? } else { Vec::new() };
        let folder = tempfile::Builder::new().prefix("arcane-nodes-").tempdir().context("making a folder")?;
        let nodes = (0..NODES).map(|n| {
            let name = name(n);
            Node::new(program, &folder.path().join(&name), &name, &addresses(&cluster, &lossy, n))
        });
        let nodes = nodes.collect::<Result<_>>()?;
        let mut realm = Self { nodes, cluster, lossy, folder };
        for node in &mut realm.nodes {
            node.start()?;
        }
        for node in &mut realm.nodes {
            node.ready().await?;
        }
        Ok(realm)
    }

    /// Where clients find the nodes: host and port of each.
    #[must_use]
    pub fn addresses(&self) -> Arc<[String]> {
        self.nodes.iter().map(Node::address).collect()
    }

    /// How many live messages were lost on their way to nodes.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lossy.iter().map(Lossy::lost).sum()
    }

    /// The folder of the nodes' files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Keeps the nodes' files, logs among them, when they end.
    pub fn keep(&mut self) {
        self.folder.disable_cleanup(true);
    }
}

/// Where node `n` finds the servers, beginning with its own.
fn addresses(cluster: &Cluster, lossy: &[Lossy], n: usize) -> Vec<String> {
    if lossy.is_empty() {
        return cluster.addresses(n);
    }
    let (before, from) = lossy.split_at(n % lossy.len());
    from.iter().chain(before).map(Lossy::address).collect()
}
