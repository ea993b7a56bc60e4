//! What daemons did and spent on each of the latest days, and how long they waited for a human.
//!
//! No event is counted again: figures of a day are those of all time at its end without those at its beginning, and the rosters
//! of both are folded from snapshots.

use arcane_shared::api::DaysAnswer;
use arcane_shared::roster::DayFigures;
use arcane_shared::{Problem, Seq, Timestamp, counted};
use axum::Json;

use super::allowed::Allowed;
use super::error::ApiError;
use super::history::refused;
use crate::bus::history::ActivityQuery;
use crate::clock;
use crate::gate::pass::Subscribe;
use crate::query::Pairs;

/// Most days that are asked for at a time.
pub(crate) const DAYS_MAX: usize = 31;
const DAYS_DEFAULT: usize = 7;
/// Stretches of a day whose first event is looked for: of a quarter of an hour, of which every calendar's midnight is a multiple.
const STRETCHES_A_DAY: u64 = 96;

/// What daemons did and spent on each of the latest days, and how long they waited for a human. Reading it is no event.
#[utoipa::path(get, path = "/statistics/days", tag = "daemons", params(
    ("room" = Option<String>, Query, description = "Default `main`"),
    ("days" = Option<u32>, Query, description = "How many, today among them, 1–31; default 7"),
), responses(
    (status = 200, description = "Days on which nothing happened are left out", body = DaysAnswer),
    (status = 404, description = "No such room", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A parameter cannot be used, or the question takes longer than it may (`too-long`)", body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "The subject asks too many questions at a time; `Retry-After` says when to go on", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "The log cannot be read at the moment", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn days(state: Allowed<Subscribe>, query: Pairs) -> Result<Json<DaysAnswer>, ApiError> {
    let room = state.whole(query.room()?)?;
    let wanted = query.whole("days", DAYS_MAX, DAYS_DEFAULT)?;
    let _turn = state.query().await?;
    // Looking opens no room.
    let there = state.bus.room_info_now(&room).await?;
    let held = state.bus.open_room(&room).await?;
    let latest = held.daemons();
    let today = latest.day(clock::now().unix_micros());
    let mut later = latest.clone();
    let mut told: Vec<DayFigures> = Vec::new();
    for day in (0..wanted).filter_map(|back| today.checked_sub(i64::try_from(back).ok()?)) {
        let begins = latest.day_begins(day);
        let ends = latest.day_begins(day.saturating_add(1)) - 1;
        let stretches = ActivityQuery {
            room: there.id,
            from: Some(Timestamp::from_unix_micros(begins)),
            to: Timestamp::from_unix_micros(ends),
            buckets: STRETCHES_A_DAY,
            time: state.query_time(),
        };
        let activity = state.bus.history()?.activity(stretches).await;
        let activity = activity.map_err(|error| refused(&state, error))?;
        let first: Option<Seq> = activity.buckets.first().map(|stretch| stretch.seq);
        let Some(first) = first.filter(|first| *first <= later.seq()) else { continue };
        let earlier = held.roster_at(first.saturating_sub(1)).await?;
        let figures = later.day_figures(&earlier, day);
        if !figures.figures.is_empty() {
            told.push(figures);
        }
        later = earlier;
    }
    let waited_ms: u64 = told.iter().map(|day| day.sums.waited_ms).sum();
    Ok(Json(DaysAnswer {
        status: "success".into(),
        message: format!(
            "✨ Within {} daemons waited for a human for {} s. ✨",
            counted(wanted as u64, "day"),
            waited_ms / 1000
        ),
        room,
        day_offset_minutes: latest.day_offset_minutes(),
        after: later.begins_after(),
        days: told,
    }))
}
