//! How connections are bounded.

use std::path::PathBuf;
use std::time::Duration;

use super::{BasePath, HostName, Origin, PublicUrl};

/// Bounds of the network side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetConfig {
    /// Most connections at a time; further ones wait to be accepted. Default 20,000.
    pub connections_max: usize,
    /// Most connections of one address at a time, of IPv6 of one network; further ones are answered 429. 0, the default, is no
    /// bound.
    pub connections_per_address_max: usize,
    /// How long a client may take to begin, and how long a request's head may take. Default 10 s.
    pub header_timeout: Duration,
    /// How long a connection of HTTP/1 or HTTP/2 on which nothing is asked stays open. Default 75 s.
    pub idle_timeout: Duration,
    /// How long a request's body may take. Default 30 s.
    pub body_timeout: Duration,
    /// Largest request body, bytes. Default 8 MiB.
    pub body_bytes_max: usize,
    /// Largest message that a WebSocket client may send, bytes. Default 64 KiB.
    pub message_bytes_max: usize,
    /// Whether events are compressed for WebSocket clients that ask for it. Default true.
    pub compression: bool,
    /// Time between ping frames on a quiet WebSocket, and between comments on a quiet SSE stream.
    /// Default 25 s.
    pub ping_interval: Duration,
    /// How long a WebSocket client may take to answer a ping that was sent; one for which bytes had to wait may take
    /// `stall_timeout`. Default 10 s.
    pub pong_timeout: Duration,
    /// How long a client may leave written bytes unread. Default 30 s.
    pub stall_timeout: Duration,
    /// How long a client that is still sending is read on from after its last answer, if nothing comes. Default 2 s.
    pub linger_timeout: Duration,
    /// How long stopping may take; connections have nine tenths of it to end. Default 5 s.
    pub drain_timeout: Duration,
    /// Origins, besides the server's own, whose pages may connect.
    pub allowed_origins: Vec<Origin>,
    /// Names that the server goes by besides addresses, `localhost` and the hosts of `allowed_origins`: what a request may
    /// give for the host that it is for.
    pub allowed_hosts: Vec<HostName>,
    /// Whether pages of this machine's other servers (`http://localhost:3000`) may connect. Default true.
    pub trust_local_pages: bool,
    /// What stands before every route. Default: nothing.
    pub base_path: BasePath,
    /// The address at which people reach the dashboard, for links in notifications. `None`, the default: there are no links.
    pub public_url: Option<PublicUrl>,
    /// What connections are secured with. `None`, the default: they are not.
    pub tls: Option<TlsFiles>,
}

/// A certificate and its private key, two files of PEM, which are read again when they change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's own certificate first, then those that lead to an authority.
    pub certificate: PathBuf,
    /// The key of the first certificate.
    pub key: PathBuf,
    /// Time between two looks whether the files have changed.
    pub look_every: Duration,
}

impl TlsFiles {
    /// Both files, looked at every two seconds.
    #[must_use]
    pub fn new(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self { certificate: certificate.into(), key: key.into(), look_every: Duration::from_secs(2) }
    }
}

impl Default for NetConfig {
    fn default() -> Self {
        Self {
            connections_max: 20_000,
            connections_per_address_max: 0,
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            body_timeout: Duration::from_secs(30),
            body_bytes_max: 8 * 1024 * 1024,
            message_bytes_max: 64 * 1024,
            compression: true,
            ping_interval: Duration::from_secs(25),
            pong_timeout: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(30),
            linger_timeout: Duration::from_secs(2),
            drain_timeout: Duration::from_secs(5),
            allowed_origins: Vec::new(),
            allowed_hosts: Vec::new(),
            trust_local_pages: true,
            base_path: BasePath::default(),
            public_url: None,
            tls: None,
        }
    }
}
