//! Rooms of nodes that share a log: one that another node has made or uses is there for all of them.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::time::Instant;

use arcane_server::config::{Config, Dashboard, NatsConfig};
use serde_json::Value;
use support::nats::NatsServer;
use support::{PATIENCE, TestServer, event, http_client};

fn on(server: &NatsServer) -> Config {
    let servers = vec![server.url()];
    let log = NatsConfig { servers, prefix: "arcane".into(), is_replicated: false, ..NatsConfig::default() };
    Config { dashboard: Dashboard::Off, log: Some(log), ..Config::default() }
}

async fn publish(node: &TestServer, room: &str) -> u64 {
    let (status, answer) = node.ask(&format!("/events?room={room}"), event("e")).await;
    assert_eq!(status, 201, "{answer}");
    answer["events"][0]["seq"].as_u64().unwrap()
}

/// Asks until an answer is as it should be: what another node did is told within milliseconds.
async fn until(node: &TestServer, path: &str, is: impl Fn(&(u16, Value)) -> bool) {
    let began = Instant::now();
    loop {
        let answer = node.look(path).await;
        if is(&answer) {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_of_another_node_is_there_and_stays_up_to_date_for_who_only_asks() {
    let Some(nats) = NatsServer::start().await else { return };
    let one = TestServer::with(on(&nats)).await;
    publish(&one, "before").await;
    let other = TestServer::with(on(&nats)).await;
    assert_eq!(other.look("/events?room=none").await.0, 404);
    for room in ["before", "after"] {
        for _ in 0..3 {
            let seq = publish(&one, room).await;
            until(&other, &format!("/events?room={room}"), |(status, page)| {
                *status == 200 && page["head"] == seq
            })
            .await;
        }
    }
    assert_eq!(other.look("/roster?room=after").await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_that_is_read_at_another_node_is_not_closed() {
    let Some(nats) = NatsServer::start().await else { return };
    let (one, other) = (TestServer::with(on(&nats)).await, TestServer::with(on(&nats)).await);
    publish(&one, "shop").await;
    let mut reader = other.connect("room=shop").await;
    reader.next().await;
    until(&one, "/events/stats", |(_, stats)| {
        let rooms = stats["rooms"].as_array().unwrap();
        rooms.iter().any(|room| room["room"] == "shop" && room["subscribers"] == 1)
    })
    .await;
    let (status, problem) = one.purge("/rooms/shop").await;
    assert_eq!((status, &problem["type"]), (409, &Value::from("/docs#problem-room-in-use")), "{problem}");
    drop(reader);
    let began = Instant::now();
    while http_client().delete(one.url("/rooms/shop")).send().await.unwrap().status() != 204 {
        assert!(began.elapsed() < PATIENCE);
    }
}
