//! The routes of a listener that takes OpenTelemetry and nothing else.

use axum::Router;
use axum::http::StatusCode;
use axum::middleware;
use axum::routing::post;

use super::error::ApiError;
use super::{Site, around_route, otlp, wrong_method};

/// `POST /v1/logs`, `/v1/traces` and `/v1/metrics`, behind the gate that they have everywhere.
pub(super) fn router(site: Site) -> Router {
    Router::new()
        .route(otlp::LOGS, post(otlp::logs))
        .route(otlp::TRACES, post(otlp::traces))
        .route(otlp::METRICS, post(otlp::metrics))
        .fallback(nothing_else)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(site.state.clone(), around_route))
        .with_state(site)
}

async fn nothing_else() -> ApiError {
    let detail =
        "this port takes OpenTelemetry at POST /v1/logs, /v1/traces and /v1/metrics, and has nothing else";
    ApiError::new(StatusCode::NOT_FOUND, "no-such-route", detail)
}
