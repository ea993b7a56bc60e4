//! `{"type":"publish",…}`: publishing over an open WebSocket, for those who publish much.

use std::borrow::Cow;

use arcane_shared::control::{PUBLISH, PUBLISH_ID_BYTES_MAX, ServerMessage};
use arcane_shared::{RoomName, Seq};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::bus::{ArcaneEventBus, EmitError};
use crate::clock;
use crate::http::draft::{self, DraftError};

/// Why nothing was published. `id` is the message's own, so that its sender can tell which.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    /// A word that stays the same.
    pub code: &'static str,
    /// What is wrong.
    pub detail: String,
    /// The message's own.
    pub id: Option<String>,
}

#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Publish<'a> {
    #[serde(rename = "type")]
    _kind: Cow<'a, str>,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    room: Option<RoomName>,
    #[serde(borrow)]
    events: &'a RawValue,
}

/// Whether a message publishes.
pub(super) fn is_publish(text: &str) -> bool {
    serde_json::from_str::<Kind<'_>>(text).is_ok_and(|message| message.kind == PUBLISH)
}

/// Publishes one event or an array of events, all or none, in the message's room or else in `room`.
/// Returns what to answer.
///
/// # Errors
/// Says which field cannot be used; then nothing was published.
pub fn publish(bus: &ArcaneEventBus, room: &RoomName, text: &str) -> Result<ServerMessage, Refusal> {
    let message: Publish<'_> = serde_json::from_str(text).map_err(|error| Refusal {
        code: "bad_message",
        detail: error.to_string(),
        id: None,
    })?;
    let id = message.id.filter(|id| id.len() <= PUBLISH_ID_BYTES_MAX);
    let room = message.room.as_ref().unwrap_or(room);
    match emit(bus, room, message.events.get().as_bytes()) {
        Ok((seq, count)) => match bus.epoch(room) {
            Ok(epoch) => Ok(ServerMessage::Published { id, room: room.clone(), epoch, seq, count }),
            Err(error) => Err(Refusal { code: "no_such_room", detail: error.to_string(), id }),
        },
        Err((code, detail)) => Err(Refusal { code, detail, id }),
    }
}

fn emit(bus: &ArcaneEventBus, room: &RoomName, events: &[u8]) -> Result<(Seq, u64), (&'static str, String)> {
    let events = draft::read_all(events, room, clock::now()).map_err(|error| match error {
        DraftError::Syntax(error) => ("bad_event", format!("events: {error}")),
        DraftError::Fields(errors) => {
            let named = errors.iter().map(|error| format!("events{}: {}", error.pointer, error.detail));
            ("bad_event", named.collect::<Vec<_>>().join("; "))
        }
    })?;
    if events.is_empty() {
        return Err(("bad_event", "events: is empty; send at least one".into()));
    }
    let frames = bus.emit_all(events).map_err(|(index, error)| match error {
        EmitError::TooLarge(error) => ("too_large", format!("events/{index}: {error}")),
        EmitError::NoSuchRoom(error) => ("no_such_room", error.to_string()),
    })?;
    let last = frames.last().map_or(0, |frame| frame.seq());
    Ok((last, frames.len() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::BusConfig;

    fn refused(text: &str) -> String {
        let bus = ArcaneEventBus::new(BusConfig::default());
        let refusal = publish(&bus, &RoomName::default(), text).unwrap_err();
        assert_eq!(bus.recent_events(10), [], "a refusal publishes nothing");
        format!("{} {}", refusal.code, refusal.detail)
    }

    #[test]
    fn the_last_position_is_told() {
        let bus = ArcaneEventBus::new(BusConfig::default());
        let text =
            r#"{"type":"publish","id":"7","events":[{"spell_name":"reveal"},{"spell_name":"reveal"}]}"#;
        assert!(is_publish(text));
        let answer = publish(&bus, &RoomName::default(), text).unwrap();
        let ServerMessage::Published { id, seq, count, .. } = answer else { unreachable!() };
        assert_eq!((id.as_deref(), seq, count), (Some("7"), 2, 2));
    }

    #[test]
    fn each_wrong_field_is_named() {
        insta::assert_snapshot!(refused(r#"{"type":"publish"}"#), @"bad_message missing field `events` at line 1 column 18");
        insta::assert_snapshot!(refused(r#"{"type":"publish","event":{}}"#), @"bad_message unknown field `event`, expected one of `type`, `id`, `room`, `events` at line 1 column 25");
        insta::assert_snapshot!(refused(r#"{"type":"publish","events":[]}"#), @"bad_event events: is empty; send at least one");
        insta::assert_snapshot!(refused(r#"{"type":"publish","events":[{"spell_name":"reveal"},{"spell_name":"hex"}]}"#), @r#"bad_event events/1/spell_name: unknown spell "hex"; known are summon, invoke, banish, reveal, parse and voice"#);
        insta::assert_snapshot!(refused(r#"{"type":"publish","room":"a b","events":{"spell_name":"reveal"}}"#), @"bad_message a name consists of a-z, 0-9, '.', '_' and '-', not ' ' at line 1 column 30");
    }
}
