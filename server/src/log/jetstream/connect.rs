//! The connection of a node to its servers of NATS: made, checked, and watched.

use std::path::PathBuf;
use std::time::Duration;

use async_nats::jetstream::context::AccountErrorKind;
use async_nats::jetstream::{self, Context, ErrorCode};
use async_nats::{Client, ConnectErrorKind, ConnectOptions, Event, ServerAddr};
use tokio::sync::watch;

use super::names::Prefix;
use super::version::{Fit, Version};

mod address;

use address::user;
pub use address::without_secrets;

/// How long one question to a server may take.
pub const REQUEST_MAX: Duration = Duration::from_secs(2);
/// How often a server is asked whether it is there. A connection ends when it has not answered three times.
const PING_EVERY: Duration = Duration::from_secs(3);
/// How long one attempt to connect may take.
const CONNECT_MAX: Duration = Duration::from_secs(3);
/// The longest pause between two attempts to connect again.
const RETRY_MAX: Duration = Duration::from_secs(2);
/// Messages that wait to be sent. While there is no connection they go on waiting.
const QUEUE_MAX: usize = 4096;
/// Messages that one subscription holds for its reader. What comes beyond that is lost, and the reader finds a gap.
const SUBSCRIPTION_MAX: usize = 16_384;
/// Bytes of one message that every server has to take: an event of 64 KiB and its records fit many times.
const PAYLOAD_MIN: usize = 1024 * 1024;

/// Where the servers are, and who connects.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Servers of one cluster, for example `nats://a.example:4222`; with `tls://` the connection is encrypted. A user and a
    /// password, or a token, may stand before the host (`nats://user:password@a.example:4222`); those of the first address
    /// that has them are used for all.
    pub servers: Vec<String>,
    /// A `.creds` file with a JWT and its key.
    pub credentials: Option<PathBuf>,
    /// Authorities that certificates of servers are checked with, instead of those of the system: a PEM file.
    pub tls_ca: Option<PathBuf>,
    /// The certificate of this node and its key: PEM files.
    pub tls_client: Option<(PathBuf, PathBuf)>,
    /// Addresses of the monitoring of each of them, such as `http://a.example:8222`.
    pub monitors: Vec<String>,
    /// What the names of streams, subjects and buckets begin with.
    pub prefix: Prefix,
    /// How many servers keep each stream and each bucket.
    pub replicas: Replicas,
    /// The directory for copies of rooms, which questions about their past are answered from. `None`: each such question reads
    /// the events of the stream.
    pub mirror: Option<PathBuf>,
}

impl Options {
    /// Checks the addresses, and reads the files, without connecting.
    ///
    /// # Errors
    /// If one of them is none, or cannot be read.
    pub fn check(&self) -> Result<(), ConnectError> {
        for monitor in &self.monitors {
            let host = monitor.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
            if host.is_none_or(|host| host.is_empty() || host.contains(['/', '?', '#', '@', ' '])) {
                return Err(ConnectError::Monitor(monitor.clone()));
            }
        }
        let (told, _) = watch::channel(false);
        with(self, &self.addresses()?, told).map(drop)
    }

    fn addresses(&self) -> Result<Vec<ServerAddr>, ConnectError> {
        let addresses: Result<Vec<ServerAddr>, _> = self.servers.iter().map(|text| text.parse()).collect();
        let addresses =
            addresses.ok().filter(|all| !all.is_empty() && !self.servers.iter().any(String::is_empty));
        addresses.ok_or_else(|| ConnectError::Servers(without_secrets(&self.servers)))
    }
}

/// How many servers keep a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Replicas {
    /// One. While it is down its streams are away, and they end with its disk.
    #[default]
    One,
    /// Three: any one of them may fail.
    Three,
}

impl Replicas {
    /// The number.
    #[must_use]
    pub fn count(self) -> usize {
        match self {
            Self::One => 1,
            Self::Three => 3,
        }
    }
}

/// Why there is no connection, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No server, or one that is no address.
    #[error(
        "{0:?} is no list of addresses of nats-servers, for example nats://10.0.0.1:4222,nats://10.0.0.2:4222"
    )]
    Servers(String),
    /// A monitoring that is no address.
    #[error(
        "--log-monitor: {0:?} is no address of a nats-server's monitoring, for example http://10.0.0.1:8222 (`http` in its configuration)"
    )]
    Monitor(String),
    /// A file that cannot be read.
    #[error("{setting} names {}, which cannot be read: {error}", path.display())]
    File {
        /// Which setting names it.
        setting: &'static str,
        /// Where.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// None of the servers answers.
    #[error(
        "no nats-server answers at {servers}: {error}. Check that one runs there, and that this machine can reach it"
    )]
    Unreachable {
        /// Where.
        servers: String,
        /// What the last one said.
        error: String,
    },
    /// A server is there, and its streams do not answer at the moment: servers that were just started find each other first.
    #[error(
        "the nats-server at {servers} is there, but {why}. Look at its log: servers of a cluster need a majority, and the account needs the right to publish to $JS.API.>"
    )]
    Silent {
        /// Where.
        servers: String,
        /// What came in place of an answer.
        why: String,
    },
    /// The certificates of one end are not what the other end takes.
    #[error(
        "no encrypted connection to {servers}: {error}. Check the authority (--log-tls-ca), the certificate (--log-tls-cert) and its key (--log-tls-key)"
    )]
    Tls {
        /// Where.
        servers: String,
        /// What is wrong.
        error: String,
    },
    /// They do not know who connects.
    #[error(
        "the nats-server at {0} refuses this user or these credentials. Name a .creds file of an account that it knows (--log-credentials), or a user and a password in the address (--log nats://user:password@host:4222)"
    )]
    Credentials(String),
    /// The server is too old.
    #[error("{0}")]
    TooOld(String),
    /// A server without streams.
    #[error(
        "the nats-server at {0} has no JetStream, or not for this account ({1}). Add `jetstream {{ store_dir: … }}` to its configuration and to the account"
    )]
    NoStreams(String, String),
    /// A server that takes small messages only.
    #[error(
        "the nats-server at {servers} takes messages of {bytes} bytes. Set max_payload in its configuration to 1MB or more, its default"
    )]
    Payload {
        /// Where.
        servers: String,
        /// How large they may be.
        bytes: usize,
    },
    /// Three replicas on a server alone.
    #[error(
        "3 replicas need a cluster of at least three nats-servers, and the one at {0} is alone. Set --log-replicas 1, or add servers"
    )]
    Alone(String),
}

/// A connection that comes back by itself. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Connection {
    client: Client,
    context: Context,
    connected: watch::Receiver<bool>,
    warning: Option<String>,
    /// Without users and passwords.
    servers: Vec<String>,
}

impl Connection {
    /// Connects to one of the servers, and checks that rooms can be kept there.
    ///
    /// # Errors
    /// If they cannot, or no server can be reached now: why, and what to do.
    pub async fn open(options: &Options) -> Result<Self, ConnectError> {
        let (servers, addresses) = (without_secrets(&options.servers), options.addresses()?);
        let (told, connected) = watch::channel(true);
        let client = with(options, &addresses, told)?.connect(addresses).await;
        let client = client.map_err(|error| refused(&servers, &error))?;
        let mut context = jetstream::new(client.clone());
        context.set_timeout(REQUEST_MAX);
        let info = client.server_info();
        let warning = match Version::parse(&info.version).map(|version| version.fit()) {
            Some(Fit::Good) => None,
            Some(Fit::Old(text)) => Some(text),
            Some(Fit::TooOld(text)) => return Err(ConnectError::TooOld(text)),
            None => Some(format!(
                "the nats-server at {servers} says no version that is known: {:?}",
                info.version
            )),
        };
        streams(&context, &servers).await?;
        if info.max_payload < PAYLOAD_MIN {
            return Err(ConnectError::Payload { servers, bytes: info.max_payload });
        }
        if options.replicas == Replicas::Three && info.cluster.as_ref().is_none_or(String::is_empty) {
            return Err(ConnectError::Alone(servers));
        }
        let shown = options.servers.iter().map(|server| without_secrets(std::slice::from_ref(server)));
        Ok(Self { client, context, connected, warning, servers: shown.collect() })
    }

    /// The client. What it is given while there is no connection waits: ask [`Self::is_connected`] before.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The streams. A question to them takes up to [`REQUEST_MAX`].
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Returns whether there is a connection at the moment, as far as this process has noticed.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        *self.connected.borrow()
    }

    /// Whether there is a connection, and each change of that.
    #[must_use]
    pub fn connected(&self) -> watch::Receiver<bool> {
        self.connected.clone()
    }

    /// The addresses that were given, without users and passwords.
    #[must_use]
    pub fn servers(&self) -> &[String] {
        &self.servers
    }

    /// Which server is connected, or was last, as long as that process lives.
    #[must_use]
    pub fn server_id(&self) -> String {
        self.client.server_info().server_id
    }

    /// The version of the server that is connected, or was last.
    #[must_use]
    pub fn version(&self) -> String {
        self.client.server_info().version
    }

    /// What works and should be otherwise.
    #[must_use]
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }
}

fn with(
    options: &Options,
    addresses: &[ServerAddr],
    told: watch::Sender<bool>,
) -> Result<ConnectOptions, ConnectError> {
    let mut with = ConnectOptions::new()
        .name("arcane")
        .connection_timeout(CONNECT_MAX)
        .request_timeout(Some(REQUEST_MAX))
        .ping_interval(PING_EVERY)
        .client_capacity(QUEUE_MAX)
        .subscription_capacity(SUBSCRIPTION_MAX)
        .max_reconnects(None)
        .reconnect_delay_callback(pause)
        .event_callback(move |event| {
            tell(&event, &told);
            std::future::ready(())
        });
    let file = |setting, path: &PathBuf| {
        let path = path.clone();
        move |error| ConnectError::File { setting, path, error }
    };
    // The client itself does not look at users in addresses.
    if let Some((user, password)) = addresses.iter().find_map(user) {
        with = match password {
            Some(password) => with.user_and_password(user, password),
            None => with.token(user),
        };
    }
    if let Some(path) = &options.credentials {
        let text = std::fs::read_to_string(path).map_err(file("--log-credentials", path))?;
        with = with.credentials(&text).map_err(file("--log-credentials", path))?;
    }
    let readable = |setting, path: &PathBuf| std::fs::File::open(path).map_err(file(setting, path));
    if let Some(path) = &options.tls_ca {
        readable("--log-tls-ca", path)?;
        with = with.add_root_certificates(path.clone());
    }
    if let Some((certificate, key)) = &options.tls_client {
        readable("--log-tls-cert", certificate)?;
        readable("--log-tls-key", key)?;
        with = with.add_client_certificate(certificate.clone(), key.clone());
    }
    Ok(with)
}

/// How long to wait before the attempt of this number: twice as long each time, with a part of chance so that nodes which
/// lost one server do not come back at the same moment.
fn pause(attempt: usize) -> Duration {
    let exponent = u32::try_from(attempt).unwrap_or(u32::MAX).min(6);
    let pause = Duration::from_millis(50) * 2_u32.pow(exponent);
    pause.min(RETRY_MAX).mul_f64(rand::random_range(0.5..=1.0))
}

fn tell(event: &Event, told: &watch::Sender<bool>) {
    let now = match event {
        Event::Connected => true,
        Event::Disconnected | Event::Closed => false,
        _ => {
            tracing::warn!(%event, "nats");
            return;
        }
    };
    let changed = told.send_if_modified(|before| std::mem::replace(before, now) != now);
    if changed && now {
        tracing::info!("the connection to nats-server is back");
    } else if changed {
        tracing::warn!("the connection to nats-server is lost; it is tried again");
    }
}

fn refused(servers: &str, error: &async_nats::ConnectError) -> ConnectError {
    let is_tls = of_tls(error);
    let (servers, error, kind) = (servers.to_owned(), error.to_string(), error.kind());
    match kind {
        _ if is_tls => ConnectError::Tls { servers, error },
        ConnectErrorKind::ServerParse => ConnectError::Servers(servers),
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
            ConnectError::Credentials(servers)
        }
        ConnectErrorKind::Tls => ConnectError::Tls { servers, error },
        _ => ConnectError::Unreachable { servers, error },
    }
}

/// Returns whether the handshake of TLS failed, which the client tells as an error of the connection.
fn of_tls(error: &async_nats::ConnectError) -> bool {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<std::io::Error>());
    source.and_then(std::io::Error::get_ref).is_some_and(|inner| inner.is::<tokio_rustls::rustls::Error>())
}

async fn streams(context: &Context, servers: &str) -> Result<(), ConnectError> {
    let Err(error) = context.query_account().await else { return Ok(()) };
    let why = match error.kind() {
        AccountErrorKind::TimedOut => {
            let why = format!("JetStream does not answer within {REQUEST_MAX:?}");
            return Err(ConnectError::Silent { servers: servers.to_owned(), why });
        }
        AccountErrorKind::JetStream(error) if error.error_code() == ErrorCode::CLUSTER_NOT_AVAILABLE => {
            return Err(ConnectError::Silent { servers: servers.to_owned(), why: error.to_string() });
        }
        AccountErrorKind::JetStream(error) => error.to_string(),
        AccountErrorKind::JetStreamUnavailable => "nothing answers for it".to_owned(),
        _ => error.to_string(),
    };
    Err(ConnectError::NoStreams(servers.to_owned(), why))
}

#[cfg(test)]
mod tests;
