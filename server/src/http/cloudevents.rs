//! `POST /cloudevents`: `CloudEvents` 1.0, one or a batch, in JSON or in headers; and the handshake of its webhooks.

use arcane_shared::api::FieldError;
use arcane_shared::{Problem, RoomName};
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use super::allowed::Allowed;
use super::body;
use super::error::ApiError;
use super::handed_in;
use super::keyed::{self, Keyed};
use crate::config::{Config, Maps};
use crate::gate::pass;
use crate::ingest::cloudevent::{self, CloudEvent};
use crate::ingest::kept::Keeping;
use crate::intake::Refused;
use crate::query::Pairs;

const ONE: &str = "application/cloudevents+json";
const BATCH: &str = "application/cloudevents-batch+json";
/// What every format of whole events begins with.
const FORMATS: &str = "application/cloudevents";

const REQUEST_ORIGIN: HeaderName = HeaderName::from_static("webhook-request-origin");
const ALLOWED_ORIGIN: HeaderName = HeaderName::from_static("webhook-allowed-origin");
const ALLOWED_RATE: HeaderName = HeaderName::from_static("webhook-allowed-rate");

/// What a body has in it.
enum Mode {
    One,
    Batch,
    Binary { attributes: Map<String, Value>, content_type: Option<String> },
}

/// Takes CloudEvents 1.0.
///
/// One event as `application/cloudevents+json`, up to 1,000 as `application/cloudevents-batch+json`, or one whose attributes are
/// `ce-*` headers and whose data is the body. The answer comes once they are in the log. An event whose `source` and `id` were taken
/// within 24 hours is not doubled.
#[utoipa::path(post, path = "/cloudevents", operation_id = "take_cloudevents", tag = "agents", params(
    ("room" = Option<String>, Query, description = "Default `main`; opens with its first publisher"),
), request_body(content((serde_json::Value = "application/cloudevents+json"), (Vec<serde_json::Value> = "application/cloudevents-batch+json"))), responses(
    (status = 204, description = "Published, or published before"),
    (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "The room cannot be opened", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "Another request is about to publish the same event", body = Problem, content_type = "application/problem+json"),
    (status = 413, description = "The body is above 4 MiB, or an event above 64 KiB", body = Problem, content_type = "application/problem+json"),
    (status = 415, description = "Neither of the two formats, and no `ce-*` headers", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "An attribute is missing or wrong; `errors` says which, and of what event", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn take(
    state: Allowed<pass::Publish>,
    query: Pairs,
    request: Request,
) -> Result<StatusCode, ApiError> {
    let room = state.changed(query.room()?)?;
    let mode = mode(request.headers())?;
    let body = handed_in::taken(&state, request).await?;
    let keeping = Keeping { content: state.config.realm.capture_content };
    let read = move |config: &Config, body: &Bytes| read(mode, body, &config.maps, keeping);
    let events = handed_in::read(&state, body, read).await?;
    publish(&state, &room, events).await
}

async fn publish(
    state: &Allowed<pass::Publish>,
    room: &RoomName,
    events: Vec<Keyed>,
) -> Result<StatusCode, ApiError> {
    keyed::publish(state, room, events).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn mode(headers: &HeaderMap) -> Result<Mode, ApiError> {
    let content_type = body::content_type(headers);
    match content_type.as_deref() {
        Some(ONE) => return Ok(Mode::One),
        Some(BATCH) => return Ok(Mode::Batch),
        Some(other) if other.starts_with(FORMATS) => return Err(unread(Some(other))),
        _ => {}
    }
    let fields = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let attributes = cloudevent::attributes_of_headers(fields)?;
    if attributes.is_empty() {
        return Err(unread(content_type.as_deref()));
    }
    Ok(Mode::Binary { attributes, content_type: content_type.map(Into::into) })
}

fn unread(content_type: Option<&str>) -> ApiError {
    let is = content_type
        .map_or_else(|| "the request has no Content-Type".into(), |is| format!("the body is {is}"));
    let detail = format!("{is}; send {ONE}, {BATCH}, or an event's attributes as ce-* headers");
    ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", detail)
}

fn read(mode: Mode, body: &Bytes, maps: &Maps, keeping: Keeping) -> Result<Vec<Keyed>, ApiError> {
    let one = |event: CloudEvent, at: &str| -> Result<Keyed, Vec<FieldError>> {
        let key = Some(event.key());
        Ok(Keyed { key, draft: cloudevent::draft(event, maps, keeping, at)? })
    };
    let events = match mode {
        Mode::One => vec![one(cloudevent::read_one(body)?, "").map_err(Refused::Fields)?],
        Mode::Binary { attributes, content_type } => {
            let event = cloudevent::read_binary(attributes, content_type.as_deref(), body)?;
            vec![one(event, "").map_err(Refused::Fields)?]
        }
        Mode::Batch => {
            let events = cloudevent::read_batch(body)?.into_iter().enumerate();
            let drafts = events.map(|(index, event)| one(event, &format!("/{index}")));
            drafts.collect::<Result<_, _>>().map_err(Refused::Fields)?
        }
    };
    Ok(events)
}

/// Allows a sender of webhooks what it asks for: CloudEvents' protection against abuse.
///
/// A sender that names itself in `WebHook-Request-Origin` may send here, as fast as the server's limits allow; those who send need
/// the right to publish all the same.
#[utoipa::path(options, path = "/cloudevents", tag = "agents", params(
    ("room" = Option<String>, Query, description = "Where events would go; default `main`"),
    ("webhook-request-origin" = Option<String>, Header, description = "Who would send events: a host's name"),
), responses(
    (status = 204, description = "It may; `WebHook-Allowed-Origin` and `WebHook-Allowed-Rate` (events a minute, `*`: no limit) say what"),
))]
pub(crate) async fn handshake(
    state: Allowed<pass::Publish>,
    query: Pairs,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    state.changed(query.room()?)?;
    let mut answer = StatusCode::NO_CONTENT.into_response();
    let told = answer.headers_mut();
    told.insert(header::ALLOW, HeaderValue::from_static("OPTIONS, POST"));
    if let Some(origin) = headers.get(&REQUEST_ORIGIN) {
        let rate = match state.config.limits.events_per_s {
            0 => HeaderValue::from_static("*"),
            a_second => HeaderValue::from(u64::from(a_second) * 60),
        };
        told.insert(ALLOWED_ORIGIN, origin.clone());
        told.insert(ALLOWED_RATE, rate);
    }
    Ok(answer)
}
