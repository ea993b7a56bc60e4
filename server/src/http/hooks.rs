//! `POST /hooks/{agent}`: what an agent's hooks send. Answered at once; the payload is read afterwards.

use arcane_shared::{Problem, Timestamp};
use axum::body::Bytes;
use axum::extract::{Path, Request};
use axum::http::StatusCode;

use super::allowed::Allowed;
use super::body;
use super::error::ApiError;
use crate::gate::limits::Counted;
use crate::gate::pass;
use crate::ingest::{Agent, Content, Context, Given};
use crate::query::Pairs;
use crate::state::AppState;

/// Where hooks are sent.
pub(super) const ROUTE: &str = "/hooks/{agent}";

/// The agent of an address that leaves it to the payload.
const AUTO: &str = "auto";
/// Most bytes of a host's or an event's name.
const NAME_BYTES_MAX: usize = 64;

/// Takes the payload of an agent's hook.
///
/// The answer is 204 without a body, whatever came: what cannot be read, is too large or too much is counted in
/// `arcane_ingest_dropped_total`. An agent waits for its hooks, so nothing is done before the answer but taking the body.
#[utoipa::path(post, path = "/hooks/{agent}", operation_id = "take_hook", tag = "agents", params(
    ("agent" = String, Path, description = "`claude`, `codex`, `gemini`, `copilot`, `qwen`, `cursor`, `opencode`, `antigravity`, or `auto`: the payload's shape says whose it is, and goes before this name"),
    ("room" = Option<String>, Query, description = "Default `main`"),
    ("event" = Option<String>, Query, description = "The hook's event, for agents whose payloads do not name it"),
    ("host" = Option<String>, Query, description = "The machine that the agent runs on"),
    ("attended" = Option<bool>, Query, description = "`false`: no human is there who could answer, so a request for permission is no wait"),
    ("sent_at" = Option<f64>, Query, description = "When it was sent, Unix milliseconds: orders what comes out of order, where the agent gives no time"),
), request_body(content((serde_json::Value = "application/json"))), responses(
    (status = 204, description = "Taken, or counted as dropped"),
    (status = 401, description = "No token that holds", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "The token does not allow it", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn take(
    state: Allowed<pass::Publish>,
    Path(agent): Path<String>,
    query: Pairs,
    request: Request,
) -> Result<StatusCode, ApiError> {
    let Ok(room) = query.room() else { return Ok(drop_one(&state, "room")) };
    let room = state.changed(room)?;
    let body = body::read(request.into_body(), &state.config.net, state.bus.budget()).await;
    let Ok(body) = body else { return Ok(drop_one(&state, "body")) };
    let is_too_much = state.take(Counted::Bytes, body.len()).is_err()
        || state.take(Counted::Events, 1).is_err()
        || state.count_room(&room).is_err();
    if is_too_much {
        return Ok(drop_one(&state, "limit"));
    }
    // The body may have taken its time.
    state.recheck()?;
    let agent = if agent == AUTO { None } else { Agent::named(&agent.to_ascii_lowercase()) };
    let content = Content::Hook { agent, body: small(body), context: context(&state, &query) };
    state.ingest.hand_in(Given { room, content });
    Ok(StatusCode::NO_CONTENT)
}

/// The answer to what will not be read.
pub(super) fn drop_one(state: &AppState, why: &'static str) -> StatusCode {
    state.ingest.drop_one(why);
    StatusCode::NO_CONTENT
}

fn context(state: &AppState, query: &Pairs) -> Context {
    let name = |name: &str| {
        let name = query.get(name)?.trim();
        let is_name = !name.is_empty() && name.len() <= NAME_BYTES_MAX && !name.chars().any(char::is_control);
        is_name.then(|| name.into())
    };
    let sent_at = query.get("sent_at").and_then(|text| text.parse::<f64>().ok());
    let sent_at = sent_at.filter(|millis| millis.is_finite() && (0.0..1e14).contains(millis));
    #[expect(clippy::cast_possible_truncation, reason = "below 10^17 microseconds")]
    let sent_at = sent_at.map(|millis| Timestamp::from_unix_micros((millis * 1000.0) as i64));
    Context {
        event: name("event"),
        host: name("host"),
        sent_at,
        is_unattended: matches!(query.get("attended"), Some("false" | "0")),
        captures_content: state.config.realm.capture_content,
    }
}

/// A body that waits for its turn holds no buffer that is larger than itself.
fn small(body: Bytes) -> Bytes {
    if body.len() <= 4 * 1024 { Bytes::copy_from_slice(&body) } else { body }
}
