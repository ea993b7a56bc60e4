//! The metadata that every event of a spell carries, the realm's and publishers' alike.

use arcane_shared::{ArcaneEvent, Metadata, SpellName};
use serde_json::{Value, json};

/// A metadata field that has the wrong type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("metadata.{field} must be {expected}")]
pub struct WrongType {
    /// Which field.
    pub field: &'static str,
    /// What it must be.
    pub expected: &'static str,
}

enum Kind {
    Text,
    Seconds,
    Count,
    Flag,
    Object,
}

/// The seed's fields for each spell: name, type, and what stands in where a publisher said nothing.
fn fields(spell: SpellName) -> &'static [(&'static str, Kind)] {
    use Kind::{Count, Flag, Object, Seconds, Text};
    match spell {
        SpellName::Summon => &[("model", Text)],
        SpellName::Invoke => &[
            ("task", Text),
            ("execution_time", Seconds),
            ("parameters", Object),
            ("invocation_number", Count),
        ],
        SpellName::Banish => &[
            ("invocation_count", Count),
            ("total_time", Seconds),
            ("daemon_name", Text),
            ("is_active", Flag),
            ("total_invocations", Count),
            ("total_execution_time", Seconds),
            ("average_execution_time", Seconds),
        ],
        SpellName::Reveal => &[("daemon_count", Count), ("query_type", Text)],
        SpellName::Parse => &[("spell_text", Text), ("parsed_action", Text)],
        SpellName::Voice => &[("event", Text), ("tone", Text)],
    }
}

/// Checks the types of the seed's fields and of `sync`; null counts as missing.
///
/// # Errors
/// Names the first field of a wrong type.
pub fn check(spell: SpellName, metadata: &Metadata) -> Result<(), WrongType> {
    for (field, kind) in fields(spell) {
        let Some(value) = metadata.get(*field).filter(|value| !value.is_null()) else { continue };
        let (fits, expected) = match kind {
            Kind::Text => (value.is_string(), "a string"),
            Kind::Seconds => {
                (value.as_f64().is_some_and(|seconds| seconds >= 0.0), "a number of seconds, 0.0 or more")
            }
            Kind::Count => (value.is_u64(), "a whole number, 0 or more"),
            Kind::Flag => (value.is_boolean(), "true or false"),
            Kind::Object => (value.is_object(), "an object"),
        };
        if !fits {
            return Err(WrongType { field, expected });
        }
    }
    check_sync(metadata)
}

fn check_sync(metadata: &Metadata) -> Result<(), WrongType> {
    let block = match metadata.get("sync") {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Object(block)) => block,
        Some(_) => return Err(WrongType { field: "sync", expected: "an object" }),
    };
    let wrong = |field: &'static str, expected| Err(WrongType { field, expected });
    let text = |key: &str| block.get(key).is_none_or(|value| value.is_string() || value.is_null());
    if block.get("deadline_ms").is_some_and(|value| value.as_u64().is_none_or(|ms| ms > u64::from(u32::MAX)))
    {
        return wrong("sync.deadline_ms", "a whole number of milliseconds, 0 to 4294967295");
    }
    if block.get("invert").is_some_and(|value| !value.is_boolean()) {
        return wrong("sync.invert", "true or false");
    }
    for (field, key) in [
        ("sync.animation", "animation"),
        ("sync.particles", "particles"),
        ("sync.audio", "audio"),
        ("sync.display_text", "display_text"),
        ("sync.text_color", "text_color"),
    ] {
        if !text(key) {
            return wrong(field, "a string or null");
        }
    }
    Ok(())
}

/// Fills in what the seed shows for this spell, so that its clients can rely on it.
pub(crate) fn complete(event: &mut ArcaneEvent) {
    let name = event.daemon_name.as_ref();
    for (field, kind) in fields(event.spell_name) {
        let value = event.metadata.get(*field);
        if value.is_some_and(|value| !value.is_null()) {
            if matches!(kind, Kind::Seconds) {
                as_float(&mut event.metadata, field);
            }
            continue;
        }
        let stand_in = match (*field, kind) {
            ("model", _) => json!("unknown"),
            ("daemon_name", _) => json!(name.map(|name| name.as_str()).unwrap_or_default()),
            ("daemon_count", _) => json!(u64::from(name.is_some())),
            ("query_type", _) => json!(if name.is_some() { "state" } else { "all" }),
            ("parsed_action", _) => json!("unknown"),
            ("event", _) => json!("speech"),
            (_, Kind::Text) => json!(""),
            (_, Kind::Seconds) => json!(0.0),
            (_, Kind::Count) => json!(0),
            (_, Kind::Flag) => json!(false),
            (_, Kind::Object) => json!({}),
        };
        event.metadata.insert((*field).into(), stand_in);
    }
    if !event.success && !event.metadata.contains_key("error") {
        event.metadata.insert("error".into(), event.description.as_str().into());
    }
    if event.success
        && let Some(Value::Object(sync)) = event.metadata.get_mut("sync")
    {
        sync.shift_remove("display_text");
    }
    if event.metadata.get("sync").is_some_and(Value::is_null) {
        event.metadata.shift_remove("sync");
    }
}

/// Seconds are floats on the wire: a client in a typed language decodes `1` and `1.0` differently.
fn as_float(metadata: &mut Metadata, field: &str) {
    if let Some(value) = metadata.get_mut(field)
        && let Some(seconds) = value.as_f64()
    {
        *value = json!(seconds);
    }
}

#[cfg(test)]
mod tests {
    use arcane_shared::{Metadata, SpellName};
    use serde_json::json;

    use super::check;

    #[test]
    fn wrong_types_are_named() {
        let refused = |spell, metadata: serde_json::Value| {
            let serde_json::Value::Object(map) = metadata else { unreachable!() };
            check(spell, &map).unwrap_err().to_string()
        };
        assert_eq!(
            refused(SpellName::Invoke, json!({"execution_time": "0.4"})),
            "metadata.execution_time must be a number of seconds, 0.0 or more"
        );
        assert_eq!(
            refused(SpellName::Summon, json!({"sync": {"deadline_ms": -1}})),
            "metadata.sync.deadline_ms must be a whole number of milliseconds, 0 to 4294967295"
        );
        assert_eq!(refused(SpellName::Voice, json!({"sync": 3})), "metadata.sync must be an object");
        assert_eq!(check(SpellName::Invoke, &Metadata::new()), Ok(()));
    }
}
