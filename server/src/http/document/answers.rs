//! What every route may answer, whatever it does.

use serde_json::{Map, Value, json};

/// Of all routes.
const COMMON: [(&str, &str); 6] = [
    ("401", "The server has keys, and the request has no token that holds"),
    ("400", "The request does not say, or not plainly, which host it is for"),
    ("403", "The token does not allow it, or a page of this origin may not"),
    ("422", "A parameter cannot be used, or is none of this route"),
    (
        "429",
        "The subject, or its address, does more than it may: `detail` says of what, `Retry-After` when to go on",
    ),
    ("503", "Nothing was done: the server has too much to do, or its event log cannot be used at the moment"),
];
/// Of routes that take a body.
const OF_BODIES: [(&str, &str); 4] = [
    ("400", "The body is not JSON, or broke off; or the request does not say which host it is for"),
    ("408", "The body did not come in time"),
    ("413", "The body is too large"),
    ("415", "The body is of a kind that this route does not read"),
];
/// Answers that say when to try again.
const LATER: [&str; 2] = ["429", "503"];
/// What is said of an answer that has nothing more to say.
const DONE: &str = "Done";

/// Adds the answers that an operation has in common with others, and describes those that do not describe themselves.
pub(super) fn complete(operation: &mut Value) {
    let is_public = operation["security"] == json!([]);
    let has_body = !operation["requestBody"].is_null();
    let Some(answers) = operation["responses"].as_object_mut() else { return };
    for (status, text) in OF_BODIES.iter().filter(|_| has_body).chain(&COMMON) {
        if is_public && *status == "401" {
            continue;
        }
        answers.entry(*status).or_insert_with(|| problem(text));
    }
    for status in LATER {
        describe_wait(&mut answers[status]);
    }
    // What is said of a connection that is one too many for its address, before anything is read from it.
    answers["429"]["content"]["text/plain"] = json!({"schema": {"type": "string"}});
    for (_, answer) in answers.iter_mut() {
        if answer["description"].as_str().is_none_or(str::is_empty) {
            answer["description"] = json!(DONE);
        }
    }
    sort(answers);
}

/// What OpenTelemetry's exporters are refused with: a `Status` in the encoding of the request, of most statuses.
pub(super) fn describe_telemetry(operation: &mut Value) {
    operation["requestBody"]["content"]["application/json"]["schema"] = json!({"type": "object"});
    let answers = operation["responses"].as_object_mut().into_iter().flatten();
    for (_, answer) in answers.filter(|(status, _)| status.as_str() >= "400") {
        answer["content"]["application/json"] = json!({"schema": {"type": "object"}});
        answer["content"]["application/x-protobuf"] = json!({"schema": {"type": "string"}});
    }
}

fn problem(text: &str) -> Value {
    json!({
        "description": text,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    })
}

/// Whatever a route says itself, the server may have too much to do before it comes to the route.
fn describe_wait(answer: &mut Value) {
    let wait =
        json!({"description": "When to try again, seconds", "schema": {"type": "integer", "minimum": 1}});
    answer["headers"]["Retry-After"] = wait;
    answer["content"]["application/problem+json"] = problem("")["content"]["application/problem+json"].take();
}

fn sort(answers: &mut Map<String, Value>) {
    let mut all: Vec<_> = std::mem::take(answers).into_iter().collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    answers.extend(all);
}
