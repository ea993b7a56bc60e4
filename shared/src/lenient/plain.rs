//! A JSON value as a source of typed values, read as what it is.
//!
//! `serde_json`'s own also reads a list as an object, its members in order, and a number as an enum. For that every type has a
//! second reader, and this would be a third of what reading the wire costs the page.

use serde::Deserializer;
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Error, Value};

/// A value to read from.
#[derive(Debug, Clone)]
pub struct Plain(pub Value);

impl IntoDeserializer<'_, Error> for Plain {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

fn unlike<T>(wanted: &'static str) -> Result<T, Error> {
    Err(Error::custom(wanted))
}

impl<'de> Deserializer<'de> for Plain {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Number(number) => number.deserialize_any(visitor),
            Value::String(text) => visitor.visit_string(text),
            list @ Value::Array(_) => Self(list).deserialize_seq(visitor),
            object @ Value::Object(_) => Self(object).deserialize_map(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Bool(value) => visitor.visit_bool(value),
            _ => unlike("expected true or false"),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::String(text) => visitor.visit_string(text),
            _ => unlike("expected a text"),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_string(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_string(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            value => visitor.visit_some(Self(value)),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(list) => visitor.visit_seq(SeqDeserializer::new(list.into_iter().map(Self))),
            _ => unlike("expected a list"),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Object(object) => {
                let members = object.into_iter().map(|(key, value)| (key, Self(value)));
                visitor.visit_map(MapDeserializer::new(members))
            }
            _ => unlike("expected an object"),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            // Every enum of the wire is a word.
            Value::String(word) => visitor.visit_enum(word.into_deserializer()),
            _ => unlike("expected a word"),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::de::DeserializeOwned;

    use super::*;
    use crate::api::{ActivityAnswer, HistoryAnswer, Problem, RoomsAnswer, SpellAnswer};
    use crate::control::ServerMessage;

    fn is_read_as_from_text<T: DeserializeOwned + PartialEq + std::fmt::Debug>(value: &Value) {
        let plain = T::deserialize(Plain(value.clone())).ok();
        assert_eq!(plain, serde_json::from_str(&value.to_string()).ok(), "{value}");
    }

    proptest! {
        #[test]
        fn a_value_is_read_as_its_text_would_be(
            text in proptest::option::of(".{0,9}"), number in any::<u64>(), part in (-9_000_i32..9_000).prop_map(|n| f64::from(n) / 8.0), is in any::<bool>(),
            spell in "summon|aurora", reason in "expired|later",
        ) {
            use serde_json::json;
            let event = json!({"spell_name": spell, "daemon_name": "claude", "timestamp": "2026-01-01T00:00:00",
                "success": is, "description": text, "metadata": {"n": [number, part, {"is": is}]}, "seq": number});
            let resume = json!({"recovered": is, "count": number, "reason": reason});
            is_read_as_from_text::<ServerMessage>(&json!({"type": "connection", "subscriber_count": number,
                "recent_events": [event], "epoch": text, "seq": part, "resume": resume, "more": [is]}));
            is_read_as_from_text::<ServerMessage>(&json!({"type": "pong", "t0": part, "t1": number, "t2": part}));
            is_read_as_from_text::<HistoryAnswer>(&json!({"room": "main", "epoch": "k", "oldest": 1, "head": number,
                "events": [event, 3], "next": text}));
            is_read_as_from_text::<ActivityAnswer>(&json!({"room": "main", "epoch": "k", "oldest": 1, "head": number,
                "oldest_at": part, "head_at": null, "step_s": 3, "buckets": [{"at": part}, {"at": 1, "seq": 1,
                "events": number, "failures": 0, "by_spell": {spell: number}}]}));
            is_read_as_from_text::<Problem>(&json!({"type": "about:blank", "title": text, "status": number % 1_000,
                "errors": [{"pointer": "/a", "detail": "b"}], "suggestions": [text]}));
            is_read_as_from_text::<RoomsAnswer>(&json!({"status": "success", "rooms": [{"room": "a", "epoch": "k",
                "seq": number, "subscribers": 1, "history_size": 1, "events_per_second": part}, text]}));
            is_read_as_from_text::<SpellAnswer>(&json!({"status": "x", "message": text, "result": number}));
        }
    }
}
