//! Connections that ask nothing, ask too much at a time, or end in the middle.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::time::{Duration, Instant};

use arcane_server::config::{Config, Dashboard, NetConfig};
use axum::http::Request;
use bytes::Bytes;
use futures_util::future::join_all;
use h2::client::SendRequest;
use h2::{Reason, RecvStream};
use serde_json::json;
use support::http2::{PREFACE, SETTINGS, http2_request};
use support::{PATIENCE, Sse, TestServer, event};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

async fn server(net: NetConfig) -> TestServer {
    TestServer::with(Config { net, dashboard: Dashboard::Off, ..Config::default() }).await
}

fn short() -> NetConfig {
    let (header_timeout, idle_timeout) = (Duration::from_millis(300), Duration::from_millis(400));
    NetConfig {
        header_timeout,
        idle_timeout,
        stall_timeout: Duration::from_millis(500),
        ..NetConfig::default()
    }
}

async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("{what}: in time"))
}

/// Everything until the server ends the connection, however it does.
async fn until_ended(stream: &mut TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    let _ = in_time("the connection ends", stream.read_to_end(&mut all)).await;
    all
}

async fn http2(stream: TcpStream, window: u32) -> SendRequest<Bytes> {
    let (client, connection) =
        h2::client::Builder::new().initial_window_size(window).handshake(stream).await.unwrap();
    tokio::spawn(connection);
    client.ready().await.unwrap()
}

fn get(server: &TestServer, path: &str) -> Request<()> {
    Request::get(server.url(path)).body(()).unwrap()
}

#[tokio::test]
async fn who_says_nothing_or_only_half_of_something_takes_no_place_for_long() {
    let server = server(NetConfig { connections_max: 6, ..short() }).await;
    let mut silent = Vec::new();
    let settings = [PREFACE, SETTINGS].concat();
    for said in [b"", &PREFACE[..10], &settings, b"GET /health HT", b"\r\n\r\n", b"\x16\x03\x01\x02"] {
        let mut stream = server.raw().await;
        stream.write_all(said).await.unwrap();
        silent.push(stream);
    }
    assert_eq!(in_time("a place", server.get("/health")).await.status(), 200);
    for mut stream in silent {
        until_ended(&mut stream).await;
    }
}

#[tokio::test]
async fn a_connection_that_was_used_may_rest_and_is_closed_then() {
    let server = server(short()).await;
    let mut stream = server.raw().await;
    for _ in 0..2 {
        stream.write_all(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"}") {
            assert_ne!(in_time("an answer", stream.read_buf(&mut answer)).await.unwrap(), 0);
        }
        assert!(answer.starts_with(b"HTTP/1.1 200 OK"));
    }
    until_ended(&mut stream).await;

    let mut client = http2(server.raw().await, 65_535).await;
    let (response, _) = client.send_request(get(&server, "/health"), true).unwrap();
    assert_eq!(response.await.unwrap().status(), 200);
    let closed = async {
        while let Ok(ready) = client.clone().ready().await {
            drop(ready);
            tokio::task::yield_now().await;
        }
    };
    in_time("an idle connection of HTTP/2 ends", closed).await;
}

#[tokio::test]
async fn requests_at_a_time_on_one_connection_count_like_connections() {
    let server = server(NetConfig { connections_max: 4, ..NetConfig::default() }).await;
    let mut client = http2(server.raw().await, 65_535).await;
    let mut open = Vec::new();
    let mut refused = 0;
    for _ in 0..10 {
        client = client.ready().await.unwrap();
        let (response, _) = client.send_request(get(&server, "/events/stream"), true).unwrap();
        let response = response.await.unwrap();
        if response.status() == 503 {
            assert_eq!(response.headers()["retry-after"], "1");
            refused += 1;
        } else {
            assert_eq!(response.status(), 200);
            open.push(response);
        }
    }
    assert!((1..=4).contains(&open.len()) && refused == 10 - open.len(), "{} open", open.len());
    drop(open);
    let again = async {
        loop {
            client = client.clone().ready().await.unwrap();
            let (response, _) = client.send_request(get(&server, "/health"), true).unwrap();
            if response.await.unwrap().status() == 200 {
                return;
            }
        }
    };
    in_time("places come back", again).await;
}

/// Fills a room with more than what kernels hold for a connection.
async fn fill(server: &TestServer) {
    let batch: Vec<_> = (0..100).map(|_| event(&"x".repeat(60_000))).collect();
    for _ in 0..2 {
        let (status, _) = server.ask("/events", json!(batch)).await;
        assert_eq!(status, 201);
    }
}

async fn until_subscribers(server: &TestServer, n: u64) {
    let waiting = async {
        while server.look("/events/stats").await.1["subscribers"] != n {
            tokio::task::yield_now().await;
        }
    };
    in_time("readers leave", waiting).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_read_an_answer_is_let_go() {
    let server = server(short()).await;
    fill(&server).await;
    for path in [
        "/events?limit=200",
        "/events/recent?count=100",
        "/events/stream?since=0",
        "/events/stream?recent=100",
    ] {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let mut stream = socket.connect(server.address).await.unwrap();
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").as_bytes()).await.unwrap();
        let mut first = [0; 15];
        stream.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 200 OK", "{path}");
        // The reset shows without reading: what was sent before it must not be taken from the kernel.
        let reset = stream.ready(tokio::io::Interest::ERROR);
        in_time(path, reset).await.unwrap();
    }
    until_subscribers(&server, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_is_not_read_ends_alone() {
    let server = server(short()).await;
    fill(&server).await;
    let client = http2(server.raw().await, 600).await;
    let mut bodies = Vec::new();
    let stalled = ["/events/stream?since=0", "/events?limit=200", "/spell/examples"];
    for path in stalled.into_iter().chain(["/events/stream?recent=0"]) {
        let mut ready = client.clone().ready().await.unwrap();
        let (response, _) = ready.send_request(get(&server, path), true).unwrap();
        bodies.push(response.await.unwrap().into_body());
    }
    let mut reading = bodies.pop().unwrap();
    take(&mut reading).await;
    for (path, mut stalled) in stalled.into_iter().zip(bodies) {
        let ended = async {
            loop {
                match stalled.data().await {
                    Some(Ok(_)) => {}
                    other => return other,
                }
            }
        };
        let error = in_time(path, ended).await.unwrap().unwrap_err();
        assert_eq!(error.reason(), Some(Reason::CANCEL));
    }
    until_subscribers(&server, 1).await;
    server.publish(event("the other one lives")).await;
    take(&mut reading).await;
}

async fn take(body: &mut RecvStream) {
    let chunk = in_time("a chunk", body.data()).await.unwrap().unwrap();
    body.flow_control().release_capacity(chunk.len()).unwrap();
}

#[tokio::test]
async fn an_event_stream_lives_beyond_every_patience_if_it_is_read() {
    let server = server(short()).await;
    let mut stream = Sse::open(&server, "/events/stream", None).await;
    stream.next().await.unwrap();
    let since = Instant::now();
    while since.elapsed() < Duration::from_millis(1500) {
        server.publish(event("on")).await;
        stream.next().await.unwrap();
    }
}

fn publication(task: &str) -> Vec<u8> {
    let body = event(task).to_string();
    format!(
        "POST /events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

#[tokio::test]
async fn what_was_done_for_a_client_that_ended_its_side_is_answered() {
    let server = server(NetConfig::default()).await;
    let one = async |n: usize| {
        let mut stream = server.raw().await;
        stream.write_all(&publication(&n.to_string())).await.unwrap();
        stream.shutdown().await.unwrap();
        let answer = String::from_utf8(until_ended(&mut stream).await).unwrap();
        assert!(answer.starts_with("HTTP/1.1 201 ") && answer.contains("\"seq\""), "{n}: {answer:?}");
    };
    join_all((0..40).map(one)).await;
    assert_eq!(server.look("/events?limit=1&order=desc").await.1["head"], 40);
}

#[tokio::test]
async fn the_same_over_http_2() {
    let server = server(NetConfig::default()).await;
    let request = http2_request(
        &[
            (":method", "POST"),
            (":scheme", "http"),
            (":path", "/events"),
            (":authority", "127.0.0.1"),
            ("content-type", "application/json"),
        ],
        event("over HTTP/2").to_string().as_bytes(),
    );
    for _ in 0..10 {
        let mut stream = server.raw().await;
        stream.write_all(&request).await.unwrap();
        stream.shutdown().await.unwrap();
        let answer = until_ended(&mut stream).await;
        assert!(String::from_utf8_lossy(&answer).contains("\"published\""), "{}", answer.escape_ascii());
    }
}

#[tokio::test]
async fn an_event_stream_goes_on_for_a_client_that_only_ended_its_side() {
    let server = server(NetConfig::default()).await;
    let mut stream = server.raw().await;
    stream.write_all(b"GET /events/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut read = String::new();
    let mut chunk = [0; 4096];
    for wanted in ["event: connection", "the latest news"] {
        while !read.contains(wanted) {
            let n = in_time(wanted, stream.read(&mut chunk)).await.unwrap();
            assert!(n > 0, "it goes on: {read}");
            read.push_str(&String::from_utf8_lossy(&chunk[..n]));
        }
        server.publish(event("the latest news")).await;
    }
    // What it did not say when it left shows with the next events.
    drop(stream);
    let left = async {
        while server.look("/events/stats").await.1["subscribers"] != 0 {
            server.publish(event("anyone there?")).await;
        }
    };
    in_time("it leaves", left).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_reaches_a_client_that_is_still_sending() {
    let server = server(NetConfig::default()).await;
    let upload = vec![b'x'; 12_000_000];
    let cases: [(&str, &str, &str); 6] = [
        ("/events", "Content-Type: application/json", "413"),
        ("/events", "Content-Type: text/plain", "415"),
        ("/events?room=", "Content-Type: application/json", "422"),
        ("/events", "Content-Type: application/json\r\nOrigin: https://elsewhere.example", "403"),
        ("/nowhere", "Content-Type: application/json", "404"),
        ("/spell/cast", "Content-Type: application/json", "413"),
    ];
    for (path, headers, status) in cases {
        for chunked in [false, true] {
            let mut stream = server.raw().await;
            let framing = if chunked {
                "Transfer-Encoding: chunked".to_owned()
            } else {
                format!("Content-Length: {}", upload.len())
            };
            let head = format!("POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n{framing}\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            if chunked {
                stream.write_all(format!("{:x}\r\n", upload.len()).as_bytes()).await.unwrap();
            }
            in_time("an upload", stream.write_all(&upload))
                .await
                .unwrap_or_else(|error| panic!("{path}: {error}"));
            let mut line = [0; 12];
            in_time("an answer", stream.read_exact(&mut line)).await.unwrap();
            assert_eq!(String::from_utf8_lossy(&line), format!("HTTP/1.1 {status}"), "{path} {chunked}");
        }
    }
}

#[tokio::test]
async fn stopping_waits_once_for_everything_together() {
    let drain_timeout = Duration::from_secs(2);
    let mut server = server(NetConfig { drain_timeout, ..NetConfig::default() }).await;
    fill(&server).await;
    let mut half_sent = server.raw().await;
    half_sent.write_all(&publication("half")[..120]).await.unwrap();
    let mut stalled = server.raw().await;
    stalled.write_all(b"GET /events?limit=200 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").await.unwrap();
    let mut silent_socket = server.connect("recent=100").await;
    silent_socket.next().await;
    assert_eq!(stalled.read_u8().await.unwrap(), b'H');
    let since = Instant::now();
    server.begin_to_stop();
    server.ended().await;
    assert!(since.elapsed() < 2 * drain_timeout, "one time for all: {:?}", since.elapsed());
}

#[tokio::test]
async fn an_event_stream_that_was_left_is_given_up_without_waiting_for_the_next_ping() {
    let server = server(NetConfig { ping_interval: Duration::from_secs(3600), ..NetConfig::default() }).await;
    let mut stream = Sse::open(&server, "/events/stream", None).await;
    stream.next().await.unwrap();
    drop(stream);
    until_subscribers(&server, 0).await;
    let client = http2(server.raw().await, 65_535).await;
    let (response, _) = client.clone().send_request(get(&server, "/events/stream"), true).unwrap();
    take(response.await.unwrap().body_mut()).await;
    drop(client);
    until_subscribers(&server, 0).await;
}
