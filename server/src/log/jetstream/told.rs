//! A message of a room's stream, read: an event, whatever was written there. Pure but for a line in the log.

use arcane_shared::{RoomName, Seq, Timestamp};
use async_nats::HeaderMap;
use async_nats::header::NATS_TIME_STAMP;
use bytes::Bytes;

use super::foreign;
use super::message::{Entry, Message, number};

/// An event of a stream.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) seq: Seq,
    pub(super) entry: Entry,
}

/// Reads a message that the server has numbered; `None` if it has no number.
pub(super) fn read(headers: &HeaderMap, payload: Bytes, room: &RoomName) -> Option<Told> {
    number(headers).map(|seq| numbered(seq, headers, payload, room))
}

/// The same with a number that is known.
pub(super) fn numbered(seq: Seq, headers: &HeaderMap, payload: Bytes, room: &RoomName) -> Told {
    match Message::numbered(seq, headers, payload) {
        Message::Stored { entry, .. } => Told { seq, entry },
        Message::Foreign { why, .. } => {
            tracing::warn!(%room, seq, %why, "a message of the room's stream is no event; nobody else may publish there");
            let body = foreign::body(why, seq, stored_at(headers), room);
            Told { seq, entry: Entry { body, records: Vec::new(), id: "".into() } }
        }
    }
}

/// When the stream took a message, Unix microseconds; 0 where the server does not say.
fn stored_at(headers: &HeaderMap) -> i64 {
    let text = headers.get_last(NATS_TIME_STAMP).map_or("", |at| at.as_str());
    Timestamp::parse(text).map_or(0, Timestamp::unix_micros)
}
