//! The examples of `docs/protocol.md` are what the code understands.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use arcane_shared::api::{ActivityAnswer, HistoryAnswer, Problem, PublishAnswer, RosterAnswer};
use arcane_shared::control::{ClientMessage, ServerMessage, StreamClose};
use arcane_shared::{ArcaneEvent, ReceivedEvent};
use serde::de::DeserializeOwned;
use serde_json::{Deserializer, Value};

const PROTOCOL: &str = include_str!("../../docs/protocol.md");

/// The values in the page's blocks of one kind.
fn examples(kind: &str) -> Vec<Value> {
    let open = format!("```json {kind}\n");
    let blocks = PROTOCOL.split(&open).skip(1).map(|rest| rest.split("\n```").next().unwrap());
    let values: Vec<Value> = blocks
        .flat_map(|block| Deserializer::from_str(block).into_iter::<Value>().map(Result::unwrap))
        .collect();
    assert!(!values.is_empty(), "no example of {kind}");
    values
}

/// Decodes every example and checks that nothing in it was ignored.
fn check<T: DeserializeOwned + serde::Serialize>(kind: &str) {
    for example in examples(kind) {
        let decoded: T =
            serde_json::from_value(example.clone()).unwrap_or_else(|error| panic!("{example}: {error}"));
        assert_eq!(serde_json::to_value(&decoded).unwrap(), example);
    }
}

#[test]
fn messages() {
    check::<ArcaneEvent>("event");
    check::<ReceivedEvent>("event");
    check::<ClientMessage>("client");
    check::<ServerMessage>("server");
    check::<StreamClose>("close");
    check::<PublishAnswer>("published");
    check::<Problem>("problem");
    check::<HistoryAnswer>("history");
    check::<ActivityAnswer>("activity");
    check::<RosterAnswer>("roster");
}

#[tokio::test]
async fn what_the_page_publishes_can_be_published() {
    let server = support::TestServer::start().await;
    for example in examples("publish").into_iter().chain(examples("event")) {
        server.publish(example).await;
    }
}

#[tokio::test]
async fn what_the_page_publishes_over_a_websocket_is_answered() {
    let server = support::TestServer::start().await;
    let mut client = server.connect("listen=false").await;
    assert_eq!(client.next().await["subscriber_count"], 0);
    for example in examples("publishing") {
        let id = example["id"].clone();
        client.say(example).await;
        let answer = client.next().await;
        assert_eq!((&answer["type"], &answer["id"], &answer["seq"]), (&"published".into(), &id, &2.into()));
    }
}

#[tokio::test]
async fn what_the_page_says_to_the_server_is_understood() {
    let server = support::TestServer::start().await;
    let mut client = server.connect("").await;
    client.next().await;
    for example in examples("client") {
        client.say(example).await;
    }
    for expected in ["authenticated", "hello", "pong", "filtered"] {
        assert_eq!(client.next().await["type"], expected);
    }
}

#[test]
fn every_block_of_json_is_checked() {
    let known = [
        "event",
        "client",
        "server",
        "close",
        "publish",
        "published",
        "problem",
        "publishing",
        "history",
        "activity",
        "roster",
    ];
    for line in PROTOCOL.lines().filter(|line| line.starts_with("```json")) {
        let kind = line.trim_start_matches("```json").trim();
        assert!(known.contains(&kind), "{line}");
    }
}

/// The whole description of the API, as it is served. It changes only together with this file.
#[tokio::test]
async fn the_description_of_the_api() {
    let server = support::TestServer::start().await;
    let document: Value = server.get("/openapi.json").await.json().await.unwrap();
    insta::assert_snapshot!("openapi", serde_json::to_string_pretty(&document).unwrap());
}
