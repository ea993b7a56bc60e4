//! Looking: who there is, who is here, and what they have done. Each look is a REVEAL event.

use arcane_shared::api::{DaemonAnswer, DaemonsAnswer, StatisticsAnswer};
use arcane_shared::{DaemonName, Problem};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::error::ApiError;
use crate::state::AppState;

/// Every known daemon.
#[utoipa::path(get, path = "/daemons", tag = "daemons", responses((status = 200, body = DaemonsAnswer)))]
pub(crate) async fn all(State(state): State<AppState>) -> Json<DaemonsAnswer> {
    several(&state, false)
}

/// The daemons that are here.
#[utoipa::path(get, path = "/daemons/active", tag = "daemons", responses((status = 200, body = DaemonsAnswer)))]
pub(crate) async fn active(State(state): State<AppState>) -> Json<DaemonsAnswer> {
    several(&state, true)
}

pub(crate) fn several(state: &AppState, only_active: bool) -> Json<DaemonsAnswer> {
    let daemons = state.realm.daemons(only_active);
    let message = if only_active {
        match daemons.len() {
            0 => "✨ The realm is quiet: no daemon walks it. ✨".to_owned(),
            1 => "✨ One daemon walks the realm. ✨".to_owned(),
            n => format!("✨ {n} daemons walk the realm. ✨"),
        }
    } else {
        format!("✨ The veil parts: {} daemons are known. ✨", daemons.len())
    };
    Json(DaemonsAnswer { status: "success".into(), message, count: daemons.len() as u64, daemons })
}

/// One daemon.
#[utoipa::path(get, path = "/daemons/{name}", tag = "daemons", params(("name" = String, Path)), responses(
    (status = 200, body = DaemonAnswer),
    (status = 404, description = "Never heard of", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "No name", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn by_name(
    State(state): State<AppState>,
    Path(name): Path<String>,
) -> Result<Json<DaemonAnswer>, ApiError> {
    let name = DaemonName::parse(&name).map_err(|error| ApiError::parameter("name", error.to_string()))?;
    one(&state, &name)
}

pub(crate) fn one(state: &AppState, name: &DaemonName) -> Result<Json<DaemonAnswer>, ApiError> {
    let Some(daemon) = state.realm.daemon(name) else {
        let detail = format!("nobody has heard of {name}; summon it to make it known");
        return Err(ApiError::new(StatusCode::NOT_FOUND, "unknown-daemon", detail));
    };
    let place = if daemon.is_active { "walks the realm" } else { "rests in the void" };
    Ok(Json(DaemonAnswer { status: "success".into(), message: format!("✨ {name} {place}. ✨"), daemon }))
}

/// What the daemons have done.
#[utoipa::path(get, path = "/statistics", tag = "daemons", responses((status = 200, body = StatisticsAnswer)))]
pub(crate) async fn statistics(State(state): State<AppState>) -> Json<StatisticsAnswer> {
    let daemons = state.realm.statistics();
    let total_invocations = daemons.iter().map(|daemon| daemon.total_invocations).sum();
    let total_execution_time: f64 = daemons.iter().map(|daemon| daemon.total_execution_time).sum();
    Json(StatisticsAnswer {
        status: "success".into(),
        message: format!("✨ {total_invocations} tasks were performed in this realm. ✨"),
        active_daemons: daemons.iter().filter(|daemon| daemon.is_active).count() as u64,
        total_invocations,
        failed_invocations: daemons.iter().map(|daemon| daemon.failed_invocations).sum(),
        total_execution_time,
        daemons,
    })
}
