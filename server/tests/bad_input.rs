//! Bad input gets a clear answer, and nobody else notices.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use arcane_server::config::{Config, Dashboard, NetConfig};
use serde_json::{Value, json};
use std::time::Duration;
use support::{TestServer, event};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
async fn each_request_that_does_not_fit_says_why() {
    let server = TestServer::start().await;
    let long = "x".repeat(9000);
    let cases: &[(&str, Value, u16, &str)] = &[
        (
            "/summon",
            json!({"daemon_name": ""}),
            422,
            "/daemon_name: a name must have 1 to 64 characters, this one is empty",
        ),
        (
            "/summon",
            json!({"daemon_name": "x".repeat(65)}),
            422,
            "/daemon_name: a name must have 1 to 64 characters, this one has 65",
        ),
        ("/summon", json!({"daemon_name": "<b>"}), 422, "/daemon_name: a name consists of"),
        ("/summon", json!({"daemon_name": 7}), 422, "/daemon_name: invalid type"),
        ("/summon", json!([]), 422, "the body: "),
        ("/summon", json!({"daemon_name": "claude", "rom": "lab"}), 422, "/rom: unknown field `rom`"),
        ("/voice", json!({"daemon_name": "claude", "txt": "hi"}), 422, "/txt: unknown field `txt`"),
        ("/spell/cast", json!({"spell": "summon claude", "room": "lab"}), 422, "/room: unknown field `room`"),
        ("/summon?room=lab", json!({"daemon_name": "claude"}), 422, "room: there is no such parameter"),
        ("/events?rom=lab", event("x"), 422, "rom: there is no such parameter; did you mean \"room\"?"),
        ("/consumers/c/ack?rom=lab", json!({"seq": 1}), 422, "rom: there is no such parameter; did you mean"),
        ("/invoke", json!({"daemon_name": "claude"}), 422, "the body: missing field `task`"),
        ("/invoke", json!({"daemon_name": "claude", "task": " "}), 422, "/task: must not be empty"),
        (
            "/invoke",
            json!({"daemon_name": "claude", "task": long}),
            422,
            "/task: has 9000 characters, at most 8192",
        ),
        (
            "/invoke",
            json!({"daemon_name": "claude", "task": "x", "parameters": 3}),
            422,
            "/parameters: invalid type",
        ),
        (
            "/invoke",
            json!({"daemon_name": "claude", "task": "x", "parameters": {"a": "x".repeat(20_000)}}),
            422,
            "/parameters: has at most",
        ),
        ("/spell/parse", json!({"spell": ""}), 422, "/spell: must not be empty"),
        ("/spell/cast", json!({"spell": "xyzzy plugh"}), 422, ""),
        ("/voice", json!({"daemon_name": "claude"}), 422, "/text: is missing"),
        ("/voice", json!({"daemon_name": "claude", "event": "birthday"}), 422, "/event: must be summon"),
        ("/events", json!({"spell_name": "hex"}), 422, "/spell_name: unknown spell"),
        (
            "/events",
            json!([event("fine"), {"spell_name": "invoke", "success": 1}]),
            422,
            "/1/success: must be true or false",
        ),
        ("/events?room=a%20b", event("x"), 422, "room: a name consists of"),
        ("/events?ack=logged", event("x"), 422, "ack: this server keeps events in memory"),
        ("/events?ack=maybe", event("x"), 422, "ack: must be received, logged or synced"),
        ("/events", event(&"x".repeat(66_000)), 413, "an event has at most 65536 bytes"),
    ];
    for (path, body, status, detail) in cases {
        let response = server.post(path, body.clone()).await;
        assert_eq!(response.headers()["content-type"], "application/problem+json", "{path} {body}");
        let (found, problem) = (response.status().as_u16(), response.json::<Value>().await.unwrap());
        assert_eq!(found, *status, "{path} {body} {problem}");
        assert_eq!(problem["status"], *status);
        let text = problem["detail"].as_str().unwrap();
        assert!(text.starts_with(detail), "{path}: {text}");
    }
    let (_, recent) = server.look("/events/recent?count=100").await;
    let spells: Vec<_> =
        recent["events"].as_array().unwrap().iter().map(|e| e["spell_name"].clone()).collect();
    assert_eq!(spells, ["parse"], "only the spell that was read and not understood is an event");
}

#[tokio::test]
async fn counts_are_whole_numbers_within_bounds() {
    let server = TestServer::start().await;
    for count in ["0", "-3", "abc", "101", "1.5", ""] {
        let (status, problem) = server.look(&format!("/events/recent?count={count}")).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("count")), "{count:?}");
    }
    assert_eq!(server.look("/events/recent?count=100").await.0, 200);
    assert_eq!(server.look("/events/recent?spell=hex").await.0, 422);
    assert_eq!(server.look("/events/recent?room=nowhere").await.0, 404);
    assert_eq!(server.look("/daemons/nobody").await.0, 404);
    assert_eq!(server.look("/daemons/a%20b").await.0, 422);
}

#[tokio::test]
async fn bodies_that_are_no_json() {
    let server = TestServer::start().await;
    let send = async |kind: Option<&str>, body: &'static str| {
        let mut request = server.http.post(server.url("/summon")).body(body);
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(send(Some("application/json"), "{\"daemon_name\"").await, 400);
    assert_eq!(send(Some("application/json"), "{\"daemon_name\":\"claude\"} {}").await, 400);
    assert_eq!(send(Some("application/json"), "").await, 400);
    assert_eq!(send(Some("text/plain"), "{\"daemon_name\":\"claude\"}").await, 415, "a form of another site");
    assert_eq!(send(None, "{\"daemon_name\":\"claude\"}").await, 415);
    assert_eq!(send(Some("application/json; charset=utf-8"), "{\"daemon_name\":\"claude\"}").await, 200);
    let huge = server.http.post(server.url("/events")).header("content-type", "application/json");
    assert_eq!(huge.body("x".repeat(9 * 1024 * 1024)).send().await.unwrap().status(), 413);
}

#[tokio::test]
async fn nesting_is_bounded() {
    let server = TestServer::start().await;
    let mut deep = json!(1);
    for _ in 0..40 {
        deep = json!([deep]);
    }
    let (status, problem) =
        server.ask("/events", json!({"spell_name": "invoke", "metadata": {"a": deep}})).await;
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("/metadata")));
    let bomb = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let response =
        server.http.post(server.url("/events")).header("content-type", "application/json").body(bomb);
    assert_eq!(response.send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn ndjson_says_which_line_and_what_was_published_before() {
    let server = TestServer::start().await;
    let send = async |body: String| {
        let request = server.http.post(server.url("/events")).header("content-type", "application/x-ndjson");
        let response = request.body(body).send().await.unwrap();
        (response.status().as_u16(), response.json::<Value>().await.unwrap())
    };
    let (status, answer) = send(format!("{}\n\n{}", event("a"), event("b"))).await;
    assert_eq!((status, &answer["events"]), (201, &json!([{"seq": 1}, {"seq": 2}])));
    let (status, problem) = send(format!("{}\n{{\"spell_name\":\"hex\"}}\n{}", event("c"), event("d"))).await;
    assert_eq!(status, 422);
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.starts_with("1 event was published before this. line 2 /spell_name: unknown spell"),
        "{detail}"
    );
    assert_eq!(server.look("/events/stats").await.1["history_size"], 3);
}

#[tokio::test]
async fn an_array_is_published_whole_or_not_at_all() {
    let server = TestServer::start().await;
    let (status, answer) = server.ask("/events", json!([event("a"), event("b"), event("c")])).await;
    assert_eq!((status, &answer["events"]), (201, &json!([{"seq": 1}, {"seq": 2}, {"seq": 3}])));
    let (status, problem) = server.ask("/events", json!([event("a"), event(&"x".repeat(66_000))])).await;
    assert_eq!(status, 413);
    assert!(problem["detail"].as_str().unwrap().starts_with("Nothing was published. /1: an event has"));
    assert_eq!(server.look("/events/stats").await.1["history_size"], 3);
    assert_eq!(server.ask("/events", json!([])).await.1["events"], json!([]));
}

#[tokio::test]
async fn markup_goes_through_as_text() {
    let server = TestServer::start().await;
    let mut client = server.connect("").await;
    client.next().await;
    let markup = "<img src=x onerror=alert(1)>";
    server
        .publish(json!({"spell_name": "invoke", "description": markup, "metadata": {"task": markup}}))
        .await;
    let event = client.next().await;
    assert_eq!((&event["description"], &event["metadata"]["task"]), (&json!(markup), &json!(markup)));
}

#[tokio::test]
async fn a_publishers_own_directives_are_kept_and_completed() {
    let server = TestServer::start().await;
    let mut client = server.connect("").await;
    client.next().await;
    let sync =
        json!({"animation": "spiral", "deadline_ms": 0, "emitted_at": 5, "display_text": "only on failure"});
    server.publish(json!({"spell_name": "invoke", "daemon_name": "codex", "metadata": {"sync": sync, "execution_time": null, "color": "#000000"}})).await;
    let event = client.next().await;
    let metadata = &event["metadata"];
    assert_eq!(
        (&metadata["sync"]["animation"], &metadata["sync"]["deadline_ms"]),
        (&json!("spiral"), &json!(0))
    );
    assert_eq!(
        (&metadata["sync"]["particles"], &metadata["sync"]["invert"]),
        (&json!("fade_to_idle"), &json!(false))
    );
    assert!(metadata["sync"]["emitted_at"].as_f64().unwrap() > 1.0e12, "the bus's own clock");
    assert_eq!(metadata["sync"].get("display_text"), None);
    assert_eq!(metadata["execution_time"], json!(0.0));
    assert_eq!(metadata["color"], "#97D3FD", "decided by the server");
}

#[tokio::test]
async fn half_a_handshake() {
    let net = NetConfig { header_timeout: Duration::from_millis(100), ..NetConfig::default() };
    let server = TestServer::with(Config { net, dashboard: Dashboard::Off, ..Config::default() }).await;
    let plain = server.get("/ws/events").await;
    assert_eq!(
        (plain.status().as_u16(), plain.headers()["sec-websocket-version"].to_str().unwrap()),
        (426, "13")
    );

    let mut socket = server.raw().await;
    socket.write_all(b"GET /ws/events HTTP/1.1\r\nHost: localhost\r\nUpgr").await.unwrap();
    let mut rest = Vec::new();
    // The server gives up on a head that does not end.
    socket.read_to_end(&mut rest).await.unwrap();

    let mut socket = server.raw().await;
    socket.write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 this is no HTTP").await.unwrap();
    let mut rest = Vec::new();
    let _ = socket.read_to_end(&mut rest).await;
    assert_eq!(server.look("/health").await.0, 200);
}

#[tokio::test]
async fn unknown_routes_and_methods() {
    let server = TestServer::start().await;
    assert_eq!(server.look("/nowhere").await.0, 404);
    assert_eq!(server.ask("/daemons", json!({})).await.0, 405);
    assert_eq!(server.look("/").await.0, 404, "no dashboard in this configuration");
    let (status, problem) = server.look("/arcane_audio/..%2f..%2fCargo.toml").await;
    assert_eq!((status, &problem["title"]), (404, &json!("Not Found")));
}

/// Sends a body as it is.
async fn send(server: &TestServer, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> (u16, Value) {
    let mut request = server.http.post(server.url(path)).body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

const JSON: (&str, &str) = ("content-type", "application/json");
const NDJSON: (&str, &str) = ("content-type", "application/x-ndjson");
const GZIP: (&str, &str) = ("content-encoding", "gzip");

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut encoder, text).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn half_an_emoji_ends_neither_a_stream_nor_a_socket() {
    let server = TestServer::start().await;
    let line = r#"{"spell_name":"reveal","description":"cut \ud83d","metadata":{"\ude00":"\ud83d\ude00"}}"#;
    let (status, answer) = send(&server, "/events", &[NDJSON], format!("{line}\n{line}\n").into()).await;
    assert_eq!((status, answer["events"].as_array().unwrap().len()), (201, 2), "{answer}");
    let (status, answer) = send(&server, "/events", &[JSON], format!("[{line}]").into()).await;
    assert_eq!(status, 201, "{answer}");
    let (_, recent) = server.look("/events/recent?count=3").await;
    for event in recent["events"].as_array().unwrap() {
        assert_eq!(event["description"], "cut \u{fffd}");
        assert_eq!(event["metadata"]["\u{fffd}"], "\u{1f600}", "a whole one stays");
    }
    let parse = br#"{"spell":"ask claude to draw \ud83d"}"#.to_vec();
    assert_eq!(send(&server, "/spell/parse", &[JSON], parse).await.0, 200);

    let mut client = server.connect("listen=false").await;
    client.next().await;
    client.send(r#"{"type":"hello","client":"\ud83d"}"#.into()).await;
    assert_eq!(client.next().await["type"], "hello");
    // More than so many messages that cannot be used close a socket.
    for _ in 0..12 {
        client.send(format!(r#"{{"type":"publish","events":{line}}}"#).into()).await;
        assert_eq!(client.next().await["type"], "published");
    }
}

#[tokio::test]
async fn a_stream_may_have_blank_lines_but_not_without_end() {
    let server = TestServer::start().await;
    let (one, blank) = (event("x").to_string(), "\r\n".repeat(150_000));
    let (status, answer) = send(&server, "/events", &[NDJSON], format!("{blank}{one}").into()).await;
    assert_eq!(status, 201, "{answer}");
    let (status, answer) = send(&server, "/events", &[NDJSON], format!("{one}\n{blank}{blank}").into()).await;
    assert_eq!((status, &answer["errors"][0]["pointer"]), (422, &json!("line 200002")), "{answer}");
    assert!(answer["detail"].as_str().unwrap().starts_with("1 event was published before this."), "{answer}");
}

#[tokio::test]
async fn a_byte_order_mark_is_skipped() {
    let server = TestServer::start().await;
    let text = format!("\u{feff}{}", event("x"));
    assert_eq!(send(&server, "/events", &[JSON], text.clone().into()).await.0, 201);
    // Files that were put together have one in the middle.
    assert_eq!(send(&server, "/events", &[NDJSON], format!("{text}\n{text}").into()).await.0, 201);
    let summon = "\u{feff}{\"daemon_name\":\"claude\"}";
    assert_eq!(send(&server, "/summon", &[JSON], summon.into()).await.0, 200);
    let mut client = server.connect("listen=false").await;
    client.next().await;
    client.send("\u{feff}{\"type\":\"ping\",\"t0\":1}".into()).await;
    assert_eq!(client.next().await["type"], "pong");
    client.send(format!("\u{feff}{{\"type\":\"publish\",\"events\":{}}}", event("x")).into()).await;
    assert_eq!(client.next().await["type"], "published");
}

#[tokio::test]
async fn whole_numbers_beyond_64_bits_are_named_not_rounded() {
    let server = TestServer::start().await;
    let of = |number: &str| format!(r#"{{"spell_name":"reveal","metadata":{{"ids":[1,{number}]}}}}"#);
    for number in ["18446744073709551615", "-9223372036854775808"] {
        assert_eq!(send(&server, "/events", &[JSON], of(number).into()).await.0, 201);
        let (_, recent) = server.look("/events/recent?count=1").await;
        assert_eq!(recent["events"][0]["metadata"]["ids"][1].to_string(), number);
    }
    let refused = |at: &str| {
        format!(
            "{at}/metadata/ids/1: 18446744073709551616 is beyond 64 bits and would lose digits; send it as a string"
        )
    };
    let big = of("18446744073709551616");
    let (status, problem) = send(&server, "/events", &[JSON], big.clone().into()).await;
    assert_eq!((status, &problem["detail"]), (422, &json!(refused(""))));
    let (_, problem) = send(&server, "/events", &[JSON], format!("[{},{big}]", of("2")).into()).await;
    assert_eq!(problem["errors"][0]["pointer"], "/1/metadata/ids/1");
    let (status, problem) = send(&server, "/events", &[NDJSON], format!("{}\n{big}", of("2")).into()).await;
    assert_eq!(
        (status, problem["detail"].as_str().unwrap().ends_with(&refused("line 2 "))),
        (422, true),
        "{problem}"
    );
    let invoke = r#"{"daemon_name":"claude","task":"x","parameters":{"id":-9223372036854775809}}"#;
    let (status, problem) = send(&server, "/invoke", &[JSON], invoke.into()).await;
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("/parameters/id")));
    assert_eq!(
        server.look("/events/stats").await.1["history_size"],
        3,
        "the first line of the stream is there"
    );
}

#[tokio::test]
async fn bodies_may_come_by_gzip_and_not_otherwise() {
    let server = TestServer::start().await;
    let one = event("x").to_string();
    assert_eq!(send(&server, "/events", &[JSON, GZIP], gzip(one.as_bytes())).await.0, 201);
    let many = vec![one.as_str(); 1000].join("\n");
    let (status, answer) = send(&server, "/events", &[NDJSON, GZIP], gzip(many.as_bytes())).await;
    assert_eq!((status, answer["events"].as_array().unwrap().len()), (201, 1000));
    let summon = gzip(br#"{"daemon_name":"claude"}"#);
    let stacked = [JSON, ("content-encoding", "identity, X-Gzip")];
    assert_eq!(send(&server, "/summon", &stacked, summon.clone()).await.0, 200);

    for encoding in ["br", "deflate", "zstd", "gzip, gzip", "nonsense"] {
        let request = server.http.post(server.url("/events")).header("content-encoding", encoding);
        let response = request.header(JSON.0, JSON.1).body("x").send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["accept-encoding"]),
            (415, &"gzip".parse().unwrap())
        );
        let problem: Value = response.json().await.unwrap();
        assert_eq!(problem["type"], "/docs#problem-content-encoding", "{problem}");
    }
    let detail = async |headers: &[(&str, &str)], body: &[u8]| {
        let (status, problem) = send(&server, "/events", headers, body.to_vec()).await;
        (status, problem["detail"].as_str().unwrap().to_owned())
    };
    assert!(detail(&[JSON], &summon).await.1.ends_with("say Content-Encoding: gzip"));
    assert!(detail(&[JSON], b"\xff\xfe{\0}\0").await.1.ends_with("send UTF-8"));
    let (status, damaged) = detail(&[JSON, GZIP], one.as_bytes()).await;
    assert!(status == 400 && damaged.contains("it is no gzip, or damaged"), "{damaged}");
    let (status, cut) = detail(&[NDJSON, GZIP], &gzip(many.as_bytes())[..40]).await;
    assert!(status == 400 && cut.contains("its gzip stream has no end"), "{cut}");
    let bomb = gzip(&vec![b' '; 64 * 1024 * 1024]);
    assert!(bomb.len() < 100_000);
    let (status, too_large) = detail(&[JSON, GZIP], &bomb).await;
    assert!(status == 413 && too_large.contains("the body has at most 8388608 bytes"), "{too_large}");
    let (status, too_large) = detail(&[NDJSON, GZIP], &bomb).await;
    assert!(status == 413 && too_large.contains("line 1: a line has at most 262144 bytes"), "{too_large}");
}
