//! Durable consumers of nodes that share a log: one reader at a time, wherever it is, and one position.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::time::{Duration, Instant};

use arcane_server::config::{Config, Dashboard, NatsConfig};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use support::nats::NatsServer;
use support::process::{self, Process};
use support::{Client, PATIENCE, Sse, TestServer, event};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Message;

/// Generous: it takes some milliseconds.
const CLOSED_MAX: Duration = Duration::from_secs(2);

async fn node(nats: &NatsServer) -> TestServer {
    node_at(nats.url()).await
}

async fn node_at(url: String) -> TestServer {
    let log = NatsConfig {
        servers: vec![url],
        prefix: "arcane".into(),
        is_replicated: false,
        ..NatsConfig::default()
    };
    TestServer::with(Config { dashboard: Dashboard::Off, log: Some(log), ..Config::default() }).await
}

/// Asks until the only consumer is as it should be.
async fn until(server: &TestServer, is: impl Fn(&Value) -> bool) -> Duration {
    let began = Instant::now();
    loop {
        let (_, answer) = server.look("/consumers").await;
        if is(&answer["consumers"][0]) {
            return began.elapsed();
        }
        assert!(began.elapsed() < PATIENCE, "{answer}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn attach(server: &TestServer, count: u64) -> Client {
    let mut reader = server.connect("consumer=billing").await;
    assert_eq!(reader.next().await["resume"], json!({"recovered": true, "count": count}));
    reader
}

/// How long it takes until a reader is closed because it has no consumer any more.
async fn closed(reader: &mut Client) -> Duration {
    let began = Instant::now();
    assert_eq!(reader.closed().await.0, 4409);
    began.elapsed()
}

#[tokio::test]
async fn a_reader_takes_over_from_another_node_and_goes_on_after_what_was_acknowledged() {
    let Some(nats) = NatsServer::start().await else { return };
    let (one, other) = (node(&nats).await, node(&nats).await);
    let mut loser = attach(&one, 0).await;
    for n in 1..=5 {
        one.publish(event(&n.to_string())).await;
        assert_eq!(loser.next().await["seq"], n);
    }
    loser.say(json!({"type": "ack", "seq": 2})).await;
    loser.say(json!({"type": "ack", "seq": 9})).await;
    assert_eq!(loser.next().await["code"], "bad_ack");
    for server in [&one, &other] {
        let kept = until(server, |card| card["seq"] == 2 && card["connected"] == true).await;
        assert!(kept < CLOSED_MAX, "{kept:?}");
    }
    let mut winner = attach(&other, 3).await;
    let took = closed(&mut loser).await;
    println!("a reader of another node was closed {took:?} after the one that took over was greeted");
    assert!(took < CLOSED_MAX, "{took:?}");
    for n in 3..=5 {
        assert_eq!(winner.next().await["seq"], n, "exactly after what was acknowledged");
    }
    assert_eq!(
        one.post("/consumers/billing/ack", json!({"seq": 4})).await.status(),
        204,
        "any node takes it"
    );
    assert_eq!(one.post("/consumers/billing/ack", json!({"seq": 3})).await.status(), 204);
    winner.say(json!({"type": "ack", "seq": 3})).await;
    until(&other, |card| card["seq"] == 4 && card["lag"] == 1).await;
    winner.say(json!({"type": "ack", "seq": 5})).await;
    drop(winner);
    until(&one, |card| card["seq"] == 5 && card["connected"] == false).await;
    other.stop().await;
    attach(&one, 0).await;
}

/// Acknowledges one event after the other until the connection is closed.
async fn acknowledge_on(mut reader: Client, mut seq: u64) {
    loop {
        seq += 1;
        let ack = Message::text(json!({"type": "ack", "seq": seq}).to_string());
        if reader.socket.send(ack).await.is_err() {
            return;
        }
        let heard = tokio::time::timeout(Duration::from_millis(2), reader.socket.next()).await;
        if let Ok(None | Some(Err(_) | Ok(Message::Close(_)))) = heard {
            return;
        }
    }
}

#[tokio::test]
async fn what_a_loser_acknowledges_does_not_move_the_winner() {
    let Some(nats) = NatsServer::start().await else { return };
    let (one, other) = (node(&nats).await, node(&nats).await);
    let events: Vec<Value> = (0..1_000).map(|n| event(&n.to_string())).collect();
    assert_eq!(one.post("/events", json!(events)).await.status(), 201);
    let mut reader = one.connect("consumer=billing&since=0").await;
    assert_eq!(reader.next().await["resume"]["count"], 1_000);
    let mut at = 0;
    for turn in 1..=10 {
        let (from, to) = if turn % 2 == 1 { (&one, &other) } else { (&other, &one) };
        until(from, |card| card["connected"] == true && card["seq"] == at).await;
        let losing = tokio::spawn(acknowledge_on(reader, at));
        until(from, |card| card["seq"].as_u64() > Some(at)).await;
        reader = to.connect("consumer=billing").await;
        at = 1_000 - reader.next().await["resume"]["count"].as_u64().unwrap();
        tokio::time::timeout(PATIENCE, losing).await.expect("it is closed").unwrap();
        for server in [&one, &other] {
            until(server, |card| card["seq"] == at).await;
        }
    }
}

#[tokio::test]
async fn a_consumer_is_deleted_from_another_node() {
    let Some(nats) = NatsServer::start().await else { return };
    let (one, other) = (node(&nats).await, node(&nats).await);
    let mut reader = attach(&one, 0).await;
    until(&other, |card| card["connected"] == true).await;
    let deleted = other.http.delete(other.url("/consumers/billing")).send().await.unwrap();
    assert_eq!(deleted.status(), 204);
    let took = closed(&mut reader).await;
    println!("the reader of a consumer that was deleted on another node was closed after {took:?}");
    assert!(took < CLOSED_MAX, "{took:?}");
    for server in [&one, &other] {
        until(server, Value::is_null).await;
        assert_eq!(server.post("/consumers/billing/ack", json!({"seq": 0})).await.status(), 404);
        assert_eq!(server.http.delete(server.url("/consumers/billing")).send().await.unwrap().status(), 404);
    }
    let mut stream = Sse::open(&one, "/events/stream?consumer=billing", None).await;
    stream.next().await.unwrap();
    let _winner = attach(&other, 0).await;
    let (_, name, data) = stream.next().await.unwrap();
    assert_eq!((name.as_str(), &data["code"]), ("close", &json!(4409)));
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn of_two_that_attach_at_once_one_stays() {
    let Some(nats) = NatsServer::start().await else { return };
    let (one, other) = (node(&nats).await, node(&nats).await);
    for turn in 0..20 {
        let (mut first, mut second) = tokio::join!(attach(&one, 0), attach(&other, 0));
        let wait = tokio::time::timeout(PATIENCE, async {
            tokio::select! {
                (code, _) = first.closed() => (code, true),
                (code, _) = second.closed() => (code, false),
            }
        });
        let (code, is_first) = wait.await.expect("one of them is closed");
        assert_eq!(code, 4409, "{turn}");
        let (mut stays, node) = if is_first { (second, &other) } else { (first, &one) };
        until(node, |card| card["connected"] == true).await;
        // It is the consumer's reader: what it acknowledges is kept.
        let seq = node.publish(event("next")).await;
        assert_eq!(stays.next().await["seq"], seq);
        stays.say(json!({"type": "ack", "seq": seq})).await;
        until(node, |card| card["seq"] == seq).await;
        drop(stays);
        for server in [&one, &other] {
            until(server, |card| card["seq"] == seq && card["connected"] == false).await;
        }
    }
}

#[tokio::test]
async fn a_reader_of_a_node_that_was_killed_is_not_connected() {
    let Some(nats) = NatsServer::start().await else { return };
    let dir = tempfile::tempdir().unwrap();
    let here = node(&nats).await;
    let mut command = process::command(dir.path());
    command.args(["--log", &nats.url(), "--log-replicas", "1", "--log-prefix", "arcane"]);
    let killed = Process::try_start(command).unwrap();
    let url = format!("{}/events/stream?consumer=billing", killed.url);
    let stream = reqwest::get(url).await.unwrap();
    assert_eq!(stream.status(), 200);
    until(&here, |card| card["connected"] == true).await;
    killed.kill();
    let forgotten = until(&here, |card| card["connected"] == false).await;
    assert!(forgotten < Duration::from_secs(7), "{forgotten:?}");
    let _reader = attach(&here, 0).await;
    until(&here, |card| card["connected"] == true).await;
}

#[tokio::test]
async fn while_the_servers_are_away_readers_stay_and_what_they_acknowledge_waits() {
    let Some(mut nats) = NatsServer::start().await else { return };
    let here = node(&nats).await;
    let mut reader = attach(&here, 0).await;
    here.publish(event("1")).await;
    assert_eq!(reader.next().await["seq"], 1);
    nats.kill();
    reader.say(json!({"type": "ack", "seq": 1})).await;
    let began = Instant::now();
    while here.post("/consumers/billing/ack", json!({"seq": 1})).await.status() != 503 {
        assert!(began.elapsed() < PATIENCE);
    }
    let refused = here.get("/events/stream?consumer=billing").await;
    assert_eq!(refused.status(), 503, "within a bound");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    nats.start_again().await;
    until(&here, |card| card["seq"] == 1 && card["connected"] == true).await;
    let began = Instant::now();
    while here.post("/events", event("2")).await.status() != 201 {
        assert!(began.elapsed() < PATIENCE);
    }
    assert_eq!(reader.next().await["daemon_name"], event("2")["daemon_name"], "it reads on");
}

/// A way to a server that can be cut and joined.
struct Way {
    url: String,
    is_cut: watch::Sender<bool>,
}

impl Way {
    async fn to(nats: &NatsServer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("nats://{}", listener.local_addr().unwrap());
        let (is_cut, address) = (watch::Sender::new(false), nats.address());
        let cut = is_cut.clone();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (mut cut, address) = (cut.subscribe(), address.clone());
                tokio::spawn(async move {
                    let Ok(mut far) = TcpStream::connect(address).await else { return };
                    tokio::select! {
                        _ = cut.wait_for(|is_cut| *is_cut) => {}
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                    }
                });
            }
        });
        Self { url, is_cut }
    }
}

#[tokio::test]
async fn a_reader_whose_node_was_cut_off_is_closed_when_that_comes_back() {
    let Some(nats) = NatsServer::start().await else { return };
    let way = Way::to(&nats).await;
    let (cut_off, other) = (node_at(way.url.clone()).await, node(&nats).await);
    let mut loser = attach(&cut_off, 0).await;
    for n in 1..=5 {
        cut_off.publish(event(&n.to_string())).await;
        assert_eq!(loser.next().await["seq"], n);
    }
    loser.say(json!({"type": "ack", "seq": 1})).await;
    until(&other, |card| card["seq"] == 1).await;
    way.is_cut.send_replace(true);
    let began = Instant::now();
    while cut_off.look("/ready").await.0 == 200 {
        assert!(began.elapsed() < PATIENCE);
    }
    let mut winner = attach(&other, 4).await;
    assert_eq!(winner.next().await["seq"], 2);
    loser.say(json!({"type": "ack", "seq": 5})).await;
    winner.say(json!({"type": "ack", "seq": 2})).await;
    until(&other, |card| card["seq"] == 2).await;
    way.is_cut.send_replace(false);
    closed(&mut loser).await;
    for server in [&cut_off, &other] {
        until(server, |card| card["seq"] == 2 && card["connected"] == true).await;
    }
    winner.say(json!({"type": "ack", "seq": 3})).await;
    until(&cut_off, |card| card["seq"] == 3).await;
}

#[tokio::test]
async fn a_reader_that_comes_back_to_its_node_begins_after_all_that_it_acknowledged() {
    let Some(nats) = NatsServer::start().await else { return };
    let here = node(&nats).await;
    let mut reader = attach(&here, 0).await;
    for n in 1..=20 {
        assert_eq!(here.publish(event(&n.to_string())).await, n);
        assert_eq!(reader.next().await["seq"], n);
        reader.say(json!({"type": "ack", "seq": n})).await;
        reader.say(json!({"type": "ping", "t0": 0})).await;
        assert_eq!(reader.next().await["type"], "pong", "it has read what came before");
        reader = attach(&here, 0).await;
    }
    until(&here, |card| card["seq"] == 20).await;
}
