//! What daemons may spend on a day: told at two marks, each once, and then their conduits run no more.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::path::Path;
use std::time::Instant;

use arcane_server::config::{Config, ConfigFile};
use serde_json::{Value, json};
use support::asking::event;
use support::{Client, PATIENCE, TestServer};

/// A server whose daemon `smith` runs a program that leaves a mark, and may spend $5.
async fn server(dir: &Path, budget: &str) -> TestServer {
    let file = dir.join("arcane.toml");
    let ran = dir.join("ran").display().to_string();
    let config = format!(
        "[daemons.smith]\nconduit = \"command\"\nprogram = \"/bin/sh\"\nargs = [\"-c\", \"echo ran >> {ran}\"]\n{budget}"
    );
    std::fs::write(&file, config).unwrap();
    let ConfigFile { daemons, .. } = ConfigFile::read(&file, &[]).unwrap();
    let mut config = TestServer::config_in(&dir.join("data"));
    config.realm.daemons = daemons;
    config.realm.budget_usd = "20".parse().ok();
    TestServer::with(Config { ..config }).await
}

async fn listen(server: &TestServer) -> Client {
    let mut reader = server.connect("recent=0").await;
    reader.next().await;
    reader
}

async fn spend(server: &TestServer, daemon: &str, usd: f64) {
    let metadata = json!({"query_type": "enrich", "cost_usd": usd, "input_tokens": 10});
    server.publish(json!({"spell_name": "reveal", "daemon_name": daemon, "metadata": metadata})).await;
}

/// What an event of a budget says, without what changes from run to run.
fn said(event: &Value) -> Value {
    let metadata = &event["metadata"];
    assert!(metadata["resets_at"].is_string(), "{event}");
    json!([
        event["daemon_name"],
        metadata["percent"],
        metadata["spent_usd"],
        metadata["budget_usd"],
        event["success"]
    ])
}

fn runs(dir: &Path) -> usize {
    std::fs::read_to_string(dir.join("ran")).map_or(0, |text| text.lines().count())
}

#[tokio::test]
async fn a_budget_is_told_at_its_marks_and_then_the_conduit_stops() {
    let dir = tempfile::tempdir().unwrap();
    let server = server(dir.path(), "budget_usd = 5").await;
    let mut reader = listen(&server).await;
    server.post("/summon", json!({"daemon_name": "smith"})).await;
    let invoke = async || server.ask("/invoke", json!({"daemon_name": "smith", "task": "forge"})).await;
    assert_eq!(invoke().await.0, 200);

    spend(&server, "smith", 3.0).await;
    spend(&server, "smith", 1.25).await;
    assert_eq!(said(&event(&mut reader, "budget").await), json!(["smith", 80, 4.25, 5.0, true]));
    assert_eq!(invoke().await.0, 200);
    let (_, roster) = server.look("/roster").await;
    assert_eq!(roster["roster"]["daemons"][0]["budget"]["percent"], 80, "{roster}");

    spend(&server, "smith", 1.0).await;
    let spent = event(&mut reader, "budget").await;
    assert_eq!(said(&spent), json!(["smith", 100, 5.25, 5.0, false]));
    assert_eq!(spent["description"], "SMITH has spent all of today's $5.00: $5.25.");
    let (status, answer) = invoke().await;
    assert_eq!((status, &answer["type"]), (409, &json!("/docs#problem-budget-spent")), "{answer}");
    let detail = answer["detail"].as_str().unwrap();
    let resets_at = spent["metadata"]["resets_at"].as_str().unwrap();
    assert!(detail.contains("budget_usd in [daemons.smith]") && detail.contains(resets_at), "{detail}");
    assert_eq!(runs(dir.path()), 2);
    server.stop().await;
}

#[tokio::test]
async fn what_was_told_is_not_told_again_by_a_server_that_was_started_anew() {
    let dir = tempfile::tempdir().unwrap();
    let first = server(dir.path(), "").await;
    let mut reader = listen(&first).await;
    spend(&first, "claude", 17.0).await;
    assert_eq!(said(&event(&mut reader, "budget").await), json!(["claude", 80, 17.0, 20.0, true]));
    first.stop().await;

    let second = server(dir.path(), "").await;
    let mut reader = listen(&second).await;
    // Whichever is told next is told of what was spent now.
    spend(&second, "claude", 1.0).await;
    spend(&second, "codex", 30.0).await;
    assert_eq!(said(&event(&mut reader, "budget").await), json!(["codex", 100, 30.0, 20.0, false]));
    spend(&second, "claude", 2.0).await;
    assert_eq!(said(&event(&mut reader, "budget").await), json!(["claude", 100, 20.0, 20.0, false]));
    second.stop().await;

    let raised = server(dir.path(), "[daemons.claude]\nbudget_usd = 100").await;
    // What was told of the smaller budget holds no longer.
    let began = Instant::now();
    while raised.look("/roster").await.1["roster"]["daemons"][0]["budget"] != Value::Null {
        assert!(began.elapsed() < PATIENCE, "the raised budget is not told in time");
    }
    raised.stop().await;
}

#[tokio::test]
async fn a_daemon_without_a_conduit_that_runs_something_is_told_of_and_not_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let server = server(dir.path(), "").await;
    server.post("/summon", json!({"daemon_name": "echo"})).await;
    spend(&server, "echo", 50.0).await;
    assert_eq!(server.ask("/invoke", json!({"daemon_name": "echo", "task": "hello"})).await.0, 200);
    server.stop().await;
}
