//! Who is present in a room and does what, as its events tell it. Reading it is no event.

use arcane_shared::Problem;
use arcane_shared::api::RosterAnswer;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::allowed::Allowed;
use super::error::ApiError;
use super::history::position;
use crate::gate::pass::Subscribe;
use crate::query::Pairs;

/// Who is present in a room and does what, now or at an earlier position.
#[utoipa::path(get, path = "/roster", tag = "daemons", params(
    ("room" = Option<String>, Query, description = "Default `main`"),
    ("at" = Option<String>, Query, description = "After this event: `SEQ` or `EPOCH:SEQ`; default, and for numbers that are not there yet: the latest"),
), responses(
    (status = 200, description = "Figures say their window: `session`, `today` and `all`", body = RosterAnswer),
    (status = 404, description = "No such room", body = Problem, content_type = "application/problem+json"),
    (status = 410, description = "The position is of another epoch, or before the oldest event that the log keeps", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A parameter cannot be used", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "The log cannot be read at the moment", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn roster(state: Allowed<Subscribe>, query: Pairs) -> Result<Response, ApiError> {
    let room = state.whole(query.room()?)?;
    // Looking opens no room.
    let there = state.bus.room_info_now(&room).await?;
    let at = position(&query, "at", &there)?;
    if at.is_some_and(|seq| seq.saturating_add(1) < there.oldest) {
        return Err(ApiError::not_kept("at", there.oldest));
    }
    let told = state.bus.open_room(&room).await?.roster(at).await?;
    let message = match told.present {
        0 => "✨ Nobody is present. ✨".to_owned(),
        1 => "✨ One daemon is present. ✨".to_owned(),
        n => format!("✨ {n} daemons are present. ✨"),
    };
    let head =
        json!({ "status": "success", "message": message, "room": room, "epoch": there.epoch }).to_string();
    let parts = [head.trim_end_matches('}').as_bytes(), b",\"roster\":", &told.json, b"}"];
    Ok(([(header::CONTENT_TYPE, "application/json")], parts.concat()).into_response())
}
