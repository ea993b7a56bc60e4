//! `POST /events`: one event, an array, or NDJSON.

use arcane_shared::api::{FieldError, PublishAnswer, Published};
use arcane_shared::{Problem, RoomName};
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;

use super::allowed::Allowed;
use super::beside;
use super::body;
use super::error::ApiError;
use super::lines::Lines;
use super::upload::{self, MemoryPermits};
use crate::budget::BODY_PLACE_BYTES;
use crate::bus::keys::KEY_BYTES_MAX;
use crate::bus::{HeldRoom, Key, Level, Submission};
use crate::gate::limits::Counted;
use crate::gate::pass;
use crate::intake::{self, Draft, Refused, Submitted, level};
use crate::query::Pairs;
use crate::state::AppState;

/// Where events are published.
pub(super) const ROUTE: &str = "/events";

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Most events in one NDJSON stream.
const EVENTS_MAX: usize = 100_000;
/// Most blank lines in one NDJSON stream: one after each event, and as many to keep it alive.
const BLANK_LINES_MAX: usize = 2 * EVENTS_MAX;
/// Longest NDJSON line: an event with room for white space.
const LINE_BYTES_MAX: usize = 256 * 1024;

/// Most events of a stream that are handed to the log in one go.
const CHUNK_EVENTS_MAX: usize = 256;
/// A longer body takes milliseconds to read: that is done beside the runtime's threads.
const READ_AT_ONCE_MAX: usize = 32 * 1024;

/// Publishes one event, an array of events, or NDJSON.
///
/// An array is checked as a whole before any of it is published. NDJSON is published line by line
/// as it arrives; an error names the line and how many before it were published.
#[utoipa::path(post, path = "/events", tag = "events", params(
    ("room" = Option<String>, Query, description = "Default `main`; opens with its first publisher"),
    ("ack" = Option<String>, Query, description = "When to answer: `received` (numbered), `logged` (written, the default) or `synced` (on the disk)"),
    ("idempotency-key" = Option<String>, Header, description = "Sending the same again with the same key within 24 hours publishes nothing and gets the first answer"),
), request_body(content((arcane_shared::api::PublishEvent = "application/json"), (String = "application/x-ndjson"))), responses(
    (status = 201, description = "Published", body = PublishAnswer),
    (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "The room cannot be opened", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "A publication with this Idempotency-Key is under way", body = Problem, content_type = "application/problem+json"),
    (status = 413, description = "The body or an event is too large", body = Problem, content_type = "application/problem+json"),
    (status = 415, description = "Neither JSON nor NDJSON", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A field cannot be used", body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "More events, bytes, new rooms or new names than the subject may; of an array nothing was published, and of a stream what `detail` says", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "The log takes no events at the moment; nothing was published", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn publish(
    state: Allowed<pass::Publish>,
    query: Pairs,
    request: Request,
) -> Result<(StatusCode, Json<PublishAnswer>), ApiError> {
    let room = state.changed(query.room()?)?;
    let level = level(query.get("ack"), state.bus.log().as_ref())?;
    let key = idempotency_key(request.headers())?;
    let ndjson = body::content_type(request.headers()).is_some_and(|kind| {
        matches!(&*kind, "application/x-ndjson" | "application/ndjson" | "application/jsonl")
    });
    let (events, held) = if ndjson {
        let stream = Stream {
            state: &state,
            room: &room,
            level,
            key,
            published: Vec::new(),
            lines: 0,
            blank: 0,
            held: None,
        };
        // Boxed: single events would pay for its place.
        let published = Box::pin(stream.publish(request.into_body())).await?;
        // Also where there was nothing to publish.
        (published, state.open_room(&room).await?)
    } else {
        body::require_json(request.headers(), "application/json")?;
        let bytes = body::read(request.into_body(), &state.config.net, state.bus.budget()).await?;
        state.take(Counted::Bytes, bytes.len())?;
        let key = key.map(|key| Key::new(&key, 0, &bytes));
        // Boxed: single events would pay for its place.
        let (turn, is_long) = (Box::pin(state.bus.turn(bytes.len())), bytes.len() > READ_AT_ONCE_MAX);
        let turn = turn.await?;
        let drafts = if is_long { Box::pin(beside::read(bytes)).await? } else { intake::read_all(&bytes)? };
        state.take(Counted::Events, drafts.len())?;
        let held = state.open_room(&room).await?;
        state.check_events(&held, drafts.iter())?;
        // The body may have taken its time.
        state.recheck()?;
        let submission = Submission { level, key, turn, ..Submission::default() };
        let mut submitted = if is_long {
            Box::pin(beside::submit(state.bus.clone(), held.clone(), drafts, submission)).await?
        } else {
            intake::submit(&state.bus, &held, drafts, submission)?
        };
        submitted.logged().await?;
        (published(&submitted).collect(), held)
    };
    let answer = PublishAnswer {
        status: "published".into(),
        epoch: held.epoch().clone(),
        room,
        ack: level.as_str().into(),
        events,
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Answers a request for [`ROUTE`] that comes without a router.
pub(super) async fn answer(state: AppState, request: Request) -> Response {
    let query = Pairs::read(request.uri().query());
    match Allowed::new(state, request.extensions()) {
        Ok(state) => publish(state, query, request).await.into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(key) = headers.get(KEY) else { return Ok(None) };
    let key = key.to_str().ok().map(str::trim).filter(|key| (1..=KEY_BYTES_MAX).contains(&key.len()));
    let detail = || format!("must have 1 to {KEY_BYTES_MAX} visible ASCII characters");
    Ok(Some(key.ok_or_else(|| ApiError::parameter("idempotency-key", detail()))?.to_owned()))
}

fn published(submitted: &Submitted) -> impl Iterator<Item = Published> + use<> {
    submitted.numbers().map(|seq| Published { seq })
}

/// Some lines of a stream.
#[derive(Default)]
struct Chunk {
    /// Handed in, each by itself.
    submitted: Vec<Submitted>,
    /// To be handed in together.
    drafts: Vec<Draft>,
    /// Of those.
    bytes: usize,
}

impl Chunk {
    fn len(&self) -> usize {
        self.submitted.len() + self.drafts.len()
    }
}

/// Lines that are published as they come.
struct Stream<'a> {
    state: &'a Allowed<pass::Publish>,
    room: &'a RoomName,
    level: Level,
    key: Option<String>,
    /// What is in the log.
    published: Vec<Published>,
    /// How many lines were looked at.
    lines: usize,
    /// How many of them had nothing in them.
    blank: usize,
    /// From the first publication on.
    held: Option<HeldRoom>,
}

impl Stream<'_> {
    async fn publish(mut self, mut content: Body) -> Result<Vec<Published>, ApiError> {
        let (mut lines, mut permits) = (Lines::default(), MemoryPermits::none(self.state.bus.budget()));
        let patience = self.state.config.net.body_timeout;
        // By when a line is over that takes memory which others may wait for.
        let mut due = None;
        loop {
            let (by, n) = (due.unwrap_or_else(|| Instant::now() + patience), self.lines + 1);
            let late = || match due {
                Some(_) => format!("line {n} took longer than {} s", patience.as_secs()),
                None => format!("nothing came for {} s", patience.as_secs()),
            };
            let frame = permits.next(&mut content, by, late).await.map_err(|error| self.after(error))?;
            let ended = frame.is_none();
            let come =
                frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref().map(Bytes::len)).unwrap_or(0);
            match frame {
                Some(Ok(frame)) => lines.push(&frame.into_data().unwrap_or_default()),
                Some(Err(error)) => return Err(self.after(upload::broken(&error))),
                None => lines.push(b"\n"),
            }
            self.take_in_turn(Counted::Bytes, come).await?;
            self.take_lines(&mut lines).await?;
            if lines.pending() > LINE_BYTES_MAX {
                let detail = format!("line {}: a line has at most {LINE_BYTES_MAX} bytes", self.lines + 1);
                let error = ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "event-too-large", detail);
                return Err(self.after(error));
            }
            if ended {
                return Ok(self.published);
            }
            if self.lines >= n {
                due = None;
            }
            if lines.pending() > BODY_PLACE_BYTES {
                let by = *due.get_or_insert_with(|| Instant::now() + patience);
                permits.cover(lines.pending(), by).await.map_err(|error| self.after(error))?;
            } else if !permits.is_empty() {
                lines.shrink();
                permits.give_back();
            }
        }
    }

    /// Publishes the whole lines of what has come, many in one go.
    async fn take_lines(&mut self, lines: &mut Lines) -> Result<(), ApiError> {
        let mut chunk = Chunk::default();
        let mut refused = None;
        while refused.is_none()
            && let Some(line) = lines.next()
        {
            self.lines += 1;
            if line.trim_ascii().is_empty() {
                self.blank += 1;
                refused = self.too_many_blank().err();
                continue;
            }
            refused = self.add(&mut chunk, &line).await.err();
            if chunk.len() >= CHUNK_EVENTS_MAX {
                self.settle(std::mem::take(&mut chunk)).await?;
            }
        }
        self.settle(chunk).await?;
        refused.map_or(Ok(()), |error| Err(self.after(error)))
    }

    /// Waits until what has come may: a stream is read no faster than its subject may publish.
    async fn take_in_turn(&self, what: Counted, units: usize) -> Result<(), ApiError> {
        self.state.take_in_turn(what, units).await.map_err(|error| self.after(error.into()))
    }

    fn too_many_blank(&self) -> Result<(), ApiError> {
        if self.blank <= BLANK_LINES_MAX {
            return Ok(());
        }
        let detail = format!("a stream has at most {BLANK_LINES_MAX} blank lines; go on in another request");
        Err(ApiError::field(&format!("line {}", self.lines), detail))
    }

    async fn add(&mut self, chunk: &mut Chunk, line: &[u8]) -> Result<(), ApiError> {
        if self.published.len() + chunk.len() >= EVENTS_MAX {
            let detail = format!("a stream has at most {EVENTS_MAX} events; go on in another request");
            return Err(ApiError::field(&format!("line {}", self.lines), detail));
        }
        let draft = self.read(line)?;
        match &self.key {
            None => {
                chunk.bytes += line.len();
                chunk.drafts.push(draft);
            }
            // Each line has a key of its own: a stream that broke off can be sent again as a whole.
            Some(key) => {
                let key = Key::new(key, self.lines as u64, line);
                self.state.take_in_turn(Counted::Events, 1).await?;
                chunk.submitted.push(self.submit(vec![draft], Some(key), 0).await?);
            }
        }
        Ok(())
    }

    async fn submit(
        &mut self,
        drafts: Vec<Draft>,
        key: Option<Key>,
        bytes: usize,
    ) -> Result<Submitted, ApiError> {
        let turn = self.state.bus.turn(bytes).await?;
        let held = match &self.held {
            Some(held) => held,
            None => self.held.insert(self.state.open_room(self.room).await?),
        };
        self.state.check_events(held, drafts.iter())?;
        // A stream may take hours; what was granted when it began may not hold any more.
        self.state.recheck()?;
        let submission = Submission { level: self.level, key, turn, ..Submission::default() };
        Ok(intake::submit(&self.state.bus, held, drafts, submission)?)
    }

    /// Hands in what was not, and waits until it is in the log.
    async fn settle(&mut self, chunk: Chunk) -> Result<(), ApiError> {
        let Chunk { mut submitted, drafts, bytes } = chunk;
        if !drafts.is_empty() {
            // Before and not after: streams of one subject that run side by side wait for each other.
            self.take_in_turn(Counted::Events, drafts.len()).await?;
            let together = self.submit(drafts, None, bytes).await;
            submitted.push(together.map_err(|error| self.after(error))?);
        }
        for mut one in submitted {
            one.logged().await.map_err(|error| self.after(error.into()))?;
            self.published.extend(published(&one));
        }
        Ok(())
    }

    fn read(&self, line: &[u8]) -> Result<Draft, ApiError> {
        let at = format!("line {}", self.lines);
        intake::read_one(line).map_err(|error| match error {
            Refused::Syntax(error) => {
                let detail = format!("{at} is not valid JSON: {error}");
                ApiError::new(StatusCode::BAD_REQUEST, "not-json", detail)
            }
            Refused::Fields(errors) => {
                let errors = errors.into_iter();
                ApiError::invalid(
                    errors
                        .map(|error| FieldError { pointer: format!("{at} {}", error.pointer), ..error })
                        .collect(),
                )
            }
            refused => refused.into(),
        })
    }

    fn after(&self, error: ApiError) -> ApiError {
        let done = match self.published.len() {
            1 => "1 event was published before this.".into(),
            n => format!("{n} events were published before this."),
        };
        error.after(&done)
    }
}
