//! Letting daemons speak.

use arcane_shared::Problem;
use arcane_shared::api::{VoiceAnswer, VoiceRequest};
use axum::Json;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tower_http::services::ServeFile;

use super::allowed::Allowed;
use super::body::JsonBody;
use super::error::ApiError;
use super::named::Named;
use super::spells::check_length;
use crate::gate::pass::{Cast, Subscribe};
use crate::realm::{SPELL_CHARS_MAX, VoiceMoment};

/// A voice line: a text of one's own, or the line of a lifecycle event.
#[utoipa::path(post, path = "/voice", tag = "spells", request_body = VoiceRequest, responses(
    (status = 200, body = VoiceAnswer),
    (status = 422, description = "Neither a text nor a known event", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn speak(
    state: Allowed<Cast>,
    JsonBody(request): JsonBody<VoiceRequest>,
) -> Result<Json<VoiceAnswer>, ApiError> {
    let moment = match request.event.as_deref() {
        None => None,
        Some(name) => Some(VoiceMoment::parse(name).ok_or_else(|| {
            ApiError::field("/event", format!("must be summon, invoke, banish or failure, not {name:?}"))
        })?),
    };
    let text = match (&request.text, moment) {
        (Some(text), _) => text.as_str(),
        (None, Some(moment)) => moment.line(),
        (None, None) => return Err(ApiError::field("/text", "is missing; give a text or an event")),
    };
    check_length("/text", text, SPELL_CHARS_MAX)?;
    state.count_named(&request.daemon_name)?;
    let event = moment.map_or("speech", VoiceMoment::as_str);
    Ok(Json(state.realm.say(&request.daemon_name, text, event).await?))
}

/// A sound file of the voice engine, or a part of it.
pub(crate) async fn audio(
    state: Allowed<Subscribe>,
    Named(file): Named,
    mut request: Request,
) -> Result<Response, ApiError> {
    let missing = || ApiError::new(StatusCode::NOT_FOUND, "no-audio", "there is no such sound");
    let plain = file.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    let dir = state.realm.audio_dir().filter(|_| plain && !file.starts_with('.')).ok_or_else(missing)?;
    ignore_ranges_that_are_none(request.headers_mut());
    let served = ServeFile::new(dir.join(&file)).try_call(request).await.map_err(|_| missing())?;
    let mut response = match served.status() {
        StatusCode::NOT_FOUND => return Err(missing()),
        StatusCode::RANGE_NOT_SATISFIABLE => {
            let detail = "the sound ends before the range begins; Content-Range says how long it is";
            let mut response =
                ApiError::new(StatusCode::RANGE_NOT_SATISFIABLE, "range", detail).into_response();
            response.headers_mut().extend(
                served
                    .headers()
                    .get(header::CONTENT_RANGE)
                    .map(|range| (header::CONTENT_RANGE, range.clone())),
            );
            return Ok(response);
        }
        _ => served.map(Body::new),
    };
    let kind = match file.rsplit('.').next() {
        Some("mp3") => "audio/mpeg",
        Some("ogg") => "audio/ogg",
        Some("wav") => "audio/wav",
        _ => "application/octet-stream",
    };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    Ok(response)
}

/// The whole file is always right: for a unit or a list that is not understood, which RFC 9110 has ignored, and for a
/// condition that is not checked here.
fn ignore_ranges_that_are_none(headers: &mut HeaderMap) {
    let conditional = headers.remove(header::IF_RANGE).is_some();
    let one = headers.get(header::RANGE).and_then(|range| range.to_str().ok()).is_some_and(is_one_range);
    if conditional || !one {
        headers.remove(header::RANGE);
    }
}

/// `bytes=FIRST-`, `bytes=FIRST-LAST` or `bytes=-LENGTH`.
fn is_one_range(range: &str) -> bool {
    let is_number = |text: &str| text.parse::<u64>().is_ok();
    match range.trim().strip_prefix("bytes=").and_then(|range| range.split_once('-')) {
        Some(("", length)) => is_number(length),
        Some((first, "")) => is_number(first),
        Some((first, last)) => match (first.parse::<u64>(), last.parse::<u64>()) {
            (Ok(first), Ok(last)) => first <= last,
            _ => false,
        },
        None => false,
    }
}
