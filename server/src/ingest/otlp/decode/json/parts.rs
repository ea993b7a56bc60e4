//! The parts of messages in JSON, each as tolerant as agents need it. Pure.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::super::super::model::{Attributes, Value};

/// A list, absent or null where there is nothing in it.
#[derive(Debug)]
pub(super) struct List<T>(pub(super) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Option::deserialize(deserializer)?.unwrap_or_default()))
    }
}

/// A message, absent or null where nothing of it is said.
#[derive(Debug, Default)]
pub(super) struct Maybe<T>(pub(super) T);

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Option::deserialize(deserializer)?.unwrap_or_default()))
    }
}

/// A text, absent or null where it is empty.
#[derive(Debug, Default)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read<'a>(PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Read<'a> {
            type Value = Text<'a>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Text<'a>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<'a>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
            fn visit_unit<E: de::Error>(self) -> Result<Text<'a>, E> {
                Ok(Text::default())
            }
        }
        deserializer.deserialize_any(Read(PhantomData))
    }
}

/// A whole number, as one or as a text; absent or null where it is 0.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Whole(pub(super) i128);

/// A number, as one or as a text, `NaN` and infinities among them.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Real(pub(super) f64);

impl Whole {
    /// Nanoseconds of Unix; what is out of range is not said.
    pub(super) fn nanos(self) -> u64 {
        u64::try_from(self.0).unwrap_or(0)
    }
}

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl Visitor<'_> for Read {
            type Value = Whole;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number of 64 bits, or a string that is one")
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Whole, E> {
                Ok(Whole(number.into()))
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Whole, E> {
                Ok(Whole(number.into()))
            }
            #[expect(clippy::cast_possible_truncation, reason = "a whole number below 2^64")]
            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Whole, E> {
                if number.fract() == 0.0 && number.abs() < 1.8e19 {
                    return Ok(Whole(number as i128));
                }
                Err(E::invalid_value(de::Unexpected::Float(number), &self))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Whole, E> {
                let number = text
                    .parse::<i128>()
                    .ok()
                    .filter(|number| (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(number));
                number.map(Whole).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
            fn visit_unit<E: de::Error>(self) -> Result<Whole, E> {
                Ok(Whole(0))
            }
        }
        deserializer.deserialize_any(Read)
    }
}

impl<'de> Deserialize<'de> for Real {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        #[expect(clippy::cast_precision_loss, reason = "a number that is to be one with a fraction")]
        impl Visitor<'_> for Read {
            type Value = Real;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or a string that is one")
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Real, E> {
                Ok(Real(number as f64))
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Real, E> {
                Ok(Real(number as f64))
            }
            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Real, E> {
                Ok(Real(number))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Real, E> {
                text.parse().map(Real).map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
            }
            fn visit_unit<E: de::Error>(self) -> Result<Real, E> {
                Ok(Real(0.0))
            }
        }
        deserializer.deserialize_any(Read)
    }
}

/// An id of so many hexadecimal digits; an empty one is none.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Id<const DIGITS: usize>(pub(super) u128);

impl<'de, const DIGITS: usize> Deserialize<'de> for Id<DIGITS> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Text(text) = Text::deserialize(deserializer)?;
        if text.is_empty() {
            return Ok(Self(0));
        }
        let is_hex = text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let id = u128::from_str_radix(&text, 16).ok().filter(|_| is_hex);
        id.map(Self).ok_or_else(|| {
            de::Error::custom(format_args!("an id is {DIGITS} hexadecimal digits, not {text:?}"))
        })
    }
}

/// Attributes: a list of keys and values.
#[derive(Debug, Default)]
pub(super) struct Named<'a>(pub(super) Attributes<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for Named<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read<'a>(PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Read<'a> {
            type Value = Named<'a>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of attributes")
            }
            fn visit_unit<E: de::Error>(self) -> Result<Named<'a>, E> {
                Ok(Named::default())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Named<'a>, A::Error> {
                let mut attributes = Attributes::default();
                while let Some(KeyValue { key, value }) = items.next_element()? {
                    attributes.push(key.0, value.0.0);
                }
                Ok(Named(attributes))
            }
        }
        deserializer.deserialize_any(Read(PhantomData))
    }
}

#[derive(Debug, Deserialize)]
struct KeyValue<'a> {
    #[serde(borrow, default)]
    key: Text<'a>,
    #[serde(borrow, default)]
    value: Maybe<Any<'a>>,
}

/// The value of an attribute. What has elements is passed over, however deep it is.
#[derive(Debug)]
struct Any<'a>(Value<'a>);

impl Default for Any<'_> {
    fn default() -> Self {
        Self(Value::Other)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Any<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read<'a>(PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Read<'a> {
            type Value = Any<'a>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a value: an object with stringValue, intValue, doubleValue, boolValue or another kind",
                )
            }
            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Any<'a>, A::Error> {
                let mut value = Value::Other;
                while let Some(Text(kind)) = members.next_key::<Text<'a>>()? {
                    match kind.as_ref() {
                        "stringValue" => value = Value::Text(members.next_value::<Text<'a>>()?.0),
                        "boolValue" => {
                            value = members.next_value::<Option<bool>>()?.map_or(Value::Other, Value::Bool);
                        }
                        "intValue" => {
                            let Whole(number) = members.next_value()?;
                            value = Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
                        }
                        "doubleValue" => value = Value::Double(members.next_value::<Real>()?.0),
                        _ => {
                            members.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(Any(value))
            }
        }
        deserializer.deserialize_map(Read(PhantomData))
    }
}
