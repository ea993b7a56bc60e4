//! What stands in a token (RFC 7519, section 4). Pure.

use std::collections::BTreeSet;

use arcane_shared::EventFilter;
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::own_limits::OwnLimits;

/// The latest time that is read of a number with a fraction, Unix seconds: whole numbers are exact up to there.
const FRACTION_MAX_S: f64 = 9e15;

/// The claims of a token. What others put there is left alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Claims {
    /// When it ends, Unix seconds.
    #[serde(deserialize_with = "exp")]
    pub(crate) exp: u64,
    /// When it was made, Unix seconds.
    #[serde(default, deserialize_with = "iat", skip_serializing_if = "Option::is_none")]
    pub(crate) iat: Option<u64>,
    /// From when on it holds, Unix seconds.
    #[serde(default, deserialize_with = "nbf", skip_serializing_if = "Option::is_none")]
    pub(crate) nbf: Option<u64>,
    /// For whom it is: one or several.
    pub(crate) aud: Audience,
    /// Whose it is.
    pub(crate) sub: String,
    /// Its own name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) jti: Option<String>,
    /// Rooms: names, beginnings (`team-*`), or all (`*`). None, if it does not say.
    #[serde(default)]
    pub(crate) rooms: Vec<String>,
    /// What it allows. A right that this version does not know allows nothing.
    #[serde(default)]
    pub(crate) can: Vec<String>,
    /// Which events its reader gets, whatever the reader asks for.
    #[serde(default, deserialize_with = "object", skip_serializing_if = "EventFilter::is_empty")]
    pub(crate) filter: EventFilter,
    /// The token of a link that signs a browser in: how long the token holds that it is exchanged for, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) link: Option<u64>,
    /// The token of such a link: when the token ends at the latest that it is exchanged for, Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<u64>,
    /// Limits in place of the server's.
    #[serde(default, skip_serializing_if = "OwnLimits::is_empty")]
    pub(crate) limits: OwnLimits,
}

/// `aud` is a text or a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Audience {
    One(String),
    Several(BTreeSet<String>),
}

/// A time may have a fraction (`NumericDate`); what is left of it is to the safe side.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "within the bounds that are checked"
)]
fn seconds<E: Error>(name: &str, value: &Value, whole: fn(f64) -> f64) -> Result<u64, E> {
    let of_fraction =
        || value.as_f64().filter(|at| (0.0..=FRACTION_MAX_S).contains(at)).map(|at| whole(at) as u64);
    let wrong = || E::custom(format!("{name} is {value}, and not a number of seconds since 1970"));
    value.as_u64().or_else(of_fraction).ok_or_else(wrong)
}

fn exp<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    seconds("exp", &Value::deserialize(deserializer)?, f64::floor)
}

fn iat<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let value = Option::<Value>::deserialize(deserializer)?;
    value.map(|value| seconds("iat", &value, f64::floor)).transpose()
}

fn nbf<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let value = Option::<Value>::deserialize(deserializer)?;
    value.map(|value| seconds("nbf", &value, f64::ceil)).transpose()
}

/// A structure of an object alone: serde would fill its fields from an array, in their order, and take an empty one for the default.
fn object<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<T, D::Error> {
    let object = Map::deserialize(deserializer)?;
    serde_json::from_value(Value::Object(object)).map_err(D::Error::custom)
}
