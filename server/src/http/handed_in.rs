//! What programs hand in for events to be made of it: bodies within a bound, read beside the runtime's threads where they are long.

use axum::body::Bytes;
use axum::extract::Request;

use super::allowed::Allowed;
use super::body;
use super::error::ApiError;
use crate::config::{Config, NetConfig};
use crate::gate::limits::Counted;
use crate::gate::pass;

/// Largest body: 4 MiB, a thousand of the largest events that others forward.
const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// A longer body is read beside the runtime's threads.
const READ_AT_ONCE_MAX: usize = 32 * 1024;

/// The body of a request, counted.
///
/// # Errors
/// If it is too large, breaks off, or is more than the subject may.
pub(super) async fn taken(state: &Allowed<pass::Publish>, request: Request) -> Result<Bytes, ApiError> {
    let net = &state.config.net;
    let net = NetConfig { body_bytes_max: BODY_BYTES_MAX.min(net.body_bytes_max), ..net.clone() };
    let body = body::read(request.into_body(), &net, state.bus.budget()).await?;
    state.take(Counted::Bytes, body.len())?;
    Ok(body)
}

/// What `read` makes of a body; a long one has its turn for it.
///
/// # Errors
/// What `read` says, or if there is no turn to be had.
pub(super) async fn read<T: Send + 'static>(
    state: &Allowed<pass::Publish>,
    body: Bytes,
    read: impl FnOnce(&Config, &Bytes) -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    if body.len() <= READ_AT_ONCE_MAX {
        return read(&state.config, &body);
    }
    let _turn = state.bus.turn(body.len()).await?;
    let parts = (**state).clone();
    let read = tokio::task::spawn_blocking(move || read(&parts.config, &body));
    read.await.map_err(|_| ApiError::busy("the server is about to stop"))?
}
