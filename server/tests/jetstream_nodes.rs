//! Nodes that share a log tell each other of themselves: heads, readers, settings; and notice when they are cut off.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::time::{Duration, Instant};

use arcane_server::config::{Config, Dashboard, NatsConfig};
use serde_json::{Value, json};
use support::nats::NatsServer;
use support::process::{self, Process};
use support::{PATIENCE, TestServer, event};

fn on(servers: &[&NatsServer], is_replicated: bool) -> Config {
    let servers = servers.iter().map(|server| server.url()).collect();
    let log = NatsConfig { servers, prefix: "arcane".into(), is_replicated, ..NatsConfig::default() };
    Config { dashboard: Dashboard::Off, log: Some(log), ..Config::default() }
}

/// Asks until the answer is as it should be, and returns how long that took.
async fn until(server: &TestServer, path: &str, is: impl Fn(&Value) -> bool) -> Duration {
    let began = Instant::now();
    loop {
        let (_, answer) = server.look(path).await;
        if is(&answer) {
            return began.elapsed();
        }
        assert!(began.elapsed() < PATIENCE, "{path}: {answer}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn metric(server: &TestServer, name: &str) -> String {
    let text = server.get("/metrics").await.text().await.unwrap();
    let line = text.lines().find(|line| line.starts_with(name) && !line.starts_with('#'));
    line.unwrap_or_else(|| panic!("no {name} in {text}")).rsplit(' ').next().unwrap().to_owned()
}

/// The stream of the default room tells nobody of what it takes from here on, or does so again.
async fn let_it_tell(nats: &NatsServer, tells: bool) {
    let context = async_nats::jetstream::new(async_nats::connect(nats.url()).await.unwrap());
    let mut config = context.get_stream("arcane-room-main").await.unwrap().cached_info().config.clone();
    config.republish = tells.then(|| async_nats::jetstream::stream::Republish {
        source: "arcane.room.main.>".into(),
        destination: "arcane.live.main.>".into(),
        headers_only: false,
    });
    context.update_stream(&config).await.unwrap();
}

#[tokio::test]
async fn an_event_that_was_not_told_is_read_when_another_node_has_it() {
    let Some(nats) = NatsServer::start().await else { return };
    let (one, other) =
        (TestServer::with(on(&[&nats], false)).await, TestServer::with(on(&[&nats], false)).await);
    until(&other, "/health", |health| health["log"]["nodes"] == 2).await;
    let mut socket = other.connect("").await;
    socket.next().await;
    one.publish(event("told")).await;
    assert_eq!(socket.next().await["seq"], 1);
    assert_eq!(metric(&other, "arcane_cluster_feed_gaps_total").await, "0");
    let_it_tell(&nats, false).await;
    let began = Instant::now();
    assert_eq!(one.publish(event("not told")).await, 2);
    assert_eq!(socket.next().await["seq"], 2);
    assert!(began.elapsed() < Duration::from_millis(2_500), "{:?}", began.elapsed());
    assert_eq!(metric(&other, "arcane_cluster_feed_gaps_total").await, "1");
    assert_eq!(metric(&other, "arcane_cluster_heads_lag").await, "0");
    let_it_tell(&nats, true).await;
    one.publish(event("told again")).await;
    assert_eq!(socket.next().await["seq"], 3);
    one.stop().await;
    until(&other, "/health", |health| health["log"]["nodes"] == 1).await;
}

#[tokio::test]
async fn readers_are_those_of_all_nodes_and_a_node_that_is_killed_is_forgotten() {
    let Some(nats) = NatsServer::start().await else { return };
    let dir = tempfile::tempdir().unwrap();
    let here = TestServer::with(on(&[&nats], false)).await;
    let mut command = process::command(dir.path());
    command.args(["--log", &nats.url(), "--log-replicas", "1"]);
    let killed = Process::try_start(command).unwrap();
    let mut socket = here.connect("").await;
    socket.next().await;
    let stream = reqwest::get(format!("{}/events/stream", killed.url)).await.unwrap();
    assert_eq!(stream.status(), 200);
    until(&here, "/health", |health| health["subscribers"] == 2).await;
    let (_, rooms) = here.look("/rooms").await;
    assert_eq!(rooms["rooms"][0]["subscribers"], 2, "{rooms}");
    let mut newcomer = here.connect("").await;
    assert_eq!(newcomer.next().await["subscriber_count"], 3);
    assert_eq!(metric(&here, "arcane_cluster_nodes").await, "2");
    assert_eq!(metric(&here, "arcane_subscribers{room=\"main\"}").await, "2", "what this node has");
    let skew: f64 = metric(&here, "arcane_cluster_clock_skew_seconds").await.parse().unwrap();
    assert!(skew.abs() < 1.0, "one machine has one clock: {skew}");
    killed.kill();
    let forgotten = until(&here, "/health", |health| health["subscribers"] == 2).await;
    assert!(forgotten < Duration::from_secs(7), "{forgotten:?}");
    assert_eq!(metric(&here, "arcane_cluster_nodes").await, "1");
}

#[tokio::test]
async fn a_node_with_other_settings_or_another_format_is_named() {
    let Some(nats) = NatsServer::start().await else { return };
    let one = TestServer::with(on(&[&nats], false)).await;
    assert_eq!(one.look("/ready").await.0, 200);
    let mut config = on(&[&nats], false);
    config.bus.retention.events_max = 77;
    let _other = TestServer::with(config).await;
    until(&one, "/health", |health| {
        health["log"]["warning"]
            .as_str()
            .is_some_and(|warning| warning.contains("retention-events is 77 there"))
    })
    .await;
    let client = async_nats::connect(nats.url()).await.unwrap();
    let newer = json!({"format": 2, "node": "newer", "heads": "in another form"});
    client.publish("arcane.heads", newer.to_string().into()).await.unwrap();
    client.flush().await.unwrap();
    until(&one, "/health", |health| {
        health["log"]["warning"]
            .as_str()
            .is_some_and(|warning| warning.contains("node newer tells its heads in format 2"))
    })
    .await;
}

#[tokio::test]
async fn a_server_that_hangs_is_no_place_for_new_work_within_six_seconds() {
    let Some(nats) = NatsServer::start().await else { return };
    let node = TestServer::with(on(&[&nats], false)).await;
    let mut socket = node.connect("").await;
    socket.next().await;
    until(&node, "/ready", |ready| ready["ready"] == true).await;
    nats.pause();
    let noticed = until(&node, "/ready", |ready| ready["ready"] == false).await;
    assert!(noticed < Duration::from_secs(6), "{noticed:?}");
    nats.go_on();
    until(&node, "/ready", |ready| ready["ready"] == true).await;
    node.publish(event("after")).await;
    assert_eq!(socket.next().await["seq"], 1, "a reader of the only node stays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_of_a_node_that_is_cut_off_from_the_others_go_there() {
    let Some([mine, mut second, mut third]) = NatsServer::three().await else { return };
    // The room and the buckets are there before the node that has one way to them.
    let maker = TestServer::with(on(&[&mine, &second, &third], true)).await;
    maker.publish(event("before")).await;
    maker.stop().await;
    let node = TestServer::with(on(&[&mine], true)).await;
    assert_eq!(node.look("/ready").await.0, 200);
    let other = TestServer::with(on(&[&second], true)).await;
    until(&node, "/health", |health| health["log"]["nodes"] == 2).await;
    let mut socket = node.connect("").await;
    socket.next().await;
    // The server of the node answers, and has no majority.
    let began = Instant::now();
    second.kill();
    third.kill();
    // What a leader without a majority answers does not count.
    until(&node, "/ready", |ready| ready["ready"] == false).await;
    assert_eq!(socket.closed().await.0, 1001);
    assert!(began.elapsed() > Duration::from_secs(8), "{:?}", began.elapsed());
    let (status, ready) = node.look("/ready").await;
    assert_eq!(status, 503, "{ready}");
    second.start_again().await;
    third.start_again().await;
    // Streams have leaders again some time after their servers are there.
    let began = Instant::now();
    while node.ask("/events", event("after")).await.0 != 201 {
        assert!(began.elapsed() < PATIENCE, "nothing is taken");
    }
    node.connect("").await.next().await;
    until(&other, "/ready", |ready| ready["ready"] == true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_waits_for_servers_that_have_not_found_each_other() {
    let Some([mine, mut second, mut third]) = NatsServer::three().await else { return };
    second.kill();
    third.kill();
    let starting = TestServer::with(on(&[&mine], true));
    let others = async {
        // One server of three answers for no stream, and a node that is started meanwhile does not end for that.
        tokio::time::sleep(Duration::from_secs(3)).await;
        second.start_again().await;
        third.start_again().await;
    };
    let (node, ()) = tokio::join!(starting, others);
    assert_eq!(node.look("/ready").await.0, 200);
    assert_eq!(node.ask("/events", event("first")).await.0, 201);
}
