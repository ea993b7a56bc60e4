//! Reads what comes through the socket, leniently: one strange event must not cost the others.

use arcane_shared::control::ServerMessage;
use arcane_shared::{DaemonName, Epoch, ReceivedEvent, RoomName, Seq, Timestamp};
use serde_json::{Map, Value};

/// One message of the server.
#[derive(Debug, Clone)]
pub enum Incoming {
    /// The first message of a connection.
    Welcome(Welcome),
    /// Something happened.
    Event(Box<ReceivedEvent>),
    /// A notice or an answer.
    Control(ServerMessage),
    /// Valid, but of a later version.
    Unknown,
    /// Nothing that can be shown. Counted.
    Undecodable,
}

/// The connection message; what a plain server of the seed's time does not say is at its default.
#[derive(Debug, Clone, Default)]
pub struct Welcome {
    /// Who listens, this page included.
    pub subscriber_count: u64,
    /// Oldest first.
    pub recent: Vec<ReceivedEvent>,
    /// The room.
    pub room: RoomName,
    /// The run of numbers; empty when the server has none.
    pub epoch: Option<Epoch>,
    /// The live stream starts after this.
    pub seq: Seq,
    /// Recent events that could not be read.
    pub undecodable: u64,
}

/// Reads one text message. `now` dates an event whose own time cannot be read.
#[must_use]
pub fn read(text: &str, now: Timestamp) -> Incoming {
    if text.starts_with("{\"spell_name\"")
        && let Ok(event) = serde_json::from_str::<ReceivedEvent>(text)
    {
        return Incoming::Event(Box::new(event));
    }
    let Ok(Value::Object(object)) = serde_json::from_str(text) else {
        return Incoming::Undecodable;
    };
    match object.get("type").and_then(Value::as_str) {
        Some("connection") => Incoming::Welcome(welcome(object, now)),
        Some(_) if !object.contains_key("spell_name") => {
            serde_json::from_value(Value::Object(object)).map_or(Incoming::Unknown, Incoming::Control)
        }
        _ => {
            event(Value::Object(object), now).map_or(Incoming::Undecodable, |e| Incoming::Event(Box::new(e)))
        }
    }
}

fn welcome(mut object: Map<String, Value>, now: Timestamp) -> Welcome {
    let recent = match object.remove("recent_events") {
        Some(Value::Array(list)) => list,
        _ => Vec::new(),
    };
    let count = recent.len() as u64;
    let recent: Vec<ReceivedEvent> = recent.into_iter().filter_map(|value| event(value, now)).collect();
    let last = recent.iter().filter_map(|event| event.seq).max().unwrap_or(0);
    let text = |key: &str| object.get(key).and_then(Value::as_str);
    Welcome {
        subscriber_count: object.get("subscriber_count").and_then(Value::as_u64).unwrap_or(0),
        room: text("room").and_then(|room| RoomName::parse(room).ok()).unwrap_or_default(),
        epoch: text("epoch").map(|epoch| Epoch(epoch.into())),
        seq: object.get("seq").and_then(Value::as_u64).unwrap_or(last),
        undecodable: count - recent.len() as u64,
        recent,
    }
}

/// Reads an event, mending what can be mended: names, times and absent parts.
#[must_use]
pub fn event(value: Value, now: Timestamp) -> Option<ReceivedEvent> {
    let Value::Object(mut object) = value else { return None };
    if !object.get("spell_name").is_some_and(Value::is_string) {
        return None;
    }
    let daemon = object.get("daemon_name").and_then(Value::as_str).and_then(mended_name);
    object.insert("daemon_name".into(), daemon.map_or(Value::Null, Value::String));
    let time = object.get("timestamp").and_then(Value::as_str).and_then(|text| Timestamp::parse(text).ok());
    object.insert("timestamp".into(), time.unwrap_or(now).to_string().into());
    let mend = |object: &mut Map<String, Value>, key: &str, fits: fn(&Value) -> bool, default: Value| {
        if !object.get(key).is_some_and(fits) {
            object.insert(key.into(), default);
        }
    };
    mend(&mut object, "success", Value::is_boolean, true.into());
    mend(&mut object, "description", Value::is_string, "".into());
    mend(&mut object, "metadata", Value::is_object, Value::Object(Map::new()));
    mend(&mut object, "seq", Value::is_u64, Value::Null);
    mend(&mut object, "room", |room| room.as_str().is_some_and(|r| RoomName::parse(r).is_ok()), Value::Null);
    serde_json::from_value(Value::Object(object)).ok()
}

/// A daemon's name as the protocol writes it; characters that it does not know become dashes.
fn mended_name(text: &str) -> Option<String> {
    if let Ok(name) = DaemonName::parse(text) {
        return Some(name.as_str().to_owned());
    }
    let mended: String = text
        .trim()
        .to_lowercase()
        .chars()
        .map(|c| if arcane_shared::name::is_name_char(c) { c } else { '-' })
        .take(arcane_shared::name::NAME_LEN_MAX)
        .collect();
    (!mended.is_empty()).then_some(mended)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn now() -> Timestamp {
        Timestamp::parse("2026-01-01T00:00:00").unwrap()
    }

    #[test]
    fn the_seeds_connection_message_is_enough() {
        let text = r#"{"type":"connection","message":"✨","subscriber_count":1,"recent_events":[
            {"spell_name":"summon","daemon_name":"claude","timestamp":"2025-10-24T12:34:56.789000","success":true,"description":"x","metadata":{}},
            7]}"#;
        let Incoming::Welcome(welcome) = read(text, now()) else { panic!() };
        assert_eq!((welcome.subscriber_count, welcome.recent.len(), welcome.undecodable), (1, 1, 1));
        assert_eq!(welcome.room.as_str(), "main");
    }

    #[test]
    fn a_strange_event_is_mended() {
        let text = r#"{"spell_name":"route","daemon_name":"Ärger Bot","timestamp":"gestern","success":"yes",
            "metadata":null,"seq":-4,"extra":[1]}"#;
        let Incoming::Event(event) = read(text, now()) else { panic!() };
        assert_eq!(event.spell_name.as_str(), "route");
        assert_eq!(event.daemon_name.unwrap().as_str(), "-rger-bot");
        assert_eq!(event.timestamp, now());
        assert!(event.success && event.seq.is_none());
    }

    #[test]
    fn a_notice_of_a_later_version_is_not_an_error() {
        assert!(matches!(read(r#"{"type":"aurora","colour":1}"#, now()), Incoming::Unknown));
        assert!(matches!(read(r#"{"type":"caught_up","seq":4}"#, now()), Incoming::Control(_)));
        assert!(matches!(read("[1,2]", now()), Incoming::Undecodable));
    }

    proptest! {
        #[test]
        fn nothing_breaks_it(text in ".{0,200}") {
            let _ = read(&text, now());
            let _ = read(&format!("{{\"spell_name\":{text}"), now());
            let _ = read(&format!("{{\"type\":\"connection\",\"recent_events\":[{text}]}}"), now());
        }
    }
}
