//! `POST /ag-ui`: the events that an agent's backend streams to its page, sent here as well.

use arcane_shared::{DaemonName, Problem};
use axum::extract::Request;
use axum::http::StatusCode;

use super::allowed::Allowed;
use super::body;
use super::error::ApiError;
use super::handed_in;
use crate::gate::limits::Counted;
use crate::gate::pass;
use crate::ingest::ag_ui::{self, Source};
use crate::ingest::kept::Keeping;
use crate::ingest::otlp::Told;
use crate::query::Pairs;

/// Longest id of a thread, bytes.
const THREAD_BYTES_MAX: usize = 256;

/// Takes events of AG-UI.
///
/// One, an array, lines of JSON, or the text of the SSE stream that a page gets. They become the sessions, calls and waits that hooks
/// become.
#[utoipa::path(post, path = "/ag-ui", operation_id = "take_ag_ui", tag = "agents", params(
    ("agent" = Option<String>, Query, description = "Whose events they are: the name of a daemon; default `ag-ui`"),
    ("thread" = Option<String>, Query, description = "The thread of events that come without a `RUN_STARTED` before them in the same request"),
    ("room" = Option<String>, Query, description = "Default `main`"),
), request_body(content((serde_json::Value = "application/json"), (String = "text/event-stream"), (String = "application/x-ndjson"))), responses(
    (status = 204, description = "Taken"),
    (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
    (status = 413, description = "The body is above 4 MiB", body = Problem, content_type = "application/problem+json"),
    (status = 415, description = "Neither JSON, lines of JSON nor a stream", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A parameter or an event cannot be used, or no thread is named", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn take(
    state: Allowed<pass::Publish>,
    query: Pairs,
    request: Request,
) -> Result<StatusCode, ApiError> {
    let room = state.changed(query.room()?)?;
    let source = source(&state, &query)?;
    let kind = body::content_type(request.headers());
    let is_stream =
        matches!(kind.as_deref(), Some("text/event-stream" | "application/x-ndjson" | "application/jsonl"));
    if !is_stream {
        body::require_json(request.headers(), "application/json")?;
    }
    let body = handed_in::taken(&state, request).await?;
    let read =
        move || ag_ui::events(&body, is_stream).map(|events| (events.len(), ag_ui::read(&events, &source)));
    let read = tokio::task::spawn_blocking(read);
    let (items, reading) = read.await.map_err(|_| ApiError::busy("the server is about to stop"))??;
    if reading.homeless > 0 {
        let detail = "is missing: no RUN_STARTED with a threadId goes before the events; say ?thread=ID";
        return Err(ApiError::parameter("thread", detail));
    }
    state.take(Counted::Events, items)?;
    state.count_room(&room)?;
    // The body may have taken its time.
    state.recheck()?;
    for _ in 0..reading.unknown {
        state.metrics.ingest_unknown("ag-ui", "event");
    }
    state.metrics.ingest_read("ag-ui");
    let told = Told { signs: reading.signs, items, ..Told::default() };
    let handed_in = state.ingest.hand_in_telemetry(room, told);
    handed_in.map_err(|_| ApiError::busy("too much waits to be read; send it again"))?;
    Ok(StatusCode::NO_CONTENT)
}

fn source(state: &Allowed<pass::Publish>, query: &Pairs) -> Result<Source, ApiError> {
    let daemon = DaemonName::parse(query.get("agent").unwrap_or("ag-ui"));
    let daemon = daemon.map_err(|error| ApiError::parameter("agent", error.to_string()))?;
    let thread = query.get("thread").map(str::trim).filter(|thread| !thread.is_empty());
    if thread.is_some_and(|thread| thread.len() > THREAD_BYTES_MAX) {
        return Err(ApiError::parameter("thread", format!("has at most {THREAD_BYTES_MAX} bytes")));
    }
    let keeping = Keeping { content: state.config.realm.capture_content };
    Ok(Source { daemon, thread: thread.map(Into::into), keeping })
}
