//! What was answered is there after a restart, and readers go on where they were.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use arcane_server::config::{BusConfig, Config, Dashboard};
use arcane_server::log::retention::Retention;
use serde_json::{Value, json};
use support::{PATIENCE, Sse, TestServer, event, not_tested_here};

fn numbers(answer: &Value) -> Vec<u64> {
    answer["events"].as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap()).collect()
}

/// Everything that a room's log has, as it is sent.
async fn history(server: &TestServer, query: &str) -> Vec<Value> {
    let (status, page) = server.look(&format!("/events?limit=1000&{query}")).await;
    assert_eq!(status, 200, "{page}");
    page["events"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_restart_loses_nothing_and_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::in_dir(dir.path()).await;
    for daemon in ["claude", "newcomer"] {
        server.ask("/summon", json!({"daemon_name": daemon})).await;
    }
    server.ask("/invoke", json!({"daemon_name": "newcomer", "task": "sweep", "parameters": {}})).await;
    server.publish(event("last")).await;
    server.ask("/banish", json!({"daemon_name": "claude"})).await;
    let before = history(&server, "").await;
    let card = server.look("/daemons/newcomer").await.1;
    let stats = server.look("/events/stats").await.1;
    server.stop().await;

    let server = TestServer::in_dir(dir.path()).await;
    let after = history(&server, "").await;
    assert_eq!(after[..before.len()], before, "same numbers, same content");
    let again = server.look("/daemons/newcomer").await.1;
    assert_eq!(again["daemon"], card["daemon"]);
    assert_eq!(server.look("/daemons/claude").await.1["daemon"]["is_active"], false);
    assert_eq!(server.look("/events/stats").await.1["rooms"][0]["epoch"], stats["rooms"][0]["epoch"]);
    let (_, recent) = server.look("/events/recent?count=100").await;
    assert!(recent["count"].as_u64().unwrap() >= before.len() as u64, "memory is refilled");
    server.stop().await;
}

#[tokio::test]
async fn a_position_moves_between_transports_and_across_restarts() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::in_dir(dir.path()).await;
    let mut socket = server.connect("").await;
    let epoch = socket.next().await["epoch"].as_str().unwrap().to_owned();
    for n in 1..=5 {
        server.publish(event(&n.to_string())).await;
    }
    assert_eq!(socket.next().await["seq"], 1);
    server.stop().await;

    let server = TestServer::in_dir(dir.path()).await;
    let mut stream = Sse::open(&server, "/events/stream", Some(&format!("{epoch}:1"))).await;
    let (_, _, connection) = stream.next().await.unwrap();
    assert_eq!(connection["resume"], json!({"recovered": true, "count": 4}));
    assert_eq!((&connection["recent_events"], &connection["seq"]), (&json!([]), &json!(1)));
    let (id, ..) = stream.next().await.unwrap();
    assert_eq!(id, format!("{epoch}:2"));
    let (_, page) = server.look(&format!("/events?after={id}&limit=2")).await;
    assert_eq!(numbers(&page), [3, 4]);
    let next = page["next"].as_str().unwrap();
    let mut socket = server.connect(&format!("since={next}")).await;
    assert_eq!(socket.next().await["resume"], json!({"recovered": true, "count": 1}));
    assert_eq!(socket.next().await["metadata"]["task"], "5");
    server.publish(event("live")).await;
    assert_eq!(socket.next().await["metadata"]["task"], "live");
}

#[tokio::test]
async fn what_cannot_be_resumed_is_told_with_its_reason() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::in_dir(dir.path()).await;
    for n in 1..=5 {
        server.publish(event(&n.to_string())).await;
    }
    let (_, purged) = server.purge("/events?before=4").await;
    assert_eq!((&purged["purged"], &purged["oldest"], &purged["head"]), (&json!(3), &json!(4), &json!(5)));
    for (since, reason) in [("2", "expired"), ("9", "ahead"), ("other:2", "epoch_changed")] {
        let mut socket = server.connect(&format!("recent=1&since={since}")).await;
        let connection = socket.next().await;
        assert_eq!(connection["resume"], json!({"recovered": false, "reason": reason}));
        assert_eq!((numbers_of(&connection["recent_events"]), &connection["seq"]), (vec![5], &json!(5)));
    }
    let mut socket = server.connect("since=3").await;
    assert_eq!(socket.next().await["resume"], json!({"recovered": true, "count": 2}));
    assert_eq!(server.look("/events?after=other:2").await.0, 410);
    assert_eq!(numbers(&server.look("/events").await.1), [4, 5]);
    server.stop().await;
    let server = TestServer::in_dir(dir.path()).await;
    assert_eq!(numbers(&server.look("/events").await.1), [4, 5], "what was purged does not come back");
}

/// What a newcomer to the default room is shown: by REST, by a stream's first message, and in numbers.
async fn shown(server: &TestServer) -> Vec<u64> {
    let recent = numbers(&server.look("/events/recent?count=100").await.1);
    let mut socket = server.connect("recent=100").await;
    assert_eq!(numbers_of(&socket.next().await["recent_events"]), recent);
    let (_, stats) = server.look("/events/stats").await;
    let card = &stats["rooms"][0];
    assert_eq!((&card["history_size"], &stats["history_size"]), (&json!(recent.len()), &json!(recent.len())));
    assert_eq!(card["oldest"], card["seq"].as_u64().unwrap() + 1 - recent.len() as u64);
    recent
}

#[tokio::test]
async fn what_the_log_let_go_of_is_not_shown_from_memory() {
    let dir = tempfile::tempdir().unwrap();
    for server in [TestServer::in_dir(dir.path()).await, TestServer::start().await] {
        for n in 1..=9 {
            server.publish(event(&n.to_string())).await;
        }
        assert_eq!(shown(&server).await, (1..=9).collect::<Vec<_>>());
        assert_eq!(server.purge("/events?before=8").await.0, 200);
        assert_eq!(shown(&server).await, [8, 9]);
        assert_eq!(server.purge("/events?before=10").await.0, 200);
        assert!(shown(&server).await.is_empty());
        server.publish(event("next")).await;
        assert_eq!(shown(&server).await, [10]);
        server.stop().await;
    }
}

#[tokio::test]
async fn a_newcomer_is_shown_no_more_than_retention_keeps() {
    let dir = tempfile::tempdir().unwrap();
    let retention = Retention { events_max: 10, ..Retention::default() };
    let bus = BusConfig { retention, ..BusConfig::default() };
    let kept = Config { bus: bus.clone(), ..TestServer::config_in(dir.path()) };
    let in_memory = Config { dashboard: Dashboard::Off, bus, ..Config::default() };
    for server in [TestServer::with(kept).await, TestServer::with(in_memory).await] {
        let batch: Vec<Value> = (1..=30).map(|n| event(&n.to_string())).collect();
        assert_eq!(server.ask("/events", json!(batch)).await.0, 201);
        // The log deletes beside publishing.
        let deleted = async { while server.look("/rooms").await.1["rooms"][0]["oldest"] != 21 {} };
        tokio::time::timeout(support::PATIENCE, deleted).await.expect("retention takes what is too much");
        assert_eq!(shown(&server).await, (21..=30).collect::<Vec<_>>());
        server.stop().await;
    }
}

fn numbers_of(events: &Value) -> Vec<u64> {
    numbers(&json!({ "events": events }))
}

#[tokio::test]
async fn a_key_makes_sending_again_harmless() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::in_dir(dir.path()).await;
    let body = json!([event("a"), event("b")]);
    let (status, first) = server.publish_with_key("k", &body).await;
    assert_eq!((status, numbers(&first)), (201, vec![1, 2]));
    server.publish(event("between")).await;
    assert_eq!(server.publish_with_key("k", &body).await, (201, first.clone()));
    let (status, refused) = server.publish_with_key("k", &json!(event("other"))).await;
    assert_eq!((status, &refused["type"]), (422, &json!("/docs#problem-idempotency")));
    server.stop().await;
    let server = TestServer::in_dir(dir.path()).await;
    assert_eq!(server.publish_with_key("k", &body).await, (201, first), "also after a restart");
    assert_eq!(history(&server, "").await.len(), 3);
}

#[tokio::test]
async fn a_consumer_goes_on_after_what_it_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::in_dir(dir.path()).await;
    let mut reader = server.connect("consumer=billing").await;
    assert_eq!(reader.next().await["resume"], json!({"recovered": true, "count": 0}));
    for n in 1..=3 {
        server.publish(event(&n.to_string())).await;
        assert_eq!(reader.next().await["seq"], n);
    }
    reader.say(json!({"type": "ack", "seq": 2})).await;
    reader.say(json!({"type": "ack", "seq": 9})).await;
    let refused = reader.next().await;
    assert_eq!((&refused["type"], &refused["code"]), (&json!("error"), &json!("bad_ack")));
    let began = std::time::Instant::now();
    let stats = loop {
        let (_, stats) = server.look("/events/stats").await;
        // On a log that nodes share it is kept a little later.
        if stats["consumers"][0]["seq"] == 2 {
            break stats;
        }
        assert!(began.elapsed() < PATIENCE, "{stats}");
    };
    assert_eq!(
        (&stats["consumers"][0]["lag"], &stats["consumers"][0]["connected"]),
        (&json!(1), &json!(true))
    );

    let mut second = server.connect("consumer=billing").await;
    assert_eq!(reader.closed().await.0, 4409, "one reader at a time");
    assert_eq!(second.next().await["resume"], json!({"recovered": true, "count": 1}));
    assert_eq!(second.next().await["seq"], 3, "at least once");
    server.stop().await;

    let server = TestServer::in_dir(dir.path()).await;
    let mut stream = Sse::open(&server, "/events/stream?consumer=billing", None).await;
    stream.next().await.unwrap();
    assert_eq!(stream.next().await.unwrap().2["seq"], 3);
    assert_eq!(server.post("/consumers/billing/ack", json!({"seq": 3})).await.status(), 204);
    assert_eq!(server.look("/consumers").await.1["consumers"][0]["lag"], 0);
    let deleted = server.http.delete(server.url("/consumers/billing")).send().await.unwrap();
    assert_eq!(deleted.status(), 204);
    let (_, name, data) = stream.next().await.unwrap();
    assert_eq!((name.as_str(), &data["code"]), ("close", &json!(4409)), "whoever read in its name is told");
    assert!(stream.next().await.is_none());
    assert_eq!(server.post("/consumers/billing/ack", json!({"seq": 3})).await.status(), 404);
}

#[tokio::test]
async fn a_reader_behind_memory_reads_on_from_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let bus = BusConfig { ring_frames: 32, history_size: 8, ..BusConfig::default() };
    let server = TestServer::with(Config { bus, ..TestServer::config_in(dir.path()) }).await;
    let batch: Vec<Value> = (0..500).map(|n| event(&n.to_string())).collect();
    server.ask("/events", json!(batch)).await;
    let mut reader = server.connect("since=0&spell=invoke").await;
    reader.say(json!({"type": "hello"})).await;
    assert_eq!(reader.next().await["resume"]["count"], 500);
    let (mut next, mut caught_up, mut heard_in_time) = (1, false, false);
    while next <= 501 {
        let message = reader.next().await;
        match message["type"].as_str() {
            None => {
                assert_eq!(message["seq"], next);
                next += 1;
                if next == 501 {
                    server.publish(event("live")).await;
                }
            }
            Some("caught_up") => caught_up = true,
            // What was told before the server heard this went unsaid.
            Some("hello") => heard_in_time = next <= 400,
            other => panic!("unexpected {other:?}"),
        }
    }
    assert!(caught_up || !heard_in_time);
}

#[tokio::test]
async fn what_memory_holds_after_a_restart_is_the_latest_that_fits() {
    let dir = tempfile::tempdir().unwrap();
    let config = |ring_bytes: usize| {
        let bus = BusConfig { ring_bytes, ..BusConfig::default() };
        Config { bus, ..TestServer::config_in(dir.path()) }
    };
    let server = TestServer::with(config(1 << 20)).await;
    let large = "x".repeat(10_000);
    server.ask("/events", json!((0..40).map(|_| event(&large)).collect::<Vec<_>>())).await;
    server.stop().await;

    let server = TestServer::with(config(100_000)).await;
    let (_, recent) = server.look("/events/recent?count=100").await;
    assert_eq!(numbers(&recent), (32..=40).collect::<Vec<_>>(), "as many as fit, up to the head");
    server.stop().await;
}

#[tokio::test]
async fn history_is_replayed_and_ends() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::in_dir(dir.path()).await;
    for n in 1..=4 {
        server.publish(event(&n.to_string())).await;
    }
    let mut replay = server.connect("from=2&speed=100").await;
    let connection = replay.next().await;
    assert_eq!((&connection["recent_events"], &connection["seq"]), (&json!([]), &json!(1)));
    server.publish(event("after it began")).await;
    for seq in 2..=4 {
        assert_eq!(replay.next().await["seq"], seq);
    }
    assert_eq!(replay.closed().await.0, 4000);

    let mut stream =
        Sse::open(&server, "/events/stream?from=2020-01-01T00:00:00Z&speed=100&max_gap=1", None).await;
    let (_, _, connection) = stream.next().await.unwrap();
    assert_eq!(connection["seq"], 0);
    let mut id = String::new();
    for seq in 1..=5 {
        let (at, _, event) = stream.next().await.unwrap();
        assert_eq!(event["seq"], seq);
        id = at;
    }
    assert_eq!(stream.next().await.unwrap().1, "complete");
    assert!(stream.next().await.is_none());
    let again = server.http.get(server.url("/events/stream?from=1")).header("last-event-id", id);
    assert_eq!(again.send().await.unwrap().status(), 204, "a browser that comes back is told to stop");
    assert_eq!(server.connect("from=99").await.next().await["seq"], 5);
}

#[tokio::test]
async fn a_publisher_chooses_what_an_answer_means() {
    if support::is_on_nats() {
        return not_tested_here("what is synced on a nats-server");
    }
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::in_dir(dir.path()).await;
    for (query, ack) in [("", "logged"), ("?ack=received", "received"), ("?ack=synced", "synced")] {
        let (status, answer) = server.ask(&format!("/events{query}"), event("x")).await;
        assert_eq!((status, &answer["ack"]), (201, &json!(ack)));
    }
    let mut socket = server.connect("listen=false").await;
    socket.next().await;
    for ack in ["synced", "received", "logged"] {
        socket.say(json!({"type": "publish", "id": ack, "ack": ack, "events": event("y")})).await;
    }
    for (seq, id) in [(4, "synced"), (5, "received"), (6, "logged")] {
        let answer = socket.next().await;
        assert_eq!((&answer["seq"], &answer["id"]), (&json!(seq), &json!(id)), "answers keep their order");
    }
}

#[tokio::test]
async fn the_second_server_on_a_directory_refuses() {
    if support::is_on_nats() {
        return not_tested_here("servers that may not share a log, on a nats-server");
    }
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::in_dir(dir.path()).await;
    server.publish(event("it has begun")).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = TestServer::config_in(dir.path());
    let refused = arcane_server::run(listener, config, std::future::pending()).await.unwrap_err().to_string();
    let pid = std::process::id();
    assert!(refused.starts_with(&format!("another arcane server (process {pid}) uses")), "{refused}");
    server.publish(event("still here")).await;
}
