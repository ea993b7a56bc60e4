//! The routes of a listener that takes OpenTelemetry and nothing else.

use axum::Router;
use axum::http::{Method, StatusCode};
use axum::middleware;
use axum::routing::post;

use super::error::ApiError;
use super::{Site, around_route, otlp};

/// `POST /v1/logs`, `/v1/traces` and `/v1/metrics`, behind the gate that they have everywhere.
pub(super) fn router(site: Site) -> Router {
    Router::new()
        .route(otlp::LOGS, post(otlp::logs))
        .route(otlp::TRACES, post(otlp::traces))
        .route(otlp::METRICS, post(otlp::metrics))
        .fallback(nothing_else)
        .method_not_allowed_fallback(post_alone)
        .layer(middleware::from_fn_with_state(site.state.clone(), around_route))
        .with_state(site)
}

/// There are no documents at this port that could say it.
async fn post_alone(method: Method) -> ApiError {
    let detail = format!(
        "this port takes OpenTelemetry over HTTP by POST, as application/x-protobuf or application/json, and not {method}"
    );
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method", detail)
}

async fn nothing_else() -> ApiError {
    let detail =
        "this port takes OpenTelemetry at POST /v1/logs, /v1/traces and /v1/metrics, and has nothing else";
    ApiError::new(StatusCode::NOT_FOUND, "no-such-route", detail)
}
