//! WebSocket and SSE: filters, control messages, rooms, goodbye.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::time::Duration;

use arcane_server::config::{BusConfig, Config, Dashboard, NetConfig};
use futures_util::SinkExt;
use serde_json::json;
use support::{Client, Sse, TestServer, event};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::Message;

fn config() -> Config {
    Config { dashboard: Dashboard::Off, ..Config::default() }
}

#[tokio::test]
async fn filters_by_query_and_by_message() {
    let server = TestServer::start().await;
    let mut client = server.connect("spell=invoke,banish&daemon=claude&success=true").await;
    client.next().await;
    server.publish(json!({"spell_name": "summon", "daemon_name": "claude"})).await;
    server.publish(json!({"spell_name": "invoke", "daemon_name": "gemini"})).await;
    server.publish(json!({"spell_name": "invoke", "daemon_name": "claude", "success": false})).await;
    let wanted = server.publish(json!({"spell_name": "banish", "daemon_name": "claude"})).await;
    assert_eq!(client.next().await["seq"], wanted);

    client.say(json!({"type": "filter", "daemon": ["gemini"]})).await;
    assert_eq!(client.next().await, json!({"type": "filtered", "seq": wanted}));
    server.publish(event("not this")).await;
    let wanted = server.publish(json!({"spell_name": "reveal", "daemon_name": "gemini"})).await;
    assert_eq!(client.next().await["seq"], wanted);
}

#[tokio::test]
async fn the_history_in_the_greeting_is_filtered_too() {
    let server = TestServer::start().await;
    server.publish(event("one")).await;
    server.publish(json!({"spell_name": "summon", "daemon_name": "gemini"})).await;
    let mut client = server.connect("daemon=gemini&recent=5").await;
    let recent = client.next().await["recent_events"].clone();
    assert_eq!(recent.as_array().unwrap().len(), 1);
    assert_eq!(recent[0]["spell_name"], "summon");
}

#[tokio::test]
async fn hello_ping_and_seen() {
    let server = TestServer::start().await;
    let mut client = server.connect("").await;
    client.next().await;
    client.say(json!({"type": "hello", "client": "test"})).await;
    let hello = client.next().await;
    assert_eq!((&hello["type"], &hello["version"]), (&json!("hello"), &json!(1)));
    assert_eq!(hello["limits"]["event_bytes_max"], 65_536);
    client.say(json!({"type": "ping", "t0": 12.5})).await;
    let pong = client.next().await;
    assert_eq!((&pong["type"], &pong["t0"]), (&json!("pong"), &json!(12.5)));
    assert!(pong["t2"].as_f64().unwrap() >= pong["t1"].as_f64().unwrap());
    let samples = json!([{"seq": 1, "painted_at": 1.0, "late_ms": 33.0, "missed": false}, {"seq": 2, "painted_at": 2.0, "late_ms": 250.0, "missed": true, "reason": "frame"}]);
    client.say(json!({"type": "seen", "samples": samples})).await;
    client.say(json!({"type": "ping", "t0": 1})).await;
    client.next().await;
    let metrics = server.get("/metrics").await.text().await.unwrap();
    assert!(metrics.contains("arcane_publish_to_paint_seconds_count 2"), "{metrics}");
    assert!(metrics.contains(r#"arcane_paint_deadline_missed_total{reason="frame"} 1"#), "{metrics}");
}

#[tokio::test]
async fn a_filtered_reader_that_said_hello_learns_its_position() {
    let server = TestServer::start().await;
    let mut client = server.connect("daemon=nobody").await;
    client.next().await;
    client.say(json!({"type": "hello"})).await;
    client.next().await;
    let seq = server.publish(event("unseen")).await;
    assert_eq!(client.next().await, json!({"type": "position", "seq": seq}));
}

#[tokio::test]
async fn messages_that_cannot_be_used_are_answered_ten_times() {
    let server = TestServer::start().await;
    let mut client = server.connect("").await;
    client.next().await;
    let mut codes = Vec::new();
    for message in [
        Message::text("nonsense"),
        Message::text("{}"),
        Message::text(r#"{"type":"dance"}"#),
        Message::text(r#"{"type":"hello","since":"x:3"}"#),
        Message::text(r#"{"type":"filter","spells":["invoke"]}"#),
        Message::text(r#"{"type":"filter","spell":["hex"]}"#),
        Message::text(r#"{"type":"filter","daemon":["two words"]}"#),
        Message::text(r#"{"type":"ack","seq":3}"#),
        Message::binary(vec![1, 2, 3]),
        Message::text(format!(
            r#"{{"type":"seen","samples":[{}]}}"#,
            vec![r#"{"seq":1,"painted_at":1,"late_ms":1,"missed":false}"#; 257].join(",")
        )),
    ] {
        client.send(message).await;
        let error = client.next().await;
        assert_eq!(error["type"], "error");
        assert!(!error["detail"].as_str().unwrap().is_empty());
        codes.push(error["code"].as_str().unwrap().to_owned());
    }
    assert_eq!(
        codes,
        [
            "bad_message",
            "bad_message",
            "bad_message",
            "bad_message",
            "bad_filter",
            "bad_filter",
            "bad_filter",
            "no_consumer",
            "binary_message",
            "too_many_samples"
        ]
    );
    client.send(Message::text("?")).await;
    assert_eq!(client.closed().await.0, 4400);
}

#[tokio::test]
async fn what_cannot_be_asked_for_closes_with_a_reason() {
    let config = Config { bus: BusConfig { rooms: Some(vec![]), ..BusConfig::default() }, ..config() };
    let server = TestServer::with(config).await;
    for (query, code, reason) in [
        ("recent=-3", 4400, "recent: must be a whole number"),
        ("recent=abc", 4400, "recent: must be a whole number"),
        ("spell=hex", 4400, "spell: unknown spell"),
        ("success=perhaps", 4400, "success: success is"),
        ("daemon=a%20b", 4400, "daemon: a name consists of"),
        ("since=k:", 4400, "since: expected a position"),
        ("since=3&from=4", 4400, "from: goes not together with since"),
        ("from=1&speed=1000", 4400, "speed: must be a number from 0.1 to 100"),
        ("consumer=a%20b", 4400, "consumer: a name consists of"),
        ("dameon=claude", 4400, "dameon: there is no such parameter; did you mean \"daemon\"?"),
        ("lastEventId=3", 4400, "lastEventId: there is no such parameter; did you mean \"since\"?"),
        ("recent=3&recent=4", 4400, "recent: is there twice; say it once"),
        ("room=lab", 4404, "there is no room"),
    ] {
        let closed = server.connect(query).await.closed().await;
        assert_eq!(closed.0, code, "{query}");
        assert!(closed.1.starts_with(reason), "{query}: {}", closed.1);
    }
    let (_, stats) = server.look("/events/stats").await;
    assert_eq!(stats["subscribers"], 0);
}

#[tokio::test]
async fn a_message_that_is_too_large_ends_only_its_own_connection() {
    let server = TestServer::start().await;
    let (mut loud, mut quiet) = (server.connect("").await, server.connect("").await);
    loud.next().await;
    quiet.next().await;
    loud.send(Message::text("x".repeat(70_000))).await;
    assert_eq!(loud.closed().await.0, 4413);
    let seq = server.publish(event("still here")).await;
    assert_eq!(quiet.next().await["seq"], seq);
}

#[tokio::test]
async fn rooms_are_separate_streams() {
    let server = TestServer::start().await;
    let mut lab = server.connect("room=Lab").await;
    assert_eq!(lab.next().await["room"], "lab");
    server.publish(event("in main")).await;
    let (status, answer) = server.ask("/events?room=lab", event("in the lab")).await;
    assert_eq!((status, &answer["events"]), (201, &json!([{"seq": 1}])));
    let got = lab.next().await;
    assert_eq!((&got["metadata"]["task"], &got["room"]), (&json!("in the lab"), &json!("lab")));
    let (_, rooms) = server.look("/rooms").await;
    let names: Vec<_> = rooms["rooms"].as_array().unwrap().iter().map(|room| room["room"].clone()).collect();
    assert_eq!(names, ["lab", "main"]);
    assert_eq!(server.look("/events/recent?room=attic").await.0, 404, "looking opens no room");
}

#[tokio::test]
async fn a_quiet_connection_is_pinged_and_a_dead_one_let_go() {
    let net = NetConfig {
        ping_interval: Duration::from_millis(50),
        pong_timeout: Duration::from_millis(50),
        ..NetConfig::default()
    };
    let server = TestServer::with(Config { net, ..config() }).await;
    let mut client = server.connect("").await;
    client.next().await;
    // Reading answers pings; the third one shows that the answers to the first two were heard.
    for _ in 0..3 {
        assert!(matches!(client.message().await, Message::Ping(_)));
    }
    // Not reading any more: nobody answers.
    loop {
        let (_, stats) = server.look("/events/stats").await;
        if stats["subscribers"] == 0 {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(drained_close(&mut client).await, 4408);
}

async fn drained_close(client: &mut Client) -> u16 {
    client.closed().await.0
}

#[tokio::test]
async fn a_client_that_never_reads_costs_nobody_anything() {
    let net = NetConfig { stall_timeout: Duration::from_millis(300), ..NetConfig::default() };
    let bus = BusConfig { ring_frames: 64, ..BusConfig::default() };
    let server = TestServer::with(Config { net, bus, ..config() }).await;
    let mut stuck = server.connect("recent=0").await;
    stuck.next().await;
    let mut reader = server.connect("recent=0").await;
    reader.next().await;
    let bulk = "x".repeat(40_000);
    let mut last = 0;
    // More than the kernel's buffers hold: the server must be left with bytes that nobody takes.
    for _ in 0..400 {
        last = server.publish(event(&bulk)).await;
        assert_eq!(reader.next().await["seq"], last);
    }
    assert_eq!(last, 400);
    loop {
        let (_, stats) = server.look("/events/stats").await;
        if stats["subscribers"] == 1 {
            break;
        }
        tokio::task::yield_now().await;
    }
    drop(stuck);
}

#[tokio::test]
async fn a_websocket_keeps_its_place_among_the_connections() {
    let net = NetConfig { connections_max: 1, ..NetConfig::default() };
    let server = TestServer::with(Config { net, ..config() }).await;
    let mut client = server.connect("").await;
    client.next().await;
    let mut waiting = tokio::spawn(server.http.get(server.url("/health")).send());
    let early = tokio::time::timeout(Duration::from_millis(200), &mut waiting).await;
    assert!(early.is_err(), "the only place is taken");
    drop(client);
    assert_eq!(waiting.await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn a_goodbye_right_behind_the_handshake_is_answered() {
    let server = TestServer::start().await;
    let mut socket = server.raw().await;
    let mut bytes = b"GET /ws/events HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".to_vec();
    // A masked close frame with code 3001, masked with zeros.
    bytes.extend_from_slice(&[0x88, 0x82, 0, 0, 0, 0, 0x0B, 0xB9]);
    socket.write_all(&bytes).await.unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer[answer.len() - 4..], [0x88, 2, 0x0B, 0xB9]);
    drop(socket);
    while !server.get("/metrics").await.text().await.unwrap().contains("arcane_websocket_closes_total{code=")
    {
        tokio::task::yield_now().await;
    }
    let metrics = server.get("/metrics").await.text().await.unwrap();
    assert!(!metrics.contains("code=\"1006\""), "the goodbye was noticed: {metrics}");
}

#[tokio::test]
async fn stopping_says_goodbye_to_everyone() {
    let mut server = TestServer::start().await;
    let (mut plain, mut friend) = (server.connect("").await, server.connect("").await);
    plain.next().await;
    friend.next().await;
    friend.say(json!({"type": "hello"})).await;
    friend.next().await;
    server.begin_to_stop();
    assert_eq!(friend.next().await["type"], "draining");
    assert_eq!(friend.closed().await.0, 4501);
    assert_eq!(plain.closed().await.0, 4501, "a plain client gets no message, only the close");
}

#[tokio::test]
async fn sse_tells_the_same_events_with_positions() {
    let server = TestServer::start().await;
    let mut stream = Sse::open(&server, "/events/stream?spell=invoke", None).await;
    let (id, name, connection) = stream.next().await.unwrap();
    let epoch = connection["epoch"].as_str().unwrap().to_owned();
    assert_eq!((id, name.as_str()), (format!("{epoch}:0"), "connection"));
    server.publish(json!({"spell_name": "summon", "daemon_name": "claude"})).await;
    server.publish(event("seen")).await;
    let (id, name, data) = stream.next().await.unwrap();
    assert_eq!((id, name.as_str()), (format!("{epoch}:2"), "invoke"));
    assert_eq!(data["metadata"]["task"], "seen");

    server.publish(event("missed")).await;
    let mut again = Sse::open(&server, "/events/stream?recent=0", Some(&format!("{epoch}:2"))).await;
    let (_, _, connection) = again.next().await.unwrap();
    assert_eq!(connection["resume"], json!({"recovered": true, "count": 1}));
    let (id, name, data) = again.next().await.unwrap();
    assert_eq!((id, name.as_str()), (format!("{epoch}:3"), "invoke"));
    assert_eq!(data["metadata"]["task"], "missed", "what was missed comes, and nothing else");

    server.stop().await;
    while stream.next().await.is_some() {}
}

#[tokio::test]
async fn an_sse_reader_that_left_is_gone_without_another_event() {
    let server = TestServer::start().await;
    let mut stream = Sse::open(&server, "/events/stream", None).await;
    stream.next().await.unwrap();
    assert_eq!(server.look("/events/stats").await.1["subscribers"], 1);
    drop(stream);
    while server.look("/events/stats").await.1["subscribers"] != 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_close_frame_arrives_although_more_was_on_its_way_to_the_server() {
    let server = TestServer::start().await;
    for _ in 0..20 {
        let mut client = server.connect("").await;
        client.next().await;
        client.socket.feed(Message::text("x".repeat(70_000))).await.unwrap();
        for _ in 0..20 {
            client.socket.feed(Message::text("y".repeat(50_000))).await.unwrap();
        }
        let _ = client.socket.flush().await;
        assert_eq!(client.closed().await.0, 4413);
    }
}

#[tokio::test]
async fn sse_refuses_like_rest() {
    let server = TestServer::start().await;
    let (status, problem) = server.look("/events/stream?recent=1000").await;
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("recent")));
}
