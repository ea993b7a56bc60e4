//! A reader that is slow, but reads: nobody ends its connection.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::time::{Duration, Instant};

use arcane_server::config::{BusConfig, Config, Dashboard, NetConfig};
use arcane_server::log::retention::Retention;
use serde_json::{Value, json};
use support::{Client, PATIENCE, TestServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::{MaybeTlsStream, client_async};

/// A reader that takes nothing for so long is let go.
const STALL: Duration = Duration::from_secs(4);
/// What the reader takes at a time: 40 KB a second.
const PIECE_BYTES: usize = 2_000;
/// So much is read before the reader has seen enough.
const ENOUGH_BYTES: usize = 400_000;
/// Events of which a WebSocket takes one at a time.
const BACKLOG: u64 = 150;
/// What the client's kernel takes ahead: little, so that the server's decides.
const RECEIVE_BUFFER_BYTES: u32 = 16 * 1024;
/// Between two pieces: a twentieth of what it may take.
const PAUSE: Duration = Duration::from_millis(50);

/// Events of some 6 KB: more than the kernels hold for one connection.
async fn backlog(server: &TestServer, count: u64) {
    let event = json!({"spell_name": "invoke", "daemon_name": "codex", "description": "x".repeat(6000)});
    let events: Value = (0..count).map(|_| event.clone()).collect();
    assert_eq!(server.post("/events", events).await.status(), 201);
}

async fn narrow(server: &TestServer) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES).unwrap();
    socket.connect(server.address).await.unwrap()
}

/// A WebSocket with everything that happened before it.
async fn websocket(server: &TestServer, query: &str) -> Client {
    let stream = MaybeTlsStream::Plain(narrow(server).await);
    let url = format!("ws://{}/ws/events?{query}", server.address);
    Client { socket: client_async(url, stream).await.unwrap().0 }
}

/// Pings that are due soon, and soon too late.
fn impatient() -> NetConfig {
    let second = Duration::from_secs(1);
    NetConfig { ping_interval: second, pong_timeout: second, stall_timeout: STALL, ..NetConfig::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_websocket_that_takes_a_little_all_the_time_has_all_and_is_not_let_go() {
    let server =
        TestServer::with(Config { net: impatient(), dashboard: Dashboard::Off, ..Config::default() }).await;
    backlog(&server, BACKLOG).await;
    let mut reader = websocket(&server, "recent=0&since=0").await;
    reader.next().await;
    let mut pace = tokio::time::interval(PAUSE);
    for seq in 1..=BACKLOG {
        pace.tick().await;
        assert_eq!(reader.next().await["seq"], seq);
    }
    server.publish(json!({"spell_name": "reveal"})).await;
    assert_eq!(reader.next().await["seq"], BACKLOG + 1);
    drop(reader);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_is_whole_for_who_takes_a_little_all_the_time() {
    let server =
        TestServer::with(Config { net: impatient(), dashboard: Dashboard::Off, ..Config::default() }).await;
    backlog(&server, BACKLOG).await;
    let mut reader = websocket(&server, "recent=0&from=1&speed=100").await;
    reader.next().await;
    let mut pace = tokio::time::interval(PAUSE);
    for seq in 1..=BACKLOG {
        pace.tick().await;
        assert_eq!(reader.next().await["seq"], seq);
    }
    assert_eq!(reader.closed().await.0, 4000);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_websocket_that_takes_nothing_is_let_go_once_it_has_stalled() {
    let server =
        TestServer::with(Config { net: impatient(), dashboard: Dashboard::Off, ..Config::default() }).await;
    backlog(&server, BACKLOG).await;
    let began = Instant::now();
    let reader = websocket(&server, "recent=0&since=0").await;
    let gone = async {
        let counted = "arcane_websocket_closes_total{code=\"4408\"} 1";
        while !server.get("/metrics").await.text().await.unwrap().contains(counted) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.expect("it is let go");
    assert!(began.elapsed() >= STALL, "not before: {:?}", began.elapsed());
    drop(reader);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_takes_a_little_all_the_time_is_not_let_go() {
    let net = NetConfig { stall_timeout: STALL, ..NetConfig::default() };
    let bus = BusConfig { retention: Retention::default(), ..BusConfig::default() };
    let server = TestServer::with(Config { net, bus, dashboard: Dashboard::Off, ..Config::default() }).await;
    backlog(&server, 600).await;

    let mut reader = narrow(&server).await;
    let request = "GET /events?limit=1000 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    reader.write_all(request.as_bytes()).await.unwrap();
    let (mut taken, mut piece) = (0, vec![0; PIECE_BYTES]);
    let mut pace = tokio::time::interval(PAUSE);
    while taken < ENOUGH_BYTES {
        pace.tick().await;
        let n = reader.read(&mut piece).await.expect("the connection goes on");
        assert!(n > 0, "the answer is longer than {taken} bytes");
        taken += n;
    }
    drop(reader);
    server.stop().await;
}
