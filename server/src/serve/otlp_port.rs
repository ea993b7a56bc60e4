//! A listener that takes OpenTelemetry and nothing else, at the port where agents send it unless they are told otherwise.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use arcane_shared::api::OtlpState;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::accept;
use super::connection::Connections;
use super::tls::Tls;
use crate::config::{BasePath, Config, NetConfig};
use crate::http::{Routes, Site};
use crate::state::{AppState, Parts};

/// A listener for OpenTelemetry, or why there is none.
#[derive(Debug)]
pub struct OtlpListener {
    address: SocketAddr,
    bound: Result<TcpListener, io::Error>,
}

impl OtlpListener {
    /// Listens on an address; what goes wrong is kept, for the server does without.
    pub async fn bind(address: SocketAddr) -> Self {
        let bound = TcpListener::bind(address).await;
        let address = bound.as_ref().ok().and_then(|listener| listener.local_addr().ok()).unwrap_or(address);
        Self { address, bound }
    }

    /// Where it listens, or should.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Why it does not listen.
    #[must_use]
    pub fn error(&self) -> Option<&io::Error> {
        self.bound.as_ref().err()
    }

    pub(super) fn state(&self) -> OtlpState {
        OtlpState { address: self.address.to_string(), error: self.error().map(ToString::to_string) }
    }
}

/// Serves until the server is about to stop. Its connections count with all others, and are waited for like them.
pub(super) async fn serve(
    listener: OtlpListener,
    site: Site,
    main: Arc<Connections>,
    tls: Option<Arc<Tls>>,
    mut draining: watch::Receiver<bool>,
) {
    let Ok(bound) = listener.bound else { return };
    let site = Site { state: of_telemetry(&site.state), ..site };
    // Agents on this machine send in the clear, and nobody else hears it.
    let tls = tls.filter(|_| !listener.address.ip().is_loopback());
    let connections = Arc::new(main.beside(Routes::otlp_alone(site), tls));
    let stopping = async {
        // Without a sender the server is gone.
        let _ = draining.wait_for(|draining| *draining).await;
    };
    accept::until(bound, &connections, stopping).await;
}

/// The server's parts; nothing stands before the routes of this port.
fn of_telemetry(state: &AppState) -> AppState {
    let config = Config {
        net: NetConfig { base_path: BasePath::default(), ..state.config.net.clone() },
        ..state.config.clone()
    };
    AppState::new(Parts { config, ..Parts::clone(state) })
}
