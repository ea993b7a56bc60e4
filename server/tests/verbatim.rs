//! Keys that the server's own JSON library gives a meaning of its own are keys like any other.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use reqwest::Method;
use serde_json::{Value, json};
use support::TestServer;

/// As text: a test that reads it with the same library would have the same blind spot.
const METADATA: [&str; 6] = [
    r#"{"$serde_json::private::RawValue":"7"}"#,
    r#"{"$serde_json::private::RawValue":"[1","more":2}"#,
    r#"{"nested":[{"$serde_json::private::RawValue":"nothing"}]}"#,
    r#"{"task":"raw","deep":{"$serde_json::private::RawValue":{"a":[null,true,-1,2.5,"é"]}}}"#,
    r#"{"$serde_json::private::Number":"12"}"#,
    r#"{"nested":{"$serde_json::private::Number":"x"}}"#,
];

fn events() -> Vec<String> {
    METADATA.iter().map(|metadata| format!(r#"{{"spell_name":"parse","metadata":{metadata}}}"#)).collect()
}

async fn post(server: &TestServer, path: &str, kind: &str, body: String) -> (u16, String) {
    let request = server.http.request(Method::POST, server.url(path)).header("content-type", kind);
    let response = request.body(body).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

/// What stands in the metadata stands in the text of the events, and nothing else in its place.
fn has_all(text: &str) {
    for metadata in METADATA {
        let inner = metadata.strip_prefix('{').unwrap().strip_suffix('}').unwrap();
        assert!(text.contains(inner), "{inner} in {text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_way_they_come_they_are_stored_as_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::in_dir(dir.path()).await;
    for event in events() {
        let (status, answer) = post(&server, "/events?room=one", "application/json", event).await;
        assert_eq!(status, 201, "{answer}");
    }
    let list = format!("[{}]", events().join(","));
    let (status, answer) = post(&server, "/events?room=list", "application/json", list.clone()).await;
    assert_eq!(status, 201, "{answer}");
    let lines = events().join("\n");
    let (status, answer) = post(&server, "/events?room=lines", "application/x-ndjson", lines).await;
    assert_eq!(status, 201, "{answer}");
    let mut socket = server.connect("room=socket&recent=0&listen=false").await;
    socket.next().await;
    let message = format!(r#"{{"type":"publish","events":{list}}}"#);
    socket.send(tokio_tungstenite::tungstenite::Message::text(message)).await;
    assert_eq!(socket.next().await["type"], "published");
    assert_eq!(server.ask("/summon", json!({"daemon_name": "claude"})).await.0, 200);
    for metadata in METADATA {
        let body = format!(r#"{{"daemon_name":"claude","task":"t","parameters":{metadata}}}"#);
        let (status, answer) = post(&server, "/invoke", "application/json", body).await;
        assert_eq!(status, 200, "{answer}");
    }
    drop(socket);
    server.stop().await;

    // What was kept can be read again, also by what reads it back into its own types.
    let server = TestServer::in_dir(dir.path()).await;
    for room in ["one", "list", "lines", "socket", "main"] {
        for path in ["/events?limit=100&order=asc&", "/events/recent?count=100&"] {
            let response = server.get(&format!("{path}room={room}")).await;
            assert_eq!(response.status(), 200, "{path}{room}");
            has_all(&response.text().await.unwrap());
        }
    }
    // Its words are found, whatever stands beside them.
    let found = server.get("/events?room=one&q=raw").await.text().await.unwrap();
    assert!(found.contains(r#""task":"raw""#) && found.matches("emitted_at").count() == 1, "{found}");
    server.stop().await;
}

#[tokio::test]
async fn where_they_are_no_metadata_they_are_refused_like_any_other() {
    let server = TestServer::start().await;
    for (event, pointer) in [
        (r#"{"$serde_json::private::RawValue":"{\"spell_name\":\"parse\"}"}"#, "/spell_name"),
        (r#"{"spell_name":{"$serde_json::private::RawValue":"\"parse\""}}"#, "/spell_name"),
        (
            r#"{"spell_name":"parse","metadata":{"sync":{"$serde_json::private::RawValue":"{}"},"event":3},"a":1}"#,
            "/a",
        ),
    ] {
        let (status, answer) = post(&server, "/events", "application/json", event.into()).await;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!((status, answer["errors"][0]["pointer"].as_str()), (422, Some(pointer)), "{answer}");
    }
    server.stop().await;
}
