//! What the routes are given.

use axum::extract::FromRef;

use crate::state::AppState;
use crate::ws::Sockets;

/// The server's parts, and its WebSockets. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    pub(crate) state: AppState,
    pub(crate) sockets: Sockets,
}

impl FromRef<Site> for Sockets {
    fn from_ref(site: &Site) -> Self {
        site.sockets.clone()
    }
}
