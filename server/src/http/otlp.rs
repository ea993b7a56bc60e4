//! `POST /v1/logs`, `/v1/traces`, `/v1/metrics`: OpenTelemetry over HTTP (OTLP/HTTP), answered to the letter of its specification.
//!
//! What cannot be read is refused for good (400); what finds no room is refused for now (429, 503, with `Retry-After`), and its sender tries
//! again. Refusals are `Status` messages in the encoding of the request ([`super::otlp_status`]).

use std::collections::BTreeSet;
use std::time::Duration;

use arcane_shared::Problem;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use prost::Message;
use tokio::sync::Semaphore;

use super::allowed::Allowed;
use super::body;
use super::error::ApiError;
use crate::gate::limits::Counted;
use crate::gate::pass;
use crate::ingest::otlp::{self, Encoding, Malformed, Signal, Told};
use crate::query::Pairs;

/// Where log records, spans and metrics are sent.
pub(super) const LOGS: &str = "/v1/logs";
pub(super) const TRACES: &str = "/v1/traces";
pub(super) const METRICS: &str = "/v1/metrics";

/// Largest body, restored if it came compressed: 10 MiB.
const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;
/// A longer body is read beside the runtime's threads.
const READ_AT_ONCE_MAX: usize = 64 * 1024;
/// Long bodies that are read at a time: each may take many times its bytes meanwhile.
static LONG: Semaphore = Semaphore::const_new(2);
/// How long one waits for its turn.
const WAIT: Duration = Duration::from_secs(5);

/// Takes log records of OpenTelemetry.
///
/// `partialSuccess` says what could not be used. Names of people and machines, arguments of processes, prompts and instructions are dropped.
#[utoipa::path(post, path = "/v1/logs", operation_id = "take_otlp_logs", tag = "agents",
    params(("room" = Option<String>, Query, description = "Default `main`")),
    request_body(content((serde_json::Value = "application/json"), (String = "application/x-protobuf"))), responses(
    (status = 200, description = "Taken: `ExportLogsServiceResponse`, in the encoding of the request", content((serde_json::Value = "application/json"), (String = "application/x-protobuf"))),
    (status = 400, description = "Not what its Content-Type says: a `Status` whose message names the field or the byte. Sending it again is of no use", content((serde_json::Value = "application/json"), (String = "application/x-protobuf"))),
    (status = 401, description = "No token that holds; the token goes into `OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20TOKEN`", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "The token does not allow it", body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "More than the subject may; `Retry-After` says when to send it again", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "More waits to be read than may, or the log takes no events; `Retry-After` says when to send it again", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn logs(
    state: Allowed<pass::Publish>,
    query: Pairs,
    request: Request,
) -> Result<Response, ApiError> {
    take(Signal::Logs, &state, &query, request).await
}

/// Takes spans of OpenTelemetry.
#[utoipa::path(post, path = "/v1/traces", operation_id = "take_otlp_traces", tag = "agents",
    params(("room" = Option<String>, Query, description = "Default `main`")),
    request_body(content((serde_json::Value = "application/json"), (String = "application/x-protobuf"))), responses(
    (status = 200, description = "Taken: `ExportTraceServiceResponse`, in the encoding of the request", content((serde_json::Value = "application/json"), (String = "application/x-protobuf"))),
    (status = 400, description = "As of `/v1/logs`", content((serde_json::Value = "application/json"), (String = "application/x-protobuf"))),
    (status = 401, description = "As of `/v1/logs`", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "The token does not allow it", body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "As of `/v1/logs`", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "As of `/v1/logs`", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn traces(
    state: Allowed<pass::Publish>,
    query: Pairs,
    request: Request,
) -> Result<Response, ApiError> {
    take(Signal::Traces, &state, &query, request).await
}

/// Takes metrics of OpenTelemetry.
#[utoipa::path(post, path = "/v1/metrics", operation_id = "take_otlp_metrics", tag = "agents",
    params(("room" = Option<String>, Query, description = "Default `main`")),
    request_body(content((serde_json::Value = "application/json"), (String = "application/x-protobuf"))), responses(
    (status = 200, description = "Taken: `ExportMetricsServiceResponse`, in the encoding of the request", content((serde_json::Value = "application/json"), (String = "application/x-protobuf"))),
    (status = 400, description = "As of `/v1/logs`", content((serde_json::Value = "application/json"), (String = "application/x-protobuf"))),
    (status = 401, description = "As of `/v1/logs`", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "The token does not allow it", body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "As of `/v1/logs`", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "As of `/v1/logs`", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn metrics(
    state: Allowed<pass::Publish>,
    query: Pairs,
    request: Request,
) -> Result<Response, ApiError> {
    take(Signal::Metrics, &state, &query, request).await
}

/// The encoding that a request says it has.
pub(super) fn encoding_of(headers: &HeaderMap) -> Option<Encoding> {
    match body::content_type(headers).as_deref() {
        Some("application/x-protobuf" | "application/protobuf") => Some(Encoding::Protobuf),
        Some("application/json") => Some(Encoding::Json),
        _ => None,
    }
}

/// The media type of an answer in an encoding.
pub(super) fn media_type(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Protobuf => "application/x-protobuf",
        Encoding::Json => "application/json",
    }
}

async fn take(
    signal: Signal,
    state: &Allowed<pass::Publish>,
    query: &Pairs,
    request: Request,
) -> Result<Response, ApiError> {
    let Some(encoding) = encoding_of(request.headers()) else {
        let detail = match body::content_type(request.headers()) {
            Some(found) => format!("the body is {found}; send application/x-protobuf or application/json"),
            None => "the request has no Content-Type; send application/x-protobuf or application/json".into(),
        };
        return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", detail));
    };
    if let Some(charset) = body::charset(request.headers()).filter(|_| encoding == Encoding::Json) {
        let detail =
            format!("the body is JSON in {charset}; send UTF-8, and no other charset in Content-Type");
        return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", detail));
    }
    let room = state.changed(query.room()?)?;
    // Its sender keeps what is not taken, and a log that takes nothing would lose it.
    state.bus.log().availability()?;
    let body =
        body::read_up_to(BODY_BYTES_MAX, request.into_body(), &state.config.net, state.bus.budget()).await?;
    state.take(Counted::Bytes, body.len())?;
    let read = if body.len() <= READ_AT_ONCE_MAX {
        otlp::read(signal, encoding, &body)
    } else {
        let turn = tokio::time::timeout(WAIT, LONG.acquire()).await;
        let Ok(Ok(turn)) = turn else {
            return Err(ApiError::busy("other long bodies are read; send it again soon"));
        };
        let read = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            otlp::read(signal, encoding, &body)
        });
        read.await.map_err(|_| ApiError::busy("the server is about to stop"))?
    };
    let told = read.map_err(|malformed| {
        let (status, kind) = match malformed {
            Malformed::Wrong(_) => (StatusCode::BAD_REQUEST, "not-otlp"),
            Malformed::TooMuch => (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large"),
        };
        ApiError::new(status, kind, malformed.to_string())
    })?;
    state.take(Counted::Events, told.len())?;
    let (items, rejected, unusable) = (told.items, told.rejected, told.unusable.clone());
    if told.len() > 0 {
        let held = state.open_room(&room).await?;
        state.count_daemons(&held, daemons(&told))?;
        // The body may have taken its time.
        state.recheck()?;
        let full = "more telemetry waits to be read than may; send it again soon";
        state.ingest.hand_in_telemetry(room, told).map_err(|_| ApiError::busy(full))?;
    }
    state.metrics.otlp_taken(signal.name(), items, rejected);
    for field in unusable {
        state.metrics.ingest_unusable(field);
    }
    Ok(taken(signal, encoding, rejected))
}

/// The daemons that telemetry is of.
fn daemons(told: &Told) -> BTreeSet<&arcane_shared::DaemonName> {
    let of_signs = told.signs.iter().map(|sign| &sign.who.daemon);
    of_signs.chain(told.sums.iter().map(|sum| &sum.daemon)).collect()
}

/// `Export…ServiceResponse`: all three are alike.
#[derive(Clone, PartialEq, Message)]
struct Taken {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<Partly>,
}

#[derive(Clone, PartialEq, Message)]
struct Partly {
    #[prost(int64, tag = "1")]
    rejected: i64,
    #[prost(string, tag = "2")]
    error_message: String,
}

fn taken(signal: Signal, encoding: Encoding, rejected: usize) -> Response {
    let reason = "sums without a temporality, and values that are no amounts, cannot be added up: send delta or cumulative ones";
    let partly = (rejected > 0).then(|| Partly {
        rejected: i64::try_from(rejected).unwrap_or(i64::MAX),
        error_message: reason.into(),
    });
    let body = match encoding {
        Encoding::Protobuf => Taken { partial_success: partly }.encode_to_vec(),
        Encoding::Json => match partly {
            None => b"{}".to_vec(),
            Some(Partly { rejected, error_message }) => {
                let name = match signal {
                    Signal::Logs => "rejectedLogRecords",
                    Signal::Traces => "rejectedSpans",
                    Signal::Metrics => "rejectedDataPoints",
                };
                let partly = serde_json::json!({name: rejected.to_string(), "errorMessage": error_message});
                serde_json::json!({"partialSuccess": partly}).to_string().into_bytes()
            }
        },
    };
    ([(header::CONTENT_TYPE, media_type(encoding))], body).into_response()
}
