//! The OpenAPI document: what the handlers' attributes say, and what holds for all of them.

mod answers;
mod grammar;
mod security;

use std::sync::LazyLock;

use serde_json::{Value, json};
use utoipa::OpenApi;

use super::api;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Arcane event bus",
        description = "A real-time bus on which every operation of AI daemons is announced.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    servers((url = "/", description = "This server")),
    tags(
        (name = "events", description = "What happened, and telling what happened"),
        (name = "streams", description = "What happens at this moment"),
        (name = "spells", description = "Asking something of the realm"),
        (name = "daemons", description = "Who there is"),
        (name = "agents", description = "What agents and other programs tell in forms of their own"),
        (name = "operating", description = "Running the server"),
    ),
    components(schemas(arcane_shared::AnySpell, arcane_shared::SpellName))
)]
struct Info;

/// The document.
pub(crate) static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let mut document = Info::openapi();
    document.merge(api().into_openapi());
    let mut document = serde_json::to_value(&document).unwrap_or_default();
    security::describe(&mut document);
    grammar::inline_numbers(&mut document);
    grammar::describe_events(&mut document);
    grammar::describe_voices(&mut document);
    grammar::relax_choices(&mut document);
    for (path, _, operation) in operations(&mut document) {
        grammar::describe_parameters(path, operation);
        if security::is_public(path) {
            operation["security"] = json!([]);
        }
        answers::complete(operation);
        if path.starts_with("/v1/") {
            answers::describe_telemetry(operation);
        }
    }
    document
});

/// Path, method and operation of everything that the document describes.
fn operations(document: &mut Value) -> impl Iterator<Item = (&String, &String, &mut Value)> {
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    paths.flat_map(|(path, item)| {
        let operations = item.as_object_mut().into_iter().flatten();
        operations.map(move |(method, operation)| (path, method, operation))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::realm::{SPELL_CHARS_MAX, TASK_CHARS_MAX};

    /// Everything that is referred to anywhere in a value.
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
                map.values().for_each(|value| references(value, found));
            }
            Value::Array(list) => list.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn what_is_referred_to_is_there() {
        let mut found = Vec::new();
        references(&DOCUMENT, &mut found);
        for reference in &found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(DOCUMENT.pointer(pointer).is_some(), "{reference}");
        }
        assert!(found.iter().any(|name| name.ends_with("/AnySpell")));
    }

    #[test]
    fn every_answer_and_parameter_is_described() {
        let mut document = DOCUMENT.clone();
        for (path, method, operation) in operations(&mut document) {
            for (status, answer) in operation["responses"].as_object().unwrap() {
                let text = answer["description"].as_str().unwrap_or_default();
                assert!(!text.is_empty(), "{method} {path} {status}");
            }
            for status in ["400", "403", "422", "429", "503"] {
                assert!(operation["responses"][status].is_object(), "{method} {path} {status}");
            }
            for status in ["429", "503"] {
                let answer = &operation["responses"][status];
                assert!(answer["headers"]["Retry-After"].is_object(), "{method} {path} {status}");
                assert!(
                    answer["content"]["application/problem+json"].is_object(),
                    "{method} {path} {status}"
                );
            }
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                assert!(parameter["description"].is_string(), "{method} {path} {}", parameter["name"]);
                assert!(parameter["schema"].is_object(), "{method} {path} {}", parameter["name"]);
            }
            if !operation["requestBody"].is_null() {
                for status in ["408", "413", "415"] {
                    assert!(operation["responses"][status].is_object(), "{method} {path} {status}");
                }
            }
        }
    }

    #[test]
    fn lengths_are_those_that_are_checked() {
        let length = |of: &str| DOCUMENT.pointer(&format!("/components/schemas/{of}/maxLength")).cloned();
        assert_eq!(length("InvokeRequest/properties/task"), Some(json!(TASK_CHARS_MAX)));
        assert_eq!(length("SpellRequest/properties/spell"), Some(json!(SPELL_CHARS_MAX)));
        assert_eq!(length("VoiceRequest/properties/text"), Some(json!(SPELL_CHARS_MAX)));
    }
}
