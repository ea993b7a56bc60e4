//! Readers that resume at every position of a long history while events arrive and others are purged.
//!
//! Every 97th position; `ARCANE_EVERY_SEQ=1 cargo test --release -p arcane-server --test resume` tries each.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::time::Duration;

use arcane_server::config::{BusConfig, Config};
use arcane_server::log::retention::Retention;
use serde_json::{Value, json};
use support::{Sse, TestServer, event};
use tokio::sync::watch;

const HISTORY: u64 = 10_000;
/// Events a second while readers resume.
const RATE: u64 = 1000;
const READERS: usize = 8;

async fn publish(server: &TestServer, count: usize) {
    let batch: Vec<Value> = (0..count).map(|_| event("x")).collect();
    assert_eq!(server.ask("/events", json!(batch)).await.0, 201);
}

/// Resumes after a position and reads on until some live events have come. Says where it got to, or that the
/// position is past retention.
async fn resume(server: &TestServer, seq: u64) -> Option<u64> {
    let mut reader = server.connect(&format!("since={seq}")).await;
    let connection = reader.next().await;
    if connection["resume"]["recovered"] != true {
        assert_eq!(connection["resume"]["reason"], "expired", "{seq}");
        return None;
    }
    let through = seq + connection["resume"]["count"].as_u64().unwrap() + 3;
    for next in seq + 1..=through {
        assert_eq!(reader.next().await["seq"], next, "after {seq}");
    }
    Some(through)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_every_position_everything_comes_and_in_order() {
    let step = std::env::var("ARCANE_EVERY_SEQ").map_or(97, |step| step.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let retention = Retention { events_max: HISTORY, ..Retention::default() };
    let bus = BusConfig { ring_frames: 1000, retention, ..BusConfig::default() };
    let server = TestServer::with(Config { bus, ..TestServer::config_in(dir.path()) }).await;
    for _ in 0..HISTORY / 500 {
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
        let server = &server;
        let (mut resumed, mut expired) = (0, 0);
        let positions: Vec<u64> = (0..=HISTORY).step_by(step).collect();
        for (round, some) in positions.chunks(READERS).enumerate() {
            if round % (positions.len() / READERS / 3).max(1) == 1 {
                // Besides what retention does by itself: by hand, a little before those who read now.
                let (status, purged) =
                    server.purge(&format!("/events?before={}", some[0].saturating_sub(500))).await;
                assert_eq!(status, 200, "{purged}");
            }
            for through in futures_util::future::join_all(some.iter().map(|seq| resume(server, *seq))).await {
                if through.is_some() { resumed += 1 } else { expired += 1 }
            }
        }
        stop.send(true).unwrap();
        (resumed, expired)
    };
    let ((), (resumed, expired)) = tokio::join!(arriving, resuming);
    assert!(resumed * 2 > (resumed + expired), "{resumed} resumed, {expired} were past retention");
    let (_, stats) = server.look("/events/stats").await;
    assert!(stats["rooms"][0]["oldest"].as_u64().unwrap() > 1, "something was purged");

    // The same over the other transport.
    let oldest = stats["rooms"][0]["oldest"].as_u64().unwrap();
    for seq in [oldest - 1, oldest + 700, HISTORY] {
        let mut stream = Sse::open(&server, &format!("/events/stream?since={seq}"), None).await;
        let (_, _, connection) = stream.next().await.unwrap();
        let count = connection["resume"]["count"].as_u64().unwrap_or_else(|| panic!("{connection}"));
        for next in seq + 1..=seq + count {
            assert_eq!(stream.next().await.unwrap().2["seq"], next);
        }
    }
    server.stop().await;
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
