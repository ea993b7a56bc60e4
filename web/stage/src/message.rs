//! What comes through the socket, read leniently: one strange event must not cost the others.
//!
//! A text is parsed to a value once, and `shared`'s types are read from that value: so each of them is compiled for one kind of
//! input, which halves what they weigh. Writing goes the same way.

use arcane_shared::control::{Connection, ServerMessageOf};
use arcane_shared::lenient::Plain;
use arcane_shared::roster::Roster;
use arcane_shared::{Epoch, Mended, ReceivedEvent, Resume, RoomName, Seq, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One message of the server.
#[derive(Debug, Clone)]
pub enum Incoming {
    /// The first message of a connection.
    Welcome(Welcome),
    /// Something happened.
    Event(Box<ReceivedEvent>),
    /// A notice or an answer; one of a later version is [`Notice::Unknown`].
    Notice(Notice),
    /// Nothing that can be shown. Counted.
    Undecodable,
}

/// What the server says besides events, of any version.
pub type Notice = ServerMessageOf<Mended>;

/// The connection message as the page takes it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Welcome {
    /// Who listens, this page included.
    pub subscriber_count: u64,
    /// Oldest first.
    pub recent: Vec<ReceivedEvent>,
    /// The room.
    pub room: RoomName,
    /// The run of numbers; `None` when the server has none.
    pub epoch: Option<Epoch>,
    /// The live stream starts after this.
    pub seq: Seq,
    /// What became of the position that the page named.
    pub resume: Option<Resume>,
    /// Who is present and does what, if the server says.
    pub roster: Option<Roster>,
    /// Whether the server shows invented agents.
    pub demo: bool,
    /// Whether the server's page speaks in plain words where its viewer has not chosen.
    pub plain: bool,
    /// Recent events that could not be read.
    pub undecodable: u64,
}

impl Welcome {
    fn new(connection: Connection<Mended>, now: Timestamp) -> Self {
        let count = connection.recent_events.len();
        let recent: Vec<ReceivedEvent> =
            connection.recent_events.into_iter().filter_map(|event| dated(event, now)).collect();
        let last = recent.iter().filter_map(|event| event.seq).max().unwrap_or(0);
        Self {
            subscriber_count: connection.subscriber_count,
            room: connection.room,
            epoch: Some(connection.epoch).filter(|epoch| !epoch.0.is_empty()),
            seq: connection.seq.max(last),
            resume: connection.resume,
            roster: connection.roster.map(|roster| *roster),
            demo: connection.demo,
            plain: connection.plain,
            undecodable: (count - recent.len()) as u64,
            recent,
        }
    }
}

/// Reads one text message. `now` dates an event whose own time cannot be read.
#[must_use]
pub fn read(text: &str, now: Timestamp) -> Incoming {
    let Ok(Value::Object(object)) = serde_json::from_str(text) else {
        return Incoming::Undecodable;
    };
    let says = object.get("type").and_then(Value::as_str);
    // Anybody may have given an event a `type`.
    if says.is_none() || (says != Some("connection") && object.contains_key("spell_name")) {
        let event = event(Value::Object(object), now);
        return event.map_or(Incoming::Undecodable, |event| Incoming::Event(Box::new(event)));
    }
    match Notice::deserialize(Plain(Value::Object(object))).unwrap_or(Notice::Unknown) {
        Notice::Connection(connection) => Incoming::Welcome(Welcome::new(connection, now)),
        notice => Incoming::Notice(notice),
    }
}

/// Reads an event, mended as [`Mended`] is. `now` dates one whose own time cannot be read.
#[must_use]
pub fn event(value: Value, now: Timestamp) -> Option<ReceivedEvent> {
    dated(Mended(mended(value)), now)
}

/// Reads an event, mended as [`Mended`] is.
pub(crate) fn mended(value: Value) -> Option<ReceivedEvent> {
    Mended::deserialize(Plain(value)).ok()?.0
}

fn dated(Mended(event): Mended, now: Timestamp) -> Option<ReceivedEvent> {
    let event = event?;
    let timestamp = if event.timestamp == Timestamp::UNKNOWN { now } else { event.timestamp };
    Some(ReceivedEvent { timestamp, ..event })
}

/// What the page says to the server, as JSON text: a [`ClientMessage`](arcane_shared::control::ClientMessage) of one field. By name: a writer
/// of every message that a client may say would come along with that type.
#[must_use]
pub fn said(kind: &str, field: &str, content: Value) -> String {
    let message = [("type", kind.into()), (field, content)];
    Value::Object(message.map(|(name, content)| (name.to_owned(), content)).into_iter().collect()).to_string()
}

/// What is meant for others, as JSON text.
#[must_use]
pub fn written<T: Serialize>(content: &T) -> String {
    value(content).to_string()
}

/// What is meant for others, as a value.
#[must_use]
pub fn value<T: Serialize>(content: &T) -> Value {
    serde_json::to_value(content).unwrap_or_default()
}

#[cfg(test)]
mod tests;
