//! `POST /daemons/{name}/seen`: a failure is told to be seen once, however many say so, and by whoever may answer.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use reqwest::Method;
use serde_json::{Value, json};
use support::TestServer;
use support::guarded::{Guarded, token};

async fn fail(server: &TestServer, error: &str) -> u64 {
    let of = |more: Value| {
        let mut metadata = json!({"session": "s"});
        metadata.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        metadata
    };
    server.publish(json!({"spell_name": "summon", "daemon_name": "codex", "metadata": of(json!({}))})).await;
    let failed = json!({"spell_name": "invoke", "daemon_name": "codex", "success": false,
        "metadata": of(json!({"task": "cargo test", "error": error}))});
    server.publish(failed).await
}

async fn see(server: &TestServer, query: &str) -> (u16, Value) {
    server.ask(&format!("/daemons/codex/seen{query}"), Value::Null).await
}

/// How often the log was told that a failure was seen.
async fn told(server: &TestServer) -> usize {
    let (_, page) = server.look("/events?daemon=codex&spell=reveal").await;
    let events = page["events"].as_array().unwrap();
    events.iter().filter(|event| event["metadata"]["query_type"] == "acknowledge").count()
}

#[tokio::test]
async fn many_who_say_at_once_that_a_failure_was_seen_make_one_event() {
    let server = TestServer::start().await;
    fail(&server, "exit 101").await;
    let answers = futures_util::future::join_all((0..8).map(|_| see(&server, ""))).await;
    for (status, answer) in &answers {
        let is_told = answer["status"] == "seen" && answer["seq"] == 3;
        assert!(*status == 200 && (is_told || answer["status"] == "already-seen"), "{answer}");
    }
    assert_eq!(answers.len(), 8);
    assert_eq!(told(&server).await, 1);
    let (status, answer) = see(&server, "").await;
    assert_eq!((status, &answer["status"], answer.get("seq")), (200, &json!("already-seen"), None));
    assert_eq!(server.look("/roster").await.1["roster"]["daemons"][0]["doing"], "idle");
    // The next failure is another one.
    fail(&server, "exit 1").await;
    assert_eq!(see(&server, "").await.1["status"], "seen");
    assert_eq!(told(&server).await, 2);
}

#[tokio::test]
async fn a_failure_after_the_one_that_was_seen_is_left_alone() {
    let server = TestServer::start().await;
    let first = fail(&server, "exit 101").await;
    let second = fail(&server, "exit 1").await;
    let (status, problem) = see(&server, &format!("?failure={first}")).await;
    assert_eq!((status, &problem["type"]), (409, &json!("/docs#problem-failed-again")), "{problem}");
    assert_eq!(told(&server).await, 0);
    assert_eq!(see(&server, &format!("?failure={second}")).await.1["status"], "seen");
    let (status, problem) = see(&server, "?failure=last").await;
    assert_eq!((status, problem["detail"].as_str().unwrap().contains("failure")), (422, true), "{problem}");
    assert_eq!(see(&server, "?room=nowhere").await.0, 404);
    // Whom nobody has heard of has no failure.
    assert_eq!(server.ask("/daemons/stranger/seen", Value::Null).await.1["status"], "already-seen");
}

#[tokio::test]
async fn who_may_answer_may_say_so_and_publish_nothing_else() {
    let guarded = Guarded::start().await;
    let event = |spell: &str, success: bool| json!({"spell_name": spell, "daemon_name": "codex", "success": success, "metadata": {"session": "s"}});
    let publisher = token(&json!({"can": ["publish"]}));
    for event in [event("summon", true), event("invoke", false)] {
        assert_eq!(guarded.status(&publisher, Method::POST, "/events", Some(event)).await.0, 201);
    }
    let human = token(&json!({"can": ["subscribe", "cast", "answer"]}));
    let seen = async |token: &str| guarded.status(token, Method::POST, "/daemons/codex/seen", None).await;
    assert_eq!(seen(&publisher).await.0, 403);
    assert_eq!(guarded.status(&human, Method::POST, "/events", Some(event("reveal", true))).await.0, 403);
    let (status, answer) = seen(&human).await;
    assert_eq!((status, &answer["status"]), (200, &json!("seen")), "{answer}");
}
