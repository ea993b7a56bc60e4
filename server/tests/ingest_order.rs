//! What agents hand in when much waits: hooks pass telemetry, and a stop loses nothing that it had taken.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use serde_json::{Value, json};
use support::TestServer;
use support::otlp::{JSON, send, span, spans};

/// A call of a session of its own for each.
fn calls(sessions: u64) -> String {
    let call = |n: u64| {
        let of = [
            ("gen_ai.operation.name", json!("execute_tool")),
            ("gen_ai.conversation.id", json!(format!("c{n}"))),
        ];
        span(n + 1, 0, "execute_tool search", &of)
    };
    spans("crew", &(0..sessions).map(call).collect::<Vec<_>>())
}

fn prompt(session: u64) -> Value {
    json!({"session_id": format!("s{session}"), "hook_event_name": "UserPromptSubmit", "cwd": "/x", "prompt": "go"})
}

#[tokio::test]
async fn a_hook_does_not_wait_behind_telemetry() {
    let server = TestServer::start().await;
    let mut reader = server.connect("recent=0&spell=summon").await;
    reader.next().await;
    assert_eq!(send(&server, "/v1/traces", JSON, calls(20_000)).await.status(), 200);
    assert_eq!(server.post("/hooks/claude", prompt(0)).await.status(), 204);
    let mut before = 0;
    while reader.next().await["daemon_name"] != "claude" {
        before += 1;
    }
    assert!(before < 10_000, "{before} sessions of telemetry were told before the hook");
}

#[tokio::test]
async fn what_was_taken_before_a_stop_is_in_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::in_dir(dir.path()).await;
    for session in 0..200 {
        assert_eq!(server.post("/hooks/claude", prompt(session)).await.status(), 204);
    }
    assert_eq!(send(&server, "/v1/traces", JSON, calls(400)).await.status(), 200);
    server.stop().await;
    let server = TestServer::in_dir(dir.path()).await;
    let (_, page) = server.look("/events?limit=1000&spell=parse").await;
    assert_eq!(page["events"].as_array().unwrap().len(), 200, "prompts");
    let (_, page) = server.look("/events?limit=1000&daemon=crew&spell=invoke").await;
    assert_eq!(page["events"].as_array().unwrap().len(), 400, "calls of telemetry");
    server.stop().await;
}

#[tokio::test]
async fn json_of_another_charset_is_refused_as_such() {
    let server = TestServer::start().await;
    let answer = send(&server, "/v1/logs", "application/json; charset=utf-16", "{}").await;
    assert_eq!(answer.status(), 415);
    let said = answer.text().await.unwrap();
    assert!(said.contains("utf-16") && said.contains("UTF-8"), "{said}");
    assert_eq!(send(&server, "/v1/logs", "application/json; charset=\"UTF-8\"", "{}").await.status(), 200);
}
