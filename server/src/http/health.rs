//! Whether the server is there, whether it wants work, and what it has counted.

use arcane_shared::api::{HealthAnswer, LogServers, ReadyAnswer};
use axum::Json;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;

use super::allowed::{Allowed, Public};
use super::exposition::Format;
use crate::diagnostics;
use crate::gate::pass::Metrics;
use crate::metrics::Readings;

/// The server is there.
#[utoipa::path(get, path = "/health", tag = "operating", responses((status = 200, body = HealthAnswer)))]
pub(crate) async fn health(Public(state): Public) -> Json<HealthAnswer> {
    Json(HealthAnswer {
        status: "healthy".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        uptime_s: state.started.elapsed().as_secs_f64(),
        subscribers: state.bus.subscriber_count() as u64,
        otlp: state.otlp.clone(),
        log: state.bus.log().servers().map(|servers| {
            // Where the servers of a guarded realm are is not for everybody.
            let addresses = if state.gate.is_open() { servers.addresses } else { Vec::new() };
            LogServers { addresses, ..servers }
        }),
        demo: state.config.demo,
    })
}

/// Whether new work is welcome: no once the server is about to stop, or while the log takes no events.
#[utoipa::path(get, path = "/ready", tag = "operating", responses(
    (status = 200, body = ReadyAnswer), (status = 503, body = ReadyAnswer),
))]
pub(crate) async fn ready(Public(state): Public) -> (StatusCode, Json<ReadyAnswer>) {
    let clock = state.bus.log().clock().doubt();
    if *state.draining.borrow() {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            Json(ReadyAnswer { ready: false, reason: Some("draining".into()), clock }),
        );
    }
    if let Err(error) = state.bus.log().availability() {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            Json(ReadyAnswer { ready: false, reason: Some(error.to_string()), clock }),
        );
    }
    (StatusCode::OK, Json(ReadyAnswer { ready: true, reason: None, clock }))
}

/// What was counted and measured: in the OpenMetrics text format, or in the older one of Prometheus if `Accept` likes
/// `text/plain` better.
#[utoipa::path(get, path = "/metrics", tag = "operating", responses(
    (status = 200, description = "The metrics", content((String = "application/openmetrics-text"), (String = "text/plain"))),
))]
pub(crate) async fn metrics(state: Allowed<Metrics>, headers: HeaderMap) -> impl IntoResponse {
    let format = Format::wanted(&headers);
    let (bus, log) = (&state.bus, state.bus.log());
    let text = state.metrics.render(Readings {
        emitted: bus.emitted(),
        subscribers: bus.readers_here().into_iter(),
        skipped: bus.skipped(),
        lagging: bus.lagging(),
        cluster: log.cluster(),
        log: log.figures().map(|figures| (figures, log.availability().is_ok())),
        memory: bus.budget().held(),
        memory_max: bus.budget().bytes_max(),
        given_up: bus.given_up(),
        diagnostics: (diagnostics::lost(), diagnostics::left_out()),
        uptime_s: state.started.elapsed().as_secs_f64(),
    });
    ([(header::CONTENT_TYPE, format.media_type()), (header::VARY, "accept")], format.write(text))
}
