//! Reads what comes through the socket, leniently: one strange event must not cost the others.
//!
//! Everything is read by hand from one parsed value. Derived decoders would be a quarter of the page.

use arcane_shared::control::PaintSample;
use arcane_shared::{
    AnySpell, DaemonName, Epoch, NotRecovered, ReceivedEvent, Resume, RoomName, Seq, Timestamp, UnixMillis,
};
use serde_json::{Map, Value};

use crate::gap::Cause;

/// One message of the server.
#[derive(Debug, Clone)]
pub enum Incoming {
    /// The first message of a connection.
    Welcome(Welcome),
    /// Something happened.
    Event(Box<ReceivedEvent>),
    /// A notice or an answer.
    Notice(Notice),
    /// Valid, but of a later version.
    Unknown,
    /// Nothing that can be shown. Counted.
    Undecodable,
}

/// A notice or an answer, as far as the page acts on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Notice {
    /// The server's clock.
    Pong {
        /// The page's clock when it asked.
        t0: UnixMillis,
        /// The server's clock when the question arrived.
        t1: UnixMillis,
        /// The server's clock when the answer left.
        t2: UnixMillis,
    },
    /// Events that cannot be delivered any more.
    Gap {
        /// The first of them.
        from: Seq,
        /// The last of them.
        to: Seq,
        /// Why.
        cause: Cause,
    },
    /// So many events are still to be read from the log; 0: caught up.
    Behind {
        /// How many.
        events: u64,
    },
    /// Everything up to here was considered.
    Position {
        /// The last one.
        seq: Seq,
    },
    /// The server is about to stop.
    Draining {
        /// When to come back.
        reconnect_in_ms: u64,
    },
    /// Known, and nothing to act on.
    Remark,
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
    /// What became of the position that the page named.
    pub resume: Option<Resume>,
    /// Recent events that could not be read.
    pub undecodable: u64,
}

/// Reads one text message. `now` dates an event whose own time cannot be read.
#[must_use]
pub fn read(text: &str, now: Timestamp) -> Incoming {
    let Ok(Value::Object(object)) = serde_json::from_str(text) else {
        return Incoming::Undecodable;
    };
    match object.get("type").and_then(Value::as_str) {
        Some("connection") => Incoming::Welcome(welcome(object, now)),
        Some(_) if !object.contains_key("spell_name") => {
            notice(&object).map_or(Incoming::Unknown, Incoming::Notice)
        }
        _ => {
            event(Value::Object(object), now).map_or(Incoming::Undecodable, |e| Incoming::Event(Box::new(e)))
        }
    }
}

fn notice(object: &Map<String, Value>) -> Option<Notice> {
    let whole = |key: &str| object.get(key).and_then(Value::as_u64);
    let number = |key: &str| object.get(key).and_then(Value::as_f64);
    Some(match object.get("type")?.as_str()? {
        "pong" => Notice::Pong { t0: number("t0")?, t1: number("t1")?, t2: number("t2")? },
        "gap" => {
            let word = object.get("reason").and_then(Value::as_str).unwrap_or_default();
            Notice::Gap { from: whole("from")?, to: whole("to")?, cause: Cause::of_word(word) }
        }
        "lagging" => Notice::Behind { events: whole("behind")? },
        "caught_up" => Notice::Behind { events: 0 },
        "position" => Notice::Position { seq: whole("seq")? },
        "draining" => Notice::Draining { reconnect_in_ms: whole("reconnect_in_ms")? },
        "hello" | "filtered" | "published" | "error" => Notice::Remark,
        _ => return None,
    })
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
        resume: object.get("resume").and_then(resume),
        recent,
    }
}

fn resume(value: &Value) -> Option<Resume> {
    if value.get("recovered")?.as_bool()? {
        return Some(Resume::recovered(value.get("count").and_then(Value::as_u64).unwrap_or(0)));
    }
    // A reason of a later version: whatever it is, nothing was resumed.
    Some(Resume::refused(match value.get("reason").and_then(Value::as_str) {
        Some("epoch_changed") => NotRecovered::EpochChanged,
        Some("ahead") => NotRecovered::Ahead,
        _ => NotRecovered::Expired,
    }))
}

/// Reads an event, mending what can be mended: names, times and absent parts.
#[must_use]
pub fn event(value: Value, now: Timestamp) -> Option<ReceivedEvent> {
    let Value::Object(mut object) = value else { return None };
    let mut text = |key: &str| match object.get_mut(key).map(Value::take) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    Some(ReceivedEvent {
        spell_name: AnySpell::from(text("spell_name")?),
        daemon_name: text("daemon_name").and_then(|name| mended_name(&name)),
        timestamp: text("timestamp").and_then(|time| Timestamp::parse(&time).ok()).unwrap_or(now),
        description: text("description").unwrap_or_default(),
        room: text("room").and_then(|room| RoomName::parse(&room).ok()),
        success: object.get("success").and_then(Value::as_bool).unwrap_or(true),
        seq: object.get("seq").and_then(Value::as_u64),
        metadata: match object.get_mut("metadata").map(Value::take) {
            Some(Value::Object(metadata)) => metadata,
            _ => Map::new(),
        },
    })
}

/// An event as its sender wrote it, members in the same order.
#[must_use]
pub fn value(event: &ReceivedEvent) -> Map<String, Value> {
    let name = event.daemon_name.as_ref().map(DaemonName::as_str);
    let mut object = object([
        ("spell_name", event.spell_name.as_str().into()),
        ("daemon_name", name.into()),
        ("timestamp", event.timestamp.to_string().into()),
        ("success", event.success.into()),
        ("description", event.description.as_str().into()),
        ("metadata", Value::Object(event.metadata.clone())),
    ]);
    if let Some(seq) = event.seq {
        object.insert("seq".into(), seq.into());
    }
    if let Some(room) = &event.room {
        object.insert("room".into(), room.as_str().into());
    }
    object
}

/// `hello`, for the server's own statistics.
#[must_use]
pub fn hello(client: &str) -> String {
    written(object([("type", "hello".into()), ("client", client.into())]))
}

/// `ping`, sent at `t0` of the page's clock.
#[must_use]
pub fn ping(t0: UnixMillis) -> String {
    written(object([("type", "ping".into()), ("t0", t0.into())]))
}

/// `seen`: when events became visible.
#[must_use]
pub fn seen(samples: &[PaintSample]) -> String {
    let sample = |sample: &PaintSample| {
        let mut members = object([
            ("seq", sample.seq.into()),
            ("painted_at", sample.painted_at.into()),
            ("late_ms", sample.late_ms.into()),
            ("missed", sample.missed.into()),
        ]);
        if let Some(reason) = sample.reason {
            members.insert("reason".into(), reason.as_str().into());
        }
        Value::Object(members)
    };
    let samples = Value::Array(samples.iter().map(sample).collect());
    written(object([("type", "seen".into()), ("samples", samples)]))
}

/// An object of these members.
#[must_use]
pub fn object<const N: usize>(members: [(&str, Value); N]) -> Map<String, Value> {
    let mut object = Map::new();
    for (key, value) in members {
        object.insert(key.into(), value);
    }
    object
}

/// An object as JSON text.
#[must_use]
pub fn written(object: Map<String, Value>) -> String {
    serde_json::to_string(&Value::Object(object)).unwrap_or_default()
}

/// A daemon's name as the protocol writes it; characters that it does not know become dashes.
fn mended_name(text: &str) -> Option<DaemonName> {
    if let Ok(name) = DaemonName::parse(text) {
        return Some(name);
    }
    let mended: String = text
        .trim()
        .to_ascii_lowercase()
        .chars()
        .map(|c| if arcane_shared::name::is_name_char(c) { c } else { '-' })
        .take(arcane_shared::name::NAME_LEN_MAX)
        .collect();
    DaemonName::parse(&mended).ok()
}

#[cfg(test)]
mod tests;
