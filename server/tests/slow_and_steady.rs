//! A reader that is slow, but reads: nobody ends its connection.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::time::Duration;

use arcane_server::config::{BusConfig, Config, Dashboard, NetConfig};
use arcane_server::log::retention::Retention;
use serde_json::{Value, json};
use support::TestServer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

/// A reader that takes nothing for so long is let go.
const STALL: Duration = Duration::from_secs(4);
/// What the reader takes at a time: 40 KB a second.
const PIECE_BYTES: usize = 2_000;
/// So much is read before the reader has seen enough.
const ENOUGH_BYTES: usize = 400_000;
/// What the client's kernel takes ahead: little, so that the server's decides.
const RECEIVE_BUFFER_BYTES: u32 = 16 * 1024;
/// Between two pieces: a twentieth of what it may take.
const PAUSE: Duration = Duration::from_millis(50);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_takes_a_little_all_the_time_is_not_let_go() {
    let net = NetConfig { stall_timeout: STALL, ..NetConfig::default() };
    let bus = BusConfig { retention: Retention::default(), ..BusConfig::default() };
    let server = TestServer::with(Config { net, bus, dashboard: Dashboard::Off, ..Config::default() }).await;
    let event = json!({"spell_name": "invoke", "daemon_name": "codex", "description": "x".repeat(6000)});
    let events: Value = (0..600).map(|_| event.clone()).collect();
    assert_eq!(server.post("/events", events).await.status(), 201);

    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES).unwrap();
    let mut reader = socket.connect(server.address).await.unwrap();
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
