//! `GET /events/stream`: the same events as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use arcane_shared::control::ServerMessage;
use arcane_shared::{Position, Problem};
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;

use super::error::ApiError;
use super::query::StreamQuery;
use crate::bus::Subscription;
use crate::state::AppState;
use crate::ws::{greeting, session_name};

const BATCH_FRAMES_MAX: usize = 64;
const BATCH_BYTES_MAX: usize = 64 * 1024;

/// The live event stream as server-sent events: `connection` first, then one event each.
#[utoipa::path(get, path = "/events/stream", tag = "streams", params(StreamQuery), responses(
    (status = 200, description = "`id` is `EPOCH:SEQ`, `event` the spell, `data` the event", content_type = "text/event-stream", body = String),
    (status = 404, description = "The room cannot be opened", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A parameter cannot be used", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn stream_events(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let query = StreamQuery::read(query.as_deref())?;
    if !query.listen {
        return Err(ApiError::parameter("listen", "an event stream has nothing else to do; leave it out"));
    }
    let mut subscription = state.bus.subscribe_to(&query.room, query.filter, query.recent)?;
    let last_seen = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let first = first_events(&mut subscription, last_seen);
    let reader = Reader { subscription, state, first: Some(first) };
    let body = Body::from_stream(stream::unfold(reader, |mut reader| async move {
        let bytes = reader.next().await?;
        Some((Ok::<_, Infallible>(bytes), reader))
    }));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // Reverse proxies must not collect events.
        (header::HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    Ok((headers, body).into_response())
}

struct Reader {
    subscription: Subscription,
    state: AppState,
    first: Option<Bytes>,
}

impl Reader {
    /// The next bytes; `None` once the server stops.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        let mut draining = self.state.draining.clone();
        loop {
            let quiet: Duration = self.state.config.net.ping_interval;
            tokio::select! {
                () = self.subscription.ready() => {}
                _ = draining.wait_for(|draining| *draining) => return None,
                () = tokio::time::sleep(quiet) => return Some(Bytes::from_static(b": quiet\n\n")),
            }
            let batch = self.subscription.take(BATCH_FRAMES_MAX, BATCH_BYTES_MAX);
            let mut bytes = Vec::new();
            if let Some(gap) = batch.gap {
                let gap = ServerMessage::Gap { from: gap.from, to: gap.to, reason: "lagged".into() };
                bytes.extend_from_slice(&control(&gap, "gap"));
            }
            self.state.metrics.delivered(batch.frames.len() as u64);
            for frame in &batch.frames {
                bytes.extend_from_slice(&frame.sse(self.subscription.epoch()));
            }
            if !bytes.is_empty() {
                return Some(bytes.into());
            }
        }
    }
}

/// The connection event. A client that comes back is told which events it has missed.
fn first_events(subscription: &mut Subscription, last_seen: Option<&str>) -> Bytes {
    let position = Position { epoch: subscription.epoch().clone(), seq: subscription.cursor() };
    let session = session_name(rand::random());
    let greeting = greeting(subscription, &session);
    let missed = last_seen
        .and_then(|id| Position::parse(id).ok())
        .filter(|last| last.epoch == position.epoch && last.seq < position.seq)
        .map(|last| ServerMessage::Gap {
            from: last.seq + 1,
            to: position.seq,
            reason: "not_recovered".into(),
        });
    let mut bytes = format!("id: {position}\nevent: connection\ndata: {greeting}\n\n").into_bytes();
    if let Some(gap) = missed {
        bytes.extend_from_slice(&control(&gap, "gap"));
    }
    bytes.into()
}

fn control(message: &ServerMessage, event: &str) -> Vec<u8> {
    let json = serde_json::to_string(message).expect("control messages have string keys and finite numbers");
    format!("event: {event}\ndata: {json}\n\n").into_bytes()
}
