//! What a `CloudEvent` becomes on the bus. Pure.

use arcane_shared::api::FieldError;
use arcane_shared::{DaemonName, Metadata, SpellName};
use serde_json::{Map, Value, json};

use super::super::kept::Keeping;
use super::super::line::{LINE_CHARS, short};
use super::super::mapping;
use super::super::secrets::masked;
use super::{CloudEvent, Data};
use crate::config::Maps;
use crate::intake::{self, Draft, Refused};

/// The daemon of events that name none.
const NOBODY: &str = "cloudevents";
/// Extension attributes that say what the bus would otherwise conclude.
const DAEMON: &str = "daemon";
const SESSION: &str = "session";
/// The address of rules for `CloudEvents`.
const ADDRESS: &str = "cloudevents";

/// The event of the bus. `at`: where the event stands in the body, for errors.
///
/// # Errors
/// If its data says that it is an event of the bus, and is none.
pub(crate) fn draft(
    event: CloudEvent,
    maps: &Maps,
    keeping: Keeping,
    at: &str,
) -> Result<Draft, Vec<FieldError>> {
    if let Some(draft) = mapped(&event, maps, keeping, at) {
        return draft;
    }
    match &event.data {
        Data::Json(Value::Object(data)) if data.contains_key("spell_name") => own(&event, data, at),
        _ => Ok(foreign(event, keeping)),
    }
}

/// What a rule of the configuration makes of it, if one is for it.
fn mapped(
    event: &CloudEvent,
    maps: &Maps,
    keeping: Keeping,
    at: &str,
) -> Option<Result<Draft, Vec<FieldError>>> {
    let mut rules = maps.named(ADDRESS).peekable();
    rules.peek()?;
    let mapped = mapping::map(rules, &event.to_json(), keeping, at)?;
    Some(mapped.map(|mapped| {
        let mut draft = mapped.draft;
        draft.timestamp = draft.timestamp.or(event.time);
        draft.metadata.entry("cloudevent").or_insert_with(|| attributes(event));
        draft
    }))
}

/// Data that is an event of the bus is that event. What it leaves out, the attributes say.
fn own(event: &CloudEvent, data: &Map<String, Value>, at: &str) -> Result<Draft, Vec<FieldError>> {
    let read = intake::read_one(&serde_json::to_vec(data).unwrap_or_default());
    let mut draft = read.map_err(|refused| match refused {
        Refused::Fields(errors) => errors
            .into_iter()
            .map(|error| FieldError { pointer: format!("{at}/data{}", error.pointer), ..error })
            .collect(),
        Refused::Syntax(detail) => vec![FieldError { pointer: format!("{at}/data"), detail }],
        Refused::Bus { error, .. } => {
            vec![FieldError { pointer: format!("{at}/data"), detail: error.to_string() }]
        }
    })?;
    draft.timestamp = draft.timestamp.or(event.time);
    draft.daemon_name = draft.daemon_name.or_else(|| daemon(event));
    draft.metadata.entry("cloudevent").or_insert_with(|| attributes(event));
    Ok(draft)
}

fn foreign(event: CloudEvent, keeping: Keeping) -> Draft {
    let data = match &event.data {
        Data::Json(Value::Object(data)) => Some(data),
        _ => None,
    };
    let success = data.and_then(|data| data.get("success")).and_then(Value::as_bool).unwrap_or(true);
    let described = data.and_then(|data| data.get("description")?.as_str());
    let kind = masked(&event.kind);
    let description = short(described.unwrap_or(&kind), LINE_CHARS).into();
    let mut metadata = Metadata::new();
    metadata.insert("source".into(), json!("cloudevents"));
    metadata.insert("source_event".into(), json!(kind));
    metadata.insert("cloudevent".into(), attributes(&event));
    if let Some(session) = event.extensions.get(SESSION).and_then(Value::as_str) {
        metadata.insert(SESSION.into(), json!(masked(session)));
    }
    let spell_name = spell(&event.kind).unwrap_or(SpellName::Reveal);
    match spell_name {
        SpellName::Invoke => drop(metadata.insert("task".into(), json!(description))),
        SpellName::Reveal => drop(metadata.insert("query_type".into(), json!("event"))),
        _ => {}
    }
    let daemon_name = daemon(&event).or_else(|| DaemonName::parse(NOBODY).ok());
    match event.data {
        Data::None => {}
        Data::Json(data) => drop(metadata.insert("data".into(), keeping.keep(&data))),
        Data::Text(text) => drop(metadata.insert("data".into(), keeping.text(&text))),
        Data::Bytes(n) => drop(metadata.insert("data_bytes".into(), json!(n))),
    }
    Draft {
        spell_name,
        daemon_name,
        timestamp: event.time,
        success,
        description: Some(description),
        metadata,
        directives: None,
    }
}

/// The spell that a type ends with, before its version: `com.example.agent.invoke.v1`.
fn spell(kind: &str) -> Option<SpellName> {
    let is_version = |part: &&str| {
        let digits = part.strip_prefix(['v', 'V']).unwrap_or(part);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    kind.rsplit(['.', '/', ':']).find(|part| !is_version(part))?.parse().ok()
}

/// Whose event it is: who the extension attribute `daemon` names, or else the last part of the source that has a letter, or of the
/// subject.
fn daemon(event: &CloudEvent) -> Option<DaemonName> {
    let named = event.extensions.get(DAEMON).and_then(Value::as_str);
    let of_source = || event.source.split(['?', '#']).next().and_then(last_name);
    let of_subject = || event.subject.as_deref().and_then(last_name);
    named.and_then(name).or_else(of_source).or_else(of_subject)
}

fn last_name(path: &str) -> Option<DaemonName> {
    let mut parts = path.rsplit(['/', ':']);
    parts.find(|part| part.chars().any(|c| c.is_ascii_alphabetic())).and_then(name)
}

fn name(text: &str) -> Option<DaemonName> {
    DaemonName::mended(masked(text).trim_matches(['-', '.', ' ', '[', ']']))
}

/// Where it came from, as its own words say it.
fn attributes(event: &CloudEvent) -> Value {
    let CloudEvent { id, source, kind, subject, schema, extensions, .. } = event;
    let mut told = Map::new();
    let mut tell = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            told.insert(name.to_owned(), json!(masked(value)));
        }
    };
    tell("id", Some(id));
    tell("source", Some(source));
    tell("type", Some(kind));
    tell("subject", subject.as_deref());
    tell("dataschema", schema.as_deref());
    for (name, value) in extensions {
        let value = value.as_str().map_or_else(|| value.clone(), |text| json!(masked(text)));
        told.entry(name.clone()).or_insert(value);
    }
    Value::Object(told)
}
