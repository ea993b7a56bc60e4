//! An outside event, checked: what may go onto the bus. Pure but for the time it is given.

use arcane_shared::api::FieldError;
use arcane_shared::event::{METADATA_DEPTH_MAX, depth};
use arcane_shared::{ArcaneEvent, DaemonName, Metadata, RoomName, SpellName, Timestamp};
use serde_json::Value;

use crate::bus::metadata;
use crate::realm::lore;

/// Longest description, characters.
const DESCRIPTION_CHARS_MAX: usize = 16 * 1024;

/// Checks one event of a publisher. `at` is the JSON pointer of the event in the body.
///
/// # Errors
/// Names the first field that cannot be used, and the remedy.
pub(crate) fn read(
    value: Value,
    room: &RoomName,
    now: Timestamp,
    at: &str,
) -> Result<ArcaneEvent, FieldError> {
    let wrong = |field: &str, detail: String| FieldError { pointer: format!("{at}{field}"), detail };
    let Value::Object(mut map) = value else {
        return Err(wrong("", format!("an event is an object, not {}", kind(&value))));
    };
    let mut text = |key: &'static str| match map.remove(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(wrong(&format!("/{key}"), format!("must be a string, not {}", kind(&other)))),
    };
    let spell_name: SpellName = text("spell_name")?
        .ok_or_else(|| {
            wrong(
                "/spell_name",
                "is missing; name one of summon, invoke, banish, reveal, parse, voice".into(),
            )
        })?
        .parse()
        .map_err(|error: arcane_shared::spell::UnknownSpell| wrong("/spell_name", error.to_string()))?;
    let daemon_name = text("daemon_name")?
        .map(|name| DaemonName::parse(&name))
        .transpose()
        .map_err(|error| wrong("/daemon_name", error.to_string()))?;
    let timestamp = text("timestamp")?
        .map(|time| Timestamp::parse(&time))
        .transpose()
        .map_err(|error| wrong("/timestamp", error.to_string()))?
        .unwrap_or(now);
    let description = text("description")?;
    if description.as_ref().is_some_and(|text| text.chars().count() > DESCRIPTION_CHARS_MAX) {
        return Err(wrong("/description", format!("has at most {DESCRIPTION_CHARS_MAX} characters")));
    }
    let success = match map.remove("success") {
        None | Some(Value::Null) => true,
        Some(Value::Bool(success)) => success,
        Some(other) => return Err(wrong("/success", format!("must be true or false, not {}", kind(&other)))),
    };
    let metadata = match map.remove("metadata") {
        None | Some(Value::Null) => Metadata::new(),
        Some(Value::Object(metadata)) => metadata,
        Some(other) => return Err(wrong("/metadata", format!("must be an object, not {}", kind(&other)))),
    };
    if depth(&metadata) > METADATA_DEPTH_MAX {
        return Err(wrong("/metadata", format!("is nested deeper than {METADATA_DEPTH_MAX} levels")));
    }
    metadata::check(spell_name, &metadata).map_err(|error| {
        wrong(&format!("/metadata/{}", error.field.replace('.', "/")), format!("must be {}", error.expected))
    })?;
    // The bus numbers and the query names the room, so a received event can be published as it is.
    map.retain(|key, _| key != "seq" && key != "room");
    if let Some((key, _)) = map.iter().next() {
        return Err(wrong(&format!("/{key}"), "is no field of an event; put it into metadata".into()));
    }
    let description =
        description.unwrap_or_else(|| describe(spell_name, daemon_name.as_ref(), success, &metadata));
    Ok(ArcaneEvent {
        spell_name,
        daemon_name,
        timestamp,
        success,
        description,
        metadata,
        seq: None,
        room: Some(room.clone()),
    })
}

fn describe(spell: SpellName, daemon: Option<&DaemonName>, success: bool, metadata: &Metadata) -> String {
    let number = |key: &str| metadata.get(key).and_then(Value::as_f64).unwrap_or(0.0);
    let count = |key: &str| metadata.get(key).and_then(Value::as_u64).unwrap_or(0);
    let text = |key: &str| metadata.get(key).and_then(Value::as_str);
    match (spell, daemon) {
        (SpellName::Summon, Some(daemon)) => lore::summon(daemon, success),
        (SpellName::Invoke, Some(daemon)) => lore::invoke(daemon, number("execution_time"), success),
        (SpellName::Banish, Some(daemon)) => lore::banish(daemon, count("invocation_count"), success),
        (SpellName::Parse, _) => {
            lore::parse(text("spell_text").unwrap_or_default(), text("parsed_action").filter(|_| success))
        }
        (SpellName::Reveal, daemon) => {
            lore::reveal(daemon, metadata.get("is_active").and_then(Value::as_bool).unwrap_or(false))
        }
        (spell, _) => format!("✨ The aether stirs: {spell}. ✨"),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn check(value: Value) -> Result<ArcaneEvent, String> {
        read(value, &RoomName::default(), Timestamp::from_unix_micros(0), "/3")
            .map_err(|error| format!("{}: {}", error.pointer, error.detail))
    }

    #[test]
    fn the_least_that_is_an_event() {
        let event = check(json!({"spell_name": "Summon", "daemon_name": "Codex"})).unwrap();
        assert_eq!(event.daemon_name.unwrap().as_str(), "codex");
        assert!(event.success && event.description.contains("CODEX"));
    }

    #[test]
    fn each_wrong_field_is_named() {
        let refused = |value| check(value).unwrap_err();
        insta::assert_snapshot!(refused(json!(3)), @"/3: an event is an object, not a number");
        insta::assert_snapshot!(refused(json!({})), @"/3/spell_name: is missing; name one of summon, invoke, banish, reveal, parse, voice");
        insta::assert_snapshot!(refused(json!({"spell_name": "hex"})), @r#"/3/spell_name: unknown spell "hex"; known are summon, invoke, banish, reveal, parse and voice"#);
        insta::assert_snapshot!(refused(json!({"spell_name": "summon", "daemon_name": "a b"})), @"/3/daemon_name: a name consists of a-z, 0-9, '.', '_' and '-', not ' '");
        insta::assert_snapshot!(refused(json!({"spell_name": "summon", "timestamp": "now"})), @r#"/3/timestamp: expected a UTC time like 2025-10-24T12:34:56.789000, found "now""#);
        insta::assert_snapshot!(refused(json!({"spell_name": "summon", "success": "yes"})), @"/3/success: must be true or false, not a string");
        insta::assert_snapshot!(refused(json!({"spell_name": "summon", "sucess": false})), @"/3/sucess: is no field of an event; put it into metadata");
        insta::assert_snapshot!(refused(json!({"spell_name": "invoke", "metadata": {"execution_time": "1"}})), @"/3/metadata/execution_time: must be a number of seconds, 0.0 or more");
        let mut deep = json!(1);
        for _ in 0..17 {
            deep = json!({ "a": deep });
        }
        insta::assert_snapshot!(refused(json!({"spell_name": "invoke", "metadata": deep.clone()})), @"/3/metadata: is nested deeper than 16 levels");
        assert!(check(json!({"spell_name": "invoke", "metadata": deep["a"]})).is_ok());
    }

    proptest! {
        #[test]
        fn no_json_makes_it_panic(text in ".{0,200}") {
            if let Ok(value) = serde_json::from_str(&text) {
                let _ = check(value);
            }
        }
    }
}
