//! https and wss: the same server, with a certificate.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::time::{Duration, Instant};

use arcane_server::config::NetConfig;
use axum::http::Request;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use support::authority::{Authority, GET, in_time, server, until_ended};
use support::http2::http2_request;
use support::{Sse, TestServer, event};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::version;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn either_version_of_tls_and_of_http_is_answered_and_agreed_upon_within_tls() {
    let authority = Authority::new();
    let server = server(&authority, NetConfig::default()).await;
    for version in [&version::TLS12, &version::TLS13] {
        let connect = async |protocol| {
            let name = ServerName::try_from("localhost").unwrap();
            let client = authority.client(version, protocol);
            let stream = client.connect(name, server.raw().await).await.unwrap();
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol.as_bytes()));
            stream
        };
        let mut one = connect("http/1.1").await;
        one.write_all(GET).await.unwrap();
        let mut answer = String::new();
        // Ended as TLS ends: an error is what a cut connection makes.
        in_time("an answer", one.read_to_string(&mut answer)).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        assert!(
            !answer.to_lowercase().contains("strict-transport-security"),
            "a browser would not forget it"
        );

        let (mut two, connection) = h2::client::handshake(connect("h2").await).await.unwrap();
        tokio::spawn(connection);
        let request = Request::get(server.url("/health")).body(()).unwrap();
        let (response, _) = two.send_request(request, true).unwrap();
        assert_eq!(response.await.unwrap().status(), 200);
    }
    assert_eq!(server.get("/health").await.status(), 200, "and a client that offers nothing within TLS");
}

#[tokio::test]
async fn a_client_that_ends_its_side_is_answered() {
    let authority = Authority::new();
    let server = server(&authority, NetConfig::default()).await;
    for tail in ["Connection: close\r\n\r\n", "\r\n"] {
        let mut stream = authority.connect(&server, "http/1.1").await;
        let body = event(&"x".repeat(50_000)).to_string();
        let head = format!(
            "POST /events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{tail}",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = String::new();
        in_time("an answer", stream.read_to_string(&mut answer)).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    }
}

#[tokio::test]
async fn and_over_http_2() {
    let authority = Authority::new();
    let server = server(&authority, NetConfig::default()).await;
    let request = http2_request(
        &[
            (":method", "POST"),
            (":scheme", "https"),
            (":path", "/events"),
            (":authority", "127.0.0.1"),
            ("content-type", "application/json"),
        ],
        event("over HTTP/2").to_string().as_bytes(),
    );
    for _ in 0..10 {
        let mut stream = authority.connect(&server, "h2").await;
        stream.write_all(&request).await.unwrap();
        stream.shutdown().await.unwrap();
        let answer = until_ended(&mut stream).await;
        assert!(answer.contains("\"published\""), "{answer:?}");
    }
}

#[tokio::test]
async fn an_event_stream_goes_on_for_a_client_that_only_ended_its_side() {
    let authority = Authority::new();
    let server = server(&authority, NetConfig::default()).await;
    let mut stream = authority.connect(&server, "http/1.1").await;
    stream.write_all(b"GET /events/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").await.unwrap();
    stream.shutdown().await.unwrap();
    for n in 1..=3 {
        let mut read = Vec::new();
        server.publish(event("on")).await;
        while !String::from_utf8_lossy(&read).contains(&format!("\"seq\":{n},")) {
            assert!(in_time("an event", stream.read_buf(&mut read)).await.unwrap() > 0);
        }
    }
}

#[tokio::test]
async fn a_websocket_has_events_answers_and_a_goodbye() {
    let authority = Authority::new();
    let mut server = server(&authority, NetConfig::default()).await;
    let url = format!("wss://{}/ws/events?recent=0", server.address);
    let stream = authority.connect(&server, "http/1.1").await;
    let (mut socket, _) = client_async(url, stream).await.unwrap();
    let mut next = async || -> Value {
        let message = in_time("a message", socket.next()).await.unwrap().unwrap();
        serde_json::from_str(message.to_text().unwrap()).unwrap()
    };
    assert_eq!(next().await["type"], "connection");
    for n in 1..=100 {
        server.publish(event(&n.to_string())).await;
        assert_eq!(next().await["seq"], n);
    }
    // Larger than what the library takes ahead.
    let large = "x".repeat(60_000);
    let batch: Vec<_> = (0..20).map(|_| event(&large)).collect();
    assert_eq!(server.ask("/events", json!(batch)).await.0, 201);
    for n in 101..=120 {
        assert_eq!(next().await["seq"], n);
    }
    socket.send(Message::text(json!({"type": "ping", "t0": 1.5}).to_string())).await.unwrap();
    let pong = in_time("a pong", socket.next()).await.unwrap().unwrap();
    assert!(pong.to_text().unwrap().contains(r#""t0":1.5"#), "{pong}");

    server.begin_to_stop();
    loop {
        match in_time("a goodbye", socket.next()).await {
            Some(Ok(Message::Close(Some(frame)))) => assert_eq!(u16::from(frame.code), 4501),
            Some(Ok(_)) => {}
            // TLS ends before TCP does: a connection that is only cut is an error.
            end => {
                assert!(end.is_none(), "{end:?}");
                break;
            }
        }
    }
    server.ended().await;
}

#[tokio::test]
async fn an_event_stream_has_events_and_one_that_was_left_is_given_up() {
    let authority = Authority::new();
    let hour = Duration::from_secs(3600);
    let server = server(&authority, NetConfig { ping_interval: hour, ..NetConfig::default() }).await;
    let mut stream = Sse::open(&server, "/events/stream", None).await;
    stream.next().await.unwrap();
    server.publish(event("a")).await;
    let (_, _, data) = stream.next().await.unwrap();
    assert_eq!(data["metadata"]["task"], "a");
    assert_eq!(server.look("/events/stats").await.1["subscribers"], 1);
    // What says goodbye says it within TLS, where nobody reads while an answer goes on.
    drop(stream);
    let left = async {
        while server.look("/events/stats").await.1["subscribers"] != 0 {
            tokio::task::yield_now().await;
        }
    };
    in_time("the reader leaves", left).await;
}

#[tokio::test]
async fn what_asks_in_the_clear_is_told_so_and_does_nothing() {
    let authority = Authority::new();
    let server = server(&authority, NetConfig::default()).await;
    let plain = support::http_client();
    let url = |path: &str| format!("http://{}{path}", server.address);
    for request in [plain.get(url("/health")), plain.post(url("/events")).json(&event("a"))] {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 400);
        assert_eq!(response.headers()["connection"], "close");
        let problem: Value = response.json().await.unwrap();
        assert_eq!(problem["type"], "/docs#problem-tls");
        assert!(problem["detail"].as_str().unwrap().contains("https://"), "{problem}");
    }
    let (mut two, connection) = h2::client::handshake(server.raw().await).await.unwrap();
    tokio::spawn(connection);
    let (response, _) = two.send_request(Request::get(url("/health")).body(()).unwrap(), true).unwrap();
    assert_eq!(response.await.unwrap().status(), 400);
    let refused = tokio_tungstenite::connect_async(format!("ws://{}/ws/events", server.address)).await;
    assert!(refused.unwrap_err().to_string().contains("400"));
    assert_eq!(server.look("/events?limit=10").await.1["events"], json!([]));
    // What is neither ends.
    for said in [&b"\0\x01\x02\x03"[..], b"get / http", b"\x16\x03\x01\0\x05hello"] {
        let mut stream = server.raw().await;
        stream.write_all(said).await.unwrap();
        stream.shutdown().await.unwrap();
        until_ended(&mut stream).await;
    }
}

/// The beginning of what a client says first.
const HALF_A_HANDSHAKE: &[u8] = b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03";

#[tokio::test]
async fn half_a_handshake_takes_no_place_for_long() {
    let authority = Authority::new();
    let net =
        NetConfig { connections_max: 4, header_timeout: Duration::from_millis(300), ..NetConfig::default() };
    let server = server(&authority, net).await;
    let mut silent = Vec::new();
    for said in [&b""[..], b"\x16", HALF_A_HANDSHAKE, b"GET / HT"] {
        let mut stream = server.raw().await;
        stream.write_all(said).await.unwrap();
        silent.push(stream);
    }
    assert_eq!(in_time("a place", server.get("/health")).await.status(), 200);
    for mut stream in silent {
        until_ended(&mut stream).await;
    }
    let mut said_nothing = authority.connect(&server, "h2").await;
    until_ended(&mut said_nothing).await;
}

/// A client with a small window, so that little is on its way.
async fn narrow(
    authority: &Authority,
    server: &TestServer,
) -> tokio_rustls::client::TlsStream<tokio::net::TcpStream> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    authority.secure(socket.connect(server.address).await.unwrap(), "http/1.1").await
}

fn handshake(path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}

async fn publish_large(server: &TestServer, times: usize) {
    let batch: Vec<_> = (0..100).map(|_| event(&"x".repeat(60_000))).collect();
    for _ in 0..times {
        assert_eq!(server.ask("/events", json!(batch)).await.0, 201);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_nothing_is_let_go() {
    let authority = Authority::new();
    let net = NetConfig { stall_timeout: Duration::from_secs(1), ..NetConfig::default() };
    let server = server(&authority, net).await;
    publish_large(&server, 1).await;
    let mut stuck = Vec::new();
    let stream = "GET /events/stream?recent=100 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".to_owned();
    for head in [handshake("/ws/events?recent=100"), stream] {
        let mut client = narrow(&authority, &server).await;
        client.write_all(head.as_bytes()).await.unwrap();
        assert_eq!(client.read_u8().await.unwrap(), b'H');
        stuck.push(client);
    }
    let gone = async {
        loop {
            let metrics = server.get("/metrics").await.text().await.unwrap();
            let is_closed = metrics.contains("arcane_websocket_closes_total{code=\"4408\"} 1");
            if is_closed && server.look("/events/stats").await.1["subscribers"] == 0 {
                return;
            }
        }
    };
    in_time("readers leave", gone).await;
    for client in stuck {
        // Reset: nothing is kept for who does not read.
        let (mut tcp, _) = client.into_inner();
        let ended = in_time("it ends", tcp.read_to_end(&mut Vec::new())).await;
        assert_eq!(ended.map_err(|error| error.kind()), Err(std::io::ErrorKind::ConnectionReset));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_late_has_everything_though_nothing_more_happens() {
    let authority = Authority::new();
    let server = server(&authority, NetConfig::default()).await;
    let mut client = narrow(&authority, &server).await;
    client.write_all(handshake("/ws/events?recent=0").as_bytes()).await.unwrap();
    assert_eq!(client.read_u8().await.unwrap(), b'H');
    // More than kernels hold, so that the last bytes wait for a reader.
    publish_large(&server, 1).await;
    let mut read = Vec::new();
    let last = br#""seq":100,"#;
    let mut looked_at = 0_usize;
    while !read[looked_at.saturating_sub(last.len())..].windows(last.len()).any(|part| part == last) {
        looked_at = read.len();
        assert!(in_time("more", client.read_buf(&mut read)).await.unwrap() > 0);
    }
    let text = String::from_utf8_lossy(&read);
    for seq in 1..=100 {
        assert_eq!(text.matches(&format!("\"seq\":{seq},\"room\"")).count(), 1, "{seq}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_whole_for_a_client_that_ended_its_side_and_reads_late() {
    let authority = Authority::new();
    let server = server(&authority, NetConfig::default()).await;
    publish_large(&server, 1).await;
    let mut client = narrow(&authority, &server).await;
    let head = "GET /events?limit=50 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    client.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(client.read_u8().await.unwrap(), b'H');
    // While the answer goes on, nothing is read.
    client.shutdown().await.unwrap();
    // Until the server has looked whether the client is there.
    let since = Instant::now();
    while since.elapsed() < Duration::from_millis(1500) {
        server.get("/health").await;
    }
    let mut answer = Vec::new();
    in_time("the answer", client.read_to_end(&mut answer)).await.unwrap();
    assert!(answer.ends_with(b"0\r\n\r\n"), "{} bytes", answer.len());
}
