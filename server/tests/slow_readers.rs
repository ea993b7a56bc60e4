//! Clients that do not read cost nobody else anything, and are let go.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::time::Duration;

use arcane_server::config::{Config, Dashboard, NetConfig};
use serde_json::json;
use support::TestServer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

const STUCK: usize = 20;
/// More than the kernel holds for one connection.
const BATCHES: usize = 16;
const BATCH: usize = 500;

/// A reader that has shaken hands, with a small window, and does not read on.
async fn stuck(server: &TestServer) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(server.address).await.unwrap();
    let head = format!(
        "GET /ws/events?recent=0 HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        server.address
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(stream.read_u8().await.unwrap(), b'H');
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_read_holds_nobody_up_and_is_let_go() {
    let net = NetConfig { stall_timeout: Duration::from_secs(2), ..NetConfig::default() };
    let server = TestServer::with(Config { net, dashboard: Dashboard::Off, ..Config::default() }).await;
    let mut stuck_ones = Vec::new();
    for _ in 0..STUCK {
        stuck_ones.push(stuck(&server).await);
    }
    let mut reader = server.connect("recent=0").await;
    reader.next().await;
    let batch: Vec<_> =
        (0..BATCH).map(|_| json!({"spell_name": "reveal", "description": "x".repeat(800)})).collect();
    let publishing = async {
        for _ in 0..BATCHES {
            let (status, _) = server.ask("/events", json!(batch)).await;
            assert_eq!(status, 201);
        }
    };
    let reading = async {
        for seq in 1..=(BATCHES * BATCH) as u64 {
            assert_eq!(reader.next().await["seq"], seq);
        }
    };
    tokio::join!(publishing, reading);

    let counted = format!("arcane_websocket_closes_total{{code=\"4408\"}} {STUCK}");
    let waiting = async {
        while !server.get("/metrics").await.text().await.unwrap().contains(&counted) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("stuck readers are let go");
    assert_eq!(server.look("/events/stats").await.1["subscribers"], 1);
}
