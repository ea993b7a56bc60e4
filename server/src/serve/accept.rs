//! Accepting connections, and letting them go when the server stops.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connection::{Connections, Phase};
use crate::config::NetConfig;
use crate::connection::Place;

/// How long to wait before another connection is accepted after one could not be.
const PAUSE: Duration = Duration::from_millis(50);
/// What the kernel holds for a client beside what is on its way.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT_BYTES_MAX: u32 = 128 * 1024;
/// What is said on a connection that is one too many for its address.
const TOO_MANY: &[u8] = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nConnection: close\r\n\
    Content-Type: text/plain\r\nContent-Length: 48\r\n\r\nThis address has as many connections as it may.\n";
/// Time kept back for cutting connections and closing the log.
const CLOSING: Duration = Duration::from_millis(500);

/// Serves what connects until `shutdown` completes.
pub(super) async fn until(
    listener: TcpListener,
    connections: &Arc<Connections>,
    shutdown: impl Future<Output = ()>,
) {
    tokio::pin!(shutdown);
    loop {
        let (stream, address, permit) = tokio::select! {
            accepted = accept(&listener, &connections.permits) => accepted,
            () = &mut shutdown => return,
        };
        match connections.addresses.enter(address) {
            Ok(place) => {
                let place = Place::new(permit, place);
                tokio::spawn(Arc::clone(connections).serve(stream, place));
            }
            Err(_) => {
                connections.metrics.refused("connections");
                refuse(&stream);
            }
        }
    }
}

async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> (TcpStream, IpAddr, OwnedSemaphorePermit) {
    loop {
        let Ok(permit) = Arc::clone(permits).acquire_owned().await else { continue };
        match listener.accept().await {
            Ok((stream, address)) => {
                // Events are small and should leave at once.
                let _ = stream.set_nodelay(true);
                bound_unsent(&stream);
                return (stream, address.ip(), permit);
            }
            Err(error) => {
                // Out of file handles, most likely: give connections time to end.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Answers a connection that is one too many for its address with what fits into one packet, and waits for nothing. A client of
/// TLS sees it close.
fn refuse(stream: &TcpStream) {
    let _ = stream.try_write(TOO_MANY);
}

/// Bounds what the kernel takes ahead of what it can send. Without it the kernel takes megabytes, says that it can take
/// more only once a third of them is gone, and a client that reads slowly would look like one that does not read. The
/// buffer itself keeps growing with the distance to the client (`TCP_NOTSENT_LOWAT`, tcp(7)); a bound on it would be one
/// on the speed.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn bound_unsent(stream: &TcpStream) {
    // Older kernels have no such bound, and go on without it.
    let _ = socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT_BYTES_MAX);
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn bound_unsent(_: &TcpStream) {}

/// Waits until every connection has ended, those that have left HTTP behind among them: each holds its permit
/// until then. What has not ended within the time that stopping may take, or until `hurry` completes, is cut.
/// Returns how long closing the log may take.
pub(super) async fn drain(
    connections: &Connections,
    net: &NetConfig,
    hurry: impl Future<Output = ()>,
) -> Duration {
    let began = Instant::now();
    let all = u32::try_from(net.connections_max).unwrap_or(u32::MAX);
    let closing = CLOSING.min(net.drain_timeout / 10);
    let patience = net.drain_timeout.saturating_sub(closing);
    connections.phase.send_replace(Phase::Draining);
    tokio::select! {
        _ = connections.permits.acquire_many(all) => return net.drain_timeout.saturating_sub(began.elapsed()) / 2,
        () = tokio::time::sleep(patience) => {}
        () = hurry => {}
    }
    let left = net.connections_max - connections.permits.available_permits();
    tracing::warn!(left, "some connections did not end in time and are cut");
    connections.phase.send_replace(Phase::Over);
    // The other half is for ending what still runs.
    closing / 2
}
