//! What happened long ago: pages of the log, how busy it was, and letting it go.

use arcane_shared::api::{ActivityAnswer, ActivityBucket, HistoryAnswer, PurgeAnswer};
use arcane_shared::{Epoch, Metadata, Position, Problem, Seq, SpellName, Timestamp};
use axum::Json;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use serde_json::json;
use serde_json::value::RawValue;
use tokio::sync::OwnedSemaphorePermit;

use super::allowed::Allowed;
use super::error::ApiError;
use super::pieces;
use crate::bus::history::{ActivityCounts, ActivityQuery, HistoryQuery, Order, PAGE_BYTES_MAX, Search};
use crate::bus::{ArcaneEventBus, Fault, LogError, RoomInfo, Since};
use crate::clock;
use crate::gate::pass::{Admin, Subscribe};
use crate::query::{Pairs, QueryError};
use crate::state::AppState;

/// Most events of one page.
pub(crate) const LIMIT_MAX: usize = 1000;
/// Events of a page where nobody says.
const LIMIT_DEFAULT: usize = 100;
/// A piece of a page ends with the event that reaches this many bytes.
const PIECE_BYTES_MAX: usize = 128 * 1024;
/// Stretches of time where nobody says.
const BUCKETS_DEFAULT: usize = 300;

/// A page of a room's history.
#[utoipa::path(get, path = "/events", tag = "events", params(
    ("room" = Option<String>, Query, description = "Default `main`"),
    ("after" = Option<String>, Query, description = "Only events after this one: `SEQ` or `EPOCH:SEQ`"),
    ("before" = Option<String>, Query, description = "Only events before this one: `SEQ` or `EPOCH:SEQ`"),
    ("limit" = Option<u32>, Query, description = "How many, 1–1000; default 100"),
    ("order" = Option<String>, Query, description = "`asc`, oldest first (the default), or `desc`"),
    ("spell" = Option<String>, Query, description = "Only these spells, comma-separated"),
    ("daemon" = Option<String>, Query, description = "Only these daemons, comma-separated"),
    ("success" = Option<bool>, Query, description = "Only successes or only failures"),
    ("q" = Option<String>, Query, description = "Words in description, task or daemon; \"a phrase\"; the last word may be a beginning"),
), responses(
    (status = 200, description = "`next` is where the next page begins", body = HistoryAnswer),
    (status = 404, description = "No such room", body = Problem, content_type = "application/problem+json"),
    (status = 410, description = "The position is of another epoch", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A parameter cannot be used, or the question takes longer than it may (`too-long`)", body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "The subject asks too many questions at a time; `Retry-After` says when to go on", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "The log cannot be read at the moment", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn history(state: Allowed<Subscribe>, query: Pairs) -> Result<Response, ApiError> {
    let room = state.room(&query)?;
    let turn = state.query().await?;
    let there = state.bus.room_info_now(&room).await?;
    let order = match query.get("order") {
        None | Some("asc") => Order::Ascending,
        Some("desc") => Order::Descending,
        Some(other) => {
            return Err(ApiError::parameter("order", format!("is \"asc\" or \"desc\", not {other:?}")));
        }
    };
    let wanted = HistoryQuery {
        after: position(&query, "after", &there)?,
        // What the log has by now is the same for every question of this request.
        before: Some(position(&query, "before", &there)?.unwrap_or(there.head + 1).min(there.head + 1)),
        limit: query.whole("limit", LIMIT_MAX, LIMIT_DEFAULT)?,
        order,
        filter: state.filter(&query)?,
        text: query
            .get("q")
            .map(Search::parse)
            .transpose()
            .map_err(|error| ApiError::parameter("q", error.to_string()))?,
        room: there.id,
        bytes_max: None,
        time: state.query_time(),
    };
    let head = json!({ "room": room, "epoch": there.epoch, "oldest": there.oldest, "head": there.head });
    let pieces = HistoryPieces::new(&state.bus, turn, wanted, there.epoch, &head.to_string());
    pieces.into_response().await.map_err(|error| refused(&state, error))
}

/// [`HistoryAnswer`], made in pieces as it is read, with the events as they were encoded.
struct HistoryPieces {
    bus: ArcaneEventBus,
    /// What is still wanted.
    wanted: HistoryQuery,
    epoch: Epoch,
    /// What comes before the first event.
    lead: Vec<u8>,
    /// The oldest event that was kept when the first piece was made.
    oldest: Option<Seq>,
    begun: bool,
    /// Bytes that the page may still have.
    bytes_left: usize,
    ended: bool,
    /// Until the last piece is made.
    _turn: Option<OwnedSemaphorePermit>,
}

impl HistoryPieces {
    fn new(
        bus: &ArcaneEventBus,
        turn: Option<OwnedSemaphorePermit>,
        wanted: HistoryQuery,
        epoch: Epoch,
        head: &str,
    ) -> Self {
        let lead = format!("{},\"events\":[", head.trim_end_matches('}'));
        let (bus, lead) = (bus.clone(), lead.into_bytes());
        Self {
            bus,
            wanted,
            epoch,
            lead,
            oldest: None,
            begun: false,
            bytes_left: PAGE_BYTES_MAX,
            ended: false,
            _turn: turn,
        }
    }

    /// The first piece says whether there is an answer at all; most answers have no other.
    async fn into_response(mut self) -> Result<Response, LogError> {
        let first = self.next().await?;
        let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        if self.ended {
            return Ok((json, first).into_response());
        }
        let rest = stream::unfold(Some(self), |pieces| async move {
            let mut pieces = pieces.filter(|pieces| !pieces.ended)?;
            Some(match pieces.next().await {
                Ok(piece) => (Ok(piece), Some(pieces)),
                // The client sees that its answer breaks off.
                Err(error) => (Err(pieces::broken(error)), None),
            })
        });
        let first = stream::once(async { Ok::<_, LogError>(first) });
        Ok((json, Body::from_stream(first.chain(rest))).into_response())
    }

    async fn next(&mut self) -> Result<Bytes, LogError> {
        let bytes_max = Some(PIECE_BYTES_MAX.min(self.bytes_left));
        let wanted = HistoryQuery { bytes_max, ..self.wanted.clone() };
        let page = match self.bus.history()?.page(wanted).await {
            // What was found is a page, and the next one has its own time.
            Err(error) if error.fault == Fault::TooLong && self.begun => return Ok(self.end(true)),
            page => page?,
        };
        let oldest = *self.oldest.get_or_insert(page.first);
        let after = self.wanted.after.unwrap_or(0);
        if self.wanted.order == Order::Ascending && page.first > oldest.max(after + 1) {
            let text = format!("events {} to {} went while they were being read", after + 1, page.first - 1);
            return Err(LogError::new(Fault::Closed, text));
        }
        let mut piece = std::mem::take(&mut self.lead);
        for event in &page.events {
            let event: &RawValue = serde_json::from_str(&event.json)
                .map_err(|error| LogError::new(Fault::Damaged, error.to_string()))?;
            if std::mem::replace(&mut self.begun, true) {
                piece.push(b',');
            }
            piece.extend_from_slice(event.get().as_bytes());
            self.bytes_left = self.bytes_left.saturating_sub(event.get().len());
        }
        self.wanted.limit -= page.events.len();
        let last = page.events.last().map(|event| event.seq);
        match self.wanted.order {
            Order::Ascending => self.wanted.after = last.or(self.wanted.after),
            Order::Descending => self.wanted.before = last.or(self.wanted.before),
        }
        if !page.more || self.wanted.limit == 0 || self.bytes_left == 0 {
            piece.extend_from_slice(&self.end(page.more));
        }
        Ok(piece.into())
    }

    /// What comes after the last event; `more` if there are more events than it.
    fn end(&mut self, more: bool) -> Bytes {
        self.ended = true;
        let last = match self.wanted.order {
            Order::Ascending => self.wanted.after,
            Order::Descending => self.wanted.before,
        };
        let next = last.filter(|_| more && self.begun);
        let next = next.map(|seq| Position { epoch: self.epoch.clone(), seq });
        format!("],\"next\":{}}}", json!(next)).into()
    }
}

/// How much happened when.
#[utoipa::path(get, path = "/events/activity", tag = "events", params(
    ("room" = Option<String>, Query, description = "Default `main`"),
    ("from" = Option<String>, Query, description = "A time; default: the oldest event's"),
    ("to" = Option<String>, Query, description = "A time; default: now"),
    ("buckets" = Option<u32>, Query, description = "At most so many stretches, 1–1000; default 300"),
), responses(
    (status = 200, description = "Stretches in which something happened; times are those at which the bus took events", body = ActivityAnswer),
    (status = 404, description = "No such room", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A parameter cannot be used, or the question takes longer than it may (`too-long`)", body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "The subject asks too many questions at a time; `Retry-After` says when to go on", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "The log cannot be read at the moment", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn activity(
    state: Allowed<Subscribe>,
    query: Pairs,
) -> Result<Json<ActivityAnswer>, ApiError> {
    let room = state.whole(query.room()?)?;
    let _turn = state.query().await?;
    let there = state.bus.room_info_now(&room).await?;
    let (from, to) = (query.time("from")?, query.time("to")?);
    let buckets = query.whole("buckets", LIMIT_MAX, BUCKETS_DEFAULT)? as u64;
    let to = to.unwrap_or_else(clock::now);
    let wanted = ActivityQuery {
        room: there.id,
        from,
        to: to.max(from.unwrap_or(to)),
        buckets,
        time: state.query_time(),
    };
    let activity = state.bus.history()?.activity(wanted).await;
    let activity = activity.map_err(|error| refused(&state, error))?;
    Ok(Json(ActivityAnswer {
        room,
        epoch: there.epoch,
        oldest: there.oldest,
        head: there.head,
        oldest_at: activity.first_at.map(Timestamp::unix_millis),
        head_at: activity.head_at.map(Timestamp::unix_millis),
        step_s: activity.step_s,
        buckets: activity.buckets.iter().map(told).collect(),
    }))
}

/// Counts what took longer than it may.
pub(super) fn refused(state: &AppState, error: LogError) -> ApiError {
    if error.fault == Fault::TooLong {
        state.metrics.refused("query-time");
    }
    error.into()
}

fn told(bucket: &ActivityCounts) -> ActivityBucket {
    let by_spell = SpellName::ALL.iter().zip(bucket.by_spell).filter(|(_, n)| *n > 0);
    ActivityBucket {
        at: bucket.at.unix_millis(),
        seq: bucket.seq,
        events: bucket.events,
        failures: bucket.failures,
        by_spell: by_spell.map(|(spell, n)| (spell.to_string(), n.into())).collect::<Metadata>(),
    }
}

/// Lets go of everything before an event. Numbers and epoch stay as they are.
#[utoipa::path(delete, path = "/events", tag = "events", params(
    ("room" = Option<String>, Query, description = "Default `main`"),
    ("before" = String, Query, description = "The first event that stays: `SEQ` or `EPOCH:SEQ`"),
), responses(
    (status = 200, body = PurgeAnswer),
    (status = 404, description = "No such room", body = Problem, content_type = "application/problem+json"),
    (status = 410, description = "The position is of another epoch", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A parameter cannot be used", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "The log cannot be written at the moment", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn purge(
    state: Allowed<Admin>,
    query: Pairs,
) -> Result<(StatusCode, Json<PurgeAnswer>), ApiError> {
    let room = state.changed(query.room()?)?;
    let there = state.bus.room_info_now(&room).await?;
    let Some(before) = position(&query, "before", &there)? else {
        return Err(ApiError::parameter("before", "is missing; name the first event that stays"));
    };
    let oldest = state.bus.open_room(&room).await?.purge(before).await?;
    let (epoch, head) = (there.epoch, there.head);
    let purged = oldest.saturating_sub(there.oldest);
    Ok((StatusCode::OK, Json(PurgeAnswer { status: "purged".into(), room, epoch, purged, oldest, head })))
}

/// A position in the room's own epoch.
pub(super) fn position(query: &Pairs, name: &'static str, there: &RoomInfo) -> Result<Option<Seq>, ApiError> {
    let Some(text) = query.get(name) else { return Ok(None) };
    let since = Since::parse(text).map_err(|detail| QueryError::new(name, detail))?;
    if since.epoch.is_some_and(|epoch| epoch != there.epoch) {
        return Err(ApiError::epoch_changed(name, &there.epoch));
    }
    Ok(Some(since.seq))
}
