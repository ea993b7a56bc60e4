//! `{"type":"publish",…}`: publishing over an open WebSocket, for those who publish much.

use std::borrow::Cow;

use arcane_shared::control::{PUBLISH, PUBLISH_ID_BYTES_MAX, ServerMessage};
use arcane_shared::{Epoch, Object, RoomName};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::bus::keys::KEY_BYTES_MAX;
use crate::bus::{
    ArcaneEventBus, EmitError, Fault, HeldRoom, Key, LogError, NoSuchRoom, Receipt, Run, Submission,
};
use crate::gate::limits::TooMuch;
use crate::gate::rights::Right;
use crate::gate::{Forbidden, Pass};
use crate::intake::{self, Draft, Refused, Submitted, level};
use crate::json;

/// Why nothing was published. `id` is the message's own, so that its sender can tell which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishRefused {
    /// A word that stays the same.
    pub code: &'static str,
    /// What is wrong.
    pub detail: String,
    /// The message's own.
    pub id: Option<String>,
    /// Whether the same may be taken a moment later: then its sender did nothing wrong.
    pub is_passing: bool,
}

impl PublishRefused {
    pub(super) fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), id: None, is_passing: false }
    }

    /// For a message that is one too many for its subject.
    pub(super) fn too_much(text: &str, error: &TooMuch) -> Self {
        let id = id_of(&json::plain(text.as_bytes()));
        Self { id, ..Self::passing("too_much", error.to_string()) }
    }

    fn passing(code: &'static str, detail: impl Into<String>) -> Self {
        Self { is_passing: true, ..Self::new(code, detail) }
    }
}

impl From<NoSuchRoom> for PublishRefused {
    fn from(error: NoSuchRoom) -> Self {
        let is_passing = matches!(error, NoSuchRoom::TooMany { .. } | NoSuchRoom::Log { .. });
        Self { is_passing, ..Self::new("no_such_room", error.to_string()) }
    }
}

impl From<TooMuch> for PublishRefused {
    fn from(error: TooMuch) -> Self {
        Self::passing("too_much", error.to_string())
    }
}

impl From<Forbidden> for PublishRefused {
    fn from(error: Forbidden) -> Self {
        Self::new("forbidden", error.to_string())
    }
}

impl From<Refused> for PublishRefused {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Syntax(error) => Self::new("bad_event", format!("events: {error}")),
            Refused::Fields(errors) => {
                let named = errors.iter().map(|error| format!("events{}: {}", error.pointer, error.detail));
                Self::new("bad_event", named.collect::<Vec<_>>().join("; "))
            }
            Refused::Bus { index, error, .. } => match error {
                EmitError::TooLarge(error) => Self::new("too_large", format!("events/{index}: {error}")),
                EmitError::NoSuchRoom(error) => error.into(),
                EmitError::Key(error) => Self::new("bad_key", error.to_string()),
                EmitError::Log(error) if error.fault == Fault::TooMany => {
                    Self::new("bad_event", format!("events: {error}"))
                }
                EmitError::Log(error) => Self::passing("log_unavailable", error.to_string()),
            },
        }
    }
}

#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Identified {
    id: Option<String>,
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
    #[serde(default)]
    ack: Option<String>,
    #[serde(default)]
    key: Option<String>,
    #[serde(borrow)]
    events: &'a RawValue,
}

/// Whether a message publishes.
pub(super) fn is_publish(text: &str) -> bool {
    is_of_kind(text, PUBLISH)
}

/// Whether a message says that it is of this kind, whatever else it says.
pub(super) fn is_of_kind(text: &str, kind: &str) -> bool {
    serde_json::from_slice::<Object<Kind<'_>>>(json::without_bom(text.as_bytes()))
        .is_ok_and(|Object(message)| message.kind == kind)
}

/// The id of a message that cannot be used: its sender is to know which it was.
fn id_of(json: &[u8]) -> Option<String> {
    let Object(message): Object<Identified> = serde_json::from_slice(json).ok()?;
    message.id.filter(|id| id.len() <= PUBLISH_ID_BYTES_MAX)
}

/// The rooms that a message may publish to.
#[derive(Debug, Clone, Copy)]
pub struct Rooms<'a> {
    /// What the connection may.
    pub pass: &'a Pass,
    /// The connection's own.
    pub own: &'a HeldRoom,
    /// The one that the message names, as it was opened before.
    pub named: Option<&'a Result<HeldRoom, PublishRefused>>,
}

impl Rooms<'_> {
    fn of(self, bus: &ArcaneEventBus, name: Option<&RoomName>) -> Result<HeldRoom, PublishRefused> {
        self.pass.check(Right::Publish)?;
        self.pass.check_change(name.unwrap_or(self.own.name()))?;
        let Some(name) = name else { return Ok(self.own.clone()) };
        Ok(match self.named {
            Some(Ok(held)) if held.name() == name => held.clone(),
            Some(Err(error)) => return Err(error.clone()),
            _ => bus.room_in_memory(name)?,
        })
    }
}

/// A publication that was taken, and what its answer is made of once it is in the log.
#[derive(Debug)]
pub struct Accepted {
    /// The message's own id.
    pub id: Option<String>,
    /// Where the events are.
    pub room: RoomName,
    /// The room's run of numbers.
    pub epoch: Epoch,
    /// How many events there are.
    pub count: usize,
    /// Tells when they are in the log, and their numbers.
    pub receipt: Receipt,
}

impl Accepted {
    /// The answer, when the log has the events.
    #[must_use]
    pub fn answer(self, run: Run) -> ServerMessage {
        let Self { id, room, epoch, .. } = self;
        ServerMessage::Published { id, room, epoch, seq: run.last(), count: run.count }
    }
}

/// What looks at events before they are published: how many of their names are new, for example.
type Check<'a> = &'a dyn Fn(&HeldRoom, &[Draft]) -> Result<(), PublishRefused>;

/// Publishes one event or an array of events, all or none, in the message's room or else in the connection's own.
///
/// # Errors
/// Says which field cannot be used; then nothing was published.
pub fn publish(bus: &ArcaneEventBus, rooms: Rooms<'_>, text: &str) -> Result<Accepted, PublishRefused> {
    publish_checked(bus, rooms, text, &|_, _| Ok(()))
}

/// Publishes as [`publish`] does, if events that can be used pass a check.
pub(super) fn publish_checked(
    bus: &ArcaneEventBus,
    rooms: Rooms<'_>,
    text: &str,
    check: Check<'_>,
) -> Result<Accepted, PublishRefused> {
    match serde_json::from_str(text) {
        Ok(Object(message)) => publish_read(bus, rooms, &message, check),
        // Half a character anywhere but in the events, which are read for themselves.
        Err(_) => {
            let plain = json::plain(text.as_bytes());
            match serde_json::from_slice(&plain) {
                Ok(Object(message)) => publish_read(bus, rooms, &message, check),
                Err(error) => {
                    let id = id_of(&plain);
                    Err(PublishRefused { id, ..PublishRefused::new("bad_message", error.to_string()) })
                }
            }
        }
    }
}

fn publish_read(
    bus: &ArcaneEventBus,
    rooms: Rooms<'_>,
    message: &Publish<'_>,
    check: Check<'_>,
) -> Result<Accepted, PublishRefused> {
    let id = message.id.clone();
    if let Some(bytes) = id.as_ref().map(String::len).filter(|bytes| *bytes > PUBLISH_ID_BYTES_MAX) {
        let detail =
            format!("id: has {bytes} bytes, and at most {PUBLISH_ID_BYTES_MAX} come back with the answer");
        return Err(PublishRefused::new("bad_message", detail));
    }
    match submit(bus, rooms, message, check) {
        Ok((room, Submitted { count, receipt })) => {
            let (room, epoch) = (room.name().clone(), room.epoch().clone());
            Ok(Accepted { id, room, epoch, count, receipt })
        }
        Err(refusal) => Err(PublishRefused { id, ..refusal }),
    }
}

/// What an event that was taken back is answered.
pub(super) fn taken_back(id: Option<String>, error: &LogError) -> PublishRefused {
    let refused = match error.fault {
        Fault::OtherContent => PublishRefused::new("bad_key", error.to_string()),
        _ => PublishRefused::passing("log_unavailable", error.to_string()),
    };
    PublishRefused { id, ..refused }
}

fn submit(
    bus: &ArcaneEventBus,
    rooms: Rooms<'_>,
    message: &Publish<'_>,
    check: Check<'_>,
) -> Result<(HeldRoom, Submitted), PublishRefused> {
    let json = message.events.get().as_bytes();
    let level = level(message.ack.as_deref(), bus.log().as_ref());
    let level = level.map_err(|error| PublishRefused::new("bad_message", error.to_string()))?;
    if message.key.as_ref().is_some_and(|key| key.is_empty() || key.len() > KEY_BYTES_MAX) {
        return Err(PublishRefused::new("bad_message", format!("key: has 1 to {KEY_BYTES_MAX} bytes")));
    }
    let key = message.key.as_ref().map(|key| Key::new(key, 0, json));
    let room = rooms.of(bus, message.room.as_ref())?;
    let drafts = intake::read_all(json)?;
    if drafts.is_empty() {
        return Err(PublishRefused::new("bad_event", "events: is empty; send at least one"));
    }
    check(&room, &drafts)?;
    let submission = Submission { level, key, ..Submission::default() };
    let submitted = intake::submit(bus, &room, drafts, submission)?;
    Ok((room, submitted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::BusConfig;

    fn publish_to_main(bus: &ArcaneEventBus, text: &str) -> Result<Accepted, PublishRefused> {
        let (own, pass) = (&bus.default_room(), &Pass::anonymous());
        publish(bus, Rooms { pass, own, named: None }, text)
    }

    fn refused(text: &str) -> String {
        let bus = ArcaneEventBus::new(BusConfig::default());
        let refusal = publish_to_main(&bus, text).unwrap_err();
        assert_eq!(bus.recent_events(10), [], "a refusal publishes nothing");
        format!("{} {}", refusal.code, refusal.detail)
    }

    #[test]
    fn the_last_position_is_told() {
        let bus = ArcaneEventBus::new(BusConfig::default());
        let text =
            r#"{"type":"publish","id":"7","events":[{"spell_name":"reveal"},{"spell_name":"reveal"}]}"#;
        assert!(is_publish(text));
        let accepted = publish_to_main(&bus, text).unwrap();
        let run = accepted.receipt.run().unwrap();
        let ServerMessage::Published { id, seq, count, .. } = accepted.answer(run) else { unreachable!() };
        assert_eq!((id.as_deref(), seq, count), (Some("7"), 2, 2));
    }

    #[test]
    fn each_wrong_field_is_named() {
        insta::assert_snapshot!(refused(r#"{"type":"publish"}"#), @"bad_message missing field `events` at line 1 column 18");
        insta::assert_snapshot!(refused(r#"{"type":"publish","event":{}}"#), @"bad_message unknown field `event`, expected one of `type`, `id`, `room`, `ack`, `key`, `events` at line 1 column 25");
        insta::assert_snapshot!(refused(r#"{"type":"publish","events":[]}"#), @"bad_event events: is empty; send at least one");
        insta::assert_snapshot!(refused(r#"{"type":"publish","events":[{"spell_name":"reveal"},{"spell_name":"hex"}]}"#), @r#"bad_event events/1/spell_name: unknown spell "hex"; known are summon, invoke, banish, reveal, parse and voice"#);
        insta::assert_snapshot!(refused(r#"{"type":"publish","room":"a b","events":{"spell_name":"reveal"}}"#), @"bad_message a name consists of a-z, 0-9, '.', '_' and '-', not ' ' at line 1 column 30");
        insta::assert_snapshot!(refused(r#"{"type":"publish","ack":"soon","events":{"spell_name":"reveal"}}"#), @r#"bad_message ack: must be received, logged or synced, not "soon""#);
        let with = |field: &str, bytes: usize| {
            let value = "x".repeat(bytes);
            refused(&format!(
                r#"{{"type":"publish","{field}":"{value}","events":{{"spell_name":"reveal"}}}}"#
            ))
        };
        insta::assert_snapshot!(with("id", PUBLISH_ID_BYTES_MAX + 1), @"bad_message id: has 129 bytes, and at most 128 come back with the answer");
        insta::assert_snapshot!(with("key", KEY_BYTES_MAX + 1), @"bad_message key: has 1 to 255 bytes");
        insta::assert_snapshot!(with("key", 0), @"bad_message key: has 1 to 255 bytes");
        insta::assert_snapshot!(with("room", 65), @"bad_message a name must have 1 to 64 characters, this one has 65 at line 1 column 92");
        insta::assert_snapshot!(refused(r#"{"type":"publish","ack":"synced","events":{"spell_name":"reveal"}}"#), @r#"bad_message ack: this server keeps events in memory (--ephemeral) and cannot answer "synced""#);
    }

    #[test]
    fn a_refusal_tells_which_message_it_is_about() {
        let bus = ArcaneEventBus::new(BusConfig::default());
        let id_of = |text: &str| publish_to_main(&bus, text).unwrap_err().id;
        for rest in [
            r#""events":[]"#,
            r#""event":{}"#,
            r#""room":"a b","events":{"spell_name":"reveal"}"#,
            r#""key":"","events":{"spell_name":"reveal"}"#,
            r#""key":7,"events":{"spell_name":"reveal"}"#,
        ] {
            let text = format!(r#"{{"type":"publish","id":"7",{rest}}}"#);
            assert_eq!(id_of(&text).as_deref(), Some("7"), "{text}");
        }
        let long = "x".repeat(PUBLISH_ID_BYTES_MAX + 1);
        assert_eq!(id_of(&format!(r#"{{"type":"publish","id":"{long}","event":{{}}}}"#)), None);
    }

    #[test]
    fn half_a_character_anywhere_is_replaced() {
        let bus = ArcaneEventBus::new(BusConfig::default());
        let text =
            r#"{"type":"publish","id":"\ud83d","events":{"spell_name":"reveal","description":"a \ud83d b"}}"#;
        let accepted = publish_to_main(&bus, text).unwrap();
        let run = accepted.receipt.run().unwrap();
        let ServerMessage::Published { id, .. } = accepted.answer(run) else { unreachable!() };
        assert_eq!(id.as_deref(), Some("\u{fffd}"));
        assert_eq!(bus.recent_events(1)[0].description, "a \u{fffd} b");
        insta::assert_snapshot!(refused(r#"{"type":"publish","events":[{"spell_name":"reveal","metadata":{"id":18446744073709551616}}]}"#), @"bad_event events/0/metadata/id: 18446744073709551616 is beyond 64 bits and would lose digits; send it as a string");
    }

    #[test]
    fn the_same_again_is_published_once() {
        let bus = ArcaneEventBus::new(BusConfig::default());
        let text =
            r#"{"type":"publish","key":"k","events":[{"spell_name":"reveal"},{"spell_name":"reveal"}]}"#;
        let first = publish_to_main(&bus, text).unwrap().receipt.run();
        assert!(first.is_some());
        assert_eq!(publish_to_main(&bus, text).unwrap().receipt.run(), first);
        assert_eq!(bus.recent_events(10).len(), 2);
    }
}
