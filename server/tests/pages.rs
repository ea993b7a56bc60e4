//! What browsers get, to the letter: leave for pages of other origins, and the dashboard's files.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use arcane_server::config::{Config, Dashboard, NetConfig, Origin};
use support::TestServer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Status, lines of the head and body of an answer.
async fn ask(server: &TestServer, line: &str, headers: &[&str]) -> (u16, Vec<String>, String) {
    let mut head = format!("{line} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n");
    for header in headers {
        head += &format!("{header}\r\n");
    }
    let mut socket = server.raw().await;
    socket.write_all(format!("{head}\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let lines = head.split("\r\n").skip(1).map(str::to_owned).collect();
    (head[9..12].parse().unwrap(), lines, body.to_owned())
}

#[tokio::test]
async fn a_page_that_may_come_in_is_told_so_in_these_words_and_others_are_told_nothing() {
    let net = NetConfig {
        allowed_origins: vec![Origin::parse("https://wall.example").unwrap()],
        ..NetConfig::default()
    };
    let server = TestServer::with(Config { net, dashboard: Dashboard::Off, ..Config::default() }).await;
    let told = async |method: &str, headers: &[&str]| {
        let (status, mut lines, _) = ask(&server, &format!("{method} /health"), headers).await;
        lines.retain(|line| line.starts_with("access-control-") || line.starts_with("vary: "));
        (status, lines)
    };
    let page = "Origin: https://wall.example";
    let (status, preflight) = told("OPTIONS", &[page]).await;
    assert_eq!(status, 204);
    assert_eq!(
        preflight,
        [
            "access-control-allow-methods: GET, HEAD, POST, DELETE",
            "access-control-allow-headers: content-type, idempotency-key, last-event-id",
            "access-control-max-age: 600",
            "vary: access-control-request-headers",
            "vary: origin",
            "access-control-allow-origin: https://wall.example",
            "access-control-expose-headers: *",
        ]
    );
    let asks = [
        page,
        "Access-Control-Request-Method: PUT",
        "Access-Control-Request-Headers: b,a",
        "Access-Control-Request-Private-Network: true",
    ];
    let mut all_asked = preflight;
    all_asked[1] = "access-control-allow-headers: b,a".into();
    all_asked.insert(5, "access-control-allow-private-network: true".into());
    assert_eq!(told("OPTIONS", &asks).await, (204, all_asked));

    let leave = [
        "access-control-allow-origin: https://wall.example",
        "access-control-expose-headers: *",
        "vary: origin",
    ];
    for (method, status) in [("GET", 200), ("DELETE", 405)] {
        assert_eq!(told(method, &asks).await, (status, leave.map(str::to_owned).to_vec()), "{method}");
    }
    let nothing = || vec!["vary: origin".to_owned()];
    assert_eq!(told("OPTIONS", &[]).await, (405, nothing()), "a program asks for the method OPTIONS");
    assert_eq!(told("OPTIONS", &["Origin: https://evil.example"]).await, (403, nothing()));
}

#[tokio::test]
async fn data_is_kept_by_no_browser_and_shown_as_no_page() {
    let server = TestServer::start().await;
    let told = async |line: &str| {
        let (_, mut lines, _) = ask(&server, line, &[]).await;
        lines.retain(|line| {
            line.starts_with("cache-control: ") || line.starts_with("content-security-policy: ")
        });
        lines.sort();
        lines
    };
    let data = [
        "cache-control: no-store",
        "content-security-policy: default-src 'none'; frame-ancestors 'none'; sandbox",
    ];
    for path in [
        "/events",
        "/daemons",
        "/health",
        "/livez",
        "/readyz",
        "/metrics",
        "/openapi.json",
        "/rooms/none",
        "/events?x=1",
    ] {
        assert_eq!(told(&format!("GET {path}")).await, data, "{path}");
    }
    let docs = told("GET /docs").await;
    assert!(docs[1].contains("style-src 'self'") && docs[1].contains("frame-ancestors 'none'"), "{docs:?}");
    assert_eq!(told("POST /events").await, [""; 0], "what a client sends is kept by nobody anyway");
}

#[tokio::test]
async fn a_file_of_the_dashboard_is_had_by_its_plain_name_as_a_whole_and_in_the_best_encoding() {
    let dist = tempfile::tempdir().unwrap();
    let files = [
        ("page.txt", "plain"),
        ("page.txt.br", "brotli"),
        ("page.txt.gz", "gzip"),
        ("only.txt.br", "brotli"),
        ("a b", "plain"),
        (".hidden", "plain"),
    ];
    for (name, text) in files {
        std::fs::write(dist.path().join(name), text).unwrap();
    }
    let dashboard = Dashboard::Folder(dist.path().into());
    let server = TestServer::with(Config { dashboard, ..Config::default() }).await;
    for name in [
        ".hidden",
        "%2ehidden",
        "a%20b",
        "%70age.txt",
        "page.txt/",
        "page.txt/x",
        "./page.txt",
        "x/../page.txt",
        "%00",
        "only.txt",
    ] {
        let (status, _, body) = ask(&server, &format!("GET /{name}"), &["Accept-Encoding: br"]).await;
        assert_eq!((status, body.contains("no-such-route")), (404, true), "{name}");
    }
    for (header, text) in [
        ("Accept: */*", "plain"),
        ("Range: bytes=0-1", "plain"),
        ("Range: bytes=9-", "plain"),
        ("If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT", "plain"),
        ("If-Unmodified-Since: Tue, 01 Jan 1980 00:00:00 GMT", "plain"),
        ("Accept-Encoding: gzip;q=0.9, br;q=0.1", "brotli"),
        ("Accept-Encoding: gzip, br;q=0", "gzip"),
        ("Accept-Encoding: x-gzip", "plain"),
    ] {
        let (status, lines, body) = ask(&server, "GET /page.txt", &[header]).await;
        assert_eq!((status, body.as_str()), (200, text), "{header}");
        let (again, of_head, none) = ask(&server, "HEAD /page.txt", &[header]).await;
        assert_eq!((again, none.as_str()), (200, ""), "{header}");
        let name = |line: &String| line.split_once(": ").map(|(name, _)| name.to_owned());
        let names: Vec<_> = lines.iter().filter_map(name).collect();
        assert_eq!(names, of_head.iter().filter_map(name).collect::<Vec<_>>(), "{header}");
        assert!(!names.iter().any(|name| name == "accept-ranges" || name == "last-modified"), "{names:?}");
    }
}
