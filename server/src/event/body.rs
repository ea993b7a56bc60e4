//! An event without its number: what a log keeps that gives the numbers itself.
//!
//! `seq` and `room` are the last fields of an event on the wire. A body is the event without them, and
//! [`Body::numbered`] writes them behind it: the event is encoded once, wherever it is numbered.

use std::io::Write as _;

use arcane_shared::event::EVENT_BYTES_MAX;
use arcane_shared::{ArcaneEvent, DaemonName, RoomName, Seq, SpellName};
use bytes::Bytes;

use super::encoding::Outgoing;
use super::frame::{Logged, PreparedFrame, TooLarge};

/// An event that is encoded and not numbered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// Its spell.
    pub spell_name: SpellName,
    /// Its daemon.
    pub daemon_name: Option<DaemonName>,
    /// Whether it worked.
    pub success: bool,
    /// When the bus took it, Unix microseconds.
    pub at: i64,
    /// A JSON object: the event without `seq` and `room`.
    pub json: Bytes,
}

impl Body {
    /// Encodes an event. Whether it is too large is decided with the number that `outgoing` expects for it. `scratch` is
    /// memory to write in.
    ///
    /// # Errors
    /// If it is larger than an event may be.
    pub(crate) fn encode(outgoing: &Outgoing<'_>, at: i64, scratch: &mut Vec<u8>) -> Result<Self, TooLarge> {
        scratch.clear();
        serde_json::to_writer(&mut *scratch, outgoing).expect("an event has string keys and finite numbers");
        if scratch.len() > EVENT_BYTES_MAX {
            return Err(TooLarge { bytes: scratch.len() });
        }
        let tail = tail(outgoing.seq, outgoing.room);
        debug_assert!(scratch.ends_with(&tail), "seq and room are the last fields of an event");
        scratch.truncate(scratch.len() - tail.len());
        scratch.push(b'}');
        let event = outgoing.event;
        Ok(Self {
            spell_name: event.spell_name,
            daemon_name: event.daemon_name.clone(),
            success: event.success,
            at,
            json: Bytes::copy_from_slice(scratch),
        })
    }

    /// The event, read from its bytes.
    #[must_use]
    pub fn event(&self) -> ArcaneEvent {
        serde_json::from_slice(&self.json).expect("what was written as an event can be read as one")
    }

    /// The event with its number.
    #[must_use]
    pub fn numbered(&self, seq: Seq, room: &RoomName) -> PreparedFrame {
        let Self { spell_name, daemon_name, success, at, json } = self;
        let of = Logged {
            spell_name: *spell_name,
            daemon_name: daemon_name.clone(),
            success: *success,
            seq,
            at: *at,
        };
        let begin = json.strip_suffix(b"}").unwrap_or(json);
        PreparedFrame::logged(of, &[begin, &tail(seq, room)])
    }
}

/// The last fields of an event on the wire, and its end.
fn tail(seq: Seq, room: &RoomName) -> Vec<u8> {
    let mut tail = Vec::with_capacity(48);
    // A room's name has no character that JSON escapes.
    write!(tail, r#","seq":{seq},"room":"{room}"}}"#).expect("memory takes what is written");
    tail
}

#[cfg(test)]
mod tests {
    use arcane_shared::{SyncDirectives, Timestamp};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_body_that_is_numbered_has_the_bytes_of_the_event(
            expected in 1_u64..u64::MAX, seq in 1_u64..u64::MAX, room in "[a-z][a-z0-9._-]{0,20}",
            description in "\\PC{0,200}", success: bool, at: i64, named: bool,
        ) {
            let room = RoomName::parse(&room).unwrap();
            let event = ArcaneEvent {
                spell_name: SpellName::Invoke,
                daemon_name: named.then(|| DaemonName::parse("claude").unwrap()),
                timestamp: Timestamp::from_unix_micros(0),
                success,
                description,
                metadata: [("task".to_owned(), "}".into())].into_iter().collect(),
                seq: None,
                room: None,
            };
            let directives = &SyncDirectives::of_outcome(success);
            let outgoing =
                |seq| Outgoing { event: &event, directives, seq, room: &room, color: None, emitted_at: 5.5 };
            let body = Body::encode(&outgoing(expected), at, &mut Vec::new()).unwrap();
            let frame = PreparedFrame::encode(&outgoing(seq), at, &mut Vec::new()).unwrap();
            let numbered = body.numbered(seq, &room);
            prop_assert_eq!(numbered.ws(), frame.ws());
            prop_assert_eq!(numbered.json(), frame.json());
            prop_assert_eq!((numbered.seq(), numbered.at(), numbered.spell_name()), (seq, at, SpellName::Invoke));
            prop_assert_eq!((numbered.daemon_name(), numbered.success()), (frame.daemon_name(), success));
            let bare: serde_json::Value = serde_json::from_slice(&body.json).unwrap();
            prop_assert!(bare.get("seq").is_none() && bare.get("room").is_none());
        }
    }

    #[test]
    fn what_is_too_large_has_no_body() {
        let event = ArcaneEvent {
            spell_name: SpellName::Reveal,
            daemon_name: None,
            timestamp: Timestamp::from_unix_micros(0),
            success: true,
            description: "x".repeat(EVENT_BYTES_MAX),
            metadata: arcane_shared::Metadata::default(),
            seq: None,
            room: None,
        };
        let (directives, room) = (&SyncDirectives::of_outcome(true), &RoomName::default());
        let outgoing = Outgoing { event: &event, directives, seq: 1, room, color: None, emitted_at: 0.0 };
        assert!(Body::encode(&outgoing, 0, &mut Vec::new()).is_err());
    }
}
