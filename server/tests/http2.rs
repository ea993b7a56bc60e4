//! A WebSocket over HTTP/2 (RFC 8441): the stream of an extended CONNECT is the socket.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;
mod wire;

use arcane_server::config::{Config, Dashboard, NetConfig};
use axum::http::Request;
use h2::ext::Protocol;
use h2::{RecvStream, SendStream};
use serde_json::{Value, json};
use support::authority::Authority;
use support::{TestServer, event};
use tokio::io::{AsyncRead, AsyncWrite};

struct Stream {
    send: SendStream<bytes::Bytes>,
    receive: RecvStream,
    unread: Vec<u8>,
}

impl Stream {
    async fn open(server: &TestServer, io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        let (mut client, connection) = h2::client::handshake(io).await.unwrap();
        tokio::spawn(connection);
        while !client.is_extended_connect_protocol_enabled() {
            tokio::task::yield_now().await;
        }
        let request = Request::connect(server.url("/ws/events?recent=0"))
            .extension(Protocol::from_static("websocket"))
            .header("sec-websocket-version", "13")
            .body(())
            .unwrap();
        let (response, send) = client.send_request(request, false).unwrap();
        let response = response.await.unwrap();
        assert_eq!(response.status(), 200);
        Self { send, receive: response.into_body(), unread: Vec::new() }
    }

    async fn more(&mut self) {
        let chunk = self.receive.data().await.expect("the stream goes on").unwrap();
        self.receive.flow_control().release_capacity(chunk.len()).unwrap();
        self.unread.extend_from_slice(&chunk);
    }

    /// The next frame's first byte and payload.
    async fn frame(&mut self) -> (u8, Vec<u8>) {
        loop {
            if let [first, len, rest @ ..] = &self.unread[..] {
                let (head, len) = match len {
                    126 if rest.len() >= 2 => (4, usize::from(u16::from_be_bytes([rest[0], rest[1]]))),
                    126 => (4, usize::MAX / 2),
                    len => (2, usize::from(*len)),
                };
                if self.unread.len() >= head + len {
                    let first = *first;
                    let frame: Vec<u8> = self.unread.drain(..head + len).collect();
                    return (first, frame[head..].to_vec());
                }
            }
            self.more().await;
        }
    }

    async fn json(&mut self) -> Value {
        serde_json::from_slice(&self.frame().await.1).unwrap()
    }
}

#[tokio::test]
async fn events_come_and_control_messages_are_answered() {
    let server = TestServer::with(Config { dashboard: Dashboard::Off, ..Config::default() }).await;
    let stream = Stream::open(&server, server.raw().await).await;
    check(server, stream).await;
}

#[tokio::test]
async fn and_over_tls() {
    let authority = Authority::new();
    let net = NetConfig { tls: Some(authority.files()), ..NetConfig::default() };
    let mut server = TestServer::with(Config { net, dashboard: Dashboard::Off, ..Config::default() }).await;
    server.http = authority.http_client();
    let stream = Stream::open(&server, authority.connect(&server, "h2").await).await;
    check(server, stream).await;
}

async fn check(mut server: TestServer, mut stream: Stream) {
    assert_eq!(stream.json().await["type"], "connection");
    for n in 1..=100 {
        server.publish(event(&n.to_string())).await;
    }
    for n in 1..=100 {
        assert_eq!(stream.json().await["seq"], n);
    }
    let ping = wire::frame(wire::FIN | wire::TEXT, json!({"type": "ping", "t0": 1.5}).to_string().as_bytes());
    stream.send.send_data(ping.into(), false).unwrap();
    assert_eq!(stream.json().await["t0"], 1.5);

    server.begin_to_stop();
    let (first, payload) = stream.frame().await;
    assert_eq!((first, &payload[..2]), (wire::FIN | wire::CLOSE, &4501_u16.to_be_bytes()[..]));
}
