//! Accepting connections, and letting them go when the server stops.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower::ServiceExt;

use crate::bus::ArcaneEventBus;
use crate::config::{Config, NetConfig};
use crate::http::assets::Assets;
use crate::http::router;
use crate::log::LogError;
use crate::log::sqlite::{Figures, OpenError, SqliteLog};
use crate::metrics::Metrics;
use crate::realm::{Realm, RealmError};
use crate::state::{AppState, Parts};
use crate::ws::Reason;
use crate::ws::fanout::Fanouts;
use crate::ws::wheel::Wheel;

/// Why a server cannot run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The log cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// Who is present cannot be found out.
    #[error(transparent)]
    Realm(#[from] RealmError),
}

/// One of the places of `connections_max`. It goes back when the last clone is dropped: a WebSocket
/// takes one along when it leaves HTTP behind.
#[derive(Debug, Clone)]
pub(crate) struct Place(#[expect(dead_code, reason = "held, not read")] Arc<OwnedSemaphorePermit>);

/// Serves on a bound listener until `shutdown` completes, then lets connections end in peace.
///
/// # Errors
/// If the configuration does not fit; never because of a client.
pub async fn run(
    listener: TcpListener,
    config: Config,
    shutdown: impl Future<Output = ()>,
) -> Result<(), RunError> {
    let (bus, figures) = open_bus(&config)?;
    let log = Arc::clone(bus.log());
    let realm = Realm::new(bus.clone(), config.realm.clone())?;
    let (drain, draining) = watch::channel(false);
    let net = config.net.clone();
    let metrics = Metrics::new();
    let state = AppState::new(Parts {
        fanouts: Arc::new(Fanouts::new(bus.clone(), metrics.clone())),
        bus,
        realm,
        figures,
        wheel: Wheel::start(),
        metrics,
        assets: Assets::from(&config.dashboard),
        config,
        draining,
        started: Instant::now(),
    });
    accept_until(listener, router(state.clone()), &net, shutdown, || {
        drain.send_replace(true);
        state.wheel.ring_all(Reason::Drain);
    })
    .await;
    // What was taken is written before the process ends.
    let closed = tokio::task::spawn_blocking(move || log.close()).await;
    if closed.is_err() {
        tracing::error!("the event log could not be closed");
    }
    Ok(())
}

/// A bus that goes on where its log ends, or one in memory.
fn open_bus(config: &Config) -> Result<(ArcaneEventBus, Option<Arc<Figures>>), RunError> {
    let Some(dir) = &config.data_dir else { return Ok((ArcaneEventBus::new(config.bus.clone()), None)) };
    let log = SqliteLog::open(dir, config.bus.retention)?;
    let figures = Arc::clone(log.figures());
    Ok((ArcaneEventBus::with_log(config.bus.clone(), Arc::new(log))?, Some(figures)))
}

async fn accept_until(
    listener: TcpListener,
    router: Router,
    net: &NetConfig,
    shutdown: impl Future<Output = ()>,
    drain: impl FnOnce(),
) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(net.connections_max));
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(net.header_timeout);
    builder.http2().timer(TokioTimer::new()).enable_connect_protocol();
    tokio::pin!(shutdown);
    loop {
        let (stream, place) = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = &mut shutdown => break,
        };
        let place = Place(Arc::new(place));
        let service = service_fn({
            let (router, place) = (router.clone(), place.clone());
            move |mut request: hyper::Request<Incoming>| {
                request.extensions_mut().insert(place.clone());
                router.clone().oneshot(request)
            }
        });
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // A client that breaks off is no error of ours.
            let _ = connection.await;
            drop(place);
        });
    }
    drop(listener);
    tracing::info!("stopping: no new connections, asking readers to go");
    drain();
    if tokio::time::timeout(net.drain_timeout, graceful.shutdown()).await.is_err() {
        tracing::warn!(after_ms = net.drain_timeout.as_millis(), "some requests did not end in time");
    }
    wait_for_sockets(&places, net).await;
}

async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> (TcpStream, OwnedSemaphorePermit) {
    loop {
        let Ok(place) = Arc::clone(places).acquire_owned().await else { continue };
        match listener.accept().await {
            Ok((stream, _)) => {
                // Events are small and should leave at once.
                let _ = stream.set_nodelay(true);
                return (stream, place);
            }
            Err(error) => {
                // Out of file handles, most likely: give connections time to end.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
    }
}

/// WebSockets have left HTTP behind and say goodbye on their own; each holds its place until then.
async fn wait_for_sockets(places: &Semaphore, net: &NetConfig) {
    let all = u32::try_from(net.connections_max).unwrap_or(u32::MAX);
    if tokio::time::timeout(net.drain_timeout, places.acquire_many(all)).await.is_err() {
        let left = net.connections_max - places.available_permits();
        tracing::warn!(left, "some connections did not end in time");
    }
}
