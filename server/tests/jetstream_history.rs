//! Questions about the past where the log is on JetStream: a node that copies rooms to its disk answers as one that reads all events.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::path::Path;
use std::time::Instant;

use arcane_server::config::{Config, Dashboard, NatsConfig};
use serde_json::{Value, json};
use support::nats::NatsServer;
use support::{PATIENCE, TestServer};

fn on(server: &NatsServer, data_dir: Option<&Path>) -> Config {
    let servers = vec![server.url()];
    let log = NatsConfig { servers, prefix: "arcane".into(), is_replicated: false, ..NatsConfig::default() };
    let data_dir = data_dir.map(Path::to_owned);
    Config { dashboard: Dashboard::Off, log: Some(log), data_dir, ..Config::default() }
}

fn event(n: u64) -> Value {
    let daemon = ["claude", "gemini", "liquidmetal"][usize::try_from(n % 3).unwrap()];
    json!({"spell_name": "invoke", "daemon_name": daemon, "description": format!("{daemon} reads file{n}.rs"),
        "success": !n.is_multiple_of(7), "metadata": {"task": "read", "n": n}})
}

async fn publish(node: &TestServer, numbers: std::ops::RangeInclusive<u64>) {
    let events: Vec<Value> = numbers.map(event).collect();
    for some in events.chunks(100) {
        let (status, answer) = node.ask("/events", json!(some)).await;
        assert_eq!(status, 201, "{answer}");
    }
}

/// Waits until a node has heard what another one did.
async fn until(node: &TestServer, field: &str, seq: u64) {
    let began = Instant::now();
    while node.look("/events?limit=1").await.1[field] != seq {
        assert!(began.elapsed() < PATIENCE);
    }
}

const QUESTIONS: [&str; 8] = [
    "/events?daemon=gemini&limit=20",
    "/events?daemon=gemini&success=false&order=asc",
    "/events?q=file17",
    "/events?q=liquid+read&order=asc&limit=500",
    "/events?q=nothing",
    "/events?success=false&after=100&before=200",
    "/events/activity?buckets=10",
    "/events?limit=3",
];

/// Whether a text is in the copies of a node.
fn has(dir: &Path, text: &str) -> bool {
    ["events.db", "events.db-wal"].iter().any(|file| {
        let bytes = std::fs::read(dir.join("mirror").join(file)).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

async fn answer(node: &TestServer, question: &str) -> Value {
    let (status, mut answer) = node.look(question).await;
    assert_eq!(status, 200, "{question}: {answer}");
    // Each answer says up to which moment it counts.
    if let Some(answer) = answer.as_object_mut() {
        answer.remove("to");
    }
    answer
}

async fn answer_alike(reads: &TestServer, copies: &TestServer) {
    for question in QUESTIONS {
        let began = Instant::now();
        loop {
            let (read, copied) = (answer(reads, question).await, answer(copies, question).await);
            if read == copied {
                break;
            }
            // Counts of what was let go of leave the index a moment later, as they do where the log is SQLite.
            assert!(
                question.starts_with("/events/activity") && began.elapsed() < PATIENCE,
                "{question}: {read} {copied}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_answers_as_the_stream_does() {
    let Some(nats) = NatsServer::start().await else { return };
    let dir = tempfile::tempdir().unwrap();
    let reads = TestServer::with(on(&nats, None)).await;
    let copies = TestServer::with(on(&nats, Some(dir.path()))).await;
    let mut head = 0;
    for many in [250, 50, 1] {
        publish(&reads, head + 1..=head + many).await;
        head += many;
        until(&copies, "head", head).await;
        answer_alike(&reads, &copies).await;
    }
    assert!(dir.path().join("mirror/index.db").exists());
    // What is let go of is in no answer, and the copy goes on in the next run.
    assert_eq!(reads.purge("/events?before=120").await.0, 200);
    for question in ["/events?daemon=gemini&order=asc", "/events?q=reads&order=asc"] {
        assert!(answer(&copies, question).await["events"][0]["seq"].as_u64() >= Some(120), "{question}");
    }
    until(&copies, "oldest", 120).await;
    answer_alike(&reads, &copies).await;
    copies.stop().await;
    publish(&reads, head + 1..=head + 10).await;
    let copies = TestServer::with(on(&nats, Some(dir.path()))).await;
    until(&copies, "head", head + 10).await;
    answer_alike(&reads, &copies).await;
    // Nor is it on the disk.
    let began = Instant::now();
    while has(dir.path(), "reads file50.rs") {
        assert!(began.elapsed() < PATIENCE);
    }
    assert!(has(dir.path(), "reads file150.rs"));
    // Two nodes of one directory: the second reads the stream.
    let second = TestServer::with(on(&nats, Some(dir.path()))).await;
    answer_alike(&second, &copies).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_of_a_stream_that_was_put_back_while_no_node_ran_is_made_anew() {
    let Some(mut nats) = NatsServer::start().await else { return };
    let dir = tempfile::tempdir().unwrap();
    let node = TestServer::with(on(&nats, Some(dir.path()))).await;
    publish(&node, 1..=20).await;
    node.stop().await;
    nats.kill();
    let copy = nats.copy_streams();
    nats.start_again().await;
    let node = TestServer::with(on(&nats, Some(dir.path()))).await;
    publish(&node, 21..=30).await;
    assert_eq!(node.look("/events?q=file30").await.1["events"].as_array().unwrap().len(), 1);
    node.stop().await;
    nats.kill();
    nats.put_streams(&copy);
    nats.start_again().await;
    let node = TestServer::with(on(&nats, Some(dir.path()))).await;
    publish(&node, 41..=55).await;
    for (q, count) in [("file30", 0), ("file45", 1), ("file7", 1)] {
        let (_, answer) = node.look(&format!("/events?q={q}&limit=100")).await;
        let found = answer["events"].as_array().unwrap();
        assert_eq!(found.len(), count, "{q}: {answer}");
    }
    let (_, all) = node.look("/events?daemon=claude,gemini,liquidmetal&limit=100&order=asc").await;
    let (_, plain) = node.look("/events?limit=100&order=asc").await;
    assert_eq!(all["events"], plain["events"]);
}
