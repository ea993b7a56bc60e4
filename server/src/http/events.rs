//! What happened: recent events, statistics, rooms.

use arcane_shared::api::{RecentAnswer, RoomsAnswer, StatsAnswer};
use arcane_shared::{Metadata, Problem};
use axum::Json;
use axum::extract::State;

use super::error::ApiError;
use super::query::Pairs;
use crate::state::AppState;

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
pub(crate) async fn recent(
    State(state): State<AppState>,
    query: Pairs,
) -> Result<Json<RecentAnswer>, ApiError> {
    let count = query.count("count", 1, 10)?;
    let frames = state.bus.recent(&query.room()?, count, &query.filter()?)?;
    let events: Vec<_> = frames.iter().map(|frame| frame.event().clone().into()).collect();
    Ok(Json(RecentAnswer {
        status: "success".into(),
        message: format!("✨ The chronicles reveal the last {} mystical occurrences... ✨", events.len()),
        count: events.len() as u64,
        events,
    }))
}

/// How busy the bus is.
#[utoipa::path(get, path = "/events/stats", tag = "events", responses((status = 200, body = StatsAnswer)))]
pub(crate) async fn stats(State(state): State<AppState>) -> Json<StatsAnswer> {
    let mut events_by_spell = Metadata::new();
    for (spell, _, n) in state.bus.emitted() {
        let sum = events_by_spell.get(spell.as_str()).and_then(serde_json::Value::as_u64).unwrap_or(0) + n;
        events_by_spell.insert(spell.to_string(), sum.into());
    }
    Json(StatsAnswer {
        status: "success".into(),
        message: "✨ The ethereal network thrums with energy... ✨".into(),
        subscribers: state.bus.subscriber_count() as u64,
        history_size: state.bus.history_len() as u64,
        active: !*state.draining.borrow(),
        rooms: state.bus.room_cards(),
        events_by_spell,
        skipped_deliveries: state.bus.skipped(),
    })
}

/// The open rooms.
#[utoipa::path(get, path = "/rooms", tag = "events", responses((status = 200, body = RoomsAnswer)))]
pub(crate) async fn rooms(State(state): State<AppState>) -> Json<RoomsAnswer> {
    Json(RoomsAnswer { status: "success".into(), rooms: state.bus.room_cards() })
}
