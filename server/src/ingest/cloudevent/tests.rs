//! What `CloudEvents` become, and what is refused of them.

#![allow(clippy::needless_pass_by_value, reason = "values are written where they are passed")]

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::*;
use crate::config::Maps;
use crate::ingest::kept::Keeping;
use crate::intake::Refused;

fn event(changes: Value) -> Value {
    let mut event =
        json!({"specversion": "1.0", "id": "1", "source": "/ci/runner", "type": "com.example.build"});
    for (name, value) in changes.as_object().unwrap() {
        event[name] = value.clone();
    }
    event
}

fn refused(body: &str) -> String {
    match read_one(body.as_bytes()) {
        Err(Refused::Fields(errors)) => format!("{}: {}", errors[0].pointer, errors[0].detail),
        other => format!("{other:?}"),
    }
}

fn told(changes: Value) -> String {
    let event = read_one(event(changes).to_string().as_bytes()).unwrap();
    let draft = draft(event, &Maps::default(), Keeping { content: false }, "").unwrap();
    let mut text = format!(
        "{} {} {} {:?}",
        draft.spell_name,
        draft.daemon_name.as_ref().map_or("-", |name| name.as_str()),
        draft.success,
        draft.description.as_deref().unwrap_or_default(),
    );
    for (name, value) in
        draft.metadata.iter().filter(|(name, _)| !matches!(name.as_str(), "source" | "source_event"))
    {
        write!(text, " {name}={value}").unwrap();
    }
    text
}

#[test]
fn the_type_says_which_spell_the_source_who() {
    insta::assert_snapshot!(told(json!({})), @r#"reveal runner true "com.example.build" cloudevent={"id":"1","source":"/ci/runner","type":"com.example.build"} query_type="event""#);
    let changes = json!({"type": "dev.arcane.spell.invoke.v1", "data": {"success": false, "description": "it broke", "n": 1}});
    insta::assert_snapshot!(told(changes), @r#"invoke runner false "it broke" cloudevent={"id":"1","source":"/ci/runner","type":"dev.arcane.spell.invoke.v1"} task="it broke" data={"success":false,"description":"it broke","n":1}"#);
    for (changes, begin) in [
        (json!({"type": "com.example.Summon"}), "summon runner"),
        (json!({"type": "com.example.voice.call.started"}), "reveal runner"),
        (json!({"source": "https://example.com/agents/Reviewer?x=1#y"}), "reveal reviewer"),
        (json!({"source": "urn:agent:planner"}), "reveal planner"),
        (json!({"source": "/sensors/4711"}), "reveal sensors"),
        (json!({"source": "/", "subject": "who it is"}), "reveal who-it-is"),
        (json!({"source": "1"}), "reveal cloudevents"),
        (json!({"daemon": "Codex"}), "reveal codex"),
    ] {
        let said = told(changes);
        assert!(said.starts_with(begin), "{said}");
    }
}

#[test]
fn what_is_an_event_of_the_bus_is_taken_as_it_is() {
    let own =
        json!({"spell_name": "voice", "daemon_name": "claude", "metadata": {"event": "x", "prompt": "kept"}});
    insta::assert_snapshot!(told(json!({"data": own})), @r#"voice claude true "" event="x" prompt="kept" cloudevent={"id":"1","source":"/ci/runner","type":"com.example.build"}"#);
    let wrong = event(json!({"data": {"spell_name": "hex"}}));
    let errors = draft(
        read_one(wrong.to_string().as_bytes()).unwrap(),
        &Maps::default(),
        Keeping { content: false },
        "/3",
    )
    .unwrap_err();
    insta::assert_snapshot!(format!("{}: {}", errors[0].pointer, errors[0].detail), @r#"/3/data/spell_name: unknown spell "hex"; known are summon, invoke, banish, reveal, parse and voice"#);
}

#[test]
fn what_is_refused_is_named() {
    let of = |changes| refused(&event(changes).to_string());
    insta::assert_snapshot!(of(json!({"specversion": "0.3"})), @r#"/specversion: is "0.3"; this server reads CloudEvents 1.0 alone: send "1.0""#);
    insta::assert_snapshot!(of(json!({"specversion": null})), @"/specversion: is missing; every CloudEvent has it");
    insta::assert_snapshot!(of(json!({"id": ""})), @"/id: is empty; say something, or leave it out where it may be");
    insta::assert_snapshot!(of(json!({"source": 3})), @"/source: must be a string");
    insta::assert_snapshot!(of(json!({"time": "now"})), @r#"/time: expected a UTC time like 2025-10-24T12:34:56.789000, found "now""#);
    insta::assert_snapshot!(of(json!({"traceParent": "x"})), @"/traceParent: is no attribute of CloudEvents: their names have a-z and 0-9 alone; put it into data");
    insta::assert_snapshot!(of(json!({"trace": {"a": 1}})), @"/trace: must be a string, a whole number, true or false; put other values into data");
    insta::assert_snapshot!(of(json!({"data": 1, "data_base64": "eA=="})), @"/data_base64: stands beside data; an event has one of them");
    insta::assert_snapshot!(of(json!({"data_base64": "!"})), @"/data_base64: is no Base64 (RFC 4648, section 4)");
    insta::assert_snapshot!(of(json!({"subject": "x".repeat(3000)})), @"/subject: has 3000 bytes; an attribute has at most 2048");
    insta::assert_snapshot!(of(json!({"subject": "a\nb"})), @r"/subject: has the control character '\n'; attributes have none");
    insta::assert_snapshot!(refused("[]"), @": a CloudEvent is an object with specversion, id, source and type");
}

#[test]
fn data_of_every_kind_is_read() {
    for (changes, data) in [
        (json!({}), Data::None),
        (json!({"data": null}), Data::None),
        (json!({"data": [1]}), Data::Json(json!([1]))),
        (json!({"data": "x"}), Data::Json(json!("x"))),
        (json!({"data": "x", "datacontenttype": "text/plain; charset=utf-8"}), Data::Text("x".into())),
        (
            json!({"data_base64": "eyJhIjoxfQ==", "datacontenttype": "application/json"}),
            Data::Json(json!({"a": 1})),
        ),
        (json!({"data_base64": "eyJhIjoxfQ==", "datacontenttype": "image/png"}), Data::Bytes(7)),
        (json!({"data_base64": "/w=="}), Data::Bytes(1)),
    ] {
        let read = read_one(event(changes.clone()).to_string().as_bytes()).unwrap();
        assert_eq!(read.data, data, "{changes}");
    }
}

#[test]
fn attributes_are_headers() {
    let headers = [
        ("ce-specversion", "1.0"),
        ("ce-id", "a%20b"),
        ("ce-source", "/x"),
        ("ce-type", "t"),
        ("accept", "*"),
    ];
    let read = |headers: &[(&'static str, &'static str)], kind, body: &[u8]| {
        let fields = headers.iter().map(|(name, value)| (*name, value.as_bytes()));
        read_binary(attributes_of_headers(fields)?, kind, body)
    };
    let event = read(&headers, Some("application/json"), b"{\"a\":1}").unwrap();
    assert_eq!((event.id.as_str(), &event.data), ("a b", &Data::Json(json!({"a": 1}))));
    assert_eq!(read(&headers, Some("text/plain"), b"x").unwrap().data, Data::Text("x".into()));
    assert_eq!(read(&headers, None, b"").unwrap().data, Data::None);
    assert!(matches!(read(&headers, Some("application/json"), b"{"), Err(Refused::Syntax(_))));
    let Err(Refused::Fields(errors)) = read(&headers[1..], None, b"") else { panic!("taken") };
    assert_eq!(errors[0].pointer, "header ce-specversion");
}
