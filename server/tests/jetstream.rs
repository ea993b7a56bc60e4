//! Rooms on a nats-server: what was answered is there whichever process is killed, and readers miss nothing.
//!
//! Other tests hold on a nats-server as well: `ARCANE_TEST_LOG=nats://127.0.0.1:4222 cargo test -p arcane-server --test log`.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::time::Duration;

use arcane_server::config::{Config, Dashboard, NatsConfig};
use serde_json::{Value, json};
use support::load::{self, Ledger};
use support::nats::NatsServer;
use support::process::{self, Process};
use support::{PATIENCE, TestServer, event};
use tokio::sync::watch;

/// Answers between two faults.
const ANSWERS: usize = 100;

fn on(nats: &NatsServer) -> Config {
    let log = NatsConfig { servers: vec![nats.url()], prefix: "arcane".into(), ..NatsConfig::default() };
    Config { dashboard: Dashboard::Off, log: Some(log), ..Config::default() }
}

fn node(nats: &NatsServer, dir: &std::path::Path) -> Process {
    let mut command = process::command(dir);
    command.args(["--log", &nats.url(), "--log-replicas", "1"]);
    Process::try_start(command).unwrap()
}

/// The events of the default room as they were sent.
async fn sent(server: &TestServer) -> Vec<String> {
    let text = server.get("/events/recent?count=100").await.text().await.unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    let events = value["events"].as_array().unwrap().iter();
    events
        .map(|event| {
            let seq = event["seq"].as_u64().unwrap();
            let end = format!(",\"seq\":{seq},\"room\":\"main\"}}");
            let to = text.find(&end).unwrap() + end.len();
            let from = text[..to].rfind("{\"spell_name\"").unwrap();
            text[from..to].to_owned()
        })
        .collect()
}

/// Without the moments at which the bus took them.
fn timeless(events: Vec<String>) -> Vec<String> {
    let without = |event: String| {
        let (before, after) = event.split_once("\"emitted_at\":").unwrap();
        let end = after.find(['}', ',']).unwrap();
        format!("{before}\"emitted_at\":0{}", &after[end..])
    };
    events.into_iter().map(without).collect()
}

#[tokio::test]
async fn the_bytes_of_an_event_are_those_of_the_other_log() {
    let Some(nats) = NatsServer::start().await else { return };
    let dir = tempfile::tempdir().unwrap();
    let (there, here) = (TestServer::with(on(&nats)).await, TestServer::in_dir(dir.path()).await);
    let at = "2026-01-02T03:04:05.000006";
    for server in [&there, &here] {
        let own = json!({"spell_name": "invoke", "daemon_name": "newcomer", "timestamp": at, "success": false,
            "description": "é \u{2028} \"}", "metadata": {"task": "sweep", "sync": {"animation": "spin"}}});
        server.publish(own).await;
        let many = json!([
            {"spell_name": "reveal", "timestamp": at, "description": "}"},
            {"spell_name": "summon", "timestamp": at, "daemon_name": "other"},
            {"spell_name": "banish", "timestamp": at, "daemon_name": "other"},
        ]);
        assert_eq!(server.ask("/events", many).await.0, 201);
    }
    let (there, here) = (timeless(sent(&there).await), timeless(sent(&here).await));
    assert_eq!(there.len(), 4, "{there:?}");
    assert_eq!(there, here);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whichever_process_is_killed_nothing_that_was_answered_is_lost() {
    let Some(mut nats) = NatsServer::start().await else { return };
    let dir = tempfile::tempdir().unwrap();
    let (place, server) = watch::channel(None);
    let (stop, stopped) = watch::channel(false);
    let (goal, until) = watch::channel(None);
    let ledger = Ledger::default();
    let publishers: Vec<_> = [(1, false), (20, false), (1, true), (7, true)]
        .into_iter()
        .map(|(batch, keyed)| {
            let publisher =
                load::publish(server.clone(), ledger.clone(), "logged", batch, keyed, stopped.clone());
            tokio::spawn(publisher)
        })
        .collect();
    let readers: Vec<_> = (0..2).map(|_| tokio::spawn(load::read(server.clone(), until.clone()))).collect();
    let mut process = node(&nats, dir.path());
    for round in 0..6 {
        place.send(Some(process.url.clone())).unwrap();
        let before = ledger.len();
        let answered = async {
            while ledger.len() - before < ANSWERS {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, answered).await.unwrap();
        if round % 2 == 0 {
            nats.kill();
            nats.start_again().await;
        } else {
            process.kill();
            place.send(None).unwrap();
            process = node(&nats, dir.path());
        }
    }
    place.send(Some(process.url.clone())).unwrap();
    stop.send(true).unwrap();
    for publisher in publishers {
        publisher.await.unwrap();
    }
    let kept = load::history(&process.url).await;
    goal.send(Some(kept.len() as u64)).unwrap();
    load::is_kept(&ledger, &kept);
    for reader in readers {
        let seen = tokio::time::timeout(Duration::from_secs(60), reader).await.unwrap().unwrap();
        assert_eq!(seen.faults, Vec::<String>::new());
        assert_eq!(seen.epochs.len(), 1, "{:?}", seen.resumes);
        assert_eq!(seen.events.len(), kept.len());
    }
    process.stop();
}

#[tokio::test]
async fn a_message_that_is_no_event_is_told_as_one_and_stops_nothing() {
    let Some(nats) = NatsServer::start().await else { return };
    let server = TestServer::with(on(&nats)).await;
    let mut socket = server.connect("").await;
    socket.next().await;
    server.publish(event("before")).await;
    let client = async_nats::connect(nats.url()).await.unwrap();
    client.publish("arcane.room.main.ev", "what is this".into()).await.unwrap();
    client.flush().await.unwrap();
    assert_eq!(socket.next().await["seq"], 1);
    let foreign = socket.next().await;
    assert_eq!((&foreign["seq"], &foreign["success"]), (&json!(2), &json!(false)));
    assert_eq!(foreign["metadata"]["query_type"], "foreign_message");
    assert_eq!(server.publish(event("after")).await, 3);
    assert_eq!(socket.next().await["seq"], 3);
    let (_, page) = server.look("/events?limit=10").await;
    assert_eq!(page["events"][1], foreign, "the log has what readers were shown");
    server.stop().await;
}

#[tokio::test]
async fn two_servers_of_one_stream_show_each_others_events_in_one_order() {
    let Some(nats) = NatsServer::start().await else { return };
    let (one, other) = (TestServer::with(on(&nats)).await, TestServer::with(on(&nats)).await);
    let mut sockets = [one.connect("").await, other.connect("").await];
    for socket in &mut sockets {
        socket.next().await;
    }
    for n in 0..20 {
        let server = if n % 2 == 0 { &one } else { &other };
        server.publish(event(&n.to_string())).await;
    }
    let mut seen = Vec::new();
    for socket in &mut sockets {
        let mut of_one = Vec::new();
        for seq in 1..=20 {
            let event = socket.next().await;
            assert_eq!(event["seq"], seq);
            of_one.push(event);
        }
        seen.push(of_one);
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn a_stream_that_is_deleted_begins_anew_and_readers_are_told() {
    let Some(nats) = NatsServer::start().await else { return };
    let server = TestServer::with(on(&nats)).await;
    server.publish(event("lost")).await;
    let mut socket = server.connect("").await;
    let epoch = socket.next().await["epoch"].clone();
    let client = async_nats::connect(nats.url()).await.unwrap();
    async_nats::jetstream::new(client).delete_stream("arcane-room-main").await.unwrap();
    assert_eq!(socket.closed().await.0, 1001);
    let position = format!("since={}:1", epoch.as_str().unwrap());
    let mut again = server.connect(&position).await;
    let greeting = again.next().await;
    assert_ne!(greeting["epoch"], epoch);
    assert_eq!(greeting["resume"]["reason"], "epoch_changed");
    assert_eq!(server.publish(event("first")).await, 1);
}

/// The leader's answer about the end may be older than events that have appeared since it was asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn being_told_of_an_earlier_end_while_events_arrive_ends_no_room() {
    let Some(nats) = NatsServer::start().await else { return };
    let server = TestServer::with(on(&nats)).await;
    let epoch = server.look("/events/stats").await.1["rooms"][0]["epoch"].clone();
    let many: Vec<Value> = (0..500).map(|n| event(&n.to_string())).collect();
    let began = std::time::Instant::now();
    let mut last = 0;
    // The leader is asked once a second.
    while began.elapsed() < Duration::from_secs(4) {
        let (status, answer) = server.ask("/events", json!(many)).await;
        assert_eq!(status, 201, "{answer}");
        last = answer["events"][499]["seq"].as_u64().unwrap();
    }
    let (_, stats) = server.look("/events/stats").await;
    assert_eq!((&stats["rooms"][0]["epoch"], &stats["rooms"][0]["seq"]), (&epoch, &json!(last)));
}

/// Asks again until the answer has this status.
async fn until_status(server: &TestServer, path: &str, body: &Value, status: u16) -> Value {
    let asked = async {
        loop {
            let (found, answer) = server.ask(path, body.clone()).await;
            if found == status {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    };
    let late = async { panic!("{path} answers {:?} and not {status}", server.ask(path, body.clone()).await) };
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(answer) => answer,
        Err(_) => late.await,
    }
}

#[tokio::test]
async fn a_store_that_is_full_is_left_by_deleting_old_events() {
    let settings = "jetstream { store_dir: \"$store\", max_mem: 64M, max_file: 3M }";
    let Some(nats) = NatsServer::with(settings).await else { return };
    let server = TestServer::with(on(&nats)).await;
    let large = json!({"spell_name": "reveal", "description": "x".repeat(16_000)});
    let refused = until_status(&server, "/events", &large, 503).await;
    assert!(
        refused["detail"].as_str().unwrap().starts_with("the disk of the event log is full"),
        "{refused}"
    );
    assert_eq!(server.look("/ready").await.0, 503);
    let (status, purged) = server.purge("/events?before=50").await;
    assert_eq!(status, 200, "{purged}");
    until_status(&server, "/events", &large, 201).await;
    assert_eq!(server.look("/ready").await.0, 200);
    server.stop().await;
}

#[tokio::test]
async fn buckets_that_are_deleted_are_made_again_and_hide_no_room() {
    let Some(nats) = NatsServer::start().await else { return };
    let server = TestServer::with(on(&nats)).await;
    assert_eq!(server.ask("/events?room=old", event("kept")).await.0, 201);
    let context = async_nats::jetstream::new(async_nats::connect(nats.url()).await.unwrap());
    for bucket in ["KV_arcane-state", "KV_arcane-rooms"] {
        context.delete_stream(bucket).await.unwrap();
    }
    let answer = until_status(&server, "/events?room=new", &event("first"), 201).await;
    assert_eq!(answer["events"][0]["seq"], 1);
    server.stop().await;
    let server = TestServer::with(on(&nats)).await;
    let (_, page) = server.look("/events?room=old").await;
    assert_eq!(page["head"], 1, "{page}");
    server.stop().await;
}

#[tokio::test]
async fn a_reader_goes_on_at_another_server_with_what_it_has_just_seen() {
    let Some(nats) = NatsServer::start().await else { return };
    let (one, other) = (TestServer::with(on(&nats)).await, TestServer::with(on(&nats)).await);
    for n in 0..30 {
        let seq = one.publish(event(&n.to_string())).await;
        let epoch = one.look("/events/stats").await.1["rooms"][0]["epoch"].as_str().unwrap().to_owned();
        let greeting = other.connect(&format!("since={epoch}:{seq}")).await.next().await;
        assert_eq!(greeting["resume"], json!({"recovered": true, "count": 0}), "{greeting}");
    }
    let greeting = other.connect("since=31").await.next().await;
    assert_eq!(greeting["resume"]["reason"], "ahead", "{greeting}");
}
