//! What an import makes of an export that somebody changed, or that was never whole.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use support::TestServer;

fn room(name: &str, first: u64, head: u64) -> String {
    json!({"type": "room", "room": name, "first": first, "head": head}).to_string()
}

fn event(room: &str, seq: u64) -> String {
    json!({"spell_name": "reveal", "description": "x", "success": true, "room": room, "seq": seq,
        "timestamp": "2026-01-01T00:00:00Z", "metadata": {}})
    .to_string()
}

/// An export with these lines between its first and its last.
fn export(lines: &[String]) -> String {
    let events = lines.iter().filter(|line| line.contains("spell_name")).count();
    let begin = json!({"type": "arcane-export", "version": 1}).to_string();
    let end = json!({"type": "end", "events": events}).to_string();
    [&[begin], lines, &[end]].concat().join("\n")
}

fn import(data: &Path, export: &str) -> Output {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), export).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_arcane"));
    command.args(["import", "--data-dir"]).arg(data).arg(file.path());
    command.env_remove("ARCANE_CONFIG").output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn numbers(events: &Value) -> Vec<u64> {
    events.as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn what_is_after_a_hole_is_recent_at_once() {
    for (holes, after) in [
        (vec![(19, 19)], 20..21),
        (vec![(12, 13)], 14..21),
        (vec![(3, 4), (8, 8), (15, 17)], 18..21),
        (vec![], 1..21),
    ] {
        let seqs = (1..21).filter(|seq| !holes.iter().any(|(from, to)| from <= seq && seq <= to));
        let lines: Vec<String> =
            [room("main", 1, 20)].into_iter().chain(seqs.map(|seq| event("main", seq))).collect();
        let data = tempfile::tempdir().unwrap();
        let done = import(data.path(), &export(&lines));
        assert!(done.status.success(), "{}", said(&done));

        let server = TestServer::in_dir(data.path()).await;
        let after: Vec<u64> = after.collect();
        let (_, recent) = server.look("/events/recent?count=50").await;
        assert_eq!(numbers(&recent["events"]), after, "{holes:?}: {recent}");
        let connection = server.connect("recent=50").await.next().await;
        assert_eq!(numbers(&connection["recent_events"]), after, "{holes:?}");
        server.publish(support::event("goes on")).await;
        let (_, recent) = server.look("/events/recent?count=2").await;
        assert_eq!(numbers(&recent["events"]), [20, 21], "{holes:?}");
        server.stop().await;
    }
}
