//! Readers that resume at every position of a long history while events arrive and others are purged.
//!
//! Every 97th position; `ARCANE_EVERY_SEQ=1 cargo test --release -p arcane-server --test resume` tries each.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::time::Duration;

use arcane_server::config::{BusConfig, Config};
use arcane_server::log::retention::Retention;
use serde_json::{Value, json};
use support::{Client, Sse, TestServer, event};
use tokio::sync::watch;

const HISTORY: u64 = 10_000;
/// Events a second while readers resume.
const RATE: u64 = 1000;
/// Events before the history, which nobody reads and retention may take.
const BEFORE: u64 = 2000;
/// Readers at once.
const READERS_MAX: usize = 128;

async fn publish(server: &TestServer, count: usize) {
    let batch: Vec<Value> = (0..count).map(|_| event("x")).collect();
    assert_eq!(server.ask("/events", json!(batch)).await.0, 201);
}

/// A reader over either transport, that was promised everything after its position.
enum Resumed {
    Socket(Box<Client>),
    Stream(Sse),
}

impl Resumed {
    /// It, and the last event that it waits for: everything until it came, and some live ones.
    async fn after(server: &TestServer, seq: u64) -> (Self, u64) {
        let (reader, connection) = if seq % 10 == 3 {
            let mut stream = Sse::open(server, &format!("/events/stream?since={seq}"), None).await;
            let connection = stream.next().await.unwrap().2;
            (Self::Stream(stream), connection)
        } else {
            let mut socket = server.connect(&format!("since={seq}")).await;
            let connection = socket.next().await;
            (Self::Socket(Box::new(socket)), connection)
        };
        assert_eq!(connection["resume"]["recovered"], true, "{seq}: {connection}");
        (reader, seq + connection["resume"]["count"].as_u64().unwrap() + 3)
    }

    async fn read(mut self, after: u64, through: u64) {
        for next in after + 1..=through {
            let message = match &mut self {
                Self::Socket(socket) => socket.next().await,
                Self::Stream(stream) => stream.next().await.unwrap().2,
            };
            assert_eq!(message["seq"], next, "after {after}: {message}");
        }
    }
}

/// Resumes at these positions of a history of its own, all at once, while events arrive and others are purged.
async fn resume(positions: &[u64]) {
    let dir = tempfile::tempdir().unwrap();
    let retention = Retention { events_max: BEFORE + HISTORY, ..Retention::default() };
    let bus = BusConfig { ring_frames: 1000, retention, ..BusConfig::default() };
    let server = TestServer::with(Config { bus, ..TestServer::config_in(dir.path()) }).await;
    for _ in 0..(BEFORE + HISTORY) / 500 {
        publish(&server, 500).await;
    }
    let (stop, stopped) = watch::channel(false);
    let arriving = async {
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        while !*stopped.borrow() {
            tick.tick().await;
            publish(&server, usize::try_from(RATE / 50).unwrap()).await;
        }
    };
    let resuming = async {
        let mut reading = Vec::new();
        for seq in positions {
            let (reader, through) = Resumed::after(&server, *seq).await;
            reading.push(tokio::spawn(reader.read(*seq, through)));
            if reading.len() == 1 + positions.len() / 2 {
                purge(&server, BEFORE / 2).await;
            }
        }
        // Up to the position that somebody may still read from.
        purge(&server, positions[0] + 1).await;
        for reader in reading {
            reader.await.unwrap();
        }
        stop.send(true).unwrap();
    };
    tokio::join!(arriving, resuming);
    server.stop().await;
}

/// Besides what retention does by itself: by hand.
async fn purge(server: &TestServer, before: u64) {
    let (status, purged) = server.purge(&format!("/events?before={before}")).await;
    assert_eq!(status, 200, "{purged}");
    let (_, stats) = server.look("/events/stats").await;
    assert!(stats["rooms"][0]["oldest"].as_u64().unwrap() >= before, "{stats}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_every_position_everything_comes_and_in_order() {
    let step = std::env::var("ARCANE_EVERY_SEQ").map_or(97, |step| step.parse().unwrap());
    let positions: Vec<u64> = (BEFORE..=BEFORE + HISTORY).step_by(step).collect();
    let rounds = positions.len().div_ceil(READERS_MAX);
    for round in 0..rounds {
        // From all over the history, the oldest first: what it was promised stays for the others.
        let some: Vec<u64> = positions.iter().skip(round).step_by(rounds).copied().collect();
        resume(&some).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_promised_everything_is_waited_for_by_retention() {
    let dir = tempfile::tempdir().unwrap();
    let retention = Retention { events_max: 2000, ..Retention::default() };
    let bus = BusConfig { ring_frames: 100, history_size: 10, retention, ..BusConfig::default() };
    let server = TestServer::with(Config { bus, ..TestServer::config_in(dir.path()) }).await;
    publish(&server, 2000).await;
    let mut reader = server.connect("since=0").await;
    assert_eq!(reader.next().await["resume"]["recovered"], true);
    // Twice as much as is kept, before the reader reads on.
    for _ in 0..8 {
        publish(&server, 500).await;
    }
    for seq in 1..=6000 {
        assert_eq!(reader.next().await["seq"], seq);
    }
    let purged = async {
        while server.look("/events/stats").await.1["rooms"][0]["oldest"].as_u64().unwrap() < 3900 {
            publish(&server, 1).await;
        }
    };
    tokio::time::timeout(support::PATIENCE, purged).await.expect("then it goes on");
    server.stop().await;
}
