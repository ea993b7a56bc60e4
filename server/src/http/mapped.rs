//! `POST /ingest/{address}`: JSON of programs that nobody knows, read by the rules of the configuration.

use arcane_shared::Problem;
use arcane_shared::api::FieldError;
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::StatusCode;
use serde_json::Value;

use super::allowed::Allowed;
use super::body;
use super::error::ApiError;
use super::handed_in;
use super::keyed::{self, Keyed};
use super::named::Named;
use crate::clock;
use crate::config::{Config, Maps};
use crate::gate::pass;
use crate::ingest::kept::Keeping;
use crate::ingest::{cloudevent, mapping, priced};
use crate::intake::Refused;
use crate::query::Pairs;

/// Most objects of one array.
const OBJECTS_MAX: usize = 1_000;
/// Most errors that one answer names.
const ERRORS_MAX: usize = 20;

/// Takes JSON that rules of the configuration (`[[ingest.map]]`) make events of.
///
/// An object, or an array of up to 1,000; the first rule of the address whose conditions hold makes an event of it. What no rule is
/// for is left out.
#[utoipa::path(post, path = "/ingest/{address}", operation_id = "take_mapped", tag = "agents", params(
    ("address" = String, Path, description = "The name of a rule, up to its first dot"),
    ("room" = Option<String>, Query, description = "Default `main`; opens with its first publisher"),
), request_body(content((serde_json::Value = "application/json"))), responses(
    (status = 202, description = "Nothing of it was for a rule: no event was published"),
    (status = 204, description = "Published, or published before"),
    (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No rule has this address, or the room cannot be opened", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "Another request is about to publish the same", body = Problem, content_type = "application/problem+json"),
    (status = 413, description = "The body is above 4 MiB, or an event above 64 KiB", body = Problem, content_type = "application/problem+json"),
    (status = 415, description = "Not JSON by its Content-Type", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "What stands where a rule says cannot be used; `errors` says which", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn take(
    state: Allowed<pass::Publish>,
    Named(address): Named,
    query: Pairs,
    request: Request,
) -> Result<StatusCode, ApiError> {
    let room = state.changed(query.room()?)?;
    if state.config.maps.named(&address).next().is_none() {
        return Err(no_such(&state.config.maps));
    }
    body::require_json(request.headers(), "application/json")?;
    let body = handed_in::taken(&state, request).await?;
    let keeping = Keeping { content: state.config.realm.capture_content };
    let read = move |config: &Config, body: &Bytes| Ok(read(config, &address, body, keeping)?);
    let events = handed_in::read(&state, body, read).await?;
    if events.is_empty() {
        return Ok(StatusCode::ACCEPTED);
    }
    keyed::publish(&state, &room, events).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn no_such(maps: &Maps) -> ApiError {
    let addresses = maps.addresses();
    let detail = if addresses.is_empty() {
        "there are no rules; write [[ingest.map]] tables into arcane.toml".to_owned()
    } else {
        format!("no [[ingest.map]] has this name; there are {}", addresses.join(", "))
    };
    ApiError::new(StatusCode::NOT_FOUND, "no-such-route", detail)
}

fn read(config: &Config, address: &str, body: &[u8], keeping: Keeping) -> Result<Vec<Keyed>, Refused> {
    let (payloads, is_list) = match cloudevent::json(body)? {
        Value::Array(payloads) => (payloads, true),
        payload => (vec![payload], false),
    };
    if payloads.len() > OBJECTS_MAX {
        let detail = format!("an array has at most {OBJECTS_MAX} objects, not {}", payloads.len());
        return Err(Refused::Fields(vec![FieldError { pointer: String::new(), detail }]));
    }
    let (mut events, mut errors) = (Vec::new(), Vec::new());
    for (index, payload) in payloads.iter().enumerate() {
        let at = if is_list { format!("/{index}") } else { String::new() };
        if !payload.is_object() {
            errors.push(FieldError {
                pointer: at,
                detail: "is no object; rules read the fields of objects".into(),
            });
            continue;
        }
        match mapping::map(config.maps.named(address), payload, keeping, &at) {
            None => {}
            Some(Ok(mut mapped)) => {
                let at = mapped.draft.timestamp.unwrap_or_else(clock::now);
                priced::price(&mut mapped.draft.metadata, &config.prices, at);
                let key = mapped.id.map(|id| format!("map\0{address}\0{id}"));
                events.push(Keyed { key, draft: mapped.draft });
            }
            Some(Err(of_rule)) => errors.extend(of_rule),
        }
    }
    errors.truncate(ERRORS_MAX);
    if errors.is_empty() { Ok(events) } else { Err(Refused::Fields(errors)) }
}
