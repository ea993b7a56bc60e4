//! The tools: names, what they are for in words for an agent, and the schemas of their arguments. Pure.

use std::sync::Arc;

use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::{Value, json};

use super::telling::{
    EVENTS_DEFAULT, EVENTS_MAX, QUESTIONS, STATES, TASK_CHARS_MAX, TEXT_CHARS_MAX, WORD_CHARS_MAX,
};
use crate::config;

/// Every tool.
pub(super) const NAMES: [&str; 5] = ["summon", "invoke", "speak", "banish", "query"];

/// What a client tells its model of all tools together.
pub(super) const INSTRUCTIONS: &str = "Arcane shows people what AI agents do, the moment they do it. Tell of yourself here: \
`summon` when you begin to work, `invoke` for each task worth a line (state \"begin\" before it, \"done\" or \"failed\" after it, with the \
same call_id), `speak` for a sentence that people should read, with waiting=true when you need a human, and `banish` when you are \
finished. `query` says who else is there. Telling changes nothing in your work: if a call fails, go on without it. Keep secrets and \
whole files out of what you tell.";

const DAEMON: &str = "Your name, or that of the subagent this is about: a-z, 0-9, '.', '_', '-', at most 64 characters. Leave it out if \
the connection was set up with a name.";
const PARENT: &str = "For a subagent: the name of the agent that started it.";

/// An argument of a tool: name, schema, and whether there has to be one.
type Argument = (&'static str, Value, bool);

/// The arguments of a tool.
fn arguments(tool: &str) -> Vec<Argument> {
    let daemon = ("daemon", name(DAEMON), false);
    let parent = ("parent_daemon", name(PARENT), false);
    let reason = text(WORD_CHARS_MAX, "Why you leave: \"finished\", \"gave up\".");
    match tool {
        "summon" => [summon(), vec![daemon, parent]].concat(),
        "invoke" => [invoke(), vec![daemon, parent]].concat(),
        "speak" => [speak(), vec![daemon, parent]].concat(),
        "banish" => vec![daemon, ("reason", reason, false)],
        _ => query(),
    }
}

/// The names of a tool's arguments.
pub(super) fn names_of(tool: &str) -> Vec<&'static str> {
    arguments(tool).into_iter().map(|(name, ..)| name).collect()
}

fn text(chars: usize, description: &str) -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": chars, "description": description})
}

fn name(description: &str) -> Value {
    text(64, description)
}

fn words(words: &[&str], description: &str) -> Value {
    json!({"type": "string", "enum": words, "default": words[0], "description": description})
}

fn summon() -> Vec<Argument> {
    let role = "What you are here for, in a few words: \"reviews pull requests\".";
    vec![
        ("role", text(WORD_CHARS_MAX, role), false),
        ("model", text(WORD_CHARS_MAX, "The model that you run on."), false),
        ("project", text(WORD_CHARS_MAX, "The name of the project that you work on."), false),
    ]
}

fn invoke() -> Vec<Argument> {
    let task = "What is done, in a line: \"cargo test\", \"read the parser\".";
    let state = "\"begin\": it starts now; \"done\" or \"failed\": it has ended.";
    let call_id = "Joins the end of a task with its beginning. \"begin\" answers one if you give none.";
    let seconds = "How long it took, seconds.";
    vec![
        ("task", text(TASK_CHARS_MAX, task), true),
        ("state", words(&STATES, state), false),
        ("call_id", text(WORD_CHARS_MAX, call_id), false),
        ("execution_time", json!({"type": "number", "minimum": 0, "description": seconds}), false),
        ("error", text(TASK_CHARS_MAX, "Why it failed, with state \"failed\"."), false),
        ("tool", text(WORD_CHARS_MAX, "The tool that did it: \"bash\", \"edit\"."), false),
    ]
}

fn speak() -> Vec<Argument> {
    let waiting = "true: you cannot go on without a human. It is shown until you tell of anything else.";
    vec![
        ("text", text(TEXT_CHARS_MAX, "A sentence for people."), true),
        ("waiting", json!({"type": "boolean", "default": false, "description": waiting}), false),
    ]
}

fn query() -> Vec<Argument> {
    let what = "\"present\": who is there and does what; \"waiting\": who waits for a human; \
                \"events\": the latest events of one daemon.";
    let limit = json!({"type": "integer", "minimum": 1, "maximum": EVENTS_MAX, "default": EVENTS_DEFAULT,
                       "description": "How many events, with \"events\"."});
    vec![
        ("what", words(&QUESTIONS, what), false),
        ("daemon", name("Whose events, with \"events\". Left out: your own."), false),
        ("limit", limit, false),
    ]
}

/// Every tool, as a client is told of it.
pub(super) fn all() -> Vec<Tool> {
    NAMES.into_iter().map(described).collect()
}

fn described(name: &'static str) -> Tool {
    let (title, description) = match name {
        "summon" => (
            "Say that you are here",
            "Tells everybody who watches that you, or a subagent of yours, have begun to work. Call it once, before you tell of \
             anything else.",
        ),
        "invoke" => (
            "Tell of a task",
            "Tells of one task of yours: that it begins, or that it has ended well or badly. Nothing is run by it: do the work \
             yourself, and tell of it here.",
        ),
        "speak" => (
            "Say a sentence",
            "Shows a sentence of yours to people, or with waiting=true that you need one of them.",
        ),
        "banish" => (
            "Say that you leave",
            "Tells everybody who watches that you, or a subagent of yours, have finished.",
        ),
        _ => (
            "See who is here",
            "Tells you who is present and does what, who waits for a human, or what a daemon did last. Reading it changes nothing.",
        ),
    };
    let is_query = name == "query";
    let annotations =
        ToolAnnotations::new().read_only(is_query).destructive(false).idempotent(is_query).open_world(false);
    Tool::new(name, description, Arc::new(schema(name))).with_title(title).with_annotations(annotations)
}

fn schema(tool: &str) -> JsonObject {
    let (mut properties, mut required) = (JsonObject::new(), Vec::new());
    for (name, schema, is_required) in arguments(tool) {
        properties.insert(name.into(), schema);
        if is_required {
            required.push(name);
        }
    }
    let mut schema = JsonObject::new();
    schema.insert("type".into(), json!("object"));
    schema.insert("properties".into(), Value::Object(properties));
    schema.insert("required".into(), json!(required));
    schema.insert("additionalProperties".into(), json!(false));
    schema
}

/// What is said of a tool that there is not.
pub(super) fn unknown(name: &str) -> String {
    let name: String = name.chars().take(64).collect();
    match config::nearest(&name, NAMES) {
        Some(meant) => format!("name: there is no tool {name:?}; did you mean {meant:?}?"),
        None => format!("name: there is no tool {name:?}; there are {}", NAMES.join(", ")),
    }
}
