//! What daemons did and spent on each day, how long they waited for a human, and who waits now.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::process::Command;

use serde_json::{Value, json};
use support::TestServer;

fn event(daemon: &str, spell: &str, metadata: &Value) -> Value {
    json!({"spell_name": spell, "daemon_name": daemon, "metadata": metadata})
}

/// A log with these events, taken so many days ago.
fn log_of(events: &[(i64, Value)]) -> tempfile::TempDir {
    let mut lines = vec![json!({"type": "arcane-export", "version": 1})];
    lines.push(json!({"type": "room", "room": "main", "first": 1, "head": events.len()}));
    for (seq, (days_ago, event)) in events.iter().enumerate() {
        let at = chrono::Utc::now() - chrono::TimeDelta::days(*days_ago);
        let mut line = event.clone();
        line["timestamp"] = json!(at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string());
        line["success"] = json!(true);
        line["description"] = json!("x");
        (line["room"], line["seq"]) = (json!("main"), json!(seq + 1));
        lines.push(line);
    }
    lines.push(json!({"type": "end", "events": events.len()}));
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("export.ndjson");
    std::fs::write(&file, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_arcane"));
    command.args(["import", "--data-dir"]).arg(dir.path()).arg(file).env_remove("ARCANE_CONFIG");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    dir
}

#[tokio::test]
async fn each_day_has_its_own_figures() {
    let wait = json!({"voice": "await", "attention": true, "why": "permission", "tool": "Bash"});
    let spent = |tokens: u64| json!({"task": "x", "input_tokens": tokens, "cost_usd": 0.25});
    let dir = log_of(&[
        (3, event("codex", "invoke", &spent(100))),
        (3, event("codex", "voice", &wait)),
        (1, event("codex", "invoke", &spent(7))),
        (1, event("claude", "invoke", &json!({"task": "y"}))),
    ]);
    let server = TestServer::in_dir(dir.path()).await;
    let (status, told) = server.look("/statistics/days?days=7").await;
    assert_eq!(status, 200, "{told}");
    let [latest, first] = told["days"].as_array().unwrap().as_slice() else { panic!("{told}") };
    assert_eq!(latest["day"].as_i64().unwrap(), first["day"].as_i64().unwrap() + 2);
    let names = |day: &Value| -> Vec<String> {
        let figures = day["figures"].as_array().unwrap().iter();
        figures.map(|one| one["daemon_name"].as_str().unwrap().into()).collect()
    };
    assert_eq!(names(latest), ["claude", "codex"]);
    assert_eq!(names(first), ["codex"]);
    let codex = &latest["figures"][1];
    assert_eq!((&codex["input_tokens"], &codex["cost_usd"]), (&json!(7), &json!(0.25)));
    let waited_s = codex["waited_ms"].as_i64().unwrap() / 1000;
    assert!(
        (2 * 86_400 - 60..2 * 86_400 + 60).contains(&waited_s),
        "it is of the day on which it ends: {waited_s}"
    );
    assert_eq!(latest["figures"][0].get("input_tokens"), None, "unknown is absent, not 0");
    assert_eq!((&first["sums"]["invocations"], &first["sums"]["waited_ms"]), (&json!(1), &json!(0)));
    assert_eq!(first["sums"]["input_tokens"], 100);
    assert_eq!(server.look("/statistics/days?days=2").await.1["days"], json!([latest]));
    assert_eq!(server.look("/statistics/days?days=1").await.1["days"], json!([]));
}

#[tokio::test]
async fn who_waits_is_listed_who_waits_longest_first_and_asking_is_no_event() {
    let server = TestServer::start().await;
    for (daemon, why) in [("codex", "permission"), ("claude", "question")] {
        let wait = event(daemon, "voice", &json!({"voice": "await", "attention": true, "text": why}));
        assert_eq!(server.ask("/events", wait).await.0, 201);
    }
    let (_, before) = server.look("/events?limit=1000").await;
    let (status, answer) = server.look("/daemons?waiting=true").await;
    assert_eq!((status, &answer["count"]), (200, &json!(2)));
    let daemons = answer["daemons"].as_array().unwrap();
    assert_eq!((&daemons[0]["daemon_name"], &daemons[1]["daemon_name"]), (&json!("codex"), &json!("claude")));
    assert_eq!(daemons[0]["waiting_since"], daemons[0]["waiting"][0]["since"]);
    server.ask("/events", event("codex", "invoke", &json!({"task": "x"}))).await;
    let (_, answer) = server.look("/daemons?waiting=true").await;
    assert_eq!((&answer["count"], &answer["daemons"][0]["daemon_name"]), (&json!(1), &json!("claude")));
    let (_, after) = server.look("/events?limit=1000").await;
    let count = |log: &Value| log["events"].as_array().unwrap().len();
    assert_eq!(count(&after), count(&before) + 1);
    assert_eq!(server.look("/daemons?waiting=perhaps").await.0, 422);
    assert_eq!(server.look("/statistics/days?days=32").await.0, 422);
    assert_eq!(server.look("/statistics/days?room=nowhere").await.0, 404);
}
