//! `GET /ws/events`: the live event stream over a WebSocket.

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::allowed::Identified;
use super::error::ApiError;
use super::query::{self, StreamParams};
use crate::gate::TokenError;
use crate::stream::LastId;
use crate::ws::{Comer, HandshakeError, Sockets};

/// Where a WebSocket is opened.
pub(super) const ROUTE: &str = "/ws/events";

/// The live event stream over a WebSocket.
#[utoipa::path(get, path = "/ws/events", tag = "streams", params(StreamParams), responses(
    (status = 101, description = "The socket is open: one connection message, then one event per text message"),
    (status = 403, description = "The page's origin is not allowed", body = arcane_shared::Problem, content_type = "application/problem+json"),
    (status = 426, description = "No WebSocket handshake", body = arcane_shared::Problem, content_type = "application/problem+json"),
))]
pub(super) async fn upgrade(State(sockets): State<Sockets>, request: Request) -> Response {
    let wanted = query::of_stream(ROUTE, request.uri().query());
    let last = LastId::from_headers(request.headers());
    let identified = request.extensions().get::<Identified>().cloned();
    let missing = || Identified { pass: Err(TokenError::Missing), peer: None };
    let Identified { pass, peer } = identified.unwrap_or_else(missing);
    sockets.upgrade(request, Comer { pass, peer }, wanted, last).unwrap_or_else(refuse)
}

fn refuse(error: HandshakeError) -> Response {
    let status = match error {
        HandshakeError::NotAnUpgrade(_) | HandshakeError::Version => StatusCode::UPGRADE_REQUIRED,
        HandshakeError::Key => StatusCode::BAD_REQUEST,
    };
    let mut response = ApiError::new(status, "handshake", error.to_string()).into_response();
    response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    response.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    response
}
