//! The WebSocket messages around events. All are JSON objects with a `type`.

mod notice;

use serde::{Deserialize, Serialize};

use crate::api::RequestEnd;
use crate::roster::Roster;
use crate::{Epoch, EventFilter, ReceivedEvent, Resume, RoomName, Seq, UnixMillis};
use crate::{lenient, object};

/// The welcome in the seed's words.
pub const WELCOME: &str = "✨ Welcome to the ArcaneOS event stream! ✨";
/// Version of the control messages, answered to `hello`.
pub const PROTOCOL_VERSION: u32 = 1;
/// How long a page counts as visible after it said so, seconds.
pub const PRESENCE_LEASE_S: u64 = 30;
/// Most paint samples in one `seen`.
pub const SEEN_SAMPLES_MAX: usize = 256;

/// What a client may say. A field that a message does not have is an error: what it was meant to do would not happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientMessage {
    /// Opts in to notices; answered by [`ServerMessage::Hello`].
    Hello {
        /// Who speaks, for the server's own statistics.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client: Option<String>,
    },
    /// Goes on with another token of the same subject; answered by [`ServerMessage::Authenticated`].
    Auth {
        /// The token.
        token: Bearer,
    },
    /// Asks for the server's clock; answered by [`ServerMessage::Pong`].
    Ping {
        /// The client's clock when it sent this.
        t0: UnixMillis,
    },
    /// Replaces the subscription's filter; answered by [`ServerMessage::Filtered`].
    Filter(EventFilter),
    /// Acknowledges a durable consumer's events.
    Ack {
        /// The last event that was processed.
        seq: Seq,
    },
    /// Reports when events became visible.
    Seen {
        /// At most [`SEEN_SAMPLES_MAX`].
        #[serde(deserialize_with = "object::list")]
        samples: Vec<PaintSample>,
    },
    /// Says whether a human looks at this room. Holds for [`PRESENCE_LEASE_S`]; said again, it holds for as long again.
    Presence {
        /// Whether the page is visible.
        visible: bool,
    },
    /// Answers what an agent asks; answered by [`ServerMessage::Answered`].
    Answer {
        /// The request.
        request_id: Box<str>,
        /// As in the body of `POST /requests/{id}/answer`.
        decision: Box<str>,
        /// What the agent is told with `deny`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<Box<str>>,
        /// With `allow`: a value for each question or field.
        #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
        answers: serde_json::Map<String, serde_json::Value>,
        /// Comes back in the answer, so that its sender can tell which.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
    },
}

/// A token, which no log may show.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bearer(pub String);

impl std::fmt::Debug for Bearer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bearer(…)")
    }
}

impl From<String> for Bearer {
    fn from(token: String) -> Self {
        Self(token)
    }
}

impl std::ops::Deref for Bearer {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// The `type` of a message that publishes: `{"type":"publish","id":…,"room":…,"events":…}`. Its events
/// are read like the body of `POST /events`, so it is no [`ClientMessage`].
pub const PUBLISH: &str = "publish";
/// Longest `id` of such a message, bytes.
pub const PUBLISH_ID_BYTES_MAX: usize = 128;

/// When one event's cues became visible, on the server's clock as the client estimates it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PaintSample {
    /// The event.
    pub seq: Seq,
    /// When it was painted.
    pub painted_at: UnixMillis,
    /// Milliseconds from `emitted_at` to the paint.
    pub late_ms: f64,
    /// Whether that was past its deadline.
    pub missed: bool,
    /// Why, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<MissReason>,
}

/// Where a missed deadline was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissReason {
    /// On the way: it was over when the event arrived.
    Transport,
    /// In the page: the event was there, and no frame was in time.
    Frame,
    /// Somewhere that this version has no name for.
    #[serde(other)]
    Other,
}

impl MissReason {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Transport => "transport",
            Self::Frame => "frame",
            Self::Other => "other",
        }
    }
}

/// What the server may say besides events.
pub type ServerMessage = ServerMessageOf<ReceivedEvent>;

/// What the server may say besides events. All but `connection` need the client to have spoken first.
///
/// `E` is an event: [`ReceivedEvent`], or [`crate::Mended`] where a reader has to get on with any version.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessageOf<E> {
    /// The first message of every connection.
    Connection(Connection<E>),
    /// Answers `hello`.
    Hello {
        /// [`PROTOCOL_VERSION`].
        version: u32,
        /// What this server can do, by name.
        features: Vec<String>,
        /// Its bounds.
        limits: Limits,
    },
    /// Answers `auth`.
    Authenticated {
        /// When the token ends; missing if it does not.
        #[serde(skip_serializing_if = "Option::is_none")]
        expires_at: Option<UnixMillis>,
    },
    /// Answers `ping`: four stamps make an NTP sample, the fourth is the receiver's own.
    Pong {
        /// As it came.
        t0: UnixMillis,
        /// The server's clock when the ping arrived.
        t1: UnixMillis,
        /// The server's clock when this left.
        t2: UnixMillis,
    },
    /// Answers `filter`.
    Filtered {
        /// The new filter holds for every event after this one.
        seq: Seq,
    },
    /// The subscription is behind what memory holds and reads on from the log.
    Lagging {
        /// Events between it and the head.
        behind: u64,
    },
    /// It has caught up again.
    CaughtUp {
        /// With this event.
        seq: Seq,
    },
    /// Events that cannot be delivered any more.
    Gap {
        /// The first of them.
        from: Seq,
        /// The last of them.
        to: Seq,
        /// Why, in one word.
        reason: String,
    },
    /// Where a filtered stream is, though nothing passed its filter.
    Position {
        /// Everything up to here was considered.
        seq: Seq,
    },
    /// The server is about to stop.
    Draining {
        /// When to come back.
        reconnect_in_ms: u64,
    },
    /// Answers `publish`: the events are next to each other, the last one at this position.
    Published {
        /// As it came.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Where they are.
        room: RoomName,
        /// The run of numbers that `seq` belongs to.
        epoch: Epoch,
        /// The number of the last of them.
        seq: Seq,
        /// How many they are.
        count: u64,
    },
    /// Answers `answer`: the request has ended with it.
    Answered {
        /// As it came.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// How it ended.
        #[serde(flatten)]
        end: RequestEnd,
    },
    /// Something the client said could not be used.
    Error {
        /// A word that stays the same.
        code: String,
        /// A sentence that names the field and the remedy.
        detail: String,
        /// The `id` of the `publish` that was refused, if it had one.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
    },
    /// A message of a later version.
    #[serde(skip_serializing)]
    Unknown,
}

/// The connection message. The first three fields are the seed's, and all that its server says: the others have their
/// defaults then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "E: Deserialize<'de>"))]
pub struct Connection<E = ReceivedEvent> {
    /// [`WELCOME`].
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub message: String,
    /// Subscribers of this room, this one included.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub subscriber_count: u64,
    /// The latest events that pass the filter, oldest first.
    #[serde(default = "Vec::new", deserialize_with = "lenient::list_or_empty")]
    pub recent_events: Vec<E>,
    /// The room.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub room: RoomName,
    /// The run of numbers that `seq` belongs to.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub epoch: Epoch,
    /// The live stream starts after this event.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub seq: Seq,
    /// This connection, for logs.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub session: String,
    /// What became of `since` or `consumer`; missing where neither was asked for.
    #[serde(default, deserialize_with = "lenient::or_default", skip_serializing_if = "Option::is_none")]
    pub resume: Option<Resume>,
    /// Who is present and does what, if that was asked for. Events up to its own position are in it.
    #[serde(default, deserialize_with = "lenient::or_default", skip_serializing_if = "Option::is_none")]
    pub roster: Option<Box<Roster>>,
    /// Whether the server shows invented agents at work (`arcane serve --demo`).
    #[serde(default, deserialize_with = "lenient::or_default", skip_serializing_if = "std::ops::Not::not")]
    pub demo: bool,
    /// Whether the dashboard speaks in plain words where its viewer has not chosen (`arcane serve --plain`).
    #[serde(default, deserialize_with = "lenient::or_default", skip_serializing_if = "std::ops::Not::not")]
    pub plain: bool,
}

/// A server's bounds, as `hello` reports them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Largest event, bytes of JSON.
    pub event_bytes_max: u64,
    /// Largest message that a client may send, bytes.
    pub message_bytes_max: u64,
    /// Most samples in one `seen`.
    pub seen_samples_max: u64,
    /// Events kept for newcomers.
    pub history_size: u64,
    /// Milliseconds between the server's ping frames.
    pub ping_interval_ms: u64,
}

/// Why the server closes a WebSocket. 44xx are final until something changes; 45xx and 1xxx are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum CloseCode {
    /// The client said goodbye, and so do we.
    Normal = 1000,
    /// The server goes away.
    GoingAway = 1001,
    /// A frame that RFC 6455 does not allow.
    Protocol = 1002,
    /// A binary message.
    Unsupported = 1003,
    /// A text message that is not UTF-8.
    NotUtf8 = 1007,
    /// A replay has come to its end.
    ReplayComplete = 4000,
    /// A parameter or too many messages that cannot be used.
    BadRequest = 4400,
    /// No or no valid token.
    NotAuthenticated = 4401,
    /// A token or origin that may not.
    Forbidden = 4403,
    /// No such room, and none can be opened.
    NoSuchRoom = 4404,
    /// No sign of life in time.
    NoPong = 4408,
    /// Another reader took over.
    TakenOver = 4409,
    /// A message above the bound.
    TooLarge = 4413,
    /// Too much at once; the reason carries the wait.
    TooMany = 4429,
    /// The server is about to stop.
    Draining = 4501,
}

impl CloseCode {
    /// The number on the wire.
    #[must_use]
    pub fn code(self) -> u16 {
        self as u16
    }
}

/// The data of an event stream's last event, `close`: what a WebSocket's close frame says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamClose {
    /// A [`CloseCode`].
    pub code: u16,
    /// A sentence.
    pub reason: String,
}

/// Whether a client may come back after this close code: anything but 44xx and 4000.
#[must_use]
pub fn is_reconnectable(code: u16) -> bool {
    code != CloseCode::ReplayComplete.code() && !(4400..4500).contains(&code)
}
