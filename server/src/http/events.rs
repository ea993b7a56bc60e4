//! What happened: recent events, statistics, rooms.

use arcane_shared::api::{RecentAnswer, RoomsAnswer, StatsAnswer};
use arcane_shared::{Metadata, Problem, RoomName};
use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::allowed::Allowed;
use super::error::ApiError;
use super::named::Named;
use super::pieces::Pieces;
use crate::gate::pass::{Admin, Subscribe};
use crate::query::Pairs;

/// The latest events of a room, oldest first.
#[utoipa::path(get, path = "/events/recent", tag = "events", params(
    ("count" = Option<u32>, Query, description = "How many, 1–100; default 10"),
    ("room" = Option<String>, Query, description = "Default `main`"),
    ("spell" = Option<String>, Query, description = "Only these spells, comma-separated"),
    ("daemon" = Option<String>, Query, description = "Only these daemons, comma-separated"),
    ("success" = Option<bool>, Query, description = "Only successes or only failures"),
), responses(
    (status = 200, body = RecentAnswer),
    (status = 404, description = "No such room", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A parameter cannot be used", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn recent(state: Allowed<Subscribe>, query: Pairs) -> Result<Response, ApiError> {
    let count = query.count("count", 1, 10)?;
    let (room, filter) = (state.room(&query)?, state.filter(&query)?);
    state.bus.open_known_room(&room).await?.recall_history().await;
    let _held = state.bus.open_known_room(&room).await?;
    let (frames, id) = (state.bus.recent(&room, count, &filter)?, state.bus.room_info(&room)?.id);
    let head = json!({
        "status": "success",
        "message": format!("✨ The chronicles reveal the last {} mystical occurrences... ✨", frames.len()),
        "count": frames.len(),
    });
    let mut head = head.to_string();
    head.truncate(head.len() - 1);
    let ends = [format!("{head},\"events\":[").into_bytes(), b"]}".to_vec()];
    let commas = frames.len().saturating_sub(1);
    let bytes = ends.iter().map(Vec::len).chain(frames.iter().map(|frame| frame.json().len())).sum::<usize>();
    Ok(Pieces::new(&state.bus, id, ends, &frames).into_response(bytes + commas))
}

/// How busy the bus is, all rooms together.
#[utoipa::path(get, path = "/events/stats", tag = "events", responses((status = 200, body = StatsAnswer)))]
pub(crate) async fn stats(state: Allowed<Subscribe>) -> Result<Json<StatsAnswer>, ApiError> {
    state.pass().check_all_rooms()?;
    // All but the room of administrators, for others.
    let may_read = |room: &RoomName| state.pass().check_room(room).is_ok();
    let mut events_by_spell = Metadata::new();
    for (spell, _, n) in state.bus.emitted() {
        let sum = events_by_spell.get(spell.as_str()).and_then(serde_json::Value::as_u64).unwrap_or(0) + n;
        events_by_spell.insert(spell.to_string(), sum.into());
    }
    Ok(Json(StatsAnswer {
        status: "success".into(),
        message: "✨ The ethereal network thrums with energy... ✨".into(),
        subscribers: state.bus.subscriber_count() as u64,
        history_size: state.bus.history_len() as u64,
        active: !*state.draining.borrow(),
        rooms: state.bus.room_cards().into_iter().filter(|card| may_read(&card.room)).collect(),
        events_by_spell,
        skipped_deliveries: state.bus.skipped(),
        consumers: super::consumers::cards(&state),
    }))
}

/// Closes a room that nobody reads or publishes to, and deletes its events, consumers and keys. A room of this name that
/// is opened later has a new epoch.
#[utoipa::path(delete, path = "/rooms/{name}", tag = "events", params(("name" = String, Path, description = "Its name")), responses(
    (status = 204, description = "Closed"),
    (status = 404, description = "No such room", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "It is in use, or it is the default room or a configured one", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "No name", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "The log cannot delete it", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn close_room(state: Allowed<Admin>, Named(name): Named) -> Result<StatusCode, ApiError> {
    let name = RoomName::parse(&name).map_err(|error| ApiError::parameter("name", error.to_string()))?;
    let name = state.changed(name)?;
    state.bus.close_room(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The rooms that are kept, as far as the reader may read them.
#[utoipa::path(get, path = "/rooms", tag = "events", responses((status = 200, body = RoomsAnswer)))]
pub(crate) async fn rooms(state: Allowed<Subscribe>) -> Json<RoomsAnswer> {
    let may_read = |room: &RoomName| state.pass().check_room(room).is_ok();
    let rooms = state.bus.room_cards().into_iter().filter(|card| may_read(&card.room)).collect();
    Json(RoomsAnswer { status: "success".into(), rooms })
}
