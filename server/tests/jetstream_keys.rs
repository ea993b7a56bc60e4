//! Idempotency keys in a cluster: whichever node is asked, and however many at once, a key stands for one set of events.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use arcane_server::config::{Config, Dashboard, NatsConfig};
use futures_util::future::join_all;
use serde_json::{Value, json};
use support::nats::NatsServer;
use support::{PATIENCE, TestServer, event};

fn on(servers: &[&NatsServer]) -> Config {
    let is_replicated = servers.len() > 1;
    let servers = servers.iter().map(|server| server.url()).collect();
    let log = NatsConfig { servers, prefix: "arcane".into(), is_replicated, ..NatsConfig::default() };
    Config { dashboard: Dashboard::Off, log: Some(log), ..Config::default() }
}

async fn three_nodes(servers: &[&NatsServer]) -> [TestServer; 3] {
    // The room and the buckets are there before the others look for them.
    let first = TestServer::with(on(servers)).await;
    assert_eq!(first.look("/ready").await.0, 200);
    [first, TestServer::with(on(servers)).await, TestServer::with(on(servers)).await]
}

async fn head(node: &TestServer) -> u64 {
    let (_, page) = node.look("/events?limit=1").await;
    page["head"].as_u64().unwrap()
}

fn seqs(answer: &Value) -> Vec<u64> {
    let events = answer["events"].as_array().unwrap_or_else(|| panic!("{answer}"));
    events.iter().map(|event| event["seq"].as_u64().unwrap()).collect()
}

/// The same key at each node at the same moment: one set of events, and three equal answers.
async fn one_set_of_events(nodes: &[TestServer; 3], rounds: usize) {
    for round in 0..rounds {
        let before = head(&nodes[0]).await;
        let many: Vec<Value> = (0..=round % 4).map(|n| event(&format!("{round}.{n}"))).collect();
        let body = if round % 4 == 0 { many[0].clone() } else { json!(many) };
        let key = format!("key {round}");
        let answers = join_all(nodes.iter().map(|node| node.publish_with_key(&key, &body))).await;
        let expected: Vec<u64> = (before + 1..=before + many.len() as u64).collect();
        for (status, answer) in &answers {
            assert_eq!((*status, seqs(answer)), (201, expected.clone()), "round {round}: {answer}");
        }
    }
    // In the end the stream has these and no others.
    let expected: usize = (0..rounds).map(|round| round % 4 + 1).sum();
    assert_eq!(head(&nodes[0]).await, expected as u64);
}

/// Other content under one key at each node at the same moment: one of them is taken.
async fn one_content(nodes: &[TestServer; 3], rounds: usize) {
    let mut before = head(&nodes[0]).await;
    for round in 0..rounds {
        let key = format!("contested {round}");
        // Arrays of one length, of several lengths, and single events.
        let bodies: [Value; 3] = std::array::from_fn(|n| {
            let events: Vec<Value> =
                (0..=(n * (round % 3)).max(round % 2)).map(|i| event(&format!("{n}.{i}"))).collect();
            if events.len() == 1 { events[0].clone() } else { json!(events) }
        });
        let asked = nodes.iter().zip(&bodies).map(|(node, body)| node.publish_with_key(&key, body));
        let answers = join_all(asked).await;
        let taken: Vec<_> = answers.iter().filter(|(status, _)| *status == 201).collect();
        assert_eq!(taken.len(), 1, "round {round}: {answers:?}");
        for (_, answer) in answers.iter().filter(|(status, _)| *status != 201) {
            assert_eq!(answer["type"], "/docs#problem-idempotency", "round {round}: {answer}");
            assert!(answer["detail"].as_str().unwrap().contains("was used for other content"), "{answer}");
        }
        let numbers = seqs(&taken[0].1);
        assert_eq!(numbers, (before + 1..=before + numbers.len() as u64).collect::<Vec<_>>());
        before += numbers.len() as u64;
    }
    assert_eq!(nodes[0].publish(event("last")).await, before + 1);
    assert_eq!(nodes[0].look("/ready").await.0, 200, "a key that is refused is no trouble of the log");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_at_three_nodes_at_once_stands_for_one_set_of_events() {
    let Some(nats) = NatsServer::start().await else { return };
    let nodes = three_nodes(&[&nats]).await;
    one_set_of_events(&nodes, 60).await;
    one_content(&nodes, 30).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_it_does_where_three_servers_keep_the_room() {
    let Some(servers) = NatsServer::three().await else { return };
    let nodes = three_nodes(&servers.each_ref()).await;
    one_set_of_events(&nodes, 40).await;
    one_content(&nodes, 20).await;
}

#[tokio::test]
async fn a_node_knows_the_keys_of_others_whenever_it_opened_the_room() {
    let Some(nats) = NatsServer::start().await else { return };
    let one = TestServer::with(on(&[&nats])).await;
    assert_eq!(one.look("/ready").await.0, 200);
    let follows = TestServer::with(on(&[&nats])).await;
    assert_eq!(follows.look("/ready").await.0, 200);
    let bodies = [event("single"), json!([event("a"), event("b")])];
    let mut first = Vec::new();
    for (n, body) in bodies.iter().enumerate() {
        first.push(one.publish_with_key(&format!("key {n}"), body).await);
    }
    let later = TestServer::with(on(&[&nats])).await;
    for node in [&follows, &later] {
        let heard = async { while head(node).await < 3 {} };
        tokio::time::timeout(PATIENCE, heard).await.unwrap();
    }
    // The stream knows ids for two minutes, nodes know keys for a day: they do not ask it.
    nats.pause();
    for node in [&follows, &later] {
        for (n, body) in bodies.iter().enumerate() {
            assert_eq!(node.publish_with_key(&format!("key {n}"), body).await, first[n]);
            let (status, answer) = node.publish_with_key(&format!("key {n}"), &event("other")).await;
            assert_eq!((status, &answer["type"]), (422, &json!("/docs#problem-idempotency")), "{answer}");
        }
    }
    nats.go_on();
}
