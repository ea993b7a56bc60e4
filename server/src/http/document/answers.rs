//! What every route may answer, whatever it does.

use serde_json::{Map, Value, json};

/// Of all routes.
const COMMON: [(&str, &str); 6] = [
    ("401", "The server has keys, and the request has no token that holds"),
    ("400", "The request does not say, or not plainly, which host it is for"),
    ("403", "The token does not allow it, or a page of this origin may not"),
    ("422", "A parameter cannot be used, or is none of this route"),
    ("429", "The subject does more than it may; `Retry-After` says when to go on"),
    ("503", "Nothing was done: the server has too much to do, or its event log cannot be used at the moment"),
];
/// Of routes that take a body.
const OF_BODIES: [(&str, &str); 4] = [
    ("400", "The body is not JSON, or broke off; or the request does not say which host it is for"),
    ("408", "The body did not come in time"),
    ("413", "The body is too large"),
    ("415", "The body is of a kind that this route does not read"),
];
/// What is said of an answer that has nothing more to say.
const DONE: &str = "Done";

/// Adds the answers that an operation has in common with others, and describes those that do not describe themselves.
pub(super) fn complete(operation: &mut Value) {
    let is_public = operation["security"] == json!([]);
    let has_body = !operation["requestBody"].is_null();
    let Some(answers) = operation["responses"].as_object_mut() else { return };
    for (status, text) in OF_BODIES.iter().filter(|_| has_body).chain(&COMMON) {
        if is_public && matches!(*status, "401" | "429") {
            continue;
        }
        answers.entry(*status).or_insert_with(|| problem(text));
    }
    for (_, answer) in answers.iter_mut() {
        if answer["description"].as_str().is_none_or(str::is_empty) {
            answer["description"] = json!(DONE);
        }
    }
    sort(answers);
}

fn problem(text: &str) -> Value {
    json!({
        "description": text,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    })
}

fn sort(answers: &mut Map<String, Value>) {
    let mut all: Vec<_> = std::mem::take(answers).into_iter().collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    answers.extend(all);
}
