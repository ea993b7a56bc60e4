//! Servers to try things on by hand, until they are ended.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::nats::Cluster;
use crate::nats::config::Sync;

/// Starts so many servers, says where they are, and waits for an interrupt.
///
/// # Errors
/// If they cannot be started.
pub async fn up(program: &Path, count: usize, sync: Sync, say: impl Fn(&str)) -> Result<()> {
    let cluster = Cluster::start(program, count, sync).await?;
    for server in cluster.servers() {
        say(&format!("{} {}", server.name(), server.address()));
    }
    say("Ctrl-C ends them, and removes what they have kept.");
    tokio::signal::ctrl_c().await.context("waiting for an interrupt")
}
