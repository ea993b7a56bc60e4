//! Servers and nodes to try things on by hand, until they are ended.

use std::path::Path;

use anyhow::{Context as _, Result};
use tokio::sync::oneshot;

use crate::nats::config::Sync;
use crate::nats::{Between, Cluster};
use crate::nodes::Realm;

/// How long servers and nodes are there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Until {
    /// Until an interrupt.
    #[default]
    Interrupt,
    /// Until an interrupt, or the end of the standard input: a program that started this ends it so, even if it is killed.
    Closed,
}

/// Starts servers of NATS, and three nodes on three of them if there is a program for nodes; says where they are, and waits for their end.
///
/// # Errors
/// If they cannot be started.
pub async fn up(
    nats: &Path,
    arcane: Option<&Path>,
    servers: usize,
    sync: Sync,
    until: Until,
    say: impl Fn(&str),
) -> Result<()> {
    let Some(arcane) = arcane else {
        let cluster = Cluster::start(nats, servers, sync, Between::Nothing).await?;
        say_servers(&cluster, &say);
        return wait(until, &say).await;
    };
    let realm = Realm::start(nats, arcane, sync, Between::Nothing, 0.0, 0).await?;
    say_servers(&realm.cluster, &say);
    for node in &realm.nodes {
        let id = node.id().unwrap_or_default();
        say(&format!("{} http://{} process {id}, log {}", node.name(), node.address(), node.log().display()));
    }
    wait(until, &say).await
}

fn say_servers(cluster: &Cluster, say: &impl Fn(&str)) {
    for server in cluster.servers() {
        say(&format!("{} {} process {}", server.name(), server.address(), server.id().unwrap_or_default()));
    }
}

async fn wait(until: Until, say: &impl Fn(&str)) -> Result<()> {
    say("Ctrl-C ends them, and removes what they have kept.");
    let (closed, closes) = oneshot::channel();
    if until == Until::Closed {
        // A thread of its own, which nobody waits for: reading cannot be broken off.
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            closed.send(())
        });
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted.context("waiting for an interrupt"),
            _ = closes => Ok(()),
        }
    } else {
        tokio::signal::ctrl_c().await.context("waiting for an interrupt")
    }
}
