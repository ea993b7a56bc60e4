//! What a tool was given, and what it gave, as numbers: two calls are one call made again if both are the same. Pure.
//!
//! What differs from run to run and says nothing is left out: how long it took, the time of day, ids of processes and shells, addresses. All
//! other digits count: "2 failed" is another result than "3 failed".

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

/// Units of a time that something took.
const UNITS: [&str; 18] = [
    "ns", "us", "µs", "ms", "s", "sec", "secs", "second", "seconds", "m", "min", "mins", "minute", "minutes",
    "h", "hour", "hours", "millis",
];
/// What stands in the place of what is left out.
const LEFT_OUT: char = '\u{0}';
/// Fields that say in other words what the agent wants with a call, and not what is done.
const WORDS: [&str; 2] = ["description", "explanation"];

/// Tells the tool and all that it is given, whatever the order of its fields and however its agent describes it.
pub(crate) fn input_print(tool: &str, input: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    tool.hash(&mut hasher);
    let is_left_out =
        |name: &str| WORDS.contains(&name) && input.as_object().is_some_and(|all| all.len() > 1);
    write(input, &is_left_out, &|text| text.to_owned(), &mut hasher);
    hasher.finish()
}

/// Tells what a tool gave, without what differs from run to run.
pub(crate) fn result_print(result: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    write(result, &is_of_a_run, &steady, &mut hasher);
    hasher.finish()
}

/// Whether a field tells only of one run.
fn is_of_a_run(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let ends = ["duration", "elapsed", "timestamp", "ms", "id"];
    let is_one = |end: &&str| {
        lower.strip_suffix(*end).is_some_and(|head| {
            // The end of a word, and no part of one: `durationMs`, `wall_time_ms`, `sessionId`, and not `items`.
            head.is_empty()
                || head.ends_with('_')
                || name[head.len()..].starts_with(|c: char| c.is_uppercase())
        })
    };
    ends.iter().any(is_one) || lower.contains("duration") || matches!(&*lower, "time" | "pid" | "pgid")
}

/// Feeds a value with the fields of objects in order of name. serde_json reads nothing that is nested deeper than 128.
fn write(
    value: &Value,
    skips: &impl Fn(&str) -> bool,
    text_of: &impl Fn(&str) -> String,
    into: &mut impl Hasher,
) {
    match value {
        Value::Object(fields) => {
            let mut names: Vec<&String> = fields.keys().filter(|name| !skips(name)).collect();
            names.sort();
            into.write_u8(b'{');
            for name in names {
                name.hash(into);
                write(&fields[name], skips, text_of, into);
            }
            into.write_u8(b'}');
        }
        Value::Array(items) => {
            into.write_u8(b'[');
            items.iter().for_each(|item| write(item, skips, text_of, into));
            into.write_u8(b']');
        }
        Value::String(text) => text_of(text).hash(into),
        plain => plain.to_string().hash(into),
    }
}

/// A text without what differs from run to run.
fn steady(text: &str) -> String {
    let mut steady = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let len = if is_after_id(&steady) { word_len(rest) } else { of_a_run_len(rest) };
        if len > 0 {
            steady.push(LEFT_OUT);
            rest = &rest[len..];
        } else {
            // A number counts as a whole.
            let len = if first.is_ascii_digit() { digits_len(rest) } else { first.len_utf8() };
            steady.push_str(&rest[..len]);
            rest = &rest[len..];
        }
    }
    steady
}

/// Whether an id is to follow: "PGID: ", "Chunk ID: ", "shellId: ", "pid=".
fn is_after_id(text: &str) -> bool {
    let bytes = text.as_bytes();
    [&b"id: "[..], b"id:", b"id="]
        .iter()
        .any(|end| bytes.len() >= end.len() && bytes[bytes.len() - end.len()..].eq_ignore_ascii_case(end))
}

fn word_len(text: &str) -> usize {
    text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len())
}

fn digits_len(text: &str) -> usize {
    text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len())
}

/// How much at the beginning of a text is a time or an address; 0: nothing.
fn of_a_run_len(text: &str) -> usize {
    if let Some(address) = text.strip_prefix("0x") {
        let len = address.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(address.len());
        return if len >= 6 { len + 2 } else { 0 };
    }
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return 0;
    }
    let clock = shaped_len(text, "99:99:99").max(shaped_len(text, "9999-99-99"));
    if clock > 0 {
        return clock;
    }
    let digits = digits_len(text);
    let unit = text[digits..].strip_prefix(' ').unwrap_or(&text[digits..]);
    let len = unit.find(|c: char| !c.is_alphabetic()).unwrap_or(unit.len());
    // `1m23s` has two.
    if UNITS.contains(&&unit[..len])
        || unit[len..].starts_with(|c: char| c.is_ascii_digit()) && len == 1 && UNITS.contains(&&unit[..1])
    {
        digits
    } else {
        0
    }
}

/// How much at the beginning of a text has a shape, in which a 9 stands for a digit; 0: it has not.
fn shaped_len(text: &str, shape: &str) -> usize {
    let fits = |(byte, shape): (u8, u8)| if shape == b'9' { byte.is_ascii_digit() } else { byte == shape };
    let is_long = text.len() >= shape.len();
    if is_long && text.bytes().zip(shape.bytes()).all(fits) { shape.len() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_differs_from_run_to_run_is_left_out() {
        for (one, other) in [
            (
                "test result: FAILED. 2 failed; finished in 0.03s",
                "test result: FAILED. 2 failed; finished in 1.27s",
            ),
            ("Finished in 12 ms", "Finished in 9 ms"),
            ("took 1m23s", "took 2m7s"),
            ("Exit code: 0\nWall time: 0.1 seconds\nOutput:", "Exit code: 0\nWall time: 12 seconds\nOutput:"),
            ("Output: hello\nProcess Group PGID: 10775\n", "Output: hello\nProcess Group PGID: 99\n"),
            (
                "hello\n<shellId: 0 completed with exit code 0>",
                "hello\n<shellId: 12 completed with exit code 0>",
            ),
            ("Chunk ID: 2ff3ab\nok", "Chunk ID: 19c\nok"),
            ("2026-11-28 12:00:01 error", "2026-11-29 23:59:59 error"),
            ("at 0x7ffee4a1", "at 0x55d3c0aa1100"),
        ] {
            assert_eq!(result_print(&json!(one)), result_print(&json!(other)), "{one}");
        }
        let given = |id: u64| json!({"stdout": "x", "durationMs": id, "sessionId": id, "elapsed_ms": id});
        assert_eq!(result_print(&given(1)), result_print(&given(2)));
    }

    #[test]
    fn what_says_something_counts() {
        for (one, other) in [
            ("2 failed", "3 failed"),
            ("error at src/main.rs:12:5", "error at src/main.rs:13:5"),
            ("exit code 1", "exit code 2"),
            ("0x1f", "0x2f"),
            ("version 1.2.3", "version 1.2.4"),
            ("", " "),
        ] {
            assert_ne!(result_print(&json!(one)), result_print(&json!(other)), "{one}");
        }
        assert_ne!(result_print(&json!({"items": 1})), result_print(&json!({"items": 2})));
        assert_ne!(result_print(&json!({"stdout": "a"})), result_print(&json!({"stderr": "a"})));
        assert_ne!(result_print(&json!(["a", "b"])), result_print(&json!(["ab"])));
    }

    #[test]
    fn an_input_is_one_whatever_its_order_and_its_description() {
        let print = |input: Value| input_print("Bash", &input);
        let plain = print(json!({"command": "cargo test", "timeout": 5}));
        assert_eq!(plain, print(json!({"timeout": 5, "command": "cargo test", "description": "Run them"})));
        assert_ne!(plain, print(json!({"timeout": 6, "command": "cargo test"})));
        assert_ne!(plain, input_print("Shell", &json!({"command": "cargo test", "timeout": 5})));
        assert_ne!(print(json!({"description": "a"})), print(json!({"description": "b"})));
    }

    proptest::proptest! {
        #[test]
        fn any_text_has_a_print(text in "\\PC{0,80}|[0-9msh: .-]{0,60}|(id: |0x)?[0-9a-f]{0,12}µs?") {
            proptest::prop_assert_eq!(result_print(&json!(text.clone())), result_print(&json!(text)));
        }
    }
}
