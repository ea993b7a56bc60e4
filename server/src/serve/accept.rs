//! Accepting connections, and letting them go when the server stops.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connection::{Connections, Phase};
use crate::config::NetConfig;

/// How long to wait before another connection is accepted after one could not be.
const PAUSE: Duration = Duration::from_millis(50);
/// What the kernel holds for a client that has not taken it yet; Linux doubles it for its own needs.
const SEND_BUFFER_BYTES: usize = 128 * 1024;
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
        let (stream, place) = tokio::select! {
            accepted = accept(&listener, &connections.places) => accepted,
            () = &mut shutdown => return,
        };
        tokio::spawn(Arc::clone(connections).serve(stream, place));
    }
}

async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> (TcpStream, OwnedSemaphorePermit) {
    loop {
        let Ok(place) = Arc::clone(places).acquire_owned().await else { continue };
        match listener.accept().await {
            Ok((stream, _)) => {
                // Events are small and should leave at once.
                let _ = stream.set_nodelay(true);
                // The kernel says that a client took something once a third of this is free: as large as it would make it
                // by itself, who reads slowly would look like who does not read.
                let _ = rustix::net::sockopt::set_socket_send_buffer_size(&stream, SEND_BUFFER_BYTES);
                return (stream, place);
            }
            Err(error) => {
                // Out of file handles, most likely: give connections time to end.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Waits until every connection has ended, those that have left HTTP behind among them: each holds its place
/// until then. What has not ended within the time that stopping may take, or until `hurry` completes, is cut.
pub(super) async fn drain(connections: &Connections, net: &NetConfig, hurry: impl Future<Output = ()>) {
    let all = u32::try_from(net.connections_max).unwrap_or(u32::MAX);
    let patience = net.drain_timeout.saturating_sub(CLOSING.min(net.drain_timeout / 10));
    connections.phase.send_replace(Phase::Draining);
    tokio::select! {
        _ = connections.places.acquire_many(all) => return,
        () = tokio::time::sleep(patience) => {}
        () = hurry => {}
    }
    let left = net.connections_max - connections.places.available_permits();
    tracing::warn!(left, "some connections did not end in time and are cut");
    connections.phase.send_replace(Phase::Over);
}
