//! What a reader of a stream wants. WebSocket and server-sent events take the same.

use arcane_shared::{ConsumerName, EventFilter, RoomName, Seq, Timestamp};

use super::last_id::LastId;
use crate::bus::{Since, Speed};
use crate::gate::rights::Right;
use crate::gate::{Forbidden, Pass};
use crate::query::{Pairs, QueryError, time};

/// Events in `recent_events` where nobody says.
const RECENT_DEFAULT: usize = 10;

/// What a reader wants of a stream.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StreamQuery {
    pub(crate) room: RoomName,
    pub(crate) filter: EventFilter,
    /// Events of the history in the connection message.
    pub(crate) recent: usize,
    /// Whether the connection message says who is present and does what.
    pub(crate) roster: bool,
    /// Whether events come, or the connection only publishes.
    pub(crate) listen: bool,
    pub(crate) begin: Begin,
    /// What `Last-Event-ID` says, for event streams of clients that can set no header.
    pub(crate) last_id: Option<LastId>,
}

/// Where a stream begins.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Begin {
    /// With what happens next.
    Now,
    /// After a position.
    Since(Since),
    /// With history, at its own pace.
    From(Moment, Speed),
    /// After the last acknowledged event. One that is new begins after the position, if there is one.
    Consumer(ConsumerName, Option<Since>),
}

/// A moment in history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// When this event happened.
    Seq(Seq),
    /// A time.
    Time(Timestamp),
}

impl StreamQuery {
    /// Reads a query whose parameters are known.
    ///
    /// # Errors
    /// Names the parameter that cannot be used.
    pub(crate) fn read(query: &Pairs) -> Result<Self, QueryError> {
        let begin = Begin::read(query)?;
        let listen = query.flag("listen", true)?;
        if !listen && begin != Begin::Now {
            let detail = "is for connections that only publish; leave it out, or since, from and consumer";
            return Err(QueryError::new("listen", detail));
        }
        let roster = query.flag("roster", false)?;
        if roster && matches!(begin, Begin::From(..)) {
            let detail = "is of now and goes not together with from; GET /roster?at=SEQ is of then";
            return Err(QueryError::new("roster", detail));
        }
        Ok(Self {
            room: query.room()?,
            filter: query.filter()?,
            recent: query.count("recent", 0, RECENT_DEFAULT)?,
            roster,
            listen,
            begin,
            last_id: query.get("lastEventId").and_then(LastId::read),
        })
    }
}

impl StreamQuery {
    /// Whether it is of what happened, and ends.
    pub(crate) fn is_replay(&self) -> bool {
        matches!(self.begin, Begin::From(..))
    }

    /// Leaves of it what its reader may see.
    ///
    /// # Errors
    /// If nothing is left, or the reader has not the right, or not in this room.
    pub(crate) fn narrow(&mut self, pass: &Pass) -> Result<(), Forbidden> {
        pass.check(if self.listen { Right::Subscribe } else { Right::Publish })?;
        pass.check_room(&self.room)?;
        if self.listen {
            self.filter = pass.narrow(&self.filter)?;
            // A roster is folded from all events.
            self.roster &= pass.check_whole().is_ok();
        } else if pass.check(Right::Subscribe).is_err() || pass.check_whole().is_err() {
            self.recent = 0;
            self.roster = false;
        }
        Ok(())
    }
}

impl Begin {
    fn read(query: &Pairs) -> Result<Self, QueryError> {
        let wrong = |name, detail: &str| Err(QueryError::new(name, detail));
        let since = query.get("since").map(Since::parse).transpose();
        let since = since.map_err(|detail| QueryError::new("since", detail))?;
        let from = query.get("from").map(Moment::read).transpose()?;
        let consumer = query.get("consumer").map(ConsumerName::parse).transpose();
        let consumer = consumer.map_err(|error| QueryError::new("consumer", error.to_string()))?;
        let speed = query.number("speed", 0.1..=100.0)?;
        let max_gap_s = query.number("max_gap", 0.0..=86_400.0)?;
        match (since, from, consumer) {
            (Some(_), Some(_), _) => wrong("from", "goes not together with since; choose one"),
            (_, Some(_), Some(_)) => wrong("from", "goes not together with consumer; choose one"),
            (_, None, _) if speed.is_some() || max_gap_s.is_some() => {
                let name = if speed.is_some() { "speed" } else { "max_gap" };
                wrong(name, "is for a replay; say from where with from=SEQ or from=TIME")
            }
            (None, Some(from), None) => {
                Ok(Self::From(from, Speed { factor: speed.unwrap_or(1.0), max_gap_s }))
            }
            (since, None, Some(consumer)) => Ok(Self::Consumer(consumer, since)),
            (Some(since), None, None) => Ok(Self::Since(since)),
            (None, None, None) => Ok(Self::Now),
        }
    }

    /// Whether the stream may come to an end after which its client should stay away.
    pub(crate) fn may_end(&self) -> bool {
        matches!(self, Self::From(..) | Self::Consumer(..))
    }
}

impl Moment {
    fn read(text: &str) -> Result<Self, QueryError> {
        if let Ok(seq) = text.parse() {
            return Ok(Self::Seq(seq));
        }
        let or_seq = |detail| QueryError::new("from", format!("{detail}; or give the number of an event"));
        time(text).map(Self::Time).map_err(or_seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: Option<&str>) -> Result<StreamQuery, QueryError> {
        StreamQuery::read(&Pairs::read(query))
    }

    fn refused(query: &str) -> String {
        read(Some(query)).unwrap_err().to_string()
    }

    #[test]
    fn defaults() {
        let query = read(None).unwrap();
        assert_eq!((query.room.as_str(), query.recent, query.filter.is_empty()), ("main", 10, true));
    }

    #[test]
    fn each_wrong_value_is_named() {
        insta::assert_snapshot!(refused("room=two%20words"), @"room: a name consists of a-z, 0-9, '.', '_' and '-', not ' '");
        insta::assert_snapshot!(refused("spell=summon,hex"), @r#"spell: unknown spell "hex"; known are summon, invoke, banish, reveal, parse and voice"#);
        insta::assert_snapshot!(refused("success=maybe"), @r#"success: success is "true" or "false", not "maybe""#);
        insta::assert_snapshot!(refused("success="), @r#"success: success is "true" or "false", not """#);
        insta::assert_snapshot!(refused("spell="), @"spell: spell names nothing; leave it out to have all");
        insta::assert_snapshot!(refused("daemon=%20,"), @"daemon: daemon names nothing; leave it out to have all");
        let many = format!("daemon={}", vec!["a"; 65].join(","));
        insta::assert_snapshot!(refused(&many), @"daemon: daemon takes at most 64 values, not 65");
        insta::assert_snapshot!(refused("recent=-3"), @r#"recent: must be a whole number from 0 to 100, not "-3""#);
        insta::assert_snapshot!(refused("listen=no"), @r#"listen: is "true" or "false", not "no""#);
        insta::assert_snapshot!(refused("since=k:"), @r#"since: expected a position like 9f3c01ab77de:42, found "k:""#);
        insta::assert_snapshot!(refused("since=4&from=3"), @"from: goes not together with since; choose one");
        insta::assert_snapshot!(refused("from=1&roster=true"), @"roster: is of now and goes not together with from; GET /roster?at=SEQ is of then");
        insta::assert_snapshot!(refused("speed=2"), @"speed: is for a replay; say from where with from=SEQ or from=TIME");
        insta::assert_snapshot!(refused("from=1&speed=0"), @r#"speed: must be a number from 0.1 to 100, not "0""#);
        insta::assert_snapshot!(refused("from=yesterday"), @r#"from: expected a UTC time like 2025-10-24T12:34:56.789000, found "yesterday"; an offset's + is written %2B; or give the number of an event"#);
        insta::assert_snapshot!(refused("consumer=two%20words"), @"consumer: a name consists of a-z, 0-9, '.', '_' and '-', not ' '");
        insta::assert_snapshot!(refused("since=18446744073709551616"), @"since: 18446744073709551616 is no number of an event: it has more than 64 bits");
    }

    #[test]
    fn where_a_stream_begins() {
        let begin = |query: &str| read(Some(query)).unwrap().begin;
        assert_eq!(begin("since=7"), Begin::Since(Since { epoch: None, seq: 7 }));
        assert_eq!(begin("from=7"), Begin::From(Moment::Seq(7), Speed::default()));
        let fast = Speed { factor: 10.0, max_gap_s: Some(5.0) };
        let time = Timestamp::parse("2025-10-24T12:34:56Z").unwrap();
        let query = "from=2025-10-24T12:34:56Z&speed=10&max_gap=5";
        assert_eq!(begin(query), Begin::From(Moment::Time(time), fast));
        let billing = ConsumerName::parse("billing").unwrap();
        assert_eq!(begin("consumer=Billing"), Begin::Consumer(billing, None));
    }
}
