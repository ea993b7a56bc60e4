//! Reading what another version wrote: a part that cannot be used costs itself, and nothing around it.
//!
//! For `#[serde(deserialize_with)]`. All of it goes through one kind of value, [`Plain`], so that a reader costs a page few bytes.

mod plain;

use serde::Deserializer;
use serde::de::{Deserialize, DeserializeOwned, Error as _};
use serde_json::Value;

pub use plain::Plain;

use crate::DaemonName;
use crate::verbatim::{Metadata, Verbatim};

/// Reads a value; one of another kind is the default.
///
/// # Errors
/// If the text is no JSON.
pub fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    let Verbatim(value) = Verbatim::deserialize(deserializer)?;
    Ok(T::deserialize(Plain(value)).unwrap_or_default())
}

/// Reads a list; items that cannot be used are left out.
///
/// # Errors
/// If it is no list.
pub fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let items = Vec::<Verbatim>::deserialize(deserializer)?;
    Ok(items.into_iter().filter_map(|Verbatim(item)| T::deserialize(Plain(item)).ok()).collect())
}

/// Reads a list; what is none is empty.
///
/// # Errors
/// If an item cannot be used.
pub(crate) fn list_or_empty<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    match Verbatim::deserialize(deserializer)? {
        Verbatim(list @ Value::Array(_)) => Vec::deserialize(Plain(list)).map_err(D::Error::custom),
        Verbatim(_) => Ok(Vec::new()),
    }
}

/// Reads metadata; what is no object is empty.
///
/// # Errors
/// If the text is no JSON.
pub(crate) fn metadata<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Metadata, D::Error> {
    Ok(match Verbatim::deserialize(deserializer)? {
        Verbatim(Value::Object(metadata)) => metadata,
        Verbatim(_) => Metadata::new(),
    })
}

/// Reads a daemon's name; characters that the protocol does not know become dashes.
///
/// # Errors
/// If the text is no JSON.
pub(crate) fn daemon_name<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<DaemonName>, D::Error> {
    Ok(or_default::<D, Option<String>>(deserializer)?.and_then(|name| DaemonName::mended(&name)))
}
