//! `GET /events/stream`: the same events as server-sent events.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arcane_shared::control::{CloseCode, ServerMessage, StreamClose};
use arcane_shared::{Position, Problem, Seq};
use axum::body::Body;
use axum::extract::{Extension, RawQuery};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::future::OptionFuture;
use futures_util::stream;
use tokio::sync::Notify;

use super::allowed::Allowed;
use super::error::ApiError;
use super::pieces::{self, Pieces};
use super::query::{self, StreamParams};
use crate::bus::{self, END, Subscription};
use crate::connection::RequestPermit;
use crate::gate::pass::Subscribe;
use crate::gate::places::Place;
use crate::gate::{PassWatch, TokenError};
use crate::state::AppState;
use crate::stream::{Begin, LastId, Opened, TAKEN_OVER, greeting, session_name, with_roster};

/// Where an event stream is opened.
const ROUTE: &str = "/events/stream";

const BATCH_FRAMES_MAX: usize = 64;
const BATCH_BYTES_MAX: usize = 64 * 1024;
/// Least time between two positions without an event.
const POSITION_INTERVAL: Duration = Duration::from_secs(1);

/// The live event stream as server-sent events: `connection` first, then one event each.
#[utoipa::path(get, path = "/events/stream", tag = "streams", params(
    StreamParams,
    ("lastEventId" = Option<String>, Query, description = "What `Last-Event-ID` says, for clients that can set no header; the header counts before it"),
    ("Last-Event-ID" = Option<String>, Header, description = "The last `id` that the client received; it goes on after that"),
), responses(
    (status = 200, description = "`id` is `EPOCH:SEQ`, `event` the spell, `data` the event", content_type = "text/event-stream", body = String),
    (status = 204, description = "Stay away: this client has seen its replay to the end, or was told that its consumer is read elsewhere"),
    (status = 404, description = "The room cannot be opened", body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "The subject reads too many streams or replays, the room has too many readers, or there are too many durable consumers", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A parameter cannot be used", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn stream_events(
    state: Allowed<Subscribe>,
    permit: Option<Extension<RequestPermit>>,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let query = state.stream(query::of_stream(ROUTE, query.as_deref())?)?;
    if !query.listen {
        return Err(ApiError::parameter("listen", "an event stream has nothing else to do; leave it out"));
    }
    let last = LastId::from_headers(&headers).or_else(|| query.last_id.clone());
    if last.as_ref().is_some_and(|last| last.ended) && query.begin.may_end() {
        // What a browser does not ask for again.
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    if method == Method::HEAD {
        // A look at the headers opens nothing: no room, no place in it, no consumer.
        return Ok(streaming(Body::empty()));
    }
    let places = state.places(&query)?;
    state.count_room(&query.room)?;
    let evicted = Arc::new(Notify::new());
    let evict = Arc::clone(&evicted);
    let since = last.as_ref().map(|last| &last.since);
    let opened = crate::stream::open(&state.bus, &query, since, Box::new(move || evict.notify_one())).await?;
    let Opened { mut subscription, consumer } = opened;
    if let Begin::From(..) = query.begin
        && subscription.resume().is_some_and(|resume| resume.recovered)
        && state.bus.room_info(&query.room)?.head <= subscription.cursor()
    {
        // The browser has seen the whole replay and would begin it again.
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let first = first_events(&state, &mut subscription, query.roster).await;
    let told_at = Instant::now();
    let reader = Reader {
        subscription,
        _consumer: consumer,
        evicted,
        pass: state.gate.watch(state.pass().clone()),
        state: state.clone(),
        permit: permit.map(|Extension(permit)| permit),
        _places: places,
        first: Some(first),
        ended: false,
        told_at,
    };
    Ok(streaming(Body::from_stream(stream::unfold(reader, |mut reader| async move {
        let bytes = reader.next().await?;
        Some((Ok::<_, Infallible>(bytes), reader))
    }))))
}

fn streaming(body: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform")),
        // A proxy that compresses, or collects what it passes on, would hold events back: most that compress heed
        // no-transform; nginx, which does not, compresses this kind only if it is told to, and flushes what it does not
        // collect.
        (header::HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (headers, body).into_response()
}

struct Reader {
    subscription: Subscription,
    _consumer: Option<bus::Reader>,
    evicted: Arc<Notify>,
    state: AppState,
    pass: PassWatch,
    /// Until its client has ended its side.
    permit: Option<RequestPermit>,
    /// Its subject and its room have so many.
    _places: Vec<Place>,
    /// Until the client has all of it.
    first: Option<Pieces>,
    ended: bool,
    /// When the client last learned where it is.
    told_at: Instant,
}

impl Reader {
    /// The next bytes; `None` once the server stops, a replay is over, or another reader has taken over.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(first) = &mut self.first {
            // Half an event is no event: the client comes back for a whole one.
            match first.next().await.map_err(pieces::broken).ok()? {
                None => self.first = None,
                piece => return piece,
            }
        }
        let mut draining = self.state.draining.clone();
        while !self.ended {
            let quiet: Duration = self.state.config.net.ping_interval;
            tokio::select! {
                () = self.subscription.ready() => {}
                _ = draining.wait_for(|draining| *draining) => return None,
                () = self.evicted.notified() => {
                    self.ended = true;
                    return Some(self.taken_over());
                }
                error = self.pass.ended() => {
                    self.ended = true;
                    return Some(refused(&error));
                }
                () = tokio::time::sleep(quiet) => return Some(Bytes::from_static(b": quiet\n\n")),
                // A client that has left resets the connection when something comes; one that has only nothing
                // more to say reads on.
                () = client_ended(self.permit.as_ref()) => {
                    self.permit = None;
                    return Some(Bytes::from_static(b": still there?\n\n"));
                }
            }
            let bytes = self.take();
            if !bytes.is_empty() {
                return Some(bytes.into());
            }
        }
        None
    }

    fn take(&mut self) -> Vec<u8> {
        // What comes from the log is this reader's alone: there is nobody to keep its encoding for.
        let is_shared = self.subscription.is_following();
        let batch = self.subscription.take(BATCH_FRAMES_MAX, BATCH_BYTES_MAX);
        let mut bytes = Vec::new();
        if let Some((gap, reason)) = batch.gap {
            let gap = ServerMessage::Gap { from: gap.from, to: gap.to, reason: reason.as_str().into() };
            bytes.extend_from_slice(&control(&gap, "gap"));
        }
        self.state.metrics.delivered(batch.frames.len() as u64);
        for frame in &batch.frames {
            if is_shared {
                bytes.extend_from_slice(&frame.sse(self.subscription.epoch()));
            } else {
                frame.write_sse(self.subscription.epoch(), &mut bytes);
            }
        }
        if bytes.is_empty() && self.told_at.elapsed() >= POSITION_INTERVAL {
            // An id without data moves the client's position on and is no event.
            bytes = format!("id: {}:{}\n\n", self.subscription.epoch(), batch.seq).into_bytes();
        }
        if !bytes.is_empty() {
            self.told_at = Instant::now();
        }
        // Its client comes back, and is told that the numbers are others.
        self.ended |= batch.over;
        if batch.ended {
            self.ended = true;
            let id = self.last_id(batch.seq);
            bytes.extend_from_slice(format!("id: {id}\nevent: complete\ndata: {{}}\n\n").as_bytes());
        }
        bytes
    }

    /// The goodbye to a client that another reader took over from.
    fn taken_over(&self) -> Bytes {
        let close = StreamClose { code: CloseCode::TakenOver.code(), reason: TAKEN_OVER.into() };
        let json = serde_json::to_string(&close).expect("a number and a text");
        let id = self.last_id(self.subscription.cursor());
        format!("id: {id}\nevent: close\ndata: {json}\n\n").into()
    }

    /// A position that says, when the client comes back with it, that it should not have.
    fn last_id(&self, seq: Seq) -> String {
        format!("{}:{seq}{END}", self.subscription.epoch())
    }
}

/// The goodbye to a client whose token holds no longer.
fn refused(error: &TokenError) -> Bytes {
    let close = StreamClose { code: CloseCode::NotAuthenticated.code(), reason: error.to_string() };
    let json = serde_json::to_string(&close).expect("a number and a text");
    format!("event: error\ndata: {json}\n\n").into()
}

async fn client_ended(permit: Option<&RequestPermit>) {
    match permit {
        Some(permit) => permit.client_ended().await,
        None => pending().await,
    }
}

/// The connection event.
async fn first_events(state: &AppState, subscription: &mut Subscription, asks_roster: bool) -> Pieces {
    let roster = asks_roster.then(|| subscription.roster());
    let roster = OptionFuture::from(roster).await;
    let position = Position { epoch: subscription.epoch().clone(), seq: subscription.cursor() };
    let session = session_name(rand::random());
    let ([head, mut tail], recent) = greeting(subscription, &session, &state.config);
    let mut begin = format!("id: {position}\nevent: connection\ndata: ").into_bytes();
    begin.extend(head);
    let mut after = roster.map(|roster| with_roster(&mut tail, roster)).unwrap_or_default();
    match after.is_empty() {
        true => tail.extend_from_slice(b"\n\n"),
        false => after.push(Bytes::from_static(b"\n\n")),
    }
    Pieces::new(&state.bus, subscription.room_id(), [begin, tail], &recent).followed_by(after)
}

fn control(message: &ServerMessage, event: &str) -> Vec<u8> {
    let json = serde_json::to_string(message).expect("control messages have string keys and finite numbers");
    format!("event: {event}\ndata: {json}\n\n").into_bytes()
}
