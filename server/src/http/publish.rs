//! `POST /events`: one event, an array, or NDJSON.

use arcane_shared::api::{FieldError, PublishAnswer, Published};
use arcane_shared::{ArcaneEvent, Problem, RoomName};
use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use bytes::{Buf, BytesMut};
use http_body_util::BodyExt;

use super::body;
use super::draft::{self, DraftError};
use super::error::ApiError;
use super::query::Pairs;
use crate::clock;
use crate::state::AppState;

/// Most events in one NDJSON stream.
const EVENTS_MAX: usize = 100_000;
/// Longest NDJSON line: an event with room for white space.
const LINE_BYTES_MAX: usize = 256 * 1024;

/// Publishes one event, an array of events, or NDJSON.
///
/// An array is checked as a whole before any of it is published. NDJSON is published line by line
/// as it arrives; an error names the line and how many before it were published.
#[utoipa::path(post, path = "/events", tag = "events", params(
    ("room" = Option<String>, Query, description = "Default `main`; opens with its first publisher"),
    ("ack" = Option<String>, Query, description = "`received`, the only level of this version"),
), request_body(content((arcane_shared::api::PublishEvent = "application/json"), (String = "application/x-ndjson"))), responses(
    (status = 201, description = "Published", body = PublishAnswer),
    (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "The room cannot be opened", body = Problem, content_type = "application/problem+json"),
    (status = 413, description = "The body or an event is too large", body = Problem, content_type = "application/problem+json"),
    (status = 415, description = "Neither JSON nor NDJSON", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A field cannot be used", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn publish(
    State(state): State<AppState>,
    query: Pairs,
    request: Request,
) -> Result<(StatusCode, Json<PublishAnswer>), ApiError> {
    let room = query.room()?;
    check_level(query.get("ack"))?;
    if request.headers().contains_key("idempotency-key") {
        let detail = "Idempotency-Key is not honoured by this version; leave it out";
        return Err(ApiError::new(StatusCode::NOT_IMPLEMENTED, "idempotency", detail));
    }
    let ndjson = body::content_type(request.headers()).is_some_and(|kind| {
        matches!(kind.as_str(), "application/x-ndjson" | "application/ndjson" | "application/jsonl")
    });
    let published = if ndjson {
        publish_lines(&state, &room, request.into_body()).await?
    } else {
        body::require_json(request.headers(), "application/json")?;
        let bytes = body::read(request.into_body(), &state.config.net).await?;
        emit_all(&state, draft::read_all(&bytes, &room, clock::now())?)?
    };
    let answer = PublishAnswer {
        status: "published".into(),
        epoch: state.bus.epoch(&room)?,
        room,
        ack: "received".into(),
        events: published,
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

fn check_level(ack: Option<&str>) -> Result<(), ApiError> {
    match ack {
        None | Some("received") => Ok(()),
        Some("logged" | "synced") => {
            let detail = "this version keeps events in memory and can only answer \"received\"";
            Err(ApiError::parameter("ack", detail))
        }
        Some(other) => {
            Err(ApiError::parameter("ack", format!("must be received, logged or synced, not {other:?}")))
        }
    }
}

fn emit_all(state: &AppState, events: Vec<ArcaneEvent>) -> Result<Vec<Published>, ApiError> {
    let n = events.len();
    let frames = state.bus.emit_all(events).map_err(|(index, error)| {
        let error = ApiError::from(error);
        if n == 1 { error } else { error.after(&format!("Nothing was published. /{index}:")) }
    })?;
    Ok(frames.iter().map(|frame| Published { seq: frame.seq() }).collect())
}

async fn publish_lines(
    state: &AppState,
    room: &RoomName,
    mut body: Body,
) -> Result<Vec<Published>, ApiError> {
    let mut published = Vec::new();
    let (mut buffer, mut line_number) = (BytesMut::new(), 0_usize);
    let patience = state.config.net.body_timeout;
    loop {
        let frame = tokio::time::timeout(patience, body.frame()).await.map_err(|_| {
            let detail = format!("nothing came for {} s", patience.as_secs());
            done(ApiError::new(StatusCode::REQUEST_TIMEOUT, "body-timeout", detail), published.len())
        })?;
        let ended = frame.is_none();
        match frame {
            Some(Ok(frame)) => buffer.extend_from_slice(&frame.into_data().unwrap_or_default()),
            Some(Err(_)) => {
                let error = ApiError::new(StatusCode::BAD_REQUEST, "body", "the body broke off");
                return Err(done(error, published.len()));
            }
            None => buffer.extend_from_slice(b"\n"),
        }
        while let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
            line_number += 1;
            let line = buffer.split_to(end);
            buffer.advance(1);
            if line.trim_ascii().is_empty() {
                continue;
            }
            let emitted = publish_line(state, room, &line, line_number, published.len());
            published.push(emitted.map_err(|error| done(error, published.len()))?);
        }
        if buffer.len() > LINE_BYTES_MAX {
            let detail = format!("line {}: a line has at most {LINE_BYTES_MAX} bytes", line_number + 1);
            let error = ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "event-too-large", detail);
            return Err(done(error, published.len()));
        }
        if ended {
            return Ok(published);
        }
    }
}

fn publish_line(
    state: &AppState,
    room: &RoomName,
    line: &[u8],
    line_number: usize,
    published: usize,
) -> Result<Published, ApiError> {
    let at = format!("line {line_number}");
    if published >= EVENTS_MAX {
        return Err(ApiError::field(
            &at,
            format!("a stream has at most {EVENTS_MAX} events; go on in another request"),
        ));
    }
    let event = draft::read_one(line, room, clock::now()).map_err(|error| match error {
        DraftError::Syntax(error) => {
            let detail = format!("{at} is not valid JSON: {error}");
            ApiError::new(StatusCode::BAD_REQUEST, "not-json", detail)
        }
        DraftError::Fields(errors) => {
            let errors = errors.into_iter();
            ApiError::invalid(
                errors
                    .map(|error| FieldError { pointer: format!("{at} {}", error.pointer), ..error })
                    .collect(),
            )
        }
    })?;
    let frame = state.bus.emit(event)?;
    Ok(Published { seq: frame.seq() })
}

fn done(error: ApiError, published: usize) -> ApiError {
    error.after(&format!("{published} events were published before this."))
}
