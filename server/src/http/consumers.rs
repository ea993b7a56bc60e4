//! Durable consumers: who they are, how far they are, and letting them go.

use arcane_shared::api::{AckRequest, ConsumerCard, ConsumersAnswer};
use arcane_shared::{ConsumerName, Problem};
use axum::Json;
use axum::http::StatusCode;

use super::allowed::Allowed;
use super::body::JsonBody;
use super::error::ApiError;
use super::named::Named;
use crate::bus::Since;
use crate::gate::pass::{Admin, Subscribe};
use crate::query::Pairs;
use crate::state::AppState;

/// The durable consumers of all rooms that the reader may read.
#[utoipa::path(get, path = "/consumers", tag = "streams", responses((status = 200, body = ConsumersAnswer)))]
pub(crate) async fn list(state: Allowed<Subscribe>) -> Json<ConsumersAnswer> {
    let scope = &state.pass().grant().rooms;
    let consumers = cards(&state).into_iter().filter(|card| scope.has(&card.room)).collect();
    Json(ConsumersAnswer { status: "success".into(), consumers })
}

/// Forgets a consumer and its position. The reader in its name is told (close code 4409).
#[utoipa::path(delete, path = "/consumers/{name}", tag = "streams", params(
    ("name" = String, Path, description = "Its name"),
    ("room" = Option<String>, Query, description = "Default `main`"),
), responses(
    (status = 204, description = "Forgotten"),
    (status = 404, description = "No such consumer", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn delete(
    state: Allowed<Admin>,
    Named(name): Named,
    query: Pairs,
) -> Result<StatusCode, ApiError> {
    state.bus.consumers().delete(&state.room(&query)?, &parse(&name)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Acknowledges events for a consumer that reads server-sent events; a WebSocket says `ack` itself.
#[utoipa::path(post, path = "/consumers/{name}/ack", tag = "streams", request_body = AckRequest, params(
    ("name" = String, Path, description = "Its name"),
    ("room" = Option<String>, Query, description = "Default `main`"),
), responses(
    (status = 204, description = "Everything up to `seq` is acknowledged"),
    (status = 404, description = "No such consumer or room", body = Problem, content_type = "application/problem+json"),
    (status = 410, description = "The event is of another epoch", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "The event did not happen", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn ack(
    state: Allowed<Subscribe>,
    Named(name): Named,
    query: Pairs,
    JsonBody(request): JsonBody<AckRequest>,
) -> Result<StatusCode, ApiError> {
    let room = state.room(&query)?;
    let mut there = state.bus.room_info_now(&room).await?;
    if request.epoch.is_some_and(|epoch| epoch != there.epoch) {
        return Err(ApiError::epoch_changed("/epoch", &there.epoch));
    }
    if request.seq > there.head {
        let since = Since { epoch: Some(there.epoch.clone()), seq: request.seq };
        // Its reader may be on a node that is further than this one.
        state.bus.reach(&room, &since).await?;
        there = Some(state.bus.room_info(&room)?).filter(|now| now.epoch == there.epoch).unwrap_or(there);
    }
    state.bus.consumers().ack(&room, &parse(&name)?, &there.epoch, request.seq, there.head).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// All of them, with how far each is behind.
pub(crate) fn cards(state: &AppState) -> Vec<ConsumerCard> {
    state.bus.consumers().cards(|room| state.bus.room_info(room).ok())
}

fn parse(name: &str) -> Result<ConsumerName, ApiError> {
    ConsumerName::parse(name).map_err(|error| ApiError::parameter("name", error.to_string()))
}
