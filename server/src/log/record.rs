//! State that is kept beside the events: under which keys, and how it is written.
//!
//! A record rides with the events that it has to agree with: the log writes all of them or none. A copy of a log has to
//! know which records name events of a room, so their text is read and written here and nowhere else.

use arcane_shared::{ConsumerName, Position, RoomName, Seq, Timestamp};

/// Colours: then room and daemon. Earlier versions kept one list for all rooms.
pub(crate) const COLOR: &str = "color/";
/// Durable consumers: then room and consumer.
pub(crate) const CONSUMER: &str = "consumer/";
/// Idempotency keys: then room and digest.
pub(crate) const KEY: &str = "key/";
/// Snapshots of rosters: then room and position. They follow from the events, so no copy of a log needs them.
pub(crate) const ROSTER: &str = "roster/";
/// States of agents' sessions, which ride with events: then the digest of the session.
pub(crate) const SESSION: &str = "session/";
/// In place of a consumer's reader: there is none.
const NOBODY: &str = "-";
/// Begins the record of a key whose event has no number yet.
const UNNUMBERED: &str = "0 ";
/// What goes when a room is deleted.
pub(crate) const OF_A_ROOM: [&str; 4] = [CONSUMER, KEY, COLOR, ROSTER];

/// State that is kept under a key; `None` forgets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The key: a word for its kind, a slash, and what tells it apart.
    pub key: String,
    /// The value, as text.
    pub value: Option<String>,
}

impl Record {
    /// Something to keep.
    pub fn keep(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { key: key.into(), value: Some(value.into()) }
    }

    /// The same with the number of the event that it is kept with, where it names that: a log that numbers events itself is
    /// given the record of a key before there is a number.
    #[must_use]
    pub fn numbered(self, seq: Seq) -> Self {
        match self.value.as_deref().and_then(|value| value.strip_prefix(UNNUMBERED)) {
            Some(rest) if self.key.starts_with(KEY) => Self::keep(self.key, format!("{seq} {rest}")),
            _ => self,
        }
    }

    /// Something to forget.
    pub fn forget(key: impl Into<String>) -> Self {
        Self { key: key.into(), value: None }
    }
}

/// The events that an idempotency key stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyRecord {
    /// The number of the first; 0 as long as the log has not given it.
    pub(crate) first: Seq,
    /// How many there are, next to each other; never 0.
    pub(crate) count: u64,
    /// A digest of what was sent.
    pub(crate) content: u64,
    /// When, Unix microseconds.
    pub(crate) at: i64,
}

impl KeyRecord {
    /// The record of a key of a room.
    pub(crate) fn record(self, room: &RoomName, id: u128) -> Record {
        let Self { first, count, content, at } = self;
        Record::keep(Self::key(room, id), format!("{first} {count} {content} {at}"))
    }

    /// Where the record of a key is.
    pub(crate) fn key(room: &RoomName, id: u128) -> String {
        format!("{KEY}{room}/{id:032x}")
    }

    /// The key's digest, and what it stands for; `None` if that is not how one is written.
    pub(crate) fn read(key: &str, value: &str) -> Option<(RoomName, u128, Self)> {
        let (room, _) = key.strip_prefix(KEY)?.split_once('/')?;
        let mut parts = value.split(' ');
        let (first, count): (Seq, u64) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        first.checked_add(count).filter(|_| first > 0 && count > 0)?;
        let (content, at) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some((RoomName::parse(room).ok()?, key_id(key)?, Self { first, count, content, at }))
    }

    /// The last event.
    pub(crate) fn last(self) -> Seq {
        self.first + (self.count - 1)
    }
}

/// The digest of an idempotency key, of the key of its record.
pub(crate) fn key_id(key: &str) -> Option<u128> {
    let (_, id) = key.strip_prefix(KEY)?.split_once('/')?;
    u128::from_str_radix(id, 16).ok()
}

/// Where a durable consumer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConsumerRecord {
    /// The last event that it acknowledged.
    pub(crate) position: Position,
    /// When.
    pub(crate) updated_at: Timestamp,
    /// Who reads in its name, where several processes may; a log to which one process alone writes does not keep that.
    pub(crate) reader: Option<ReaderId>,
}

/// A reader in a consumer's name: `NODE.NUMBER`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReaderId {
    /// The process to which it is connected, as other processes call that.
    pub(crate) node: String,
    /// Which reader of that process.
    pub(crate) number: u64,
}

impl ReaderId {
    fn parse(text: &str) -> Option<Self> {
        let (node, number) = text.rsplit_once('.').filter(|(node, _)| !node.is_empty())?;
        Some(Self { node: node.to_owned(), number: number.parse().ok()? })
    }
}

impl std::fmt::Display for ReaderId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.node, self.number)
    }
}

impl ConsumerRecord {
    /// The record of a consumer of a room.
    pub(crate) fn record(&self, room: &RoomName, name: &ConsumerName) -> Record {
        Record::keep(Self::key(room, name), self.text())
    }

    /// The text of its record.
    pub(crate) fn text(&self) -> String {
        let Self { position, updated_at, reader } = self;
        let reader = reader.as_ref().map(|reader| format!(" {reader}")).unwrap_or_default();
        format!("{position} {}{reader}", updated_at.unix_micros())
    }

    /// Where the record of a consumer is.
    pub(crate) fn key(room: &RoomName, name: &ConsumerName) -> String {
        format!("{CONSUMER}{room}/{name}")
    }

    /// The consumer of a key; `None` if that is none of a consumer.
    pub(crate) fn read_key(key: &str) -> Option<(RoomName, ConsumerName)> {
        let (room, name) = key.strip_prefix(CONSUMER)?.split_once('/')?;
        Some((RoomName::parse(room).ok()?, ConsumerName::parse(name).ok()?))
    }

    /// The consumer and where it is; `None` if that is not how one is written.
    pub(crate) fn read(key: &str, value: &str) -> Option<(RoomName, ConsumerName, Self)> {
        let (room, name) = Self::read_key(key)?;
        let mut parts = value.split(' ');
        let position = Position::parse(parts.next()?).ok()?;
        let updated_at = Timestamp::from_unix_micros(parts.next()?.parse().ok()?);
        let reader = parts.next().filter(|reader| *reader != NOBODY).map(ReaderId::parse);
        let reader = if let Some(reader) = reader { Some(reader?) } else { None };
        let record = Self { position, updated_at, reader };
        Some((room, name, record))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let room = RoomName::default();
        let key = KeyRecord { first: 5, count: 2, content: 7, at: -3 };
        let Record { key: at, value } = key.record(&room, 0xab);
        assert_eq!(
            (at.as_str(), value.as_deref()),
            ("key/main/000000000000000000000000000000ab", Some("5 2 7 -3"))
        );
        assert_eq!(KeyRecord::read(&at, &value.unwrap()), Some((room.clone(), 0xab, key)));
        let name = ConsumerName::parse("billing").unwrap();
        let consumer = ConsumerRecord {
            position: Position::parse("9f3c:42").unwrap(),
            updated_at: Timestamp::from_unix_micros(9),
            reader: None,
        };
        let Record { key: at, value } = consumer.record(&room, &name);
        assert_eq!((at.as_str(), value.as_deref()), ("consumer/main/billing", Some("9f3c:42 9")));
        let read = |value: &str| ConsumerRecord::read(&at, value).map(|(_, _, record)| record);
        assert_eq!(ConsumerRecord::read(&at, &value.unwrap()), Some((room, name, consumer.clone())));
        assert_eq!(read("9f3c:42 9 -"), Some(consumer.clone()));
        let reader = ReaderId { node: "a1".into(), number: 7 };
        let with_reader = ConsumerRecord { reader: Some(reader), ..consumer };
        assert_eq!(with_reader.text(), "9f3c:42 9 a1.7");
        assert_eq!(read("9f3c:42 9 a1.7"), Some(with_reader));
        for value in ["9f3c:42", "9f3c:42 x", "9f3c:42 9 a1", "9f3c:42 9 .7", "9f3c:42 9 a1.x"] {
            assert_eq!(read(value), None, "{value}");
        }
    }

    #[test]
    fn a_key_gets_the_number_of_its_event() {
        let key = KeyRecord { first: 0, count: 2, content: 7, at: -3 }.record(&RoomName::default(), 0xab);
        let numbered = key.numbered(5);
        assert_eq!(numbered.value.as_deref(), Some("5 2 7 -3"));
        assert_eq!(numbered.clone().numbered(6), numbered);
        let other = Record::keep("daemon/claude", "0 2");
        assert_eq!(other.clone().numbered(5), other);
    }

    #[test]
    fn a_key_stands_for_an_event_at_least() {
        for value in ["0 1 7 9", "1 0 7 9", "18446744073709551615 1 7 9", "1 1 7", "x 1 7 9"] {
            assert_eq!(KeyRecord::read("key/main/ab", value), None, "{value}");
        }
    }
}
