//! The servers of NATS that keep the event log.

use std::path::PathBuf;

/// Where the servers are, and how they keep rooms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NatsConfig {
    /// Addresses, such as `nats://10.0.0.1:4222`; with `tls://` the connection is encrypted.
    pub servers: Vec<String>,
    /// A `.creds` file.
    pub credentials: Option<PathBuf>,
    /// Authorities that certificates of the servers are checked with, instead of those of the system: PEM.
    pub tls_ca: Option<PathBuf>,
    /// The certificate of this node and its key: PEM.
    pub tls_client: Option<(PathBuf, PathBuf)>,
    /// Addresses of the monitoring of each server, such as `http://10.0.0.1:8222`.
    pub monitors: Vec<String>,
    /// Whether three servers keep each room, and not one.
    pub is_replicated: bool,
    /// What the names of streams, subjects and buckets begin with: 1 to 32 of a-z, 0-9, `_` and `-`.
    pub prefix: String,
}
