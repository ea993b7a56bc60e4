//! `ArcaneEvent`: the record that a spell happened.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::lenient::Plain;
pub use crate::verbatim::Metadata;
use crate::verbatim::Verbatim;
use crate::{AnySpell, DaemonName, Rgb, RoomName, Seq, SpellName, SyncDirectives, Timestamp, lenient};

/// Largest event on the wire, bytes of JSON.
pub const EVENT_BYTES_MAX: usize = 64 * 1024;
/// Deepest nesting of metadata, counting the metadata object itself as 1.
pub const METADATA_DEPTH_MAX: usize = 16;

/// One event. Immutable once the bus has numbered it.
///
/// `S` is [`SpellName`] where events are made and [`AnySpell`] where they are read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ArcaneEvent<S = SpellName> {
    /// What happened.
    pub spell_name: S,
    /// Who did it; `null` for what concerns the realm as a whole.
    pub daemon_name: Option<DaemonName>,
    /// When, on its publisher's clock.
    pub timestamp: Timestamp,
    /// Whether it worked.
    pub success: bool,
    /// A sentence for people. Text, never markup.
    pub description: String,
    /// Event-specific data; see `docs/protocol.md` for each spell's.
    #[serde(default, deserialize_with = "crate::verbatim::metadata")]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub metadata: Metadata,
    /// Its number in its room: 1, 2, 3 … without holes. `None` until the bus took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
    /// Its room. `None` until the bus took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomName>,
}

/// An event as a reader meets it.
pub type ReceivedEvent = ArcaneEvent<AnySpell>;

/// An event as any version of anything writes it: names, times and absent parts are mended. `None`: it is no event.
///
/// An event whose time cannot be read has [`Timestamp::UNKNOWN`]. Parts of later versions are passed over.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "Verbatim")]
pub struct Mended(pub Option<ReceivedEvent>);

/// What has to be in an event, and what would be good to have.
#[derive(Deserialize)]
struct AsWritten {
    spell_name: AnySpell,
    #[serde(default, deserialize_with = "lenient::daemon_name")]
    daemon_name: Option<DaemonName>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    timestamp: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    success: Option<bool>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    description: String,
    #[serde(default, deserialize_with = "lenient::metadata")]
    metadata: Metadata,
    #[serde(default, deserialize_with = "lenient::or_default")]
    seq: Option<Seq>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    room: Option<RoomName>,
}

impl From<Verbatim> for Mended {
    fn from(Verbatim(value): Verbatim) -> Self {
        let written = AsWritten::deserialize(Plain(value)).ok();
        Self(written.map(|event| ReceivedEvent {
            spell_name: event.spell_name,
            daemon_name: event.daemon_name,
            timestamp: event.timestamp.unwrap_or(Timestamp::UNKNOWN),
            success: event.success.unwrap_or(true),
            description: event.description,
            metadata: event.metadata,
            seq: event.seq,
            room: event.room,
        }))
    }
}

impl<S> ArcaneEvent<S> {
    /// Its directives, with defaults where it has none.
    #[must_use]
    pub fn sync(&self) -> SyncDirectives {
        SyncDirectives::read(&self.metadata, self.success)
    }

    /// Its daemon's colour as the server decided it.
    #[must_use]
    pub fn color(&self) -> Option<Rgb> {
        self.metadata.get("color").and_then(Value::as_str).and_then(|hex| Rgb::parse(hex).ok())
    }

    /// A text of its metadata.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.metadata.get(key).and_then(Value::as_str)
    }

    /// A number of its metadata.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<f64> {
        self.metadata.get(key).and_then(Value::as_f64)
    }
}

impl From<ArcaneEvent> for ReceivedEvent {
    fn from(event: ArcaneEvent) -> Self {
        Self {
            spell_name: event.spell_name.into(),
            daemon_name: event.daemon_name,
            timestamp: event.timestamp,
            success: event.success,
            description: event.description,
            metadata: event.metadata,
            seq: event.seq,
            room: event.room,
        }
    }
}

/// Reads events, mended as [`Mended`] is; what is no event is left out.
///
/// # Errors
/// If it is no list.
pub(crate) fn mended<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<ReceivedEvent>, D::Error> {
    Ok(Vec::<Mended>::deserialize(deserializer)?.into_iter().filter_map(|Mended(event)| event).collect())
}

/// How deep metadata nests: 1 for a flat object.
#[must_use]
pub fn depth(metadata: &Metadata) -> usize {
    fn of(value: &Value) -> usize {
        match value {
            Value::Object(map) => 1 + map.values().map(of).max().unwrap_or(0),
            Value::Array(list) => 1 + list.iter().map(of).max().unwrap_or(0),
            _ => 0,
        }
    }
    1 + metadata.values().map(of).max().unwrap_or(0)
}
