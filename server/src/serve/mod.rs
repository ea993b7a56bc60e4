//! The server: what it opens, and how it runs and stops.

mod accept;
mod connection;
mod end;
mod metrics_port;
mod opening;
mod otlp_port;
mod tls;

use std::future::{Future, pending};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use connection::Connections;
use opening::{Patience, open_bus};
pub use otlp_port::OtlpListener;
pub use tls::PairError;
use tls::Tls;

use crate::audit::{Audit, Entry};
use crate::bus::ArcaneEventBus;
use crate::config::{Config, NatsConfig, RealmConfig};
use crate::connection::Addresses;
use crate::demo;
use crate::gate::proxy::Proxies;
use crate::gate::scope::audit_room;
use crate::gate::{Gate, KeyFileError, ProxyError, key_file};
use crate::guards;
use crate::http::{Routes, Site};
use crate::ingest::{self, Ingest};
use crate::log::LogError;
use crate::log::jetstream::OpenError as JetStreamError;
use crate::log::jetstream::connect::{Options, Replicas, without_secrets};
use crate::log::jetstream::names::{Prefix, PrefixError};
use crate::log::sqlite::{EVENTS_FILE, OpenError};
use crate::metrics::Metrics;
use crate::notify::{Notifier, NotifyError, Outlets};
use crate::realm::{Realm, RealmError};
use crate::requests::{Requests, Rulings};
use crate::stamp::Stamp;
use crate::state::{AppState, Parts};
use crate::ws::Sockets;

/// Why a server cannot run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The log cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The servers that are to keep the log cannot be used.
    #[error("--log: {0}")]
    JetStream(#[from] JetStreamError),
    /// Their names would begin with something that is no prefix.
    #[error("--log-prefix: {0}")]
    Prefix(#[from] PrefixError),
    /// The log cannot be read.
    #[error("cannot go on with {}: {source}", path.display())]
    Log {
        /// Which file, or where else.
        path: PathBuf,
        /// Why.
        source: LogError,
    },
    /// The keys of tokens cannot be used.
    #[error(transparent)]
    Keys(#[from] KeyFileError),
    /// A setting about proxies cannot be used.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// Who is present cannot be found out.
    #[error(transparent)]
    Realm(#[from] RealmError),
    /// A target of notifications cannot be told.
    #[error(transparent)]
    Notify(#[from] NotifyError),
    /// The certificate or its key cannot be used.
    #[error(transparent)]
    Tls(#[from] PairError),
}

impl RunError {
    fn unreadable(config: &Config, source: LogError) -> Self {
        let path = match &config.log {
            Some(servers) => without_secrets(&servers.servers).into(),
            None => config.data_dir.clone().unwrap_or_default().join(EVENTS_FILE),
        };
        Self::Log { path, source }
    }
}

/// Serves on a bound listener until `shutdown` completes, then lets connections end in peace.
///
/// # Errors
/// If the configuration does not fit or the log cannot be opened; never because of a client.
pub async fn run(
    listener: TcpListener,
    config: Config,
    shutdown: impl Future<Output = ()>,
) -> Result<(), RunError> {
    Server::open(config).await?.run(listener, shutdown).await;
    Ok(())
}

/// A server whose log is open: from here on nothing can be wrong with what it was told.
#[derive(Debug)]
pub struct Server {
    bus: ArcaneEventBus,
    realm: Realm,
    gate: Gate,
    /// The rules that answer what agents ask.
    rulings: Rulings,
    /// What the file of keys was when it was read.
    keys_read_at: Option<Stamp>,
    tls: Option<Arc<Tls>>,
    /// Whom the server tells of what needs a human.
    outlets: Outlets,
    /// Where metrics are served alone, and no token is wanted.
    metrics_on: Option<TcpListener>,
    /// Where OpenTelemetry is taken alone.
    otlp_on: Option<OtlpListener>,
    config: Config,
}

impl Server {
    /// Reads the certificate, if there is one, opens the log and recalls who is present.
    ///
    /// # Errors
    /// If the configuration does not fit, or the certificate or the log cannot be used.
    pub async fn open(mut config: Config) -> Result<Self, RunError> {
        // Before it is read: what changes meanwhile is read again.
        let keys_read_at = config.keys.as_ref().and_then(|keys| Stamp::of(&keys.file));
        let keys = match &config.keys {
            Some(keys) => Some((key_file::read(&keys.file)?, keys.audience.clone())),
            None => None,
        };
        let gate = Gate::new(keys, config.limits, Proxies::new(&config.proxy)?);
        let tls = open_tls(&config)?;
        let outlets = Outlets::open(&config.notify)?;
        if let Some(rooms) = config.bus.rooms.as_mut().filter(|_| !gate.is_open()) {
            rooms.push(audit_room());
        }
        let bus = open_bus(&config).await?;
        let patience = Patience::begin();
        let realm = loop {
            let realm = Realm::new(bus.clone(), config.realm.clone()).await.map_err(|error| match error {
                RealmError::Log(source) => RunError::unreadable(&config, source),
                error => error.into(),
            });
            if !patience.asks_again(realm.as_ref().err()).await {
                break realm?;
            }
        };
        let rulings = loop {
            let rulings = Rulings::open(&bus, config.rules.clone()).await;
            let rulings = rulings.map_err(|source| RunError::unreadable(&config, source));
            if !patience.asks_again(rulings.as_ref().err()).await {
                break rulings?;
            }
        };
        Ok(Self {
            bus,
            realm,
            gate,
            rulings,
            keys_read_at,
            tls,
            outlets,
            metrics_on: None,
            otlp_on: None,
            config,
        })
    }

    /// The same, with a listener that has `GET /metrics` and nothing else. No token is wanted there: whoever reaches it learns the
    /// names of all rooms, and figures.
    #[must_use]
    pub fn with_metrics_on(self, listener: Option<TcpListener>) -> Self {
        Self { metrics_on: listener, ..self }
    }

    /// The same, with a listener that takes OpenTelemetry and nothing else. Keys, origins and limits hold there as everywhere.
    #[must_use]
    pub fn with_otlp_on(self, listener: Option<OtlpListener>) -> Self {
        Self { otlp_on: listener, ..self }
    }

    /// Serves until `shutdown` completes, lets connections end in peace and closes the log.
    pub async fn run(self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        self.run_until(listener, shutdown, pending()).await;
    }

    /// The same; once `hurry` completes, too, no connection is waited for any longer.
    pub async fn run_until(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()>,
        hurry: impl Future<Output = ()>,
    ) {
        let Self { bus, realm, gate, rulings, keys_read_at, tls, outlets, metrics_on, otlp_on, config } =
            self;
        let log = Arc::clone(bus.log());
        let (bus_to_settle, bus_to_keep) = (bus.clone(), bus.clone());
        let settling = tokio::spawn(async move { bus_to_settle.keep_settled().await });
        let keeping = tokio::spawn(look_after(bus_to_keep, config.realm.clone()));
        let keys = config.keys.as_ref().map(|keys| (keys.file.clone(), keys_read_at));
        let keeper = bus.clone();
        let (drain, draining) = watch::channel(false);
        let net = config.net.clone();
        let addresses = Addresses::new(net.connections_per_address_max, &config.proxy.addresses);
        let metrics = if tls.is_some() { Metrics::with_certificate() } else { Metrics::new() };
        let (audit, telling) = open_audit(&gate, &bus);
        let asked = Requests::new(bus.clone(), config.realm.capture_content, rulings);
        let (requests, ending) = end_in_time(&asked.0);
        let (ingest, reader) =
            Ingest::new(metrics.clone(), config.prices.clone(), config.loop_after.times(), asked);
        let reading = read_on(reader, bus.clone());
        let notifier = Notifier::start(outlets, &bus, &gate, &metrics, &net, &requests);
        let playing = config.demo.then(|| tokio::spawn(demo::play(bus.clone())));
        let state = AppState::new(Parts {
            bus,
            realm,
            gate: gate.clone(),
            metrics: metrics.clone(),
            audit: audit.clone(),
            ingest,
            requests,
            otlp: otlp_on.as_ref().map(OtlpListener::state),
            config,
            draining: draining.clone(),
            started: Instant::now(),
        });
        let sockets = Sockets::new(state.clone());
        let guarding = tokio::spawn(follow_keys(gate, keys, sockets.clone(), audit));
        let site = Site { state, sockets: sockets.clone() };
        let renewing = {
            let metrics = metrics.clone();
            tls.clone().map(|tls| tokio::spawn(async move { tls.keep_current(&metrics).await }))
        };
        let routes = Routes::new(site.clone());
        let connections = Arc::new(Connections::new(routes, tls.clone(), addresses, metrics, &net));
        serve_beside((metrics_on, otlp_on), &site, &connections, tls, &draining);
        accept::until(listener, &connections, shutdown).await;
        tracing::info!("stopping: no new connections, asking readers to go");
        drain.send_replace(true);
        sockets.drain();
        let patience = accept::drain(&connections, &net, hurry).await;
        // What was taken is written before the process ends.
        guarding.abort();
        for task in [telling, playing, renewing, ending].into_iter().flatten() {
            task.abort();
        }
        keeping.abort();
        notifier.stop().await;
        end_of(reading).await;
        keeper.keep_for_the_next_start(patience / 2).await;
        log.close(patience).await;
        settling.abort();
    }
}

/// Ends what agents ask and nobody answers in time.
fn end_in_time(requests: &Requests) -> (Requests, Option<JoinHandle<()>>) {
    let keeping = requests.clone();
    (requests.clone(), Some(tokio::spawn(async move { keeping.keep().await })))
}

/// Reads what agents hand in, until it is told to stop.
fn read_on(reader: ingest::Reader, bus: ArcaneEventBus) -> (oneshot::Sender<()>, JoinHandle<()>) {
    let (stop, stopped) = oneshot::channel::<()>();
    let stopping = async {
        let _ = stopped.await;
    };
    (stop, tokio::spawn(async move { reader.run(bus, stopping).await }))
}

/// Waits until what agents handed in was read, or [`READING_MAX`] has passed.
async fn end_of((stop, mut reading): (oneshot::Sender<()>, JoinHandle<()>)) {
    let _ = stop.send(());
    if tokio::time::timeout(READING_MAX, &mut reading).await.is_err() {
        tracing::warn!("what agents told of themselves could not be written before the stop");
        reading.abort();
    }
}

/// Serves at the listeners that have something alone.
fn serve_beside(
    (metrics_on, otlp_on): (Option<TcpListener>, Option<OtlpListener>),
    site: &Site,
    connections: &Arc<Connections>,
    tls: Option<Arc<Tls>>,
    draining: &watch::Receiver<bool>,
) {
    if let Some(listener) = metrics_on {
        tokio::spawn(metrics_port::serve(listener, site.clone(), draining.clone()));
    }
    let listens = otlp_on.as_ref().is_some_and(|listener| listener.error().is_none());
    site.state.metrics.otlp_listens(listens);
    if let Some(listener) = otlp_on {
        let connections = Arc::clone(connections);
        tokio::spawn(otlp_port::serve(listener, site.clone(), connections, tls, draining.clone()));
    }
}

/// The folder of copies in a data directory.
const MIRROR: &str = "mirror";

/// How long a stop waits for what agents handed in: the reading has its own bound, and the log may take its time with the last of it.
const READING_MAX: Duration = Duration::from_secs(6);
/// Time between two looks whether a room's roster has to be kept.
const KEEP_ROSTERS_EVERY: Duration = Duration::from_secs(30);

/// Keeps rosters, lets rooms rest, and tells of what daemons spend, for as long as this is awaited.
async fn look_after(bus: ArcaneEventBus, realm: RealmConfig) {
    tokio::join!(keep_rosters(&bus), bus.keep_resting(), guards::watch(bus.clone(), realm));
}

/// Keeps rosters from time to time, for as long as this is awaited: a process that is killed may come back when the events
/// that they tell of have left the log.
async fn keep_rosters(bus: &ArcaneEventBus) {
    loop {
        tokio::time::sleep(KEEP_ROSTERS_EVERY).await;
        bus.keep_rosters();
    }
}

/// Keeps keys and revocations as their file has them, and has every WebSocket looked at when they change. Event streams look themselves.
async fn follow_keys(gate: Gate, file: Option<(PathBuf, Option<Stamp>)>, sockets: Sockets, audit: Audit) {
    let Some((file, read_at)) = file else { return };
    let mut changes = gate.changes();
    let looking = async {
        while changes.changed().await.is_ok() {
            sockets.recheck();
            audit.report(Entry {
                refused: None,
                asked: "reading its keys again".into(),
                subject: None,
                address: None,
            });
        }
    };
    tokio::join!(gate.follow(file, read_at), looking);
}

/// Where everybody may do everything there is no audit.
fn open_audit(gate: &Gate, bus: &ArcaneEventBus) -> (Audit, Option<JoinHandle<()>>) {
    if gate.is_open() {
        return (Audit::off(), None);
    }
    let (audit, clerk) = Audit::on();
    (audit, Some(tokio::spawn(clerk.tell(bus.clone()))))
}

fn open_tls(config: &Config) -> Result<Option<Arc<Tls>>, PairError> {
    config.net.tls.as_ref().map(|files| Tls::open(files).map(Arc::new)).transpose()
}

/// Checks what a server of this configuration would secure its connections with.
///
/// # Errors
/// If it could not.
pub(crate) fn check_tls(config: &Config) -> Result<(), PairError> {
    open_tls(config).map(drop)
}

/// Checks what a server of this configuration would reach the servers of its log with, and does not ask them.
///
/// # Errors
/// If it could not.
pub(crate) fn check_log(config: &Config) -> Result<(), RunError> {
    let Some(servers) = &config.log else { return Ok(()) };
    Ok(jetstream_options(servers, None)?.check().map_err(JetStreamError::from)?)
}

/// How the servers that keep the log are reached, and where this node copies rooms.
///
/// # Errors
/// If the prefix is none.
pub(crate) fn jetstream_options(
    config: &NatsConfig,
    data_dir: Option<&Path>,
) -> Result<Options, PrefixError> {
    let NatsConfig { servers, credentials, tls_ca, tls_client, monitors, is_replicated, prefix } = config;
    Ok(Options {
        servers: servers.clone(),
        credentials: credentials.clone(),
        tls_ca: tls_ca.clone(),
        tls_client: tls_client.clone(),
        monitors: monitors.clone(),
        prefix: Prefix::parse(prefix)?,
        replicas: if *is_replicated { Replicas::Three } else { Replicas::One },
        mirror: data_dir.map(|dir| dir.join(MIRROR)),
    })
}
