//! Events as they come: JSON, lines of JSON, or the text of an SSE stream. Pure.

use arcane_shared::api::FieldError;
use serde_json::Value;

use super::super::cloudevent::json;
use crate::intake::Refused;

/// Most events of one request.
const EVENTS_MAX: usize = 10_000;

/// The events of a body. `is_stream`: it is the text of an SSE stream, or lines of JSON, and not one JSON value.
///
/// # Errors
/// Which part is no JSON, or no object.
pub(crate) fn events(body: &[u8], is_stream: bool) -> Result<Vec<Value>, Refused> {
    let wrong = |pointer: String, detail: String| Refused::Fields(vec![FieldError { pointer, detail }]);
    let events = if is_stream {
        let mut events = Vec::new();
        for (n, line) in (1..).zip(body.split(|byte| *byte == b'\n')) {
            let line = line.trim_ascii();
            let line = line.strip_prefix(b"data:").unwrap_or(line).trim_ascii();
            // Fields of SSE that hold no event, comments, and what ends an event.
            if !line.starts_with(b"{") {
                continue;
            }
            let event = json(line);
            events.push(
                event.map_err(|_| wrong(format!("line {n}"), "is no JSON; an event is one line".into()))?,
            );
            if events.len() > EVENTS_MAX {
                break;
            }
        }
        events
    } else {
        match json(body)? {
            Value::Array(events) => events,
            event => vec![event],
        }
    };
    if events.len() > EVENTS_MAX {
        return Err(wrong(String::new(), format!("a request has at most {EVENTS_MAX} events")));
    }
    let is_event = |event: &Value| event.get("type").is_some_and(Value::is_string);
    match events.iter().position(|event| !is_event(event)) {
        Some(index) => {
            Err(wrong(format!("/{index}/type"), "is missing; an AG-UI event is an object with a type".into()))
        }
        None => Ok(events),
    }
}
