//! What every request handler can reach.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::watch;

use crate::bus::ArcaneEventBus;
use crate::config::Config;
use crate::http::assets::Assets;
use crate::metrics::Metrics;
use crate::realm::Realm;
use crate::ws::fanout::Fanouts;
use crate::ws::wheel::Wheel;

/// Handles to the parts of a running server. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct AppState {
    pub(crate) bus: ArcaneEventBus,
    pub(crate) realm: Realm,
    pub(crate) fanouts: Arc<Fanouts>,
    pub(crate) wheel: Arc<Wheel>,
    pub(crate) metrics: Metrics,
    pub(crate) config: Arc<Config>,
    pub(crate) assets: Arc<Assets>,
    /// Turns true when the server is about to stop.
    pub(crate) draining: watch::Receiver<bool>,
    pub(crate) started: Instant,
}
