//! Three servers of NATS and three nodes on them.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use super::{NODES, Node, name};
use crate::nats::Cluster;
use crate::nats::config::Sync;

/// Servers of NATS and nodes on them, in folders that go with them.
#[derive(Debug)]
pub struct Realm {
    /// Ended first.
    pub nodes: Vec<Node>,
    /// The servers.
    pub cluster: Cluster,
    folder: TempDir,
}

impl Realm {
    /// Starts three servers and three nodes, and waits until all are ready.
    ///
    /// # Errors
    /// If one does not start.
    pub async fn start(nats: &Path, program: &Path, sync: Sync) -> Result<Self> {
        let cluster = Cluster::start(nats, 3, sync).await?;
        let folder = tempfile::Builder::new().prefix("arcane-nodes-").tempdir().context("making a folder")?;
        let nodes = (0..NODES).map(|n| {
            let name = name(n);
            Node::new(program, &folder.path().join(&name), &name, &cluster.addresses(n))
        });
        let nodes = nodes.collect::<Result<_>>()?;
        let mut realm = Self { nodes, cluster, folder };
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
