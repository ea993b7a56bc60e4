//! Events in JSON, one or a batch: the JSON format of `CloudEvents`. Pure.

use arcane_shared::api::FieldError;
use arcane_shared::verbatim::Verbatim;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::{CloudEvent, Data, is_json, media_type};
use crate::intake::Refused;
use crate::json;

/// Most events of one batch.
const BATCH_MAX: usize = 1_000;
/// Most errors that one answer names.
const ERRORS_MAX: usize = 20;

/// Reads one event.
///
/// # Errors
/// If it is no JSON, or no event: which attribute, and what would be right.
pub(crate) fn read_one(body: &[u8]) -> Result<CloudEvent, Refused> {
    one(value(body)?, "").map_err(|error| Refused::Fields(vec![error]))
}

/// Reads a batch: all of its events or none.
///
/// # Errors
/// As [`read_one`], for up to 20 of them.
pub(crate) fn read_batch(body: &[u8]) -> Result<Vec<CloudEvent>, Refused> {
    let refused = |detail| Refused::Fields(vec![FieldError { pointer: String::new(), detail }]);
    let Value::Array(values) = value(body)? else {
        return Err(refused(
            "a batch is an array of events; send one event as application/cloudevents+json".into(),
        ));
    };
    if values.len() > BATCH_MAX {
        return Err(refused(format!("a batch has at most {BATCH_MAX} events, not {}", values.len())));
    }
    let (mut events, mut errors) = (Vec::with_capacity(values.len()), Vec::new());
    for (index, value) in values.into_iter().enumerate() {
        match one(value, &format!("/{index}")) {
            Ok(event) => events.push(event),
            Err(error) => errors.push(error),
        }
        if errors.len() >= ERRORS_MAX {
            break;
        }
    }
    if errors.is_empty() { Ok(events) } else { Err(Refused::Fields(errors)) }
}

/// The body's JSON, as it was written.
pub(crate) fn value(body: &[u8]) -> Result<Value, Refused> {
    let body = json::plain(json::without_bom(body));
    let value = serde_json::from_slice(&body);
    let Verbatim(value) = value.map_err(|error| Refused::Syntax(json::explain(&error, &body)))?;
    match json::beyond_64_bits(&body) {
        None => Ok(value),
        Some(number) => {
            let detail = number.to_string();
            Err(Refused::Fields(vec![FieldError { pointer: number.pointer, detail }]))
        }
    }
}

/// `at`: the JSON pointer of the event in the body.
fn one(value: Value, at: &str) -> Result<CloudEvent, FieldError> {
    let wrong =
        |name: &str, detail: &str| FieldError { pointer: format!("{at}{name}"), detail: detail.into() };
    let Value::Object(mut attributes) = value else {
        return Err(wrong("", "a CloudEvent is an object with specversion, id, source and type"));
    };
    let data = data(&mut attributes).map_err(|(name, detail)| wrong(name, detail))?;
    CloudEvent::of(attributes, data, |name| format!("{at}/{name}"))
}

fn data(attributes: &mut Map<String, Value>) -> Result<Data, (&'static str, &'static str)> {
    let media = attributes.get("datacontenttype").and_then(Value::as_str).map(media_type);
    let holds_json = media.as_deref().is_none_or(is_json);
    let encoded = attributes.remove("data_base64").filter(|data| !data.is_null());
    let data = attributes.remove("data").filter(|data| !data.is_null());
    match (data, encoded) {
        (Some(_), Some(_)) => Err(("/data_base64", "stands beside data; an event has one of them")),
        (None, None) => Ok(Data::None),
        (Some(Value::String(text)), None) if !holds_json => Ok(Data::Text(text)),
        (Some(data), None) => Ok(Data::Json(data)),
        (None, Some(Value::String(text))) => {
            let bytes = STANDARD.decode(text.trim());
            let bytes = bytes.map_err(|_| ("/data_base64", "is no Base64 (RFC 4648, section 4)"))?;
            Ok(of_bytes(&bytes, media.as_deref()))
        }
        (None, Some(_)) => Err(("/data_base64", "must be a string in Base64")),
    }
}

/// Data of bytes that are said to be of a media type. What is not as it is said to be is bytes.
pub(super) fn of_bytes(bytes: &[u8], media: Option<&str>) -> Data {
    if bytes.is_empty() {
        return Data::None;
    }
    let text = || std::str::from_utf8(bytes).ok().map(|text| Data::Text(text.to_owned()));
    let read = || value(bytes).ok().map(Data::Json);
    let data = match media {
        None => read(),
        Some(media) if is_json(media) => read(),
        Some(media) if media.starts_with("text/") || media.ends_with("xml") => text(),
        Some(_) => None,
    };
    data.unwrap_or(Data::Bytes(bytes.len()))
}
