//! The event that stands for a message of a room's stream that is none of ours. Pure.
//!
//! Such a message has a number, and numbers have no holes: readers are told that something is there, and what is wrong with
//! it. Every node makes the same bytes of it.

use arcane_shared::{ArcaneEvent, RoomName, Seq, SpellName, SyncDirectives, Timestamp};

use super::message::Foreign;
use crate::event::{Body, Outgoing};

/// What `metadata.query_type` of such an event is.
const QUERY_TYPE: &str = "foreign_message";

/// The event in the place of a message that is none, which its stream took at `at` (Unix microseconds).
#[must_use]
pub fn body(why: Foreign, seq: Seq, at: i64, room: &RoomName) -> Body {
    let taken = Timestamp::from_unix_micros(at);
    let event = ArcaneEvent {
        spell_name: SpellName::Reveal,
        daemon_name: None,
        timestamp: taken,
        success: false,
        description: format!("Message {seq} of this room's stream is no event: {why}"),
        metadata: [
            ("query_type".to_owned(), QUERY_TYPE.into()),
            ("error".to_owned(), why.to_string().into()),
        ]
        .into_iter()
        .collect(),
        seq: None,
        room: None,
    };
    let directives = &SyncDirectives::of_outcome(false);
    let outgoing =
        Outgoing { event: &event, directives, seq, room, color: None, emitted_at: taken.unix_millis() };
    Body::encode(&outgoing, at, &mut Vec::new()).expect("a short event is not too large")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_is_wrong_and_is_the_same_everywhere() {
        let room = RoomName::default();
        let frame = body(Foreign::NoEvent, 7, 1_000_000, &room).numbered(7, &room);
        insta::assert_snapshot!(frame.text(), @r###"{"spell_name":"reveal","daemon_name":null,"timestamp":"1970-01-01T00:00:01.000000","success":false,"description":"Message 7 of this room's stream is no event: it has no header Arcane-Event","metadata":{"query_type":"foreign_message","error":"it has no header Arcane-Event","sync":{"deadline_ms":200,"animation":"invert","particles":"halt","audio":"error","invert":true,"text_color":"#ff1744","display_text":"Rune destabilization detected","emitted_at":1000.0}},"seq":7,"room":"main"}"###);
        assert_eq!(body(Foreign::NoEvent, 7, 1_000_000, &room), body(Foreign::NoEvent, 7, 1_000_000, &room));
    }
}
