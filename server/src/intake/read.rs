//! Reading drafts of events from JSON, with errors that name the field. Pure.

use std::borrow::Cow;

use arcane_shared::api::FieldError;
use arcane_shared::event::{METADATA_DEPTH_MAX, depth};
use arcane_shared::verbatim::{self, Verbatim};
use arcane_shared::{DaemonName, Metadata, Object, SpellName, Timestamp};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::{Draft, Refused};
use crate::event::metadata;
use crate::json;

/// Longest description, characters.
const DESCRIPTION_CHARS_MAX: usize = 16 * 1024;

/// Most events in one array. Below the ring's size, so that one publication alone never makes a
/// reader lose events.
const ARRAY_EVENTS_MAX: usize = 10_000;
/// Most errors that one answer names.
const ERRORS_MAX: usize = 20;

/// An event whose fields have the right types.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    spell_name: SpellName,
    #[serde(default)]
    daemon_name: Option<DaemonName>,
    #[serde(default)]
    timestamp: Option<Timestamp>,
    #[serde(default)]
    success: Option<bool>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default, deserialize_with = "verbatim::optional_metadata")]
    metadata: Option<Metadata>,
    // The bus numbers and the query names the room, so a received event can be published as it is.
    #[serde(default, rename = "seq")]
    _seq: IgnoredAny,
    #[serde(default, rename = "room")]
    _room: IgnoredAny,
}

/// Reads one event or an array of events, all or none.
///
/// What is as it should be is read straight into its types; only what is not is looked at value by
/// value, for an error that names the field.
pub(crate) fn read_all(json: &[u8]) -> Result<Vec<Draft>, Refused> {
    leniently(json, read_list)
}

/// Reads one event.
pub(crate) fn read_one(json: &[u8]) -> Result<Draft, Refused> {
    leniently(json, read_single)
}

/// Reads JSON as the world writes it. Only what cannot be read as it is is looked at for what could be mended.
fn leniently<T>(json: &[u8], read: impl Fn(&[u8]) -> Result<T, Refused>) -> Result<T, Refused> {
    let json = json::without_bom(json);
    let (events, json) = match read(json) {
        Err(Refused::Syntax(why)) => match json::plain(json) {
            Cow::Borrowed(_) => return Err(Refused::Syntax(why)),
            Cow::Owned(mended) => (read(&mended)?, Cow::Owned(mended)),
        },
        events => (events?, Cow::Borrowed(json)),
    };
    match json::beyond_64_bits(&json) {
        None => Ok(events),
        Some(number) => {
            let detail = number.to_string();
            Err(Refused::Fields(vec![FieldError { pointer: number.pointer, detail }]))
        }
    }
}

fn syntax(json: &[u8]) -> impl Fn(serde_json::Error) -> Refused {
    |error| Refused::Syntax(json::explain(&error, json))
}

fn read_list(json: &[u8]) -> Result<Vec<Draft>, Refused> {
    if json.trim_ascii_start().first() != Some(&b'[') {
        return Ok(vec![read_single(json)?]);
    }
    let events = match serde_json::from_slice::<Vec<Object<Given>>>(json) {
        Ok(drafts) if drafts.len() <= ARRAY_EVENTS_MAX => {
            let drafts = drafts.into_iter().enumerate();
            drafts.map(|(index, Object(draft))| check(draft, || format!("/{index}"))).collect::<Vec<_>>()
        }
        Ok(_) => return Err(too_many()),
        Err(_) => {
            let values: Vec<Verbatim> = serde_json::from_slice(json).map_err(syntax(json))?;
            if values.len() > ARRAY_EVENTS_MAX {
                return Err(too_many());
            }
            let values = values.into_iter().enumerate();
            values.map(|(index, Verbatim(value))| read(value, &format!("/{index}"))).collect()
        }
    };
    if events.iter().all(Result::is_ok) {
        return Ok(events.into_iter().filter_map(Result::ok).collect());
    }
    Err(Refused::Fields(events.into_iter().filter_map(Result::err).take(ERRORS_MAX).collect()))
}

fn read_single(json: &[u8]) -> Result<Draft, Refused> {
    let read = match serde_json::from_slice(json) {
        Ok(Object(draft)) => check(draft, String::new),
        Err(_) => {
            let Verbatim(value) = serde_json::from_slice(json).map_err(syntax(json))?;
            read(value, "")
        }
    };
    read.map_err(|error| Refused::Fields(vec![error]))
}

fn too_many() -> Refused {
    let detail = format!("an array has at most {ARRAY_EVENTS_MAX} events");
    Refused::Fields(vec![FieldError { pointer: String::new(), detail }])
}

/// Checks one event of a publisher. `at` is the JSON pointer of the event in the body.
fn read(value: Value, at: &str) -> Result<Draft, FieldError> {
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
        .map_err(|error| wrong("/timestamp", error.to_string()))?;
    let description = text("description")?;
    let success = match map.remove("success") {
        None | Some(Value::Null) => None,
        Some(Value::Bool(success)) => Some(success),
        Some(other) => return Err(wrong("/success", format!("must be true or false, not {}", kind(&other)))),
    };
    let metadata = match map.remove("metadata") {
        None | Some(Value::Null) => None,
        Some(Value::Object(metadata)) => Some(metadata),
        Some(other) => return Err(wrong("/metadata", format!("must be an object, not {}", kind(&other)))),
    };
    map.retain(|key, _| key != "seq" && key != "room");
    if let Some((key, _)) = map.iter().next() {
        return Err(wrong(&format!("/{key}"), "is no field of an event; put it into metadata".into()));
    }
    let (_seq, _room) = (IgnoredAny, IgnoredAny);
    let given = Given { spell_name, daemon_name, timestamp, success, description, metadata, _seq, _room };
    check(given, || at.to_owned())
}

/// Checks what types cannot say.
fn check(given: Given, at: impl Fn() -> String) -> Result<Draft, FieldError> {
    let wrong = |field: &str, detail: String| FieldError { pointer: at() + field, detail };
    let Given { spell_name, daemon_name, timestamp, description, .. } = given;
    let (success, metadata) = (given.success.unwrap_or(true), given.metadata.unwrap_or_default());
    if description.as_ref().is_some_and(|text| text.chars().count() > DESCRIPTION_CHARS_MAX) {
        return Err(wrong("/description", format!("has at most {DESCRIPTION_CHARS_MAX} characters")));
    }
    if depth(&metadata) > METADATA_DEPTH_MAX {
        return Err(wrong("/metadata", format!("is nested deeper than {METADATA_DEPTH_MAX} levels")));
    }
    metadata::check(spell_name, &metadata).map_err(|error| {
        wrong(&format!("/metadata/{}", error.field.replace('.', "/")), format!("must be {}", error.expected))
    })?;
    Ok(Draft { spell_name, daemon_name, timestamp, success, description, metadata, directives: None })
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

    fn checked(value: Value) -> Result<Draft, String> {
        read(value, "/3").map_err(|error| format!("{}: {}", error.pointer, error.detail))
    }

    #[test]
    fn the_least_that_is_an_event() {
        let event = checked(json!({"spell_name": "Summon", "daemon_name": "Codex"})).unwrap();
        assert_eq!(event.daemon_name.unwrap().as_str(), "codex");
        assert!(event.success && event.description.is_none());
    }

    #[test]
    fn each_wrong_field_is_named() {
        let refused = |value| checked(value).unwrap_err();
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
        assert!(checked(json!({"spell_name": "invoke", "metadata": deep["a"]})).is_ok());
    }

    #[test]
    fn an_array_of_an_events_fields_is_no_event() {
        let said = |refused: Refused| match refused {
            Refused::Fields(errors) => format!("{}: {}", errors[0].pointer, errors[0].detail),
            other => panic!("{other:?}"),
        };
        let fields = r#"["reveal","codex",null,true,"said",{},null,null]"#;
        for body in [&format!("[{fields}]"), r#"[["reveal"]]"#] {
            let refused = read_all(body.as_bytes()).unwrap_err();
            assert_eq!(said(refused), "/0: an event is an object, not an array", "{body}");
        }
        let refused = read_one(fields.as_bytes()).unwrap_err();
        assert_eq!(said(refused), ": an event is an object, not an array");
    }

    /// Values that publishers send, good and bad.
    fn field() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            Just(json!(true)),
            Just(json!(7)),
            Just(json!("summon")),
            Just(json!("Invoke")),
            Just(json!(" Claude ")),
            Just(json!("2025-10-24T12:35:10Z")),
            Just(json!({"task": "t"})),
            Just(json!({"sync": 3})),
        ]
    }

    const FIELDS: [&str; 9] = [
        "spell_name",
        "daemon_name",
        "timestamp",
        "success",
        "description",
        "metadata",
        "seq",
        "room",
        "other",
    ];

    proptest! {
        #[test]
        fn both_ways_of_reading_agree(
            fields in proptest::collection::btree_map(0..FIELDS.len(), field(), 0..9),
            many: bool,
        ) {
            let event: Value = fields.iter().map(|(at, value)| (FIELDS[*at], value.clone())).collect();
            let (body, at) = if many { (json!([event]), "/0") } else { (event.clone(), "") };
            let straight = read_all(body.to_string().as_bytes());
            match (straight, read(event, at)) {
                (Ok(events), Ok(event)) => prop_assert_eq!(events, vec![event]),
                (Err(Refused::Fields(errors)), Err(error)) => prop_assert_eq!(errors, vec![error]),
                (straight, value) => prop_assert!(false, "{straight:?} but {value:?}"),
            }
        }

        #[test]
        fn a_number_comes_out_as_it_went_in(number in proptest::num::f64::NORMAL) {
            let body = json!({"spell_name": "reveal", "metadata": {"n": number}}).to_string();
            let event = read_one(body.as_bytes()).unwrap();
            prop_assert_eq!(event.metadata["n"].as_f64(), Some(number));
        }

        #[test]
        fn what_is_no_json_is_refused(text in ".{0,200}", at in 0_usize..100, instead in any::<char>()) {
            let whole = r#"[{"spell_name":"reveal","description":"a \u00e9","metadata":{"n":1.5}},{"spell_name":"parse"}]"#;
            let changed: String = whole.chars().enumerate().map(|(n, c)| if n == at { instead } else { c }).collect();
            for body in [text, changed] {
                let read = read_all(body.as_bytes());
                prop_assert!(read.is_err() || serde_json::from_str::<Value>(&body).is_ok(), "{body}: {read:?}");
            }
        }
    }
}
