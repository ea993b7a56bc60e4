//! A listener that has metrics alone, where no token is wanted: who reaches it is the operator's to decide.

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;

use super::accept;
use super::connection::{Connections, Phase};
use crate::audit::Audit;
use crate::config::{BasePath, Config, Dashboard, NetConfig};
use crate::connection::Addresses;
use crate::gate::Gate;
use crate::http::{Routes, Site};
use crate::state::{AppState, Parts};

/// Most connections at a time: collectors are few, and clients of the server itself are not to wait for them.
const CONNECTIONS_MAX: usize = 64;

/// Serves until the server is about to stop.
pub(super) async fn serve(listener: TcpListener, site: Site, mut draining: watch::Receiver<bool>) {
    let site = Site { state: of_metrics(&site.state), ..site };
    let (metrics, net) = (site.state.metrics.clone(), site.state.config.net.clone());
    let routes = Routes::metrics_alone(site);
    let connections = Connections::new(routes, None, Addresses::new(0, &[]), metrics, &net);
    let connections = Arc::new(connections);
    let stopping = async {
        // Without a sender the server is gone.
        let _ = draining.wait_for(|draining| *draining).await;
    };
    accept::until(listener, &connections, stopping).await;
    connections.phase.send_replace(Phase::Draining);
}

/// The server's parts behind a gate that wants nothing. No route of this listener leads to anything but figures.
fn of_metrics(state: &AppState) -> AppState {
    let config = Config {
        net: NetConfig {
            connections_max: CONNECTIONS_MAX,
            base_path: BasePath::default(),
            tls: None,
            ..state.config.net.clone()
        },
        dashboard: Dashboard::Off,
        ..state.config.clone()
    };
    AppState::new(Parts { gate: Gate::open(), audit: Audit::off(), config, ..Parts::clone(state) })
}
