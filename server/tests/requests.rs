//! What any client or proxy may expect of HTTP itself: hosts, origins, parameters, ranges, media types, handshakes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use arcane_server::config::{Config, Dashboard, NetConfig, Origin, RealmConfig, VoiceConfig};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use support::{TestServer, event};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The status of what is sent as it is.
async fn status_of(server: &TestServer, head: &str) -> String {
    let mut socket = server.raw().await;
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    socket.read_exact(&mut answer).await.unwrap();
    String::from_utf8(answer[9..].to_vec()).unwrap()
}

#[tokio::test]
async fn a_request_names_its_host_once() {
    let server = TestServer::start().await;
    for (head, status) in [
        ("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n", "200"),
        ("GET /health HTTP/1.0\r\n\r\n", "200"),
        ("GET /health HTTP/1.1\r\nHost:\r\n\r\n", "400"),
        ("GET /health HTTP/1.1\r\nHost: \t \r\n\r\n", "400"),
        ("OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n", "400"),
        ("GET /health HTTP/1.0\r\nHost:\r\n\r\n", "200"),
        ("GET http://localhost/health HTTP/1.1\r\nHost:\r\n\r\n", "200"),
        ("GET /health HTTP/1.1\r\n\r\n", "400"),
        ("GET /health HTTP/1.1\r\nHost: a.example\r\nHost: a.example\r\n\r\n", "400"),
        ("GET /health HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n", "400"),
        ("GET /health HTTP/1.0\r\nHost: a.example\r\nHost: b.example\r\n\r\n", "400"),
        ("GET /health HTTP/1.1\r\nHost: a.example/x\r\n\r\n", "400"),
        ("GET /nowhere HTTP/1.1\r\n\r\n", "400"),
    ] {
        assert_eq!(status_of(&server, head).await, status, "{head}");
    }
}

/// What a page reads or does once its name leads to this server (DNS rebinding): a browser sends neither `Origin` nor, to a host
/// that is not trustworthy by its name, anything else that only a browser says.
#[tokio::test]
async fn a_request_is_for_a_host_that_the_server_goes_by() {
    let net = NetConfig { allowed_hosts: vec!["arcane.example".parse().unwrap()], ..NetConfig::default() };
    let server = TestServer::with(Config { net, ..Config::default() }).await;
    for path in ["/", "/health", "/events", "/daemons", "/events/stream", "/metrics", "/docs", "/nowhere"] {
        let head = |host: &str| format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        for host in ["evil.example", "evil.example:8000", "arcane.example.evil.example"] {
            assert_eq!(status_of(&server, &head(host)).await, "403", "{path} of {host}");
        }
        for host in ["arcane.example", "ARCANE.example:8000", "127.0.0.1", "[::1]", "localhost:9"] {
            assert_ne!(status_of(&server, &head(host)).await, "403", "{path} of {host}");
        }
    }
}

#[tokio::test]
async fn a_page_of_another_site_makes_the_browser_change_and_read_nothing() {
    let server = TestServer::start().await;
    let head = async || server.look("/events").await.1["head"].clone();
    let before = head().await;
    let unseen = "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: image";
    let link = "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document";
    for path in
        ["/daemons", "/daemons/active", "/events?room=new", "/events/stream?consumer=c", "/statistics"]
    {
        for said in [unseen, link, "Sec-Fetch-Site: same-site"] {
            let head = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{said}\r\n\r\n");
            assert_eq!(status_of(&server, &head).await, "403", "{path} {said}");
        }
    }
    let page = format!("GET /docs HTTP/1.1\r\nHost: localhost\r\n{link}\r\n\r\n");
    assert_eq!(status_of(&server, &page).await, "200", "a link leads to a page");
    assert_eq!(head().await, before);
    let (_, rooms) = server.look("/rooms").await;
    assert_eq!(rooms["rooms"].as_array().unwrap().len(), 1, "{rooms}");
}

#[tokio::test]
async fn the_keys_of_rfc_6455_open_a_websocket() {
    let server = TestServer::start().await;
    for (key, status) in [
        ("dGhlIHNhbXBsZSBub25jZQ==", "101"),
        ("AQIDBAUGBwgJCgsMDQ4PEC==", "101"),
        ("AQIDBAUGBwgJCgsMDQ4=", "400"),
    ] {
        let head = format!(
            "GET /ws/events HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
        );
        assert_eq!(status_of(&server, &head).await, status, "{key}");
    }
}

#[tokio::test]
async fn a_proxy_is_asked_to_pass_an_event_stream_on_as_it_comes() {
    let server = TestServer::start().await;
    let stream = server.get("/events/stream").await;
    assert_eq!(stream.headers()["cache-control"], "no-store, no-transform");
    assert_eq!(stream.headers()["x-accel-buffering"], "no");
    assert!(!stream.headers().contains_key("content-encoding"));
}

/// A server whose proxy goes by `https://wall.example`, as somebody wrote it.
async fn behind_a_proxy(written: &str) -> TestServer {
    let allowed_origins = Origin::parse_all(&[written.to_owned()]).unwrap();
    let net = NetConfig { allowed_origins, ..NetConfig::default() };
    TestServer::with(Config { net, dashboard: Dashboard::Off, ..Config::default() }).await
}

async fn from_page(server: &TestServer, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = server.http.request(method, server.url(path)).header("origin", "https://wall.example");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

#[tokio::test]
async fn an_origin_may_be_written_as_people_do() {
    for written in
        ["https://wall.example/", "https://wall.example:443", " HTTPS://Wall.example , http://b.example/,"]
    {
        let server = behind_a_proxy(written).await;
        for host in ["wall.example", "wall.example:443"] {
            let answer = from_page(&server, Method::GET, "/health", &[("host", host)]).await;
            assert_eq!(answer.status(), 200, "{written} {host}");
            assert_eq!(answer.headers()["access-control-allow-origin"], "https://wall.example");
        }
    }
}

#[tokio::test]
async fn a_preflight_allows_what_the_page_will_send_and_lets_it_read_all_headers() {
    let server = behind_a_proxy("https://wall.example").await;
    let asks = [
        ("access-control-request-method", "DELETE"),
        ("access-control-request-headers", "cache-control,content-type,idempotency-key,traceparent"),
    ];
    let answer = from_page(&server, Method::OPTIONS, "/consumers/c", &asks).await;
    assert_eq!(answer.status(), 204);
    let headers = answer.headers();
    assert_eq!(headers["access-control-allow-origin"], "https://wall.example");
    assert_eq!(headers["access-control-allow-methods"], "GET, HEAD, POST, DELETE");
    assert_eq!(headers["access-control-allow-headers"], asks[1].1);
    let vary: Vec<_> = headers.get_all("vary").iter().map(|value| value.to_str().unwrap()).collect();
    assert_eq!(vary, ["access-control-request-headers", "origin"]);
    let answer = from_page(&server, Method::GET, "/health", &[]).await;
    assert_eq!(answer.headers()["access-control-expose-headers"], "*");

    let stranger =
        server.http.request(Method::OPTIONS, server.url("/events")).header("origin", "https://evil.example");
    let stranger = stranger.header("access-control-request-method", "POST").send().await.unwrap();
    assert_eq!(stranger.status(), 403);
    assert!(!stranger.headers().contains_key("access-control-allow-origin"));
    let plain = server.get("/health").await;
    assert_eq!(plain.headers()["vary"], "origin", "a cache keeps the answers to pages apart");
}

#[tokio::test]
async fn a_sound_can_be_had_in_parts() {
    let dir = tempfile::tempdir().unwrap();
    let sound: Vec<u8> = (0..=255).collect();
    std::fs::write(dir.path().join("claude.wav"), &sound).unwrap();
    std::fs::write(dir.path().join(".unfinished.wav"), &sound).unwrap();
    let voice: VoiceConfig = serde_json::from_value(json!({"program": "true"})).unwrap();
    let realm = RealmConfig { voice: Some(voice), audio_dir: dir.path().into(), ..RealmConfig::default() };
    let server = TestServer::with(Config { realm, dashboard: Dashboard::Off, ..Config::default() }).await;
    let get = async |headers: &[(&str, &str)]| {
        let mut request = server.http.get(server.url("/arcane_audio/claude.wav"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        (status, headers, answer.bytes().await.unwrap())
    };
    let (status, headers, bytes) = get(&[]).await;
    assert_eq!(
        (status, &headers["content-type"], &headers["accept-ranges"]),
        (200, &"audio/wav".parse().unwrap(), &"bytes".parse().unwrap())
    );
    assert_eq!((&headers["content-length"], bytes.as_ref()), (&"256".parse().unwrap(), &sound[..]));
    for (range, first, last) in [
        ("bytes=0-0", 0, 0),
        ("bytes=10-19", 10, 19),
        ("bytes=250-", 250, 255),
        ("bytes=-6", 250, 255),
        ("bytes=250-999", 250, 255),
    ] {
        let (status, headers, bytes) = get(&[("range", range)]).await;
        assert_eq!(
            (status, headers["content-range"].to_str().unwrap()),
            (206, format!("bytes {first}-{last}/256").as_str()),
            "{range}"
        );
        assert_eq!(bytes.as_ref(), &sound[first..=last], "{range}");
        assert_eq!(headers["content-type"], "audio/wav");
    }
    for range in ["items=0-5", "bytes=5-2", "bytes=0-1,4-5", "bytes=", "bytes=a-b"] {
        let (status, _, bytes) = get(&[("range", range)]).await;
        assert_eq!((status, bytes.len()), (200, 256), "{range}: what is no range is ignored");
    }
    let (status, headers, body) = get(&[("range", "bytes=256-")]).await;
    assert_eq!((status, headers["content-range"].to_str().unwrap()), (416, "bytes */256"));
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["type"], "/docs#problem-range");
    assert_eq!(
        get(&[("range", "bytes=0-1"), ("if-range", "\"another\"")]).await.0,
        200,
        "it may be another by now"
    );
    let modified = get(&[]).await.1["last-modified"].to_str().unwrap().to_owned();
    assert_eq!(get(&[("if-modified-since", &modified)]).await.0, 304);
    let head = server.http.head(server.url("/arcane_audio/claude.wav")).send().await.unwrap();
    assert_eq!((head.status().as_u16(), &head.headers()["content-length"]), (200, &"256".parse().unwrap()));
    for path in ["/arcane_audio/.unfinished.wav", "/arcane_audio/other.wav", "/arcane_audio/..%2fclaude.wav"]
    {
        assert_eq!(server.look(path).await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn metrics_come_in_the_format_that_is_asked_for_and_count_what_only_grows() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::in_dir(dir.path()).await;
    server.publish(event("x")).await;
    let get = async |accept: &str| {
        let answer = server.http.get(server.url("/metrics")).header("accept", accept).send().await.unwrap();
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        (kind, answer.text().await.unwrap())
    };
    let (kind, text) = get("*/*").await;
    assert_eq!(kind, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    for counter in [
        "events",
        "skipped_deliveries",
        "log_commits",
        "log_events",
        "log_syncs",
        "log_failures",
        "log_commit_seconds",
    ] {
        assert!(text.contains(&format!("# TYPE arcane_{counter} counter\n")), "{counter}: {text}");
        assert!(text.contains(&format!("\narcane_{counter}_total")), "{counter}: {text}");
    }
    assert!(text.contains("\narcane_events_total{spell=\"invoke\",success=\"true\"} 1\n"), "{text}");
    assert!(text.contains("\narcane_log_events_total 1\n"), "{text}");
    assert!(text.ends_with("# EOF\n"));

    let (kind, text) = get("text/plain").await;
    assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
    assert!(text.contains("# TYPE arcane_events_total counter\narcane_events_total{"), "{text}");
    assert!(!text.contains("# EOF") && !text.contains("# UNIT"), "{text}");
}

#[tokio::test]
async fn an_offset_that_was_not_encoded_is_a_time_all_the_same() {
    let server = TestServer::start().await;
    server.publish(event("x")).await;
    for from in ["2025-10-24T12:34:56+00:00", "2025-10-24T12:34:56%2B00:00"] {
        let (status, activity) = server.look(&format!("/events/activity?from={from}")).await;
        assert_eq!((status, &activity["buckets"][0]["events"]), (200, &json!(1)), "{from}: {activity}");
    }
    let (status, problem) = server.look("/events/activity?from=2025-10-24T12:34:56+0000").await;
    assert_eq!(status, 422);
    assert!(problem["detail"].as_str().unwrap().ends_with("an offset's + is written %2B"), "{problem}");
    let mut stream =
        support::Sse::open(&server, "/events/stream?from=2025-10-24T12:34:56+00:00&speed=100", None).await;
    stream.next().await.unwrap();
    assert_eq!(stream.next().await.unwrap().2["seq"], 1);
}

#[tokio::test]
async fn a_parameter_that_a_route_does_not_have_is_refused_on_every_route() {
    let server = TestServer::start().await;
    let (_, document) = server.look("/openapi.json").await;
    let mut routes = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        // The WebSocket says it with a close frame, and an agent's hook is told nothing.
        let is_told = path != "/ws/events" && path != "/hooks/{agent}";
        for (method, _) in item.as_object().unwrap().iter().filter(|_| is_told) {
            let url = server.url(&format!("{}?xyzzy=1&lmit=5", path.replace("{name}", "claude")));
            let request = server.http.request(method.to_uppercase().parse().unwrap(), url);
            let response = request.send().await.unwrap();
            let status = response.status().as_u16();
            let problem: Value = response.json().await.unwrap();
            assert_eq!(status, 422, "{method} {path}");
            // OpenTelemetry has an answer of its own for what is wrong.
            let is_named = match path.starts_with("/v1/") {
                true => problem["message"].as_str().is_some_and(|message| message.contains("xyzzy")),
                false => problem["errors"][0]["pointer"] == "xyzzy",
            };
            assert!(is_named, "{method} {path}: {problem}");
            routes += 1;
        }
    }
    assert!(routes > 20, "{routes}");
    let (_, problem) = server.look("/events?lmit=5&spells=invoke").await;
    let said: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|error| error["detail"].clone()).collect();
    let like = |right: &str| json!(format!("there is no such parameter; did you mean {right:?}?"));
    assert_eq!(said, [like("limit"), like("spell")]);
    assert_eq!(server.get("/docs?v=2").await.status(), 200, "a page is not a question");
    let (_, stats) = server.look("/events/stats").await;
    assert_eq!(stats["history_size"], 0, "nothing was done");
}

#[tokio::test]
async fn other_sites_may_not() {
    let server = TestServer::start().await;
    let from = async |origin: &str, host: Option<&str>| {
        let mut request = server
            .http
            .post(server.url("/summon"))
            .header("origin", origin)
            .json(&json!({"daemon_name": "claude"}));
        if let Some(host) = host {
            request = request.header("host", host);
        }
        request.send().await.unwrap()
    };
    assert_eq!(from("https://evil.example", None).await.status(), 403);
    assert_eq!(from("http://evil.example", Some("evil.example")).await.status(), 403, "DNS rebinding");
    let welcome = from("http://localhost:8080", None).await;
    assert_eq!(welcome.status(), 200);
    assert_eq!(welcome.headers()["access-control-allow-origin"], "http://localhost:8080");
    let mut socket = server.raw().await;
    let request = "GET /ws/events HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: https://evil.example\r\n\r\n";
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    socket.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 403");
}

#[tokio::test]
async fn an_array_is_no_object() {
    let server = TestServer::start().await;
    for (path, body) in [
        ("/summon", json!(["codex"])),
        ("/invoke", json!(["codex", "task", {}])),
        ("/spell/cast", json!(["summon codex"])),
        ("/voice", json!(["codex", "hi"])),
        ("/consumers/c/ack", json!([3])),
    ] {
        let (status, answer) = server.ask(path, body).await;
        assert_eq!(status, 422, "{path}: {answer}");
        assert!(answer["detail"].as_str().unwrap().contains("is an object, not an array"), "{answer}");
    }
    let empty = server
        .http
        .post(server.url("/events?room=new"))
        .header("Content-Type", "application/x-ndjson")
        .body("\n");
    assert_eq!(empty.send().await.unwrap().status(), 201, "a room opens with its first publisher");
}
