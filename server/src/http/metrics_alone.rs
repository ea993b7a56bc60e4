//! The routes of a listener that has metrics and nothing else, for who collects them.

use axum::Router;
use axum::http::StatusCode;
use axum::middleware;
use axum::routing::get;

use super::error::ApiError;
use super::{Site, around_route, health, wrong_method};

/// `GET /metrics`. Host and origin are checked as anywhere: a page must not read them by a name that was pointed at this machine.
pub(super) fn router(site: Site) -> Router {
    Router::new()
        .route("/metrics", get(health::metrics))
        .fallback(nothing_else)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(site.state.clone(), around_route))
        .with_state(site)
}

async fn nothing_else() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "no-such-route", "this port has GET /metrics and nothing else")
}
