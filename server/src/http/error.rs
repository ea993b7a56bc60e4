//! Every error answer: RFC 9457 problems, made and logged here and nowhere else.

use arcane_shared::api::FieldError;
use arcane_shared::{Epoch, Problem, Seq};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::bus::{CannotClose, ConsumerError, EmitError, Fault, KeyRefused, LogError, NoSuchRoom};
use crate::gate::host::HostError;
use crate::gate::limits::{TooMuch, wait_s};
use crate::gate::places::TooManyOpen;
use crate::gate::queries::TooManyQueries;
use crate::gate::{Forbidden, TokenError, origin};
use crate::intake::Refused;
use crate::realm::{ParseRefusal, Refusal, SpellFailure};
use crate::stream;

/// Every kind of problem and what it means; `/docs` lists them.
pub(crate) const KINDS: &[(&str, &str)] = &[
    ("invalid", "A parameter or a part of the body cannot be used; `errors` says which."),
    ("not-json", "The body is not valid JSON."),
    (
        "not-otlp",
        "The body is not the message of OpenTelemetry that it should be; `detail` names the field, or the byte.",
    ),
    ("body", "The body broke off before its end."),
    ("body-timeout", "The body did not come in time."),
    ("body-too-large", "The body is above its bound."),
    ("event-too-large", "An event is above 64 KiB as JSON, or a line far above it."),
    ("media-type", "The Content-Type is missing or none that this route reads."),
    (
        "content-encoding",
        "The body is compressed in a way that the server does not read; `Accept-Encoding` says which it reads.",
    ),
    (
        "idempotency",
        "The Idempotency-Key was used for other content, or the first publication with it is in progress.",
    ),
    (
        "log",
        "The event log cannot be written or read at the moment: nothing was published. `detail` says why.",
    ),
    ("log-behind", "The event log has more to do than it may put off; try again soon."),
    ("epoch-changed", "The position is of another run of numbers; begin anew."),
    ("no-such-consumer", "Nobody reads durably under this name in this room."),
    ("too-many-consumers", "No more durable consumers can be made."),
    ("no-such-room", "The room is not open and cannot be opened."),
    ("room-in-use", "The room has readers or publishers, or belongs to the server, and cannot be closed."),
    ("already-here", "The daemon was summoned before."),
    ("not-here", "The daemon was not summoned, or was banished."),
    ("only-published", "The daemon is here because others publish of it; summon it to give it tasks."),
    ("not-kept", "The log no longer has the events of this position; ask at a later one."),
    (
        "failed-again",
        "The daemon has failed again since the failure that was seen; look at the new one first.",
    ),
    ("no-such-rule", "There is no rule of this name."),
    ("rule-refused", "The rule cannot be added or removed; `detail` says why."),
    ("no-such-request", "The agent asks nothing under this id, or it ended long ago."),
    (
        "request-ended",
        "The agent's question was answered otherwise, or has ended; `detail` says who was first.",
    ),
    (
        "request-not-held",
        "The agent no longer waits for an answer from here; it can be answered where the agent runs.",
    ),
    ("still-here", "The daemon is present and cannot be forgotten; banish it first."),
    (
        "budget-spent",
        "The daemon has spent what it may on a day; `detail` says when the day ends, and which setting sets the budget.",
    ),
    ("realm-full", "The realm can learn of no more daemons."),
    ("too-busy", "Too many invocations are under way."),
    ("daemon-faltered", "The daemon tried and failed."),
    ("daemon-timed-out", "The daemon did not end in time."),
    ("unknown-daemon", "Nobody has heard of the daemon."),
    ("not-understood", "The words are no spell; `suggestions` says what would be."),
    ("no-token", "The server wants a token, or a user whom its proxy names, and the request has none."),
    ("bad-token", "The token does not hold; `detail` says why."),
    ("no-login", "The server exchanges no link for a token: it has no keys, or none to sign with."),
    (
        "forbidden",
        "The token, or the login at the proxy, does not allow this; `detail` says what it does allow.",
    ),
    ("too-long", "Working on the question takes longer than it may; `detail` says how to ask for less."),
    ("too-much", "The subject does more than it may; `Retry-After` says when to go on."),
    ("host", "The request does not say, or not plainly, which host it is for."),
    ("tls", "The request came in the clear to a port that takes TLS alone."),
    ("origin", "A page of this origin, or a browser that asks for this host, may not."),
    ("handshake", "The request is no WebSocket handshake."),
    ("accept", "`Accept` does not name every kind of answer that the protocol of the route has."),
    ("mcp", "The request is not as the Model Context Protocol has it; `detail` says why."),
    ("range", "The part that was asked for is not there."),
    ("no-audio", "There is no such sound."),
    ("no-such-route", "There is nothing at this path."),
    ("no-dashboard", "This server has no dashboard to show."),
    ("method", "The route does not take this method."),
    ("busy", "The server has as much to do at a time as it may; `Retry-After` says when to try again."),
];

/// The kind of an answer that is an error: left among its extensions for who counts and tells of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Problematic(pub(super) &'static str);

/// An error answer, and when to try again, seconds, where that is known.
#[derive(Debug)]
pub(crate) struct ApiError(Box<Problem>, Option<u64>);

impl ApiError {
    /// A problem of a kind (a word that stays the same) with a sentence that says what would help.
    pub(crate) fn new(status: StatusCode, kind: &str, detail: impl Into<String>) -> Self {
        debug_assert!(KINDS.iter().any(|(known, _)| *known == kind), "{kind} is missing in KINDS");
        Self(
            Box::new(Problem {
                kind: format!("/docs#problem-{kind}"),
                title: status.canonical_reason().unwrap_or("Error").into(),
                status: status.as_u16(),
                detail: detail.into(),
                errors: vec![],
                suggestions: vec![],
            }),
            None,
        )
    }

    /// What it says, in words.
    pub(super) fn words(&self) -> String {
        self.0.detail.clone()
    }

    /// Its kind, as [`KINDS`] has it.
    pub(super) fn kind(&self) -> &'static str {
        let kind = self.0.kind.trim_start_matches("/docs#problem-");
        KINDS.iter().find(|(known, _)| *known == kind).map_or("error", |(known, _)| known)
    }

    /// A request whose parts are named by JSON pointers or parameter names.
    pub(crate) fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = errors
            .iter()
            .map(|error| {
                let pointer = if error.pointer.is_empty() { "the body" } else { &error.pointer };
                format!("{pointer}: {}", error.detail)
            })
            .collect::<Vec<_>>()
            .join("; ");
        let mut error = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail);
        error.0.errors = errors;
        error
    }

    /// One wrong query parameter.
    pub(crate) fn parameter(name: &str, detail: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError { pointer: name.into(), detail: detail.into() }])
    }

    /// One wrong part of a body.
    pub(crate) fn field(pointer: &str, detail: impl Into<String>) -> Self {
        Self::parameter(pointer, detail)
    }

    /// A position of another run of numbers than the room's.
    pub(crate) fn epoch_changed(name: &str, epoch: &Epoch) -> Self {
        let detail = format!("{name}: the room has a new epoch, {epoch}; begin anew");
        Self::new(StatusCode::GONE, "epoch-changed", detail)
    }

    /// A position before the oldest event that the log keeps.
    pub(crate) fn not_kept(name: &str, oldest: Seq) -> Self {
        let detail = format!(
            "{name}: the log begins with event {oldest}; ask at {} or later",
            oldest.saturating_sub(1)
        );
        Self::new(StatusCode::GONE, "not-kept", detail)
    }

    /// More is being done at the moment than may be: nothing was done about this.
    pub(crate) fn busy(detail: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail)
    }

    /// With a sentence put before the detail.
    pub(crate) fn after(mut self, done: &str) -> Self {
        self.0.detail = format!("{done} {}", self.0.detail);
        self
    }
}

/// What a client is told that has no token for this (RFC 6750, section 3).
fn challenge(kind: &str) -> Option<&'static str> {
    match kind.rsplit('#').next() {
        Some("problem-no-token") => Some(r#"Bearer realm="arcane""#),
        Some("problem-bad-token") => Some(r#"Bearer realm="arcane", error="invalid_token""#),
        Some("problem-forbidden") => Some(r#"Bearer realm="arcane", error="insufficient_scope""#),
        _ => None,
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if status.is_server_error() {
            // A detail may hold what a program said: escaped, it can neither forge a line nor move a cursor.
            tracing::error!(status = self.0.status, kind = %self.0.kind, detail = ?self.0.detail, "request failed");
        }
        let body = serde_json::to_vec(&self.0).unwrap_or_default();
        let mut response = (status, body).into_response();
        response.extensions_mut().insert(Problematic(self.kind()));
        let headers = response.headers_mut();
        if let Some(challenge) = challenge(&self.0.kind) {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(self.1.unwrap_or(1)));
        }
        response
    }
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Syntax(error) => {
                Self::new(StatusCode::BAD_REQUEST, "not-json", format!("the body is not valid JSON: {error}"))
            }
            Refused::Fields(errors) => Self::invalid(errors),
            Refused::Bus { index, count, error: error @ EmitError::TooLarge(_) } if count > 1 => {
                Self::from(error).after(&format!("Nothing was published. /{index}:"))
            }
            Refused::Bus { error, .. } => error.into(),
        }
    }
}

impl From<NoSuchRoom> for ApiError {
    fn from(error: NoSuchRoom) -> Self {
        if let NoSuchRoom::Log { error, .. } = error {
            return error.into();
        }
        Self::new(StatusCode::NOT_FOUND, "no-such-room", error.to_string())
    }
}

impl From<EmitError> for ApiError {
    fn from(error: EmitError) -> Self {
        match error {
            EmitError::TooLarge(error) => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "event-too-large", error.to_string())
            }
            EmitError::NoSuchRoom(error) => error.into(),
            EmitError::Key(error) => {
                let status = match error {
                    KeyRefused::OtherContent => StatusCode::UNPROCESSABLE_ENTITY,
                    KeyRefused::UnderWay => StatusCode::CONFLICT,
                };
                Self::new(status, "idempotency", error.to_string())
            }
            EmitError::Log(error) => error.into(),
        }
    }
}

impl From<CannotClose> for ApiError {
    fn from(error: CannotClose) -> Self {
        let detail = error.to_string();
        match error {
            CannotClose::Unknown(_) => Self::new(StatusCode::NOT_FOUND, "no-such-room", detail),
            CannotClose::Permanent(_) | CannotClose::InUse { .. } => {
                Self::new(StatusCode::CONFLICT, "room-in-use", detail)
            }
            CannotClose::Log(error) => error.into(),
        }
    }
}

impl From<LogError> for ApiError {
    fn from(error: LogError) -> Self {
        match error.fault {
            Fault::NoRoom => Self::new(StatusCode::NOT_FOUND, "no-such-room", error.to_string()),
            Fault::Query | Fault::TooMany => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", error.to_string())
            }
            Fault::OtherContent => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency", error.to_string())
            }
            Fault::TooLong => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "too-long", error.to_string()),
            Fault::Busy | Fault::Behind | Fault::Outdated => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "log-behind", error.to_string())
            }
            _ => Self::new(StatusCode::SERVICE_UNAVAILABLE, "log", error.to_string()),
        }
    }
}

impl From<stream::StreamRefused> for ApiError {
    fn from(error: stream::StreamRefused) -> Self {
        match error {
            stream::StreamRefused::Room(error) => error.into(),
            stream::StreamRefused::Consumer(error) => error.into(),
            stream::StreamRefused::Log(error) => error.into(),
        }
    }
}

impl From<ConsumerError> for ApiError {
    fn from(error: ConsumerError) -> Self {
        let detail = error.to_string();
        match error {
            ConsumerError::TooMany => Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-consumers", detail),
            ConsumerError::Unknown(_) => Self::new(StatusCode::NOT_FOUND, "no-such-consumer", detail),
            ConsumerError::Ahead { .. } => Self::field("/seq", detail),
            ConsumerError::EpochChanged(_) => Self::new(StatusCode::GONE, "epoch-changed", detail),
            ConsumerError::Log(error) => error.into(),
        }
    }
}

impl From<SpellFailure> for ApiError {
    fn from(failure: SpellFailure) -> Self {
        let detail = failure.to_string();
        match failure {
            SpellFailure::Refused(refusal) => {
                let (status, kind) = match refusal {
                    Refusal::AlreadyHere(_) => (StatusCode::CONFLICT, "already-here"),
                    Refusal::NotHere(_) => (StatusCode::CONFLICT, "not-here"),
                    Refusal::OnlyPublished(_) => (StatusCode::CONFLICT, "only-published"),
                    Refusal::StillHere(_) => (StatusCode::CONFLICT, "still-here"),
                    Refusal::BudgetSpent { .. } => (StatusCode::CONFLICT, "budget-spent"),
                    Refusal::TooMany(_) => (StatusCode::CONFLICT, "realm-full"),
                    Refusal::TooBusy(_) => (StatusCode::TOO_MANY_REQUESTS, "too-busy"),
                };
                Self::new(status, kind, detail)
            }
            SpellFailure::Faltered(_) => Self::new(StatusCode::BAD_GATEWAY, "daemon-faltered", detail),
            SpellFailure::TimedOut(_) => Self::new(StatusCode::GATEWAY_TIMEOUT, "daemon-timed-out", detail),
            SpellFailure::NotEmitted(error) => error.into(),
        }
    }
}

impl From<ParseRefusal> for ApiError {
    fn from(refusal: ParseRefusal) -> Self {
        let mut error = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "not-understood", refusal.detail);
        error.0.suggestions = refusal.suggestions;
        error
    }
}

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        let kind = if error.is_missing() { "no-token" } else { "bad-token" };
        Self::new(StatusCode::UNAUTHORIZED, kind, error.to_string())
    }
}

impl From<Forbidden> for ApiError {
    fn from(error: Forbidden) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", error.to_string())
    }
}

impl From<TooMuch> for ApiError {
    fn from(error: TooMuch) -> Self {
        let mut refused = Self::new(StatusCode::TOO_MANY_REQUESTS, "too-much", error.to_string());
        refused.1 = Some(wait_s(error.wait));
        refused
    }
}

impl From<TooManyOpen> for ApiError {
    fn from(error: TooManyOpen) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too-much", error.to_string())
    }
}

impl From<TooManyQueries> for ApiError {
    fn from(error: TooManyQueries) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too-much", error.to_string())
    }
}

impl From<HostError> for ApiError {
    fn from(error: HostError) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "host", error.to_string())
    }
}

impl From<origin::OriginRefused> for ApiError {
    fn from(refusal: origin::OriginRefused) -> Self {
        Self::new(StatusCode::FORBIDDEN, "origin", refusal.to_string())
    }
}
