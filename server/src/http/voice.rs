//! Letting daemons speak.

use arcane_shared::Problem;
use arcane_shared::api::{VoiceAnswer, VoiceRequest};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::body::JsonBody;
use super::error::ApiError;
use super::spells::check_length;
use crate::realm::{SPELL_CHARS_MAX, VoiceMoment};
use crate::state::AppState;

/// A voice line: a text of one's own, or the line of a lifecycle event.
#[utoipa::path(post, path = "/voice", tag = "spells", request_body = VoiceRequest, responses(
    (status = 200, body = VoiceAnswer),
    (status = 422, description = "Neither a text nor a known event", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn speak(
    State(state): State<AppState>,
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
    let event = moment.map_or("speech", VoiceMoment::as_str);
    Ok(Json(state.realm.say(&request.daemon_name, text, event).await?))
}

/// A sound file of the voice engine.
pub(crate) async fn audio(
    State(state): State<AppState>,
    Path(file): Path<String>,
) -> Result<Response, ApiError> {
    let missing = || ApiError::new(StatusCode::NOT_FOUND, "no-audio", "there is no such sound");
    let plain = file.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    let dir = state.realm.audio_dir().filter(|_| plain && !file.starts_with('.')).ok_or_else(missing)?;
    let bytes = tokio::fs::read(dir.join(&file)).await.map_err(|_| missing())?;
    let kind = match file.rsplit('.').next() {
        Some("mp3") => "audio/mpeg",
        Some("ogg") => "audio/ogg",
        Some("wav") => "audio/wav",
        _ => "application/octet-stream",
    };
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], bytes).into_response())
}
