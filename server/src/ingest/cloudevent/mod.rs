//! `CloudEvents` 1.0: attributes and data, read from JSON or from headers, and the event of the bus that one becomes. Pure.
//!
//! The specification of what is read here: the core, its JSON format, its HTTP binding.

mod binary;
mod draft;
mod structured;
#[cfg(test)]
mod tests;

use arcane_shared::Timestamp;
use arcane_shared::api::FieldError;
use serde_json::{Map, Value};

pub(crate) use binary::{attributes as attributes_of_headers, read as read_binary};
pub(crate) use draft::draft;
pub(crate) use structured::{read_batch, read_one, value as json};

/// Most bytes of an attribute's value.
const VALUE_BYTES_MAX: usize = 2 * 1024;
/// Most attributes of one event that the specification does not name.
const EXTENSIONS_MAX: usize = 16;
/// The only version that is read.
const VERSION: &str = "1.0";
/// Attributes that every event has.
const REQUIRED: [&str; 4] = ["specversion", "id", "source", "type"];

/// One event, its attributes checked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CloudEvent {
    pub(crate) id: String,
    pub(crate) source: String,
    pub(crate) kind: String,
    pub(crate) subject: Option<String>,
    pub(crate) time: Option<Timestamp>,
    pub(crate) schema: Option<String>,
    /// Attributes that the specification does not name: texts, whole numbers, truths.
    pub(crate) extensions: Map<String, Value>,
    pub(crate) data: Data,
}

/// What an event is about.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Data {
    None,
    Json(Value),
    Text(String),
    /// So many bytes of something else.
    Bytes(usize),
}

impl CloudEvent {
    /// What tells it from every other one: the specification's own rule.
    pub(crate) fn key(&self) -> String {
        format!("cloudevent\0{}\0{}", self.source, self.id)
    }

    /// The event as JSON, for rules of the configuration.
    pub(crate) fn to_json(&self) -> Value {
        let Self { id, source, kind, subject, time, schema, extensions, data } = self;
        let mut event = extensions.clone();
        let texts =
            [("id", Some(id)), ("source", Some(source)), ("type", Some(kind)), ("subject", subject.as_ref())];
        for (name, text) in texts.into_iter().chain([("dataschema", schema.as_ref())]) {
            event.extend(text.map(|text| (name.to_owned(), Value::String(text.clone()))));
        }
        event.extend(time.map(|time| ("time".to_owned(), Value::String(time.to_string()))));
        match data {
            Data::Json(data) => drop(event.insert("data".into(), data.clone())),
            Data::Text(text) => drop(event.insert("data".into(), Value::String(text.clone()))),
            Data::None | Data::Bytes(_) => {}
        }
        Value::Object(event)
    }

    /// An event of attributes. `place` names one of them for an error.
    fn of(
        mut attributes: Map<String, Value>,
        data: Data,
        place: impl Fn(&str) -> String,
    ) -> Result<Self, FieldError> {
        let wrong = |name: &str, detail: String| FieldError { pointer: place(name), detail };
        attributes.retain(|_, value| !value.is_null());
        if let Some(found) = attributes.get("specversion").filter(|found| *found != VERSION) {
            let detail =
                format!("is {found}; this server reads CloudEvents {VERSION} alone: send \"{VERSION}\"");
            return Err(wrong("specversion", detail));
        }
        let missing = |name: &&&str| !attributes.contains_key(**name);
        if let Some(name) = REQUIRED.iter().find(missing) {
            return Err(wrong(name, "is missing; every CloudEvent has it".into()));
        }
        attributes.remove("specversion");
        let mut text = |name: &'static str| match attributes.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.is_empty() => {
                Err(wrong(name, "is empty; say something, or leave it out where it may be".into()))
            }
            Some(Value::String(text)) => bounded(text).map(Some).map_err(|detail| wrong(name, detail)),
            Some(_) => Err(wrong(name, "must be a string".into())),
        };
        let (id, source, kind) = (text("id")?, text("source")?, text("type")?);
        let (subject, schema, time) = (text("subject")?, text("dataschema")?, text("time")?);
        text("datacontenttype")?;
        let time = time.map(|time| Timestamp::parse(&time)).transpose();
        let time = time.map_err(|error| wrong("time", error.to_string()))?;
        if attributes.len() > EXTENSIONS_MAX {
            let detail = format!("there are {}; an event has at most {EXTENSIONS_MAX}", attributes.len());
            return Err(wrong("extension attributes", detail));
        }
        for (name, value) in &attributes {
            extension(name, value).map_err(|detail| wrong(name, detail))?;
        }
        let (id, source, kind) =
            (id.unwrap_or_default(), source.unwrap_or_default(), kind.unwrap_or_default());
        Ok(Self { id, source, kind, subject, time, schema, extensions: attributes, data })
    }
}

fn bounded(text: String) -> Result<String, String> {
    if text.len() > VALUE_BYTES_MAX {
        return Err(format!("has {} bytes; an attribute has at most {VALUE_BYTES_MAX}", text.len()));
    }
    match text.chars().find(|c| c.is_control()) {
        Some(c) => Err(format!("has the control character {c:?}; attributes have none")),
        None => Ok(text),
    }
}

fn extension(name: &str, value: &Value) -> Result<(), String> {
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) {
        return Err(
            "is no attribute of CloudEvents: their names have a-z and 0-9 alone; put it into data".into()
        );
    }
    match value {
        Value::String(text) => bounded(text.clone()).map(|_| ()),
        Value::Bool(_) => Ok(()),
        Value::Number(number) if number.is_i64() => Ok(()),
        _ => Err("must be a string, a whole number, true or false; put other values into data".into()),
    }
}

/// The media type of a content type, lower case.
fn media_type(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn is_json(media_type: &str) -> bool {
    matches!(media_type, "application/json" | "text/json") || media_type.ends_with("+json")
}
