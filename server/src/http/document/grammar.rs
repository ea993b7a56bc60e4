//! What parameters and fields may look like, where a Rust type does not say it.

use serde_json::{Value, json};

use crate::bus::keys::KEY_BYTES_MAX;
use crate::http::days::DAYS_MAX;
use crate::http::history::LIMIT_MAX;
use crate::query::RECENT_MAX;

/// A little narrower than what is read: a number of 20 digits may have more than 64 bits.
const POSITION: &str = "^([A-Za-z0-9_-]{1,64}:[0-9]{1,19}(:end)?|[0-9]{1,19})$";
const TIME: &str = r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt ]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+ -]([01]\d|2[0-3]):[0-5]\d)?$";

/// The schema of a parameter, by its name.
fn schema(name: &str, place: &str) -> Option<Value> {
    let list = |of: &str| json!({"type": "array", "items": {"$ref": of}, "minItems": 1, "maxItems": 64});
    Some(match (name, place) {
        ("room", _) => json!({"$ref": "#/components/schemas/RoomName", "default": "main"}),
        ("consumer", _) => json!({"$ref": "#/components/schemas/ConsumerName"}),
        ("spell", _) => list("#/components/schemas/SpellName"),
        ("daemon", _) => list("#/components/schemas/DaemonName"),
        ("success", _) => json!({"type": "boolean"}),
        ("roster", _) => json!({"type": "boolean", "default": false}),
        ("listen", _) => json!({"type": "boolean", "default": true}),
        ("count", _) => json!({"type": "integer", "minimum": 1, "maximum": RECENT_MAX, "default": 10}),
        ("recent", _) => json!({"type": "integer", "minimum": 0, "maximum": RECENT_MAX, "default": 10}),
        ("limit", _) => json!({"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": 100}),
        ("buckets", _) => json!({"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": 300}),
        ("days", _) => json!({"type": "integer", "minimum": 1, "maximum": DAYS_MAX, "default": 7}),
        ("order", _) => json!({"type": "string", "enum": ["asc", "desc"], "default": "asc"}),
        ("ack", _) => json!({"type": "string", "enum": ["received", "logged", "synced"]}),
        ("window", _) => json!({"type": "string", "enum": ["today", "session", "all"], "default": "all"}),
        ("speed", _) => json!({"type": "number", "minimum": 0.1, "maximum": 100, "default": 1}),
        ("max_gap", _) => json!({"type": "number", "minimum": 0, "maximum": 86400}),
        ("since" | "after" | "before" | "at", _) => {
            json!({"type": "string", "pattern": POSITION, "examples": ["9f3c01ab77de:42"]})
        }
        ("to", _) => json!({"type": "string", "pattern": TIME}),
        ("q", _) => json!({"type": "string", "minLength": 1}),
        ("idempotency-key", "header") => {
            json!({"type": "string", "minLength": 1, "maxLength": KEY_BYTES_MAX, "pattern": "^[!-~]([ -~]*[!-~])?[\\t ]*$"})
        }
        _ => return None,
    })
}

/// Gives each parameter of an operation the schema of its name.
pub(super) fn describe_parameters(path: &str, operation: &mut Value) {
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        let text = |field: &str| parameter[field].as_str().unwrap_or_default();
        let found = match (text("name"), text("in")) {
            ("name", "path") => Some(json!({"$ref": name_in(path)})),
            ("from", _) if path == "/events/activity" => Some(json!({"type": "string", "pattern": TIME})),
            ("from", _) => {
                let seq = json!({"type": "string", "pattern": "^[0-9]{1,19}$"});
                Some(json!({"anyOf": [seq, {"type": "string", "pattern": TIME}]}))
            }
            (name, place) => schema(name, place),
        };
        let Some(schema) = found else { continue };
        if schema["type"] == "array" {
            // Comma-separated.
            parameter["style"] = json!("form");
            parameter["explode"] = json!(false);
        }
        parameter["schema"] = schema;
    }
}

/// What a path names.
fn name_in(path: &str) -> &'static str {
    match path.split('/').nth(1) {
        Some("consumers") => "#/components/schemas/ConsumerName",
        Some("rooms") => "#/components/schemas/RoomName",
        _ => "#/components/schemas/DaemonName",
    }
}

/// A number is a number: `u64` is a name of Rust's.
pub(super) fn inline_numbers(document: &mut Value) {
    fn inline(value: &mut Value) {
        match value {
            Value::Object(map) => {
                let number = match map.get("$ref").and_then(Value::as_str) {
                    Some("#/components/schemas/u64") => {
                        json!({"type": "integer", "format": "int64", "minimum": 0})
                    }
                    Some("#/components/schemas/f64") => json!({"type": "number", "format": "double"}),
                    _ => Value::Null,
                };
                if let Value::Object(number) = number {
                    map.remove("$ref");
                    map.extend(number);
                }
                map.values_mut().for_each(inline);
            }
            Value::Array(list) => list.iter_mut().for_each(inline),
            _ => {}
        }
    }
    inline(document);
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        schemas.retain(|name, _| name != "u64" && name != "f64");
    }
}

/// What has all fields of one answer may have all of another, too: any of them, not one.
pub(super) fn relax_choices(document: &mut Value) {
    let cast = &mut document["components"]["schemas"]["AnyCast"];
    if let Some(choices) = cast.as_object_mut().and_then(|cast| cast.remove("oneOf")) {
        cast["anyOf"] = choices;
    }
}

/// What may be said: a text, or the line of a moment, or both.
pub(super) fn describe_voices(document: &mut Value) {
    let request = &mut document["components"]["schemas"]["VoiceRequest"];
    request["properties"]["event"]["enum"] = json!(["summon", "invoke", "banish", "failure", null]);
    let given = |name: &str| json!({"required": [name], "properties": {name: {"type": "string"}}});
    request["anyOf"] = json!([given("text"), given("event")]);
}

/// The body of a publication: one event or several, in either form.
pub(super) fn describe_events(document: &mut Value) {
    let event = &mut document["components"]["schemas"]["PublishEvent"];
    // What was received can be published again.
    event["properties"]["seq"] = json!({"description": "Ignored: the bus numbers."});
    event["properties"]["room"] = json!({"description": "Ignored: the query names the room."});
    event["additionalProperties"] = json!(false);
    let one = json!({"$ref": "#/components/schemas/PublishEvent"});
    let content = &mut document["paths"]["/events"]["post"]["requestBody"]["content"];
    content["application/json"]["schema"] = json!({
        "oneOf": [one, {"type": "array", "items": one, "maxItems": 10_000}],
        "description": "One event, or several that are published next to each other or not at all",
    });
    content["application/x-ndjson"]["schema"] = json!({
        "type": "string",
        "description": "One event a line, published as the lines arrive",
        "examples": ["{\"spell_name\":\"summon\",\"daemon_name\":\"codex\"}\n{\"spell_name\":\"banish\",\"daemon_name\":\"codex\"}\n"],
    });
}
