//! An event as it goes out: what the bus adds is written between the publisher's own values, without
//! being put into a map first. Publishing is the one path that every event pays for.

use arcane_shared::event::Metadata;
use arcane_shared::sync::SYNC_KEY;
use arcane_shared::{ArcaneEvent, Rgb, RoomName, Seq, SyncDirectives, UnixMillis};
use serde::ser::{Serialize, SerializeMap, SerializeStruct, Serializer};
use serde_json::Value;

/// The key of the daemon's colour in an event's metadata.
const COLOR_KEY: &str = "color";
/// The key of the bus's own time in the sync block.
const EMITTED_AT_KEY: &str = "emitted_at";

/// An event with what only its room knows.
pub(crate) struct Outgoing<'a> {
    pub(crate) event: &'a ArcaneEvent,
    /// What the sync block says where the event's own says nothing.
    pub(crate) directives: &'a SyncDirectives,
    pub(crate) seq: Seq,
    pub(crate) room: &'a RoomName,
    /// The daemon's colour; wins over a publisher's own.
    pub(crate) color: Option<Rgb>,
    /// Goes into the sync block.
    pub(crate) emitted_at: UnixMillis,
}

impl Serialize for Outgoing<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let event = self.event;
        let mut out = serializer.serialize_struct("ArcaneEvent", 8)?;
        out.serialize_field("spell_name", event.spell_name.as_str())?;
        out.serialize_field("daemon_name", &event.daemon_name.as_ref().map(|name| name.as_str()))?;
        out.serialize_field("timestamp", &event.timestamp)?;
        out.serialize_field("success", &event.success)?;
        out.serialize_field("description", &event.description)?;
        out.serialize_field("metadata", &OutgoingMetadata(self))?;
        out.serialize_field("seq", &self.seq)?;
        out.serialize_field("room", self.room.as_str())?;
        out.end()
    }
}

struct OutgoingMetadata<'a>(&'a Outgoing<'a>);

impl Serialize for OutgoingMetadata<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Outgoing { event, directives, color, emitted_at, .. } = self.0;
        let sync = |block| OutgoingSync { block, directives, emitted_at: *emitted_at };
        let mut out = serializer.serialize_map(None)?;
        let (mut has_color, mut has_sync) = (false, false);
        for (key, value) in &event.metadata {
            match (key.as_str(), value, color) {
                (SYNC_KEY, Value::Object(block), _) => {
                    has_sync = true;
                    out.serialize_entry(SYNC_KEY, &sync(Some(block)))?;
                }
                (SYNC_KEY, ..) => {}
                (COLOR_KEY, _, Some(color)) => {
                    has_color = true;
                    out.serialize_entry(COLOR_KEY, &Hex(*color))?;
                }
                _ => out.serialize_entry(key, value)?,
            }
        }
        if !has_sync {
            out.serialize_entry(SYNC_KEY, &sync(None))?;
        }
        if let Some(color) = color.filter(|_| !has_color) {
            out.serialize_entry(COLOR_KEY, &Hex(color))?;
        }
        out.end()
    }
}

struct Hex(Rgb);

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// The same as [`SyncDirectives::complete`] makes of the block.
struct OutgoingSync<'a> {
    block: Option<&'a Metadata>,
    directives: &'a SyncDirectives,
    emitted_at: UnixMillis,
}

impl Serialize for OutgoingSync<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let defaults = self.directives;
        let mut out = serializer.serialize_map(None)?;
        let stamped = self.block.is_some_and(|block| block.contains_key(EMITTED_AT_KEY));
        for (key, value) in self.block.into_iter().flatten() {
            if key == EMITTED_AT_KEY {
                out.serialize_entry(key, &self.emitted_at)?;
            } else {
                out.serialize_entry(key, value)?;
            }
        }
        let lacks = |key: &str| self.block.is_none_or(|block| !block.contains_key(key));
        if lacks("deadline_ms") {
            out.serialize_entry("deadline_ms", &defaults.deadline_ms)?;
        }
        if lacks("animation") {
            out.serialize_entry("animation", &defaults.animation.as_ref().map(|value| value.as_str()))?;
        }
        if lacks("particles") {
            out.serialize_entry("particles", &defaults.particles.as_ref().map(|value| value.as_str()))?;
        }
        if lacks("audio") {
            out.serialize_entry("audio", &defaults.audio.as_ref().map(|value| value.as_str()))?;
        }
        if lacks("invert") {
            out.serialize_entry("invert", &defaults.invert)?;
        }
        if let Some(text) = defaults.text_color.as_ref().filter(|_| lacks("text_color")) {
            out.serialize_entry("text_color", text)?;
        }
        if let Some(text) = defaults.display_text.as_ref().filter(|_| lacks("display_text")) {
            out.serialize_entry("display_text", text)?;
        }
        if !stamped {
            out.serialize_entry(EMITTED_AT_KEY, &self.emitted_at)?;
        }
        out.end()
    }
}

#[cfg(test)]
mod tests {
    use arcane_shared::{SpellName, Timestamp};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn written(event: &ArcaneEvent, color: Option<Rgb>) -> Value {
        let room = RoomName::default();
        let directives = &SyncDirectives::of_outcome(event.success);
        serde_json::to_value(Outgoing { event, directives, seq: 3, room: &room, color, emitted_at: 5.5 })
            .unwrap()
    }

    /// What the parts of `shared` make of it, one after the other.
    fn completed(event: &ArcaneEvent, color: Option<Rgb>) -> Value {
        let mut event = event.clone();
        (event.seq, event.room) = (Some(3), Some(RoomName::default()));
        if let Some(color) = color {
            event.metadata.insert(COLOR_KEY.into(), color.to_string().into());
        }
        SyncDirectives::of_outcome(event.success).complete(&mut event.metadata, 5.5);
        serde_json::to_value(event).unwrap()
    }

    proptest! {
        #[test]
        fn the_same_as_completing_the_map_first(
            success: bool,
            own_color: bool,
            with_color: bool,
            keys in proptest::collection::btree_set(0_usize..8, 0..8),
            block: bool,
        ) {
            const KEYS: [&str; 8] = ["deadline_ms", "animation", "particles", "audio", "invert", "text_color", "display_text", "emitted_at"];
            let values = [json!(90), json!("spin"), json!(null), json!("success"), json!(true), json!("#fff"), json!("!"), json!(1)];
            let sync: Metadata = keys.iter().map(|key| (KEYS[*key].to_owned(), values[*key].clone())).collect();
            let mut metadata = Metadata::new();
            metadata.insert("task".into(), "t".into());
            if own_color {
                metadata.insert(COLOR_KEY.into(), "red".into());
            }
            if block {
                metadata.insert(SYNC_KEY.into(), sync.into());
            }
            let event = ArcaneEvent {
                spell_name: SpellName::Invoke,
                daemon_name: None,
                timestamp: Timestamp::from_unix_micros(0),
                success,
                description: "é\n".into(),
                metadata,
                seq: None,
                room: None,
            };
            let color = with_color.then_some(Rgb::parse("#8B5CF6").unwrap());
            prop_assert_eq!(written(&event, color), completed(&event, color));
        }
    }
}
