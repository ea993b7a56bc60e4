//! Query parameters that a route does not have are refused. What it has is what the OpenAPI document says. Pure.

use std::collections::HashMap;
use std::sync::LazyLock;

use arcane_shared::api::FieldError;
use axum::http::Method;
use serde_json::Value;

use super::document::DOCUMENT;
use crate::config;
use crate::gate::credentials::PARAMETER;

/// Most parameters of one request that are named in its refusal.
const NAMED_MAX: usize = 8;
/// Longest part of a name that is repeated in a refusal, characters.
const NAME_CHARS_MAX: usize = 40;
/// Lists, which may be given in parts.
const LISTS: [&str; 2] = ["spell", "daemon"];
/// What other servers, and other routes of this one, call it; of several the one that the route has.
const SYNONYMS: [(&str, &str); 12] = [
    ("last_event_id", "lastEventId"),
    ("last_event_id", "since"),
    ("last-event-id", "lastEventId"),
    ("last-event-id", "since"),
    ("lasteventid", "lastEventId"),
    ("lasteventid", "since"),
    ("count", "limit"),
    ("limit", "count"),
    ("since", "after"),
    ("until", "before"),
    ("sort", "order"),
    ("search", "q"),
];

/// What each method of a route takes.
type Methods = Vec<(Method, Vec<String>)>;

/// The parameters of each route.
static KNOWN: LazyLock<HashMap<String, Methods>> = LazyLock::new(|| {
    let paths = DOCUMENT["paths"].as_object().into_iter().flatten();
    let routes = paths.map(|(path, item)| {
        let operations = item.as_object().into_iter().flatten();
        let of_methods = operations.filter_map(|(method, operation)| {
            let method = method.to_uppercase().parse().ok()?;
            Some((method, names(operation)))
        });
        (path.clone(), of_methods.collect())
    });
    routes.collect()
});

fn names(operation: &Value) -> Vec<String> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let of_query = parameters.filter(|parameter| parameter["in"] == "query");
    of_query.filter_map(|parameter| parameter["name"].as_str().map(str::to_owned)).collect()
}

/// The parameters of a route of the API; `None` for files, which take whatever their page needs.
pub(crate) fn of(route: &str, method: &Method) -> Option<&'static [String]> {
    // A HEAD asks what a GET would.
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    KNOWN.get(route)?.iter().find(|(other, _)| other == method).map(|(_, names)| names.as_slice())
}

/// What cannot be used in a query, and what would be right.
pub(crate) fn check(known: &[String], query: Option<&str>) -> Vec<FieldError> {
    let mut seen: Vec<String> = Vec::new();
    let mut errors = Vec::new();
    for (name, _) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        // Every route takes a token from a client that can send no header; the gate has looked at it.
        if name == PARAMETER {
            continue;
        }
        let detail = if !known.iter().any(|known| **known == *name) {
            unknown(&name, known)
        } else if seen.iter().any(|seen| **seen == *name) && !LISTS.contains(&&*name) {
            "is there twice; say it once".to_owned()
        } else {
            seen.push(name.into_owned());
            continue;
        };
        errors.push(FieldError { pointer: name.chars().take(NAME_CHARS_MAX).collect(), detail });
        if errors.len() == NAMED_MAX {
            break;
        }
    }
    errors
}

fn unknown(name: &str, known: &[String]) -> String {
    if known.is_empty() {
        return "there is no such parameter; this route takes none".to_owned();
    }
    match nearest(name, known) {
        Some(right) => format!("there is no such parameter; did you mean {right:?}?"),
        None => format!("there is no such parameter; there are {}", known.join(", ")),
    }
}

fn nearest<'k>(name: &str, known: &'k [String]) -> Option<&'k str> {
    let name: String = name.chars().take(NAME_CHARS_MAX).flat_map(char::to_lowercase).collect();
    let synonym = SYNONYMS
        .iter()
        .filter(|(other, _)| *other == name)
        .find_map(|(_, right)| known.iter().find(|known| known == right));
    synonym.map(String::as_str).or_else(|| config::nearest(&name, known.iter().map(String::as_str)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(route: &str, query: &str) -> String {
        let errors = check(of(route, &Method::GET).unwrap(), Some(query));
        errors
            .iter()
            .map(|error| format!("{}: {}", error.pointer, error.detail))
            .collect::<Vec<_>>()
            .join("; ")
    }

    #[test]
    fn the_right_name_is_suggested() {
        for (route, query, right) in [
            ("/events", "lmit=5", "limit"),
            ("/events", "dameon=claude", "daemon"),
            ("/events", "spells=invoke", "spell"),
            ("/events", "Room=lab", "room"),
            ("/events", "count=5", "limit"),
            ("/events", "befor=9", "before"),
            ("/events/recent", "cuont=5", "count"),
            ("/events/activity", "bucket=5", "buckets"),
            ("/events/stream", "last_event_id=5", "lastEventId"),
            ("/events/stream", "sinse=5", "since"),
            ("/ws/events", "lastEventId=5", "since"),
            ("/ws/events", "recnet=5", "recent"),
        ] {
            let said = refused(route, query);
            assert!(
                said.ends_with(&format!("there is no such parameter; did you mean {right:?}?")),
                "{said}"
            );
        }
    }

    #[test]
    fn where_nothing_is_near_all_are_named() {
        insta::assert_snapshot!(refused("/events/activity", "xyzzy=1"), @"xyzzy: there is no such parameter; there are room, from, to, buckets");
        insta::assert_snapshot!(refused("/daemons", "active=true"), @"active: there is no such parameter; there are waiting");
        insta::assert_snapshot!(refused("/daemons/active", "waiting=true"), @"waiting: there is no such parameter; this route takes none");
        insta::assert_snapshot!(refused("/health", "=1"), @": there is no such parameter; this route takes none");
    }

    #[test]
    fn what_is_known_passes_and_only_lists_come_in_parts() {
        assert_eq!(refused("/events", "room=lab&limit=5&spell=invoke&spell=summon&daemon=a&daemon=b"), "");
        assert_eq!(refused("/events", ""), "");
        assert_eq!(refused("/events", "&&"), "");
        assert_eq!(refused("/events", "limit=5&limit=6"), "limit: is there twice; say it once");
    }

    #[test]
    fn a_refusal_has_a_bound() {
        let many = "x=1&".repeat(1000) + &"y".repeat(100_000);
        assert!(refused("/events", &many).len() < 2000);
        assert!(refused("/events", &"y".repeat(100_000)).len() < 200);
    }

    #[test]
    fn files_take_anything() {
        assert_eq!(of("/docs.css", &Method::GET), None);
        assert_eq!(of("/", &Method::GET), None);
        assert_eq!(of("/events", &Method::HEAD), of("/events", &Method::GET));
    }
}
