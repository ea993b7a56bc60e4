//! Limits that a token has for itself: each stands in place of the server's, whether it is less or more. Pure.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::config::LimitsConfig;

/// A limit that a token may have for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum LimitName {
    EventsPerS,
    BytesPerS,
    SpellsPerS,
    MessagesPerS,
    NewRoomsPerMin,
    NewDaemonsPerMin,
    Streams,
    Replays,
    Queries,
    QueryS,
}

impl LimitName {
    const ALL: [Self; 10] = [
        Self::EventsPerS,
        Self::BytesPerS,
        Self::SpellsPerS,
        Self::MessagesPerS,
        Self::NewRoomsPerMin,
        Self::NewDaemonsPerMin,
        Self::Streams,
        Self::Replays,
        Self::Queries,
        Self::QueryS,
    ];

    /// Its name in a token: the server's setting without `max-`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::EventsPerS => "events_per_s",
            Self::BytesPerS => "bytes_per_s",
            Self::SpellsPerS => "spells_per_s",
            Self::MessagesPerS => "messages_per_s",
            Self::NewRoomsPerMin => "new_rooms_per_min",
            Self::NewDaemonsPerMin => "new_daemons_per_min",
            Self::Streams => "streams",
            Self::Replays => "replays",
            Self::Queries => "queries",
            Self::QueryS => "query_s",
        }
    }

    fn set(self, limits: &mut LimitsConfig, value: u32) {
        match self {
            Self::EventsPerS => limits.events_per_s = value,
            Self::BytesPerS => limits.bytes_per_s = value,
            Self::SpellsPerS => limits.spells_per_s = value,
            Self::MessagesPerS => limits.messages_per_s = value,
            Self::NewRoomsPerMin => limits.new_rooms_per_min = value,
            Self::NewDaemonsPerMin => limits.new_daemons_per_min = value,
            Self::Streams => limits.streams = value,
            Self::Replays => limits.replays = value,
            Self::Queries => limits.queries = value,
            Self::QueryS => limits.query_time = Duration::from_secs(value.into()),
        }
    }
}

/// A limit that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LimitError {
    #[error("there is no limit {0:?}; there are {names}", names = LimitName::ALL.map(LimitName::as_str).join(", "))]
    Name(String),
    #[error("{name} is {value}, and not a whole number from 0, which is no bound, to {max}", name = .0.as_str(), value = .1, max = u32::MAX)]
    Value(LimitName, String),
    #[error("{0:?} is not NAME=VALUE, events_per_s=100 for example")]
    Form(String),
    #[error("{} is there twice", .0.as_str())]
    Twice(LimitName),
}

impl FromStr for LimitName {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Self, LimitError> {
        let known = Self::ALL.into_iter().find(|name| name.as_str() == text);
        known.ok_or_else(|| LimitError::Name(text.chars().take(40).collect()))
    }
}

/// One limit of a token, as `NAME=VALUE` on a command line; the name may be written with `-`, as settings are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OwnLimit(LimitName, u32);

impl FromStr for OwnLimit {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Self, LimitError> {
        let (name, value) = text.split_once('=').ok_or_else(|| LimitError::Form(text.into()))?;
        let name: LimitName = name.trim().replace('-', "_").parse()?;
        let value = value.trim();
        Ok(Self(name, value.parse().map_err(|_| LimitError::Value(name, format!("{value:?}")))?))
    }
}

/// The limits that a token has for itself.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct OwnLimits(BTreeMap<LimitName, u32>);

impl OwnLimits {
    /// These limits.
    ///
    /// # Errors
    /// If one is there twice.
    pub(crate) fn new(limits: &[OwnLimit]) -> Result<Self, LimitError> {
        let mut own = Self::default();
        for OwnLimit(name, value) in limits {
            if own.0.insert(*name, *value).is_some() {
                return Err(LimitError::Twice(*name));
            }
        }
        Ok(own)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The server's limits, with these in their place.
    pub(crate) fn over(&self, mut limits: LimitsConfig) -> LimitsConfig {
        for (name, value) in &self.0 {
            name.set(&mut limits, *value);
        }
        limits
    }
}

impl fmt::Debug for OwnLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.iter().map(|(name, value)| (name.as_str(), value))).finish()
    }
}

impl Serialize for OwnLimits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name.as_str(), value)))
    }
}

impl<'de> Deserialize<'de> for OwnLimits {
    /// A limit that this version does not know may be one that narrows: it is not passed over.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = |(name, value): (String, Value)| {
            let name: LimitName = name.parse()?;
            let number = value.as_u64().and_then(|value| value.try_into().ok());
            Ok((name, number.ok_or_else(|| LimitError::Value(name, value.to_string()))?))
        };
        let limits = Map::deserialize(deserializer)?.into_iter().map(read);
        let limits = limits.collect::<Result<_, LimitError>>();
        limits.map(Self).map_err(|error| D::Error::custom(format!("limits: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> String {
        text.parse::<OwnLimit>().unwrap_err().to_string()
    }

    #[test]
    fn a_limit_takes_the_place_of_the_servers_and_leaves_the_others() {
        let limits = ["events-per-s=10000", "streams=1", " query_s = 0 "].map(|text| text.parse().unwrap());
        let own = OwnLimits::new(&limits).unwrap();
        let server = LimitsConfig::of_strangers();
        let expected =
            LimitsConfig { events_per_s: 10_000, streams: 1, query_time: Duration::ZERO, ..server };
        assert_eq!(own.over(server), expected);
        let json = serde_json::to_string(&own).unwrap();
        assert_eq!(json, r#"{"events_per_s":10000,"streams":1,"query_s":0}"#);
        assert_eq!(serde_json::from_str::<OwnLimits>(&json).unwrap(), own);
    }

    #[test]
    fn every_name_sets_its_own() {
        let none = LimitsConfig::none();
        let mut seen = vec![none];
        for name in LimitName::ALL {
            assert_eq!(name.as_str().parse(), Ok(name));
            let set = OwnLimits(BTreeMap::from([(name, 7)])).over(none);
            assert!(!seen.contains(&set), "{name:?}");
            seen.push(set);
        }
    }

    #[test]
    fn what_cannot_be_used_says_what_would_be_right() {
        insta::assert_snapshot!(said("events=5"), @r#"there is no limit "events"; there are events_per_s, bytes_per_s, spells_per_s, messages_per_s, new_rooms_per_min, new_daemons_per_min, streams, replays, queries, query_s"#);
        insta::assert_snapshot!(said("streams=many"), @r#"streams is "many", and not a whole number from 0, which is no bound, to 4294967295"#);
        insta::assert_snapshot!(said("streams=-1"), @r#"streams is "-1", and not a whole number from 0, which is no bound, to 4294967295"#);
        insta::assert_snapshot!(said("streams"), @r#""streams" is not NAME=VALUE, events_per_s=100 for example"#);
        let twice = ["streams=1", "streams=2"].map(|text| text.parse().unwrap());
        insta::assert_snapshot!(OwnLimits::new(&twice).unwrap_err(), @"streams is there twice");
        for json in [
            r#"{"stream":1}"#,
            r#"{"streams":1.5}"#,
            r#"{"streams":"1"}"#,
            r#"{"streams":null}"#,
            "[]",
            "[1]",
            "3",
        ] {
            assert!(serde_json::from_str::<OwnLimits>(json).is_err(), "{json}");
        }
    }
}
