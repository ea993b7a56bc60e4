//! `POST /hooks/{agent}`: what an agent's hooks send. Answered at once; the payload is read afterwards.

use std::time::Duration;

use arcane_shared::{Problem, RoomName, Timestamp};
use axum::Json;
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tokio::sync::oneshot;

use super::allowed::Allowed;
use super::body;
use super::error::ApiError;
use super::named::Named;
use crate::connection::RequestPermit;
use crate::gate::limits::Counted;
use crate::gate::pass;
use crate::ingest::{Agent, Content, Context, Given, Hold, Waits};
use crate::query::Pairs;
use crate::state::AppState;

/// Where hooks are sent.
pub(super) const ROUTE: &str = "/hooks/{agent}";

/// The agent of an address that leaves it to the payload.
const AUTO: &str = "auto";
/// Longest time that a hook may ask to be held for, seconds.
const HOLD_MAX_S: u64 = 3_600;
/// How long a hook that nobody but rules would answer waits until it is read.
const RULES_MAX: Duration = Duration::from_secs(2);
/// How long the answer waits, where nodes share the log, until the log has what the hook tells.
const TOLD_MAX: Duration = Duration::from_millis(100);
/// Most bytes of a host's or an event's name.
const NAME_BYTES_MAX: usize = 64;

/// Takes the payload of an agent's hook.
///
/// The answer is 204 without a body, whatever came: what cannot be read, is too large or too much is counted in
/// `arcane_ingest_dropped_total`. An agent waits for its hooks, so nothing is done before the answer but taking the body. Where several nodes share
/// the event log, the answer waits until the log has what the hook tells, for 100 ms at most.
///
/// With `hold` a payload that asks a human something is answered later: with what the human decides on a page that is open and visible, in
/// the words that the agent takes from its hooks. If nobody looks, it is answered at once. Without a decision the answer is 204 as well, and the
/// agent's own prompt has the word.
#[utoipa::path(post, path = "/hooks/{agent}", operation_id = "take_hook", tag = "agents", params(
    ("agent" = String, Path, description = "`claude`, `codex`, `gemini`, `copilot`, `qwen`, `cursor`, `opencode`, `antigravity`, or `auto`: the payload's shape says whose it is, and goes before this name"),
    ("room" = Option<String>, Query, description = "Default `main`"),
    ("event" = Option<String>, Query, description = "The hook's event, for agents whose payloads do not name it"),
    ("host" = Option<String>, Query, description = "The machine that the agent runs on"),
    ("attended" = Option<bool>, Query, description = "`false`: no human is there who could answer, so a request for permission is no wait"),
    ("sent_at" = Option<f64>, Query, description = "When it was sent, Unix milliseconds: orders what comes out of order, where the agent gives no time"),
    ("hold" = Option<u64>, Query, description = "For how many seconds the answer may take if somebody looks who may answer: at most 3600, and at most 20 where the agent hides its own prompt meanwhile. Default 0"),
), request_body(content((serde_json::Value = "application/json"))), responses(
    (status = 200, description = "With `hold`: what a human decided, as the agent's hooks say it", body = serde_json::Value),
    (status = 204, description = "Taken, or counted as dropped; with `hold`: no decision"),
    (status = 401, description = "No token that holds", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "The token does not allow it", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn take(
    state: Allowed<pass::Publish>,
    Named(agent): Named,
    query: Pairs,
    request: Request,
) -> Result<Response, ApiError> {
    let Ok(room) = query.room() else { return Ok(drop_one(&state, "room").into_response()) };
    let room = state.changed(room)?;
    let client = request.extensions().get::<RequestPermit>().cloned();
    let body = body::read(request.into_body(), &state.config.net, state.bus.budget()).await;
    let Ok(body) = body else { return Ok(drop_one(&state, "body").into_response()) };
    let is_too_much = state.take(Counted::Bytes, body.len()).is_err()
        || state.take(Counted::Events, 1).is_err()
        || state.count_room(&room).is_err();
    if is_too_much {
        return Ok(drop_one(&state, "limit").into_response());
    }
    // The body may have taken its time.
    state.recheck()?;
    let agent = if agent == AUTO { None } else { Agent::named(&agent.to_ascii_lowercase()) };
    let (hold, waits) = hold(&state, &query, &room).unzip();
    let turn =
        hold.as_ref().map_or(RULES_MAX, |hold| if hold.is_watched { hold.patience } else { RULES_MAX });
    let (told, is_told) = told(&state).unzip();
    let context = context(&state, &query);
    let content = Content::Hook { agent, body: small(body), context, hold, told };
    state.ingest.hand_in(Given { room, content });
    let decided = match waits {
        Some(waits) => decided(&state, (waits, turn), client).await,
        None => None,
    };
    if let Some(is_told) = is_told {
        // It ends without a word, too early where the server is about to stop.
        let _ = tokio::time::timeout(TOLD_MAX, is_told).await;
    }
    Ok(decided.map_or_else(|| StatusCode::NO_CONTENT.into_response(), |answer| Json(answer).into_response()))
}

/// Where nodes share the log: tells when the log has what a hook tells. Its agent's next hook may go to another node, which has to know it.
fn told(state: &AppState) -> Option<(oneshot::Sender<()>, oneshot::Receiver<()>)> {
    (state.bus.is_shared() && state.bus.log().availability().is_ok()).then(oneshot::channel)
}

/// What a hook asks for that may wait, if anybody looks who may answer.
fn hold(state: &AppState, query: &Pairs, room: &RoomName) -> Option<(Hold, oneshot::Receiver<Waits>)> {
    let wanted = query.get("hold")?;
    let Ok(seconds) = wanted.parse::<u64>().map(|seconds| seconds.min(HOLD_MAX_S)) else {
        // An agent's hook gets no error for it, and goes on without an answer.
        let hold: String = wanted.chars().take(NAME_BYTES_MAX).collect();
        tracing::warn!(%hold, "a hook's hold is no number of seconds: neither a person nor a rule answers it");
        return None;
    };
    let is_watched = state.requests.is_watched(room);
    if seconds == 0 || !is_watched && !state.requests.has_rules() {
        return None;
    }
    let (reply, waits) = oneshot::channel();
    Some((Hold { patience: Duration::from_secs(seconds), is_watched, reply }, waits))
}

/// What a human decides; `None`: the agent's own prompt has the word.
async fn decided(
    state: &AppState,
    (mut waits, turn): (oneshot::Receiver<Waits>, Duration),
    client: Option<RequestPermit>,
) -> Option<serde_json::Value> {
    let Waits { held, form } = match tokio::time::timeout(turn, &mut waits).await {
        // Dropped where the payload asks nothing, or nobody answers it.
        Ok(held) => held.ok()?,
        // What came at this very moment is answered: its request may have its end already.
        Err(_) => {
            waits.close();
            waits.try_recv().ok()?
        }
    };
    let client_ended = async {
        match &client {
            Some(client) => client.client_ended().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        decision = held.decision(state.draining.clone()) => form.answer(&decision?),
        // A hook has nothing more to say, but its agent ends it where a human answers elsewhere.
        () = client_ended => None,
    }
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
