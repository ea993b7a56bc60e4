//! What of others' data may stand in an event: within bounds, without secrets, and without what people and models say. Pure.

use serde_json::{Map, Value, json};

use super::payload::cut;
use super::secrets::{self, MASK, masked};

/// Most bytes of one text.
const TEXT_BYTES_MAX: usize = 1024;
/// Most fields of an object, and elements of an array.
const MEMBERS_MAX: usize = 64;
/// Most levels.
const DEPTH_MAX: usize = 6;
/// Most bytes of all texts together.
const BYTES_MAX: usize = 16 * 1024;
/// What stands in the place of what is beyond a bound.
const CUT: &str = "[cut]";

/// Names of fields in which prompts, answers, and what tools are given and give stand, without `_` and `-`, in lower case.
const CONTENT: [&str; 26] = [
    "prompt",
    "prompts",
    "userprompt",
    "systemprompt",
    "system",
    "message",
    "messages",
    "content",
    "contents",
    "text",
    "body",
    "input",
    "inputs",
    "output",
    "outputs",
    "completion",
    "completions",
    "response",
    "answer",
    "instructions",
    "thinking",
    "reasoning",
    "transcript",
    "arguments",
    "result",
    "delta",
];

/// What is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keeping {
    /// Whether what people and models say is kept, too (`--capture-content`).
    pub(crate) content: bool,
}

impl Keeping {
    /// A value, as far as it may be kept.
    pub(crate) fn keep(self, value: &Value) -> Value {
        let mut room = BYTES_MAX;
        self.within(value, DEPTH_MAX, &mut room)
    }

    /// A value of a field, as far as it may be kept.
    pub(crate) fn field_of(self, name: &str, value: &Value) -> Value {
        self.field(name, value, DEPTH_MAX, &mut BYTES_MAX.clone())
    }

    /// A text that is data by itself: nobody says what it is.
    pub(crate) fn text(self, text: &str) -> Value {
        if !self.content {
            return left_out(&json!(text));
        }
        kept_text(text, &mut BYTES_MAX.clone())
    }

    fn within(self, value: &Value, depth: usize, room: &mut usize) -> Value {
        match value {
            Value::String(text) => kept_text(text, room),
            Value::Array(_) | Value::Object(_) if depth == 0 || *room == 0 => json!(CUT),
            Value::Array(all) => {
                let mut kept: Vec<_> =
                    all.iter().take(MEMBERS_MAX).map(|one| self.within(one, depth - 1, room)).collect();
                if all.len() > MEMBERS_MAX {
                    kept.push(json!(CUT));
                }
                Value::Array(kept)
            }
            Value::Object(fields) => {
                let mut kept = Map::new();
                for (name, value) in fields.iter().take(MEMBERS_MAX) {
                    let value = self.field(name, value, depth, room);
                    let name = masked(cut(name, 128));
                    *room = room.saturating_sub(name.len() + 8);
                    kept.insert(name.into_owned(), value);
                }
                if fields.len() > MEMBERS_MAX {
                    kept.insert("…".into(), json!(CUT));
                }
                Value::Object(kept)
            }
            plain => {
                *room = room.saturating_sub(8);
                plain.clone()
            }
        }
    }

    fn field(self, name: &str, value: &Value, depth: usize, room: &mut usize) -> Value {
        if secrets::is_secret(name, value) {
            return json!(MASK);
        }
        if !self.content
            && is_content(name)
            && !matches!(value, Value::Null | Value::Bool(_) | Value::Number(_))
        {
            return left_out(value);
        }
        self.within(value, depth - 1, room)
    }
}

fn kept_text(text: &str, room: &mut usize) -> Value {
    let bytes_max = TEXT_BYTES_MAX.min(*room);
    // A secret at the end of what is kept is masked before it is cut in two.
    let clean = masked(cut(text, 2 * TEXT_BYTES_MAX));
    let kept = cut(&clean, bytes_max);
    *room = room.saturating_sub(kept.len() + 2);
    if kept.len() < clean.len() || text.len() > 2 * TEXT_BYTES_MAX {
        json!(format!("{kept}…"))
    } else {
        json!(kept)
    }
}

fn is_content(name: &str) -> bool {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    CONTENT.contains(&plain.as_str())
}

/// What is said of something that is not kept: how much it was.
fn left_out(value: &Value) -> Value {
    match value {
        Value::String(text) => json!(format!("[left out: {} characters]", text.chars().count())),
        Value::Array(all) => json!(format!("[left out: {} elements]", all.len())),
        _ => json!("[left out]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(content: bool, value: &Value) -> Value {
        Keeping { content }.keep(value)
    }

    #[test]
    fn words_stay_out_unless_they_are_captured_and_secrets_always() {
        let data = json!({
            "repo": "arcane", "prompt": "WORDS", "messages": [{"role": "user"}], "n": 3, "output": {"a": 1},
            "api_key": "abcd", "tokens": 7, "token": 7, "note": "password=hunter2", "credentials": {"a": "b"},
        });
        insta::assert_snapshot!(keep(false, &data), @r#"{"repo":"arcane","prompt":"[left out: 5 characters]","messages":"[left out: 1 elements]","n":3,"output":"[left out]","api_key":"[masked]","tokens":7,"token":7,"note":"password=[masked]","credentials":"[masked]"}"#);
        insta::assert_snapshot!(keep(true, &data), @r#"{"repo":"arcane","prompt":"WORDS","messages":[{"role":"user"}],"n":3,"output":{"a":1},"api_key":"[masked]","tokens":7,"token":7,"note":"password=[masked]","credentials":"[masked]"}"#);
    }

    #[test]
    fn what_is_kept_has_a_bound() {
        let mut deep = json!(1);
        for _ in 0..100 {
            deep = json!([deep]);
        }
        let long = "word ".repeat(100_000);
        for value in
            [json!({"a": long}), json!(vec![long.clone(); 500]), json!({"a": {"b": vec![long; 100]}}), deep]
        {
            let kept = keep(true, &value).to_string();
            assert!(kept.len() < 2 * BYTES_MAX, "{}", kept.len());
        }
        let wide: Map<String, Value> = (0..500).map(|n| (format!("{n:0>200}"), json!("x"))).collect();
        assert!(keep(true, &Value::Object(wide)).to_string().len() < 2 * BYTES_MAX);
    }
}
