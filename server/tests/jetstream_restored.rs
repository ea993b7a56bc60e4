//! A stream that was cut behind the nodes' back, as when a server's disk was restored: its numbers begin anew everywhere.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::time::{Duration, Instant};

use arcane_server::config::{Config, Dashboard, NatsConfig};
use serde_json::{Value, json};
use support::nats::NatsServer;
use support::{Client, PATIENCE, TestServer, event};

fn on(server: &NatsServer) -> Config {
    let servers = vec![server.url()];
    let log = NatsConfig { servers, prefix: "arcane".into(), is_replicated: false, ..NatsConfig::default() };
    Config { dashboard: Dashboard::Off, log: Some(log), ..Config::default() }
}

async fn publish(node: &TestServer, name: &str) -> u64 {
    let began = Instant::now();
    loop {
        let (status, answer) = node.ask("/events", event(name)).await;
        if status == 201 {
            return answer["events"][0]["seq"].as_u64().unwrap();
        }
        assert!(began.elapsed() < PATIENCE, "{answer}");
    }
}

/// A reader of a node that has got to an event, and what it was told first.
async fn at(node: &TestServer, seq: u64) -> (Client, Value) {
    let began = Instant::now();
    loop {
        let mut socket = node.connect("recent=0").await;
        let greeting = socket.next().await;
        if greeting["seq"] == seq {
            return (socket, greeting);
        }
        assert!(began.elapsed() < PATIENCE, "{greeting}");
    }
}

/// So many messages of another writer, while no node can see the server.
async fn write_as_another(nats: &mut NatsServer, count: u64) {
    let client = async_nats::connect(nats.start_apart().await).await.unwrap();
    let context = async_nats::jetstream::new(client);
    for _ in 0..count {
        context.publish("arcane.room.main.ev", "{}".into()).await.unwrap().await.unwrap();
    }
    nats.kill();
}

/// Nobody publishes or subscribes: the room is there, and what was given is of another run.
async fn begun_anew_for_who_only_asks(node: &TestServer, epoch: &str, head: u64) {
    let (status, page) = node.look("/events?limit=1").await;
    assert_eq!((status, &page["head"]), (200, &json!(head)), "{page}");
    assert_eq!(node.look(&format!("/events?after={epoch}:6")).await.0, 410);
}

/// Three events, a copy, three more; then the copy is put back, with so many messages of another writer behind it.
/// `are_started_late`: nodes that have read all events and were told none.
async fn restored(others: u64, are_started_late: bool) {
    let Some(mut nats) = NatsServer::start().await else { return };
    let (mut one, mut other) = (TestServer::with(on(&nats)).await, TestServer::with(on(&nats)).await);
    for n in 1..=3 {
        assert_eq!(publish(&one, "kept").await, n);
    }
    nats.kill();
    let copy = nats.copy_streams();
    nats.start_again().await;
    for n in 4..=6 {
        assert_eq!(publish(&one, "lost").await, n);
    }
    if are_started_late {
        one.stop().await;
        other.stop().await;
        (one, other) = (TestServer::with(on(&nats)).await, TestServer::with(on(&nats)).await);
    }
    let (mut sockets, mut epochs) = (Vec::new(), Vec::new());
    for node in [&one, &other] {
        let (socket, greeting) = at(node, 6).await;
        epochs.push(greeting["epoch"].as_str().unwrap().to_owned());
        sockets.push(socket);
    }
    let epoch = epochs.pop().unwrap();
    assert_eq!(epochs, [epoch.as_str()]);

    nats.kill();
    nats.put_streams(&copy);
    if others > 0 {
        write_as_another(&mut nats, others).await;
    }
    nats.start_again().await;
    let began = Instant::now();
    for socket in &mut sockets {
        assert_eq!(socket.closed().await.0, 1001);
    }
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());

    for node in [&one, &other] {
        begun_anew_for_who_only_asks(node, &epoch, 3 + others).await;
    }
    let since = format!("since={epoch}:6");
    let mut now = Vec::new();
    for node in [&one, &other] {
        let greeting = node.connect(&since).await.next().await;
        assert_eq!(
            greeting["resume"],
            json!({ "recovered": false, "reason": "epoch_changed" }),
            "{greeting}"
        );
        now.push(greeting["epoch"].clone());
    }
    assert_eq!(now[0], now[1], "it is one new epoch");
    assert_eq!(publish(&one, "after").await, 4 + others);
    let pages = [one.look("/events?order=asc").await.1, other.look("/events?order=asc").await.1];
    assert_eq!(pages[0]["events"], pages[1]["events"]);
    assert_eq!(pages[0]["events"].as_array().unwrap().len() as u64, 4 + others);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_is_shorter_than_it_was_begins_anew() {
    restored(0, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_with_other_events_under_the_same_numbers_begins_anew() {
    restored(5, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_node_has_read_at_its_start_is_held_against_the_stream_as_well() {
    restored(5, true).await;
}

/// What is told in the place of a foreign message has the time at which the stream took it, which not every way to read it says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_of_others_is_no_reason_to_begin_anew() {
    let Some(mut nats) = NatsServer::start().await else { return };
    let node = TestServer::with(on(&nats)).await;
    publish(&node, "first").await;
    let context = async_nats::jetstream::new(async_nats::connect(nats.url()).await.unwrap());
    context.publish("arcane.room.main.ev", "{}".into()).await.unwrap().await.unwrap();
    let (mut socket, greeting) = at(&node, 2).await;
    nats.kill();
    nats.start_again().await;
    let until = Instant::now() + Duration::from_secs(4);
    // The leader is asked twice within this time, and nothing else shows that nothing comes of it.
    while Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let rooms = node.look("/events/stats").await.1["rooms"][0].clone();
        assert_eq!((&rooms["epoch"], &rooms["seq"]), (&greeting["epoch"], &json!(2)), "{rooms}");
    }
    assert_eq!(publish(&node, "after").await, 3);
    assert_eq!(socket.next().await["seq"], 3);
}

/// Publishes under a key until that is answered.
async fn publish_with_key(node: &TestServer, key: &str) -> u64 {
    let began = Instant::now();
    loop {
        let (status, answer) = node.publish_with_key(key, &event(key)).await;
        if status == 201 {
            return answer["events"][0]["seq"].as_u64().unwrap();
        }
        assert!(began.elapsed() < PATIENCE, "{answer}");
    }
}

/// A key stands for events of one run of numbers: of the next it says nothing, unless its events are still there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_of_an_event_that_is_gone_publishes_it_again() {
    let Some(mut nats) = NatsServer::start().await else { return };
    let node = TestServer::with(on(&nats)).await;
    assert_eq!(publish_with_key(&node, "kept").await, 1);
    nats.kill();
    let copy = nats.copy_streams();
    nats.start_again().await;
    assert_eq!(publish_with_key(&node, "lost").await, 2);
    // With the stop everything is in the bucket that was known of keys; that is not put back.
    node.stop().await;
    let node = TestServer::with(on(&nats)).await;
    let (mut socket, _) = at(&node, 2).await;
    nats.kill();
    nats.put_stream(&copy, "arcane-room-main");
    nats.start_again().await;
    assert_eq!(socket.closed().await.0, 1001);
    assert_eq!(publish(&node, "another").await, 2);
    assert_eq!(publish_with_key(&node, "lost").await, 3);
    assert_eq!((publish_with_key(&node, "kept").await, publish_with_key(&node, "lost").await), (1, 3));
}
