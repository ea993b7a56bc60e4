//! One budget for the memory that grows with what clients do: who gives way, and who notices nothing.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use arcane_server::config::{BusConfig, Config};
use serde_json::{Value, json};
use support::{TestServer, event};

const MIB: usize = 1024 * 1024;
const BUDGET: usize = 16 * MIB;
const ROOMS: usize = 8;
/// What one publication of ten events has.
const BATCH: usize = 10;
const BATCHES: usize = 12;

/// A server that keeps its log in a directory, and has little memory.
async fn server(dir: &std::path::Path) -> TestServer {
    let bus = BusConfig { memory_bytes: BUDGET, ..BusConfig::default() };
    TestServer::with(Config { bus, ..TestServer::config_in(dir) }).await
}

/// What a metric says.
async fn metric(server: &TestServer, name: &str) -> usize {
    let metrics = server.get("/metrics").await.text().await.unwrap();
    let line = metrics.lines().find(|line| line.starts_with(&format!("{name} ")));
    line.unwrap_or_else(|| panic!("{name}: {metrics}")).rsplit(' ').next().unwrap().parse().unwrap()
}

async fn rings(server: &TestServer) -> usize {
    metric(server, "arcane_memory_budget_bytes{part=\"rings\"}").await
}

fn batch() -> Value {
    json!(vec![event(&"x".repeat(60_000)); BATCH])
}

async fn publish(server: &TestServer, room: usize) {
    let (status, answer) = server.ask(&format!("/events?room=r{room}"), batch()).await;
    assert_eq!(status, 201, "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_rooms_of_large_events_stay_within_the_budget_and_nothing_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let server = server(dir.path()).await;
    assert_eq!(metric(&server, "arcane_memory_budget_limit_bytes").await, BUDGET);
    let mut keeps_up = server.connect("room=r0&recent=0").await;
    keeps_up.next().await;
    // One that falls behind.
    let mut lags = server.connect("room=r0&recent=0").await;
    lags.next().await;
    for n in 0..BATCHES {
        for room in 0..ROOMS {
            publish(&server, room).await;
            assert!(rings(&server).await <= BUDGET, "after batch {n} of room {room}");
        }
        for seq in n * BATCH + 1..=(n + 1) * BATCH {
            let next = keeps_up.next().await;
            assert_eq!(next["seq"], seq, "{}", next["type"]);
        }
    }
    // All of it is 58 MB.
    assert!(rings(&server).await > BUDGET / 2, "what there is is used");
    assert!(metric(&server, "arcane_memory_events_given_up_total").await > 0);
    for seq in 1..=BATCH * BATCHES {
        assert_eq!(lags.next().await["seq"], seq);
    }
    for room in [0, ROOMS / 2, ROOMS - 1] {
        let mut from_the_log = server.connect(&format!("room=r{room}&since=0")).await;
        assert_eq!(from_the_log.next().await["resume"]["recovered"], true);
        for seq in 1..=BATCH * BATCHES {
            assert_eq!(from_the_log.next().await["seq"], seq, "room {room}");
        }
    }
    assert_eq!(metric(&server, "arcane_skipped_deliveries_total").await, 0);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newcomer_gets_the_whole_history_although_memory_gave_it_up() {
    let dir = tempfile::tempdir().unwrap();
    let server = server(dir.path()).await;
    for _ in 0..BATCHES {
        publish(&server, 0).await;
    }
    for _ in 0..BATCHES {
        for room in 1..ROOMS {
            publish(&server, room).await;
        }
    }
    let last = |events: &Value| {
        let events = events.as_array().unwrap();
        (events.len(), events.first().unwrap()["seq"].clone(), events.last().unwrap()["seq"].clone())
    };
    let whole = (100, json!(21), json!(120));
    let (_, recent) = server.look("/events/recent?room=r0&count=100").await;
    assert_eq!(last(&recent["events"]), whole);
    let given_up = metric(&server, "arcane_memory_events_given_up_total").await;
    publish(&server, 1).await;
    assert!(metric(&server, "arcane_memory_events_given_up_total").await > given_up);
    let greeting = server.connect("room=r0&recent=100").await.next().await;
    assert_eq!(last(&greeting["recent_events"]), whole);
    let mut publisher = server.connect("room=r2&recent=100&listen=false").await;
    assert_eq!(last(&publisher.next().await["recent_events"]), whole);
    assert!(rings(&server).await <= BUDGET);
    server.stop().await;
}

#[tokio::test]
async fn a_closed_room_gives_its_memory_back() {
    let dir = tempfile::tempdir().unwrap();
    let server = server(dir.path()).await;
    let before = rings(&server).await;
    publish(&server, 0).await;
    assert!(rings(&server).await > before + BATCH * 60_000);
    // Who has just written it may still have it.
    while server.http.delete(server.url("/rooms/r0")).send().await.unwrap().status() == 409 {}
    assert_eq!(rings(&server).await, before);
    server.stop().await;
}
