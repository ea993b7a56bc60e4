//! What agents ask a human: listed, shown whole, and answered, by who may.

use arcane_shared::api::{OpenRequest, RequestAnswer, RequestEnd, RequestsAnswer};
use arcane_shared::{Problem, RoomName};
use axum::Json;
use axum::http::{HeaderMap, StatusCode, header};

use super::allowed::Allowed;
use super::body::JsonBody;
use super::error::ApiError;
use super::named::Named;
use crate::gate::Pass;
use crate::gate::limits::Counted;
use crate::gate::pass::Answer;
use crate::requests::{Decision, NotAnswered, Via, answered};

/// Whether what happens in a room is for this answerer: all of it.
fn is_for<'a>(pass: &'a Pass) -> impl Fn(&RoomName) -> bool + 'a {
    |room| pass.check_change(room).is_ok() && pass.check_whole().is_ok()
}

/// Lists what agents ask and nobody has answered, without the inputs.
#[utoipa::path(get, path = "/requests", operation_id = "list_requests", tag = "requests", responses(
    (status = 200, description = "In all rooms of the token, the oldest first", body = RequestsAnswer),
))]
pub(crate) async fn list(state: Allowed<Answer>) -> Json<RequestsAnswer> {
    Json(RequestsAnswer { requests: state.requests.list(is_for(state.pass())) })
}

/// Shows one of them with its whole input, which is in memory for as long as it is open.
#[utoipa::path(get, path = "/requests/{id}", operation_id = "get_request", tag = "requests", params(
    ("id" = String, Path, description = "`request_id`"),
), responses(
    (status = 200, body = OpenRequest),
    (status = 404, description = "No such request, or it ended long ago", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "It has ended: `detail` says how", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn one(state: Allowed<Answer>, Named(id): Named) -> Result<Json<OpenRequest>, ApiError> {
    let one = state.requests.one(&id, is_for(state.pass()));
    one.map(Json).map_err(|error| refused(&id, &error))
}

/// Answers one of them. The agent hears it once it is in the log; who is first counts. The same answer again is answered as the first
/// time.
#[utoipa::path(post, path = "/requests/{id}/answer", operation_id = "answer_request", tag = "requests", params(
    ("id" = String, Path, description = "`request_id`"),
), request_body = RequestAnswer, responses(
    (status = 200, description = "The agent hears it", body = RequestEnd),
    (status = 404, description = "No such request, or it ended long ago", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "It has ended otherwise, and `detail` says who was first; or it can only be answered where the agent runs", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "The agent takes no such decision; `detail` lists those that it does", body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "More events than the subject may; nothing was answered", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "The log takes no events at the moment; nothing was answered", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn answer(
    state: Allowed<Answer>,
    Named(id): Named,
    headers: HeaderMap,
    JsonBody(body): JsonBody<RequestAnswer>,
) -> Result<Json<RequestEnd>, ApiError> {
    // What is not there takes no decision, whatever it is.
    if !state.requests.is_known(&id, is_for(state.pass())) {
        return Err(refused(&id, &NotAnswered::Unknown));
    }
    let decision = Decision::read(body).map_err(|error| ApiError::invalid(vec![error]))?;
    state.take(Counted::Events, 1)?;
    // Only a browser's page says where it is from.
    let via = if headers.contains_key(header::ORIGIN) { Via::Stage } else { Via::Cli };
    let by = &state.pass().grant().subject;
    let ended = state.requests.answer(&id, decision, by, via, is_for(state.pass())).await;
    let (end, is_repeated) = ended.map_err(|error| refused(&id, &error))?;
    Ok(Json(answered(&id, &end, is_repeated)))
}

fn refused(id: &str, error: &NotAnswered) -> ApiError {
    let status = match error {
        NotAnswered::Unknown => StatusCode::NOT_FOUND,
        NotAnswered::Ended(_) | NotAnswered::NotHeld => StatusCode::CONFLICT,
        NotAnswered::NotOffered { .. } => return ApiError::field("/decision", error.detail(id)),
        NotAnswered::UnderWay | NotAnswered::Log(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    ApiError::new(status, error.word(), error.detail(id))
}
