//! What tells one input of a tool from another: its digest, whatever the order of its fields. Pure.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// SHA-256 of an input with its fields in order of name, in hexadecimal digits.
pub(crate) fn hash_of(input: &Value) -> String {
    let mut text = String::new();
    write(input, &mut text);
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// JSON with the fields of objects in order of name. serde_json reads nothing that is nested deeper than 128.
fn write(value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut names: Vec<&String> = fields.keys().collect();
            names.sort();
            text.push('{');
            for name in names {
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                write(&fields[name], text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for item in items {
                write(item, text);
                text.push(',');
            }
            text.push(']');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_fields_is_no_difference_and_everything_else_is() {
        let hash = hash_of(&json!({"a": [1, {"x": null, "y": "z"}], "b": "c"}));
        assert_eq!(hash, hash_of(&json!({"b": "c", "a": [1, {"y": "z", "x": null}]})));
        assert_eq!(hash.len(), 64);
        for other in [
            json!({"b": "c", "a": [{"y": "z", "x": null}, 1]}),
            json!({"b": "c", "a": [1, {"y": "z"}]}),
            json!({"b": ["c"], "a": [1, {"y": "z", "x": null}]}),
            json!({"b": "c\",\"", "a": [1, {"y": "z", "x": null}]}),
        ] {
            assert_ne!(hash, hash_of(&other), "{other}");
        }
    }
}
