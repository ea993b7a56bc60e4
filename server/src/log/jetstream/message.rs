//! An event as a message of JetStream: its JSON is the payload, what the log knows of it beyond that is in headers. Pure.
//!
//! The state that has to agree with an event rides in headers of the event's own message, so both are kept or neither is.

use std::sync::Arc;

use arcane_shared::event::EVENT_BYTES_MAX;
use arcane_shared::{DaemonName, Seq, SpellName};
use async_nats::HeaderMap;
use async_nats::header::{NATS_MESSAGE_ID, NATS_SEQUENCE};
use bytes::Bytes;
use serde::de::IgnoredAny;

use crate::event::Body;
use crate::log::Record;

/// When it was taken, its spell, whether it worked, and its daemon: with spaces between them.
const EVENT: &str = "Arcane-Event";
/// A record, once for each: a JSON array of its key and its value.
const RECORD: &str = "Arcane-Record";
/// Stands for no daemon. A name has no such character.
const NO_DAEMON: &str = "*";
/// Bytes of all headers of an event. JetStream keeps 65,535 of a message, and [`super::publish`] adds its own.
pub const HEADERS_BYTES_MAX: usize = 63 * 1024;
/// Bytes of a message id.
pub const ID_BYTES_MAX: usize = 256;

/// An event, the records that go with it, and the id by which the stream knows it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The event.
    pub body: Body,
    /// The state that has to agree with it.
    pub records: Vec<Record>,
    /// Up to [`ID_BYTES_MAX`] printable ASCII characters without spaces. A stream takes an entry of this id once, within
    /// its window for duplicates.
    pub id: Arc<str>,
}

/// What a message of a room's stream is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// An event.
    Stored {
        /// Its number.
        seq: Seq,
        /// The event and what goes with it.
        entry: Entry,
    },
    /// A message that no node wrote. It has a number and therefore takes the place of an event.
    Foreign {
        /// Its number.
        seq: Seq,
        /// What is wrong with it.
        why: Foreign,
    },
}

/// Why a message is no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Foreign {
    /// Without the header that says which event it is.
    #[error("it has no header Arcane-Event")]
    NoEvent,
    /// With one that cannot be read.
    #[error("its header Arcane-Event is not \"<microseconds> <spell> <1 or 0> <daemon or *>\"")]
    Event,
    /// Without an id.
    #[error("it has no header Nats-Msg-Id of 1 to {ID_BYTES_MAX} printable ASCII characters")]
    Id,
    /// With a record that cannot be read.
    #[error("a header Arcane-Record of it is no JSON array of a key and a value")]
    Record,
    /// With a payload that is no JSON object with a field, or is larger than an event may be.
    #[error("its payload is no JSON object of up to {EVENT_BYTES_MAX} bytes")]
    Payload,
}

/// Why an entry has no message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unwritable {
    /// More than JetStream keeps of headers.
    #[error(
        "the records of one event have {0} bytes, more than the {HEADERS_BYTES_MAX} that a stream keeps with it"
    )]
    Headers(usize),
    /// An id that cannot be one.
    #[error("{0:?} is no message id: 1 to {ID_BYTES_MAX} printable ASCII characters without spaces")]
    Id(Arc<str>),
}

impl Entry {
    /// The headers of its message; the payload is the JSON of its body.
    ///
    /// # Errors
    /// If its records are larger than a stream keeps, or its id cannot be one.
    pub fn headers(&self) -> Result<HeaderMap, Unwritable> {
        if !is_id(&self.id) {
            return Err(Unwritable::Id(Arc::clone(&self.id)));
        }
        let Body { spell_name, daemon_name, success, at, .. } = &self.body;
        let daemon = daemon_name.as_ref().map_or(NO_DAEMON, DaemonName::as_str);
        let mut headers = HeaderMap::new();
        headers.insert(NATS_MESSAGE_ID, &*self.id);
        headers.insert(EVENT, format!("{at} {spell_name} {} {daemon}", u8::from(*success)));
        // For each header its name, a colon, a space and the end of its line; here for the two above.
        let mut bytes = 256 + self.id.len();
        for Record { key, value } in &self.records {
            let value = serde_json::to_string(&(key, value)).expect("text is JSON");
            bytes += RECORD.len() + value.len() + 4;
            headers.append(RECORD, value);
        }
        if bytes > HEADERS_BYTES_MAX { Err(Unwritable::Headers(bytes)) } else { Ok(headers) }
    }

    /// Reads the message of an entry.
    ///
    /// # Errors
    /// If it is none.
    pub fn read(headers: &HeaderMap, payload: Bytes) -> Result<Self, Foreign> {
        let id = headers.get(NATS_MESSAGE_ID).map(|id| id.as_str()).filter(|id| is_id(id));
        let mut body = event(headers.get(EVENT).ok_or(Foreign::NoEvent)?.as_str()).ok_or(Foreign::Event)?;
        let id = id.ok_or(Foreign::Id)?.into();
        let records = headers.get_all(RECORD).map(|text| record(text.as_str()).ok_or(Foreign::Record));
        let records = records.collect::<Result<Vec<Record>, Foreign>>()?;
        if !is_object(&payload) {
            return Err(Foreign::Payload);
        }
        body.json = payload;
        Ok(Self { body, records, id })
    }
}

impl Message {
    /// Reads a message that a stream has passed on when it took it, or was asked for; `None` if it says no number.
    #[must_use]
    pub fn read(headers: &HeaderMap, payload: Bytes) -> Option<Self> {
        Some(Self::numbered(number(headers)?, headers, payload))
    }

    /// Reads a message whose number is known.
    #[must_use]
    pub fn numbered(seq: Seq, headers: &HeaderMap, payload: Bytes) -> Self {
        match Entry::read(headers, payload) {
            Ok(entry) => Self::Stored { seq, entry },
            Err(why) => Self::Foreign { seq, why },
        }
    }
}

/// The number that the server says. It writes its headers behind those of the publisher, who could have written one as well.
#[must_use]
pub fn number(headers: &HeaderMap) -> Option<Seq> {
    headers.get_last(NATS_SEQUENCE)?.as_str().parse().ok()
}

fn event(text: &str) -> Option<Body> {
    let mut parts = text.split(' ');
    let at = parts.next()?.parse().ok()?;
    let spell = parts.next()?;
    let spell_name = SpellName::ALL.into_iter().find(|known| known.as_str() == spell)?;
    let success = match parts.next()? {
        "1" => true,
        "0" => false,
        _ => return None,
    };
    let daemon_name = match parts.next()? {
        NO_DAEMON => None,
        name => Some(DaemonName::parse(name).ok()?),
    };
    let json = Bytes::new();
    parts.next().is_none().then_some(Body { spell_name, daemon_name, success, at, json })
}

fn record(text: &str) -> Option<Record> {
    let (key, value) = serde_json::from_str(text).ok()?;
    Some(Record { key, value })
}

/// Returns whether it is a JSON object that other fields can be written behind: readers get its bytes as they are.
fn is_object(json: &[u8]) -> bool {
    json.len() <= EVENT_BYTES_MAX
        && json.starts_with(b"{\"")
        && json.ends_with(b"}")
        && std::str::from_utf8(json).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok())
}

fn is_id(id: &str) -> bool {
    (1..=ID_BYTES_MAX).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;

    use async_nats::header::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    fn entry() -> Entry {
        let body = Body {
            spell_name: SpellName::Summon,
            daemon_name: None,
            success: true,
            at: -5,
            json: Bytes::from_static(br#"{"spell_name":"summon"}"#),
        };
        let records = vec![Record::keep("color/main/a\nb", "ü\" \r\n"), Record::forget("key/main/00ab")];
        Entry { body, records, id: "n1-5".into() }
    }

    fn told(headers: &HeaderMap) -> String {
        let mut lines: Vec<String> = headers
            .iter()
            .flat_map(|(name, values)| values.iter().map(move |value| format!("{name}: {value}")))
            .collect();
        lines.sort();
        lines.join("\n")
    }

    #[test]
    fn an_event_is_a_message() {
        insta::assert_snapshot!(told(&entry().headers().unwrap()), @r#"
        Arcane-Event: -5 summon 1 *
        Arcane-Record: ["color/main/a\nb","ü\" \r\n"]
        Arcane-Record: ["key/main/00ab",null]
        Nats-Msg-Id: n1-5
        "#);
    }

    #[test]
    fn the_number_is_the_one_that_the_server_says() {
        let mut headers = entry().headers().unwrap();
        assert_eq!(Message::read(&headers, entry().body.json), None);
        headers.append("Nats-Sequence", "3");
        headers.append("Nats-Stream", "arcane-room-main");
        headers.append("Nats-Sequence", "7");
        assert_eq!(
            Message::read(&headers, entry().body.json),
            Some(Message::Stored { seq: 7, entry: entry() })
        );
    }

    #[test]
    fn a_foreign_message_keeps_its_number() {
        let json = entry().body.json;
        let changed = |name: &str, value: &str| {
            let mut headers = entry().headers().unwrap();
            headers.insert(name, value);
            headers
        };
        let headers = || entry().headers().unwrap();
        let large = Bytes::from(format!("{{\"a\":\"{}\"}}", "x".repeat(EVENT_BYTES_MAX)));
        let cases = [
            (HeaderMap::new(), json.clone()),
            (changed(EVENT, "5 summon 1"), json.clone()),
            (changed(EVENT, "5 summon 1 a b"), json.clone()),
            (changed(EVENT, "5 Summon 1 a"), json.clone()),
            (changed(EVENT, "5 summon yes a"), json.clone()),
            (changed("Nats-Msg-Id", "a b"), json.clone()),
            (changed(RECORD, "[\"a\"]"), json),
            (headers(), Bytes::new()),
            (headers(), Bytes::from_static(b"{}")),
            (headers(), Bytes::from_static(b"{\"a\":1}}")),
            (headers(), Bytes::from_static(b"{\"\xff\":1}")),
            (headers(), large),
        ];
        let whys = cases.map(|(headers, json)| match Message::numbered(3, &headers, json) {
            Message::Foreign { seq: 3, why } => why.to_string(),
            other => format!("{other:?}"),
        });
        insta::assert_snapshot!(whys.join("\n"), @r#"
        it has no header Arcane-Event
        its header Arcane-Event is not "<microseconds> <spell> <1 or 0> <daemon or *>"
        its header Arcane-Event is not "<microseconds> <spell> <1 or 0> <daemon or *>"
        its header Arcane-Event is not "<microseconds> <spell> <1 or 0> <daemon or *>"
        its header Arcane-Event is not "<microseconds> <spell> <1 or 0> <daemon or *>"
        it has no header Nats-Msg-Id of 1 to 256 printable ASCII characters
        a header Arcane-Record of it is no JSON array of a key and a value
        its payload is no JSON object of up to 65536 bytes
        its payload is no JSON object of up to 65536 bytes
        its payload is no JSON object of up to 65536 bytes
        its payload is no JSON object of up to 65536 bytes
        its payload is no JSON object of up to 65536 bytes
        "#);
    }

    #[test]
    fn what_a_stream_would_not_keep_is_not_written() {
        let large = Entry { records: vec![Record::keep("a", "x".repeat(HEADERS_BYTES_MAX))], ..entry() };
        let ids = ["", "a b", "ü"].map(|id| Entry { id: id.into(), ..entry() });
        let mut errors = vec![large.headers().unwrap_err().to_string()];
        errors.extend(ids.map(|entry| entry.headers().unwrap_err().to_string()));
        insta::assert_snapshot!(errors.join("\n"), @r#"
        the records of one event have 64797 bytes, more than the 64512 that a stream keeps with it
        "" is no message id: 1 to 256 printable ASCII characters without spaces
        "a b" is no message id: 1 to 256 printable ASCII characters without spaces
        "ü" is no message id: 1 to 256 printable ASCII characters without spaces
        "#);
        let id = "x".repeat(ID_BYTES_MAX + 1).into();
        assert!(matches!(Entry { id, ..entry() }.headers(), Err(Unwritable::Id(_))));
    }

    fn records() -> impl Strategy<Value = Vec<Record>> {
        let record = (any::<String>(), proptest::option::of(any::<String>()));
        let record = record.prop_map(|(key, value)| Record { key, value });
        proptest::collection::vec(record, 0..5)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            records in records(), id in "[!-~]{1,256}", at: i64, success: bool,
            daemon in proptest::option::of("[a-z0-9._-]{1,64}"), spell in 0_usize..6, description in any::<String>(),
        ) {
            let json = Bytes::from(serde_json::json!({ "description": description }).to_string());
            let daemon_name = daemon.map(|name| DaemonName::parse(&name).unwrap());
            let body = Body { spell_name: SpellName::ALL[spell], daemon_name, success, at, json };
            let entry = Entry { body, records, id: id.as_str().into() };
            let headers = entry.headers().unwrap();
            prop_assert!(!told(&headers).contains('\r'));
            prop_assert_eq!(Entry::read(&headers, entry.body.json.clone()), Ok(entry));
        }

        #[test]
        fn no_header_and_no_payload_is_the_end_of_a_reader(
            event in "\\PC{0,20}", record in "\\PC{0,20}", id in "\\PC{0,20}", number in "\\PC{0,5}",
            name in "[!-9;-~]{1,20}", payload in proptest::collection::vec(any::<u8>(), 0..30), has in any::<[bool; 4]>(),
        ) {
            let mut headers = HeaderMap::new();
            let texts = [(EVENT, event), (RECORD, record), ("Nats-Msg-Id", id), ("Nats-Sequence", number)];
            for ((name, value), _) in texts.into_iter().zip(has).filter(|(_, has)| *has) {
                headers.append(name, HeaderValue::from_str(&value).unwrap());
            }
            headers.append(HeaderName::from_str(&name).unwrap(), "x");
            let _ = Message::read(&headers, payload.into());
        }
    }
}
