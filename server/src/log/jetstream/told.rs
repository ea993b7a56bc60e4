//! A message of a room's stream, read: an event, whatever was written there. Pure but for a line in the log.

use arcane_shared::{RoomName, Seq, Timestamp};
use async_nats::header::NATS_TIME_STAMP;
use async_nats::{HeaderMap, Message};

use super::message::{Entry, Message as Stored, number};
use super::pages::Raw;
use super::{foreign, names};

/// An event of a stream.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) seq: Seq,
    /// Whether it is on the subject of decisions.
    pub(super) is_decision: bool,
    pub(super) entry: Entry,
}

/// Reads a message that the server has numbered; `None` if it has no number.
pub(super) fn read(message: Message, room: &RoomName) -> Option<Told> {
    let headers = message.headers.unwrap_or_default();
    let (seq, subject) = (number(&headers)?, message.subject.as_str().into());
    Some(numbered(Raw { seq, subject, headers, payload: message.payload }, room))
}

/// Reads a message of a stream.
pub(super) fn numbered(raw: Raw, room: &RoomName) -> Told {
    let Raw { seq, subject, headers, payload } = raw;
    let is_decision = names::is_of_decisions(&subject);
    match Stored::numbered(seq, &headers, payload) {
        Stored::Stored { entry, .. } => Told { seq, is_decision, entry },
        Stored::Foreign { why, .. } => {
            tracing::warn!(%room, seq, %why, "a message of the room's stream is no event; nobody else may publish there");
            let body = foreign::body(why, seq, stored_at(&headers), room);
            Told { seq, is_decision, entry: Entry { body, records: Vec::new(), id: "".into() } }
        }
    }
}

/// When the stream took a message, Unix microseconds; 0 where the server does not say.
fn stored_at(headers: &HeaderMap) -> i64 {
    let text = headers.get_last(NATS_TIME_STAMP).map_or("", |at| at.as_str());
    Timestamp::parse(text).map_or(0, Timestamp::unix_micros)
}
