//! Servers of NATS: one, or a cluster of them, in a folder that goes with them.

pub mod config;
mod frames;
mod health;
mod link;
pub mod lossy;
mod server;
pub mod stream;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use config::{Ports, Sync};
use link::Link;
pub use link::Way;
pub use server::Server;

/// What names the program.
pub const PROGRAM: &str = "ARCANE_NATS_SERVER";

/// How long servers may take until they take streams.
pub const READY_MAX: Duration = Duration::from_secs(60);

/// What lies between servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Between {
    /// Nothing: what they do is as quick as it can be.
    Nothing,
    /// A way that can be cut and slowed, for [`Cluster::set_ways`].
    Ways,
}

/// Servers that know each other.
#[derive(Debug)]
pub struct Cluster {
    servers: Vec<Server>,
    /// From each server, in its row, to each other one; none: servers find each other without one.
    links: Vec<Vec<Option<Link>>>,
    /// Removed after the servers, which are dropped first.
    _folder: TempDir,
}

impl Cluster {
    /// Starts so many servers of a program, and waits until they take streams.
    ///
    /// # Errors
    /// If one does not start, or they do not find each other within a minute.
    pub async fn start(program: &Path, count: usize, sync: Sync, between: Between) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("arcane-rig-").tempdir().context("making a folder")?;
        let ports = free_ports(count)?;
        let (mut servers, mut links) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for n in 0..count {
            let (mut from, mut routes) = (Vec::with_capacity(count), Vec::with_capacity(count));
            for (m, to) in ports.iter().enumerate() {
                let way = match between {
                    Between::Ways if m != n => Some(Link::to(to.routes).await?),
                    Between::Ways | Between::Nothing => None,
                };
                if m != n {
                    routes.push(way.as_ref().map_or(to.routes, Link::port));
                }
                from.push(way);
            }
            let home = folder.path().join(config::name(n));
            let text = config::text(n, ports[n], &routes, &home.join("store"), sync);
            servers.push(Server::new(program, &home, &config::name(n), ports[n], &text)?);
            links.push(from);
        }
        let mut cluster = Self { servers, links, _folder: folder };
        for server in &mut cluster.servers {
            server.start()?;
        }
        cluster.ready().await?;
        Ok(cluster)
    }

    /// Completes once all servers that run take streams.
    ///
    /// # Errors
    /// If one of them does not within a minute.
    pub async fn ready(&mut self) -> Result<()> {
        for server in &mut self.servers {
            server.ready(READY_MAX).await?;
        }
        Ok(())
    }

    /// The servers.
    #[must_use]
    pub fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// A server, to do something to it.
    pub fn server(&mut self, n: usize) -> &mut Server {
        &mut self.servers[n]
    }

    /// Sets the ways between a server and all others, both there and back. Servers with [`Between::Nothing`] have none.
    pub fn set_ways(&self, n: usize, way: Way) {
        let there = self.links[n].iter().flatten();
        let back = self.links.iter().filter_map(|from| from[n].as_ref());
        there.chain(back).for_each(|link| link.set(way));
    }

    /// The server of a name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<usize> {
        self.servers.iter().position(|server| server.name() == name)
    }

    /// Opens a way to each server on which live messages are lost.
    ///
    /// # Errors
    /// If no port is free.
    pub async fn lossy(&self, loss: &lossy::Loss) -> Result<Vec<lossy::Lossy>> {
        let mut ways = Vec::with_capacity(self.servers.len());
        for server in &self.servers {
            ways.push(lossy::Lossy::to(server.port(), loss.clone()).await?);
        }
        Ok(ways)
    }

    /// Where clients find the servers, each once, beginning with server `n`.
    #[must_use]
    pub fn addresses(&self, n: usize) -> Vec<String> {
        let (before, from) = self.servers.split_at(n % self.servers.len());
        from.iter().chain(before).map(Server::address).collect()
    }
}

/// Ports that are free at the moment.
fn free_ports(count: usize) -> Result<Vec<Ports>> {
    let bind = || TcpListener::bind("127.0.0.1:0").context("looking for free ports");
    // All are held until the last one is found, so no two are alike.
    let held: Vec<TcpListener> = (0..3 * count).map(|_| bind()).collect::<Result<_>>()?;
    let ports: Vec<u16> = held
        .iter()
        .map(|listener| Ok(listener.local_addr()?.port()))
        .collect::<std::io::Result<_>>()
        .context("looking for free ports")?;
    Ok(ports.chunks(3).map(|of| Ports { clients: of[0], routes: of[1], monitor: of[2] }).collect())
}

/// The program: what [`PROGRAM`] names, else the one on the PATH.
#[must_use]
pub fn program() -> PathBuf {
    std::env::var_os(PROGRAM).map_or_else(|| "nats-server".into(), PathBuf::from)
}
