//! Query parameters that several routes share.

use arcane_shared::{ConsumerName, EventFilter, RoomName, Seq, Timestamp};
use axum::extract::{FromRequestParts, RawQuery};
use axum::http::request::Parts;

use super::error::ApiError;
use crate::bus::{Since, Speed};

/// Most events in `recent_events`.
pub(crate) const RECENT_MAX: usize = 100;
/// Events in `recent_events` where nobody says.
const RECENT_DEFAULT: usize = 10;

/// A parameter that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {detail}")]
pub(crate) struct QueryError {
    pub(crate) name: &'static str,
    pub(crate) detail: String,
}

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        Self::parameter(error.name, error.detail)
    }
}

/// What a reader of a stream wants. WebSocket and SSE take the same.
#[derive(Debug, Clone, PartialEq, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamQuery {
    /// The room; default `main`.
    #[param(value_type = Option<String>)]
    pub(crate) room: RoomName,
    /// `spell`, `daemon` and `success`: comma-separated values, combined with and.
    #[param(value_type = Option<String>, rename = "spell")]
    pub(crate) filter: EventFilter,
    /// Events of the history in the connection message, 0–100; default 10.
    #[param(value_type = Option<u32>)]
    pub(crate) recent: usize,
    /// `false`: no events come; for a WebSocket that only publishes. Default `true`.
    #[param(value_type = Option<bool>)]
    pub(crate) listen: bool,
    /// Where to begin: `since=EPOCH:SEQ` or `since=SEQ` goes on after a position; `from=SEQ` or `from=TIME`
    /// replays history, `speed` (0.1–100) times as fast as it was, pauses cut to `max_gap` seconds;
    /// `consumer=NAME` goes on after the last event that was acknowledged in this name.
    #[param(value_type = Option<String>, rename = "since")]
    pub(crate) begin: Begin,
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
    /// Reads a query string.
    pub(crate) fn read(query: Option<&str>) -> Result<Self, QueryError> {
        let query = Pairs::read(query);
        if query.get("token").is_some() {
            let detail = "this version does not have it yet; leave it out".to_owned();
            return Err(QueryError { name: "token", detail });
        }
        let begin = query.begin()?;
        let listen = query.flag("listen", true)?;
        if !listen && begin != Begin::Now {
            let detail =
                "is for connections that only publish; leave it out, or since, from and consumer".into();
            return Err(QueryError { name: "listen", detail });
        }
        Ok(Self {
            room: query.room()?,
            filter: query.filter()?,
            recent: query.count("recent", 0, RECENT_DEFAULT)?,
            listen,
            begin,
        })
    }
}

/// A query string's decoded pairs. Of a repeated name the last counts.
pub(crate) struct Pairs(Vec<(String, String)>);

impl Pairs {
    pub(crate) fn read(query: Option<&str>) -> Self {
        Self(form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn room(&self) -> Result<RoomName, QueryError> {
        match self.get("room") {
            None => Ok(RoomName::default()),
            Some(text) => {
                RoomName::parse(text).map_err(|error| QueryError { name: "room", detail: error.to_string() })
            }
        }
    }

    pub(crate) fn filter(&self) -> Result<EventFilter, QueryError> {
        EventFilter::from_query(self.get("spell"), self.get("daemon"), self.get("success"))
            .map_err(|error| QueryError { name: error.field, detail: error.detail })
    }

    fn begin(&self) -> Result<Begin, QueryError> {
        let wrong = |name, detail: String| QueryError { name, detail };
        let since =
            self.get("since").map(Since::parse).transpose().map_err(|detail| wrong("since", detail))?;
        let from = self.get("from").map(moment).transpose()?;
        let consumer = self.get("consumer").map(ConsumerName::parse).transpose();
        let consumer = consumer.map_err(|error| wrong("consumer", error.to_string()))?;
        let speed = self.number("speed", 0.1..=100.0)?;
        let max_gap_s = self.number("max_gap", 0.0..=86_400.0)?;
        match (since, from, consumer) {
            (Some(_), Some(_), _) => Err(wrong("from", "goes not together with since; choose one".into())),
            (_, Some(_), Some(_)) => Err(wrong("from", "goes not together with consumer; choose one".into())),
            (_, None, _) if speed.is_some() || max_gap_s.is_some() => {
                let name = if speed.is_some() { "speed" } else { "max_gap" };
                Err(wrong(name, "is for a replay; say from where with from=SEQ or from=TIME".into()))
            }
            (None, Some(from), None) => {
                Ok(Begin::From(from, Speed { factor: speed.unwrap_or(1.0), max_gap_s }))
            }
            (since, None, Some(consumer)) => Ok(Begin::Consumer(consumer, since)),
            (Some(since), None, None) => Ok(Begin::Since(since)),
            (None, None, None) => Ok(Begin::Now),
        }
    }

    /// `true` or `false`.
    pub(crate) fn flag(&self, name: &'static str, default: bool) -> Result<bool, QueryError> {
        match self.get(name) {
            None => Ok(default),
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            Some(other) => {
                Err(QueryError { name, detail: format!("is \"true\" or \"false\", not {other:?}") })
            }
        }
    }

    /// A number within a range.
    fn number(
        &self,
        name: &'static str,
        range: std::ops::RangeInclusive<f64>,
    ) -> Result<Option<f64>, QueryError> {
        let Some(text) = self.get(name) else { return Ok(None) };
        match text.parse::<f64>() {
            Ok(number) if range.contains(&number) => Ok(Some(number)),
            _ => {
                let detail =
                    format!("must be a number from {} to {}, not {text:?}", range.start(), range.end());
                Err(QueryError { name, detail })
            }
        }
    }

    /// A whole number from `min` to [`RECENT_MAX`].
    pub(crate) fn count(&self, name: &'static str, min: usize, default: usize) -> Result<usize, QueryError> {
        self.within(name, min..=RECENT_MAX, default)
    }

    /// A whole number from 1 to `max`.
    pub(crate) fn whole(&self, name: &'static str, max: usize, default: usize) -> Result<usize, QueryError> {
        self.within(name, 1..=max, default)
    }

    fn within(
        &self,
        name: &'static str,
        range: std::ops::RangeInclusive<usize>,
        default: usize,
    ) -> Result<usize, QueryError> {
        let Some(text) = self.get(name) else { return Ok(default) };
        match text.parse::<usize>() {
            Ok(n) if range.contains(&n) => Ok(n),
            _ => {
                let (min, max) = range.into_inner();
                Err(QueryError {
                    name,
                    detail: format!("must be a whole number from {min} to {max}, not {text:?}"),
                })
            }
        }
    }
}

fn moment(text: &str) -> Result<Moment, QueryError> {
    if let Ok(seq) = text.parse() {
        return Ok(Moment::Seq(seq));
    }
    let time = Timestamp::parse(text).map_err(|error| QueryError {
        name: "from",
        detail: format!("{error}; or give the number of an event"),
    })?;
    Ok(Moment::Time(time))
}

impl<S: Send + Sync> FromRequestParts<S> for Pairs {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let RawQuery(query) = RawQuery::from_request_parts(parts, state).await?;
        Ok(Self::read(query.as_deref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(query: &str) -> String {
        StreamQuery::read(Some(query)).unwrap_err().to_string()
    }

    #[test]
    fn defaults() {
        let query = StreamQuery::read(None).unwrap();
        assert_eq!((query.room.as_str(), query.recent, query.filter.is_empty()), ("main", 10, true));
    }

    #[test]
    fn each_wrong_value_is_named() {
        insta::assert_snapshot!(refused("room=two%20words"), @"room: a name consists of a-z, 0-9, '.', '_' and '-', not ' '");
        insta::assert_snapshot!(refused("spell=summon,hex"), @r#"spell: unknown spell "hex"; known are summon, invoke, banish, reveal, parse and voice"#);
        insta::assert_snapshot!(refused("success=maybe"), @r#"success: success is "true" or "false", not "maybe""#);
        insta::assert_snapshot!(refused("recent=-3"), @r#"recent: must be a whole number from 0 to 100, not "-3""#);
        insta::assert_snapshot!(refused("listen=no"), @r#"listen: is "true" or "false", not "no""#);
        insta::assert_snapshot!(refused("since=k:"), @r#"since: expected a position like k3fQ9a:42, found "k:""#);
        insta::assert_snapshot!(refused("since=4&from=3"), @"from: goes not together with since; choose one");
        insta::assert_snapshot!(refused("speed=2"), @"speed: is for a replay; say from where with from=SEQ or from=TIME");
        insta::assert_snapshot!(refused("from=1&speed=0"), @r#"speed: must be a number from 0.1 to 100, not "0""#);
        insta::assert_snapshot!(refused("from=yesterday"), @r#"from: expected a UTC time like 2025-10-24T12:34:56.789000, found "yesterday"; or give the number of an event"#);
        insta::assert_snapshot!(refused("consumer=two%20words"), @"consumer: a name consists of a-z, 0-9, '.', '_' and '-', not ' '");
        insta::assert_snapshot!(refused("token=x"), @"token: this version does not have it yet; leave it out");
    }

    #[test]
    fn where_a_stream_begins() {
        let begin = |query: &str| StreamQuery::read(Some(query)).unwrap().begin;
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
