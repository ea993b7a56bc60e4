//! How much one subject may do, and that another one notices nothing of it.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::time::{Duration, Instant};

use arcane_server::config::{Config, Dashboard, LimitsConfig, NetConfig, ProxyConfig};
use reqwest::Method;
use serde_json::{Value, json};
use support::TestServer;
use support::guarded::{Guarded, token};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn limited(limits: LimitsConfig) -> TestServer {
    TestServer::with(Config { limits, dashboard: Dashboard::Off, ..Config::default() }).await
}

fn events(n: usize) -> Value {
    json!(vec![json!({"spell_name": "reveal"}); n])
}

#[tokio::test]
async fn a_publisher_that_is_too_fast_is_told_when_to_go_on() {
    let server = limited(LimitsConfig { events_per_s: 10, ..LimitsConfig::none() }).await;
    // Two seconds' worth may come at once, and what comes as one may be more.
    assert_eq!(server.ask("/events", events(30)).await.0, 201);
    let response = server.post("/events", events(1)).await;
    assert_eq!(response.status(), 429);
    let wait: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=2).contains(&wait), "{wait}");
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["type"], "/docs#problem-too-much");
    assert_eq!(server.look("/events").await.1["head"], 30, "nothing of it was published");
    // Over a WebSocket of the same subject, too, which goes on.
    let mut client = server.connect("recent=0").await;
    client.next().await;
    client.say(json!({"type": "publish", "id": "7", "events": events(1)})).await;
    let answer = client.next().await;
    assert_eq!((&answer["code"], &answer["id"]), (&json!("too_much"), &json!("7")));
    client.say(json!({"type": "ping", "t0": 1})).await;
    assert_eq!(client.next().await["type"], "pong");
    let metrics = server.get("/metrics").await.text().await.unwrap();
    assert!(metrics.contains(r#"arcane_refused_total{why="events"} 2"#), "{metrics}");
    // What it was told to wait is enough.
    let begun = Instant::now();
    while server.ask("/events", events(1)).await.0 != 201 {
        assert!(begun.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_stream_is_slowed_down_and_loses_nothing() {
    let server = limited(LimitsConfig { events_per_s: 4_000, ..LimitsConfig::none() }).await;
    let body = "{\"spell_name\":\"reveal\"}\n".repeat(12_000);
    let begun = Instant::now();
    let request = server.http.post(server.url("/events")).header("content-type", "application/x-ndjson");
    let answer: Value = request.body(body).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["events"].as_array().map(Vec::len), Some(12_000), "{answer}");
    // Of what comes at once, 8,000 are free, and the last piece, of some hundred, is paid for by nobody.
    assert!(begun.elapsed() >= Duration::from_millis(800), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn spells_and_messages_have_bounds_of_their_own() {
    let limits = LimitsConfig { spells_per_s: 1, messages_per_s: 5, ..LimitsConfig::none() };
    let server = limited(limits).await;
    let say = json!({"daemon_name": "claude", "text": "x"});
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(server.ask("/voice", say.clone()).await.0);
    }
    assert!(statuses.starts_with(&[200, 200]) && statuses.contains(&429), "{statuses:?}");
    assert_eq!(server.ask("/events", events(100)).await.0, 201, "events are another thing");
    let mut client = server.connect("recent=0").await;
    client.next().await;
    client.say_at_once((0..30).map(|t0| json!({"type": "ping", "t0": t0}))).await;
    let (code, reason) = client.closed().await;
    assert_eq!(code, 4429, "{reason}");
    assert!(reason.starts_with("more than 5 messages a second; go on in 1 s"), "{reason}");
    let metrics = server.get("/metrics").await.text().await.unwrap();
    assert!(metrics.contains(r#"arcane_refused_total{why="messages"} 1"#), "{metrics}");
}

#[tokio::test]
async fn each_address_that_a_proxy_asks_for_counts_for_itself() {
    let limits = LimitsConfig { events_per_s: 1, ..LimitsConfig::none() };
    let proxy = ProxyConfig { addresses: vec!["127.0.0.1".parse().unwrap()], ..ProxyConfig::default() };
    let server =
        TestServer::with(Config { limits, proxy, dashboard: Dashboard::Off, ..Config::default() }).await;
    let publish = async |client: &str| {
        let request = server.http.post(server.url("/events")).header("x-forwarded-for", client);
        request.json(&events(100)).send().await.unwrap().status().as_u16()
    };
    assert_eq!(publish("192.0.2.1").await, 201);
    assert_eq!(publish("192.0.2.1").await, 429);
    assert_eq!(publish("1.1.1.1, 192.0.2.1").await, 429, "what a client says of itself counts for nothing");
    assert_eq!(publish("192.0.2.2").await, 201);
    assert_eq!(publish("2001:db8::1").await, 201);
    assert_eq!(publish("2001:db8::ffff").await, 429, "the same network");
}

#[tokio::test]
async fn one_address_has_so_many_connections_and_gets_their_places_back() {
    let net = NetConfig { connections_per_address_max: 3, ..NetConfig::default() };
    let server = TestServer::with(Config { net, dashboard: Dashboard::Off, ..Config::default() }).await;
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(server.connect("").await);
    }
    let mut refused = String::new();
    server.raw().await.read_to_string(&mut refused).await.unwrap();
    assert!(refused.starts_with("HTTP/1.1 429 ") && refused.contains("\r\nRetry-After: 1\r\n"), "{refused}");
    let (head, body) = refused.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(&format!("Content-Length: {}", body.len())), "{refused}");
    // Another address of this machine.
    let elsewhere = tokio::net::TcpSocket::new_v4().unwrap();
    elsewhere.bind("127.0.0.9:0".parse().unwrap()).unwrap();
    let mut elsewhere = elsewhere.connect(server.address).await.unwrap();
    elsewhere.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").await.unwrap();
    let mut metrics = String::new();
    elsewhere.read_to_string(&mut metrics).await.unwrap();
    assert!(metrics.contains("arcane_refused_total{why=\"connections\"} 1"), "{metrics}");
    // A WebSocket that has left HTTP behind holds its place, and gives it back.
    open.pop();
    let begun = Instant::now();
    loop {
        let mut socket = server.raw().await;
        let mut answer = String::new();
        if socket.write_all(b"GET /health HTTP/1.0\r\n\r\n").await.is_ok()
            && socket.read_to_string(&mut answer).await.is_ok()
            && answer.contains(" 200 ")
        {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(20));
    }
}

#[tokio::test]
async fn new_rooms_have_a_bound_and_those_that_are_there_have_none() {
    let server = limited(LimitsConfig { new_rooms_per_min: 2, ..LimitsConfig::none() }).await;
    for room in ["a", "b", "a"] {
        assert_eq!(server.ask(&format!("/events?room={room}"), events(1)).await.0, 201, "{room}");
    }
    let response = server.post("/events?room=c", events(1)).await;
    assert_eq!(response.status(), 429);
    let wait: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((20..=30).contains(&wait), "{wait}");
    assert_eq!(server.get("/events/stream?room=c").await.status(), 429);
    let (code, reason) = server.connect("room=c").await.closed().await;
    assert_eq!(code, 4429, "{reason}");
    assert!(reason.starts_with("more than 2 new rooms a minute; go on in "), "{reason}");
    let mut client = server.connect("room=b&recent=0").await;
    client.next().await;
    client.say(json!({"type": "publish", "id": "7", "room": "c", "events": events(1)})).await;
    let answer = client.next().await;
    assert_eq!((&answer["code"], &answer["id"]), (&json!("too_much"), &json!("7")), "{answer}");
    let rooms = server.look("/rooms").await.1.to_string();
    assert!(!rooms.contains("\"c\""), "{rooms}");
    let metrics = server.get("/metrics").await.text().await.unwrap();
    assert!(metrics.contains(r#"arcane_refused_total{why="rooms"} 4"#), "{metrics}");
}

fn of(daemon: &str) -> Value {
    json!({"spell_name": "reveal", "daemon_name": daemon})
}

#[tokio::test]
async fn new_names_of_daemons_have_a_bound_and_known_ones_have_none() {
    let server = limited(LimitsConfig { new_daemons_per_min: 2, ..LimitsConfig::none() }).await;
    let many = json!([of("dan"), of("eve"), of("fay")]);
    assert_eq!(server.ask("/events", many).await.0, 429, "more at once than in a minute");
    for daemon in ["claude", "ada", "bea", "ada", "gemini"] {
        assert_eq!(server.ask("/events", of(daemon)).await.0, 201, "{daemon}");
    }
    let response = server.post("/events", json!([of("ada"), of("cid")])).await;
    assert_eq!(response.status(), 429);
    let wait: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((20..=30).contains(&wait), "{wait}");
    let lines = format!("{}\n{}\n", of("ada"), of("cid"));
    let request = server.http.post(server.url("/events")).header("content-type", "application/x-ndjson");
    assert_eq!(request.body(lines).send().await.unwrap().status(), 429);
    let named = json!({"daemon_name": "cid", "task": "x", "text": "x", "spell": "summon cid"});
    for (path, fields) in [
        ("/summon", &["daemon_name"][..]),
        ("/banish", &["daemon_name"]),
        ("/invoke", &["daemon_name", "task"]),
        ("/voice", &["daemon_name", "text"]),
        ("/spell/parse", &["spell"]),
        ("/spell/cast", &["spell"]),
    ] {
        let body: serde_json::Map<_, _> =
            fields.iter().map(|field| ((*field).to_owned(), named[*field].clone())).collect();
        let (status, problem) = server.ask(path, body.into()).await;
        assert_eq!((status, &problem["type"]), (429, &json!("/docs#problem-too-much")), "{path}");
    }
    assert_eq!(server.ask("/summon", json!({"daemon_name": "ada"})).await.0, 200, "it is known");
    let mut client = server.connect("recent=0").await;
    client.next().await;
    client.say(json!({"type": "publish", "id": "7", "events": of("cid")})).await;
    let answer = client.next().await;
    assert_eq!((&answer["code"], &answer["id"]), (&json!("too_much"), &json!("7")), "{answer}");
    let detail = answer["detail"].as_str().unwrap();
    assert!(detail.starts_with("more than 2 new names of daemons a minute; go on in "), "{detail}");
    let told = server.look("/daemons").await.1.to_string();
    assert!(told.contains("\"ada\"") && !told.contains("\"cid\""), "{told}");
    let metrics = server.get("/metrics").await.text().await.unwrap();
    assert!(metrics.contains(r#"arcane_refused_total{why="daemons"} 10"#), "{metrics}");
}

#[tokio::test]
async fn streams_and_replays_have_places_that_come_back() {
    let server = limited(LimitsConfig { streams: 3, replays: 1, ..LimitsConfig::none() }).await;
    server.publish(json!({"spell_name": "reveal"})).await;
    let mut live = server.connect("recent=0").await;
    live.next().await;
    // Its client does not read to its end, so it stays open.
    let mut replay = server.connect("from=0&speed=1").await;
    replay.next().await;
    let (code, reason) = server.connect("from=0&speed=1").await.closed().await;
    assert_eq!(code, 4429, "{reason}");
    assert!(reason.starts_with("more than 1 replays at a time"), "{reason}");
    let sse = server.get("/events/stream").await;
    assert_eq!(sse.status(), 200);
    let refused = server.get("/events/stream").await;
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (429, &"1".parse().unwrap()));
    server.connect("listen=false").await.next().await;
    let metrics = server.get("/metrics").await.text().await.unwrap();
    for what in ["streams", "replays"] {
        assert!(metrics.contains(&format!("arcane_refused_total{{why=\"{what}\"}} 1")), "{what} {metrics}");
    }
    drop(live);
    let begun = Instant::now();
    while server.get("/events/stream").await.status() != 200 {
        assert!(begun.elapsed() < support::PATIENCE);
    }
}

#[tokio::test]
async fn a_room_has_so_many_readers_whoever_they_are() {
    let server = limited(LimitsConfig { readers_per_room: 2, ..LimitsConfig::none() }).await;
    let mut reader = server.connect("recent=0").await;
    reader.next().await;
    let stream = server.get("/events/stream").await;
    assert_eq!(stream.status(), 200);
    let (code, reason) = server.connect("recent=0").await.closed().await;
    assert_eq!(code, 4429, "{reason}");
    assert_eq!(reason, "the room main has 2 readers, and no more may read it at a time; go on in 1 s");
    let refused = server.get("/events/stream").await;
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (429, &"1".parse().unwrap()));
    assert_eq!(refused.json::<Value>().await.unwrap()["type"], "/docs#problem-too-much");
    server.connect("room=lab").await.next().await;
    server.connect("listen=false").await.next().await;
    assert_eq!(server.look("/events").await.0, 200, "a page of history is no reader");
    let metrics = server.get("/metrics").await.text().await.unwrap();
    assert!(metrics.contains(r#"arcane_refused_total{why="readers"} 2"#), "{metrics}");
    drop(reader);
    let begun = Instant::now();
    while server.get("/events/stream").await.status() != 200 {
        assert!(begun.elapsed() < support::PATIENCE);
    }
}

#[tokio::test]
async fn a_question_that_takes_too_long_ends_and_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    for config in
        [TestServer::config_in(dir.path()), Config { dashboard: Dashboard::Off, ..Config::default() }]
    {
        let in_memory = config.data_dir.is_none();
        let limits = LimitsConfig { queries: 1, query_time: Duration::from_nanos(1), ..LimitsConfig::none() };
        let server = TestServer::with(Config { limits, ..config }).await;
        assert_eq!(server.ask("/events", events(1000)).await.0, 201);
        for _ in 0..10 {
            let (status, problem) = server.look("/events?limit=1000&spell=reveal").await;
            assert_eq!((status, &problem["type"]), (422, &json!("/docs#problem-too-long")), "{problem}");
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains("ask for less"), "{detail}");
        }
        let metrics = server.get("/metrics").await.text().await.unwrap();
        assert!(metrics.contains(r#"arcane_refused_total{why="query-time"} 10"#), "{in_memory} {metrics}");
        server.stop().await;
    }
}

#[tokio::test]
async fn without_bounds_everything_passes() {
    let server = limited(LimitsConfig::none()).await;
    for _ in 0..20 {
        assert_eq!(server.ask("/events", events(1000)).await.0, 201);
    }
}

#[tokio::test]
async fn looking_is_an_event_only_of_those_who_may_cast_and_once_a_second() {
    let guarded = Guarded::start().await;
    let (caster, reader) = (token(&json!({"sub": "caster"})), token(&json!({"can": ["subscribe"]})));
    for _ in 0..3 {
        assert_eq!(guarded.status(&reader, Method::GET, "/daemons", None).await.0, 200);
    }
    let count = async || {
        guarded.status(&reader, Method::GET, "/events/recent", None).await.1["count"].as_u64().unwrap()
    };
    assert_eq!(count().await, 0);
    let begun = std::time::Instant::now();
    for path in ["/daemons", "/daemons/active", "/daemons/claude", "/statistics"] {
        assert_eq!(guarded.status(&caster, Method::GET, path, None).await.0, 200);
    }
    // The machine may be slow.
    assert!(count().await <= 1 + begun.elapsed().as_secs(), "{}", count().await);
    assert!(count().await >= 1);
}
