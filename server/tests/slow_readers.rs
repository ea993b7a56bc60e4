//! Clients that do not read cost nobody else anything, and are let go.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::time::Duration;

use arcane_server::config::{BusConfig, Config, Dashboard, NetConfig};
use serde_json::{Value, json};
use support::{TestServer, event};
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
    // Nothing of what the kernel held for them is kept: the connection is reset, not ended.
    for mut stream in stuck_ones {
        let ended = stream.read_to_end(&mut Vec::new()).await;
        assert_eq!(ended.map_err(|error| error.kind()), Err(std::io::ErrorKind::ConnectionReset));
    }
}

/// 200 events, together more than memory has for a room.
async fn large_events(server: &TestServer) {
    let batch: Vec<_> = (0..100).map(|n| event(&format!("{n} {}", "x".repeat(60_000)))).collect();
    for _ in 0..2 {
        assert_eq!(server.ask("/events", json!(batch)).await.0, 201);
    }
}

async fn in_memory_and_in_a_file() -> Vec<(TestServer, Option<tempfile::TempDir>)> {
    let dir = tempfile::tempdir().unwrap();
    // Memory has little more than what a newcomer may ask for.
    let bus = BusConfig { ring_bytes: 7 << 20, ..BusConfig::default() };
    let in_memory = Config { bus, dashboard: Dashboard::Off, ..Config::default() };
    let in_dir = TestServer::with(Config { data_dir: Some(dir.path().into()), ..in_memory.clone() }).await;
    vec![(TestServer::with(in_memory).await, None), (in_dir, Some(dir))]
}

fn seqs(events: &Value) -> Vec<u64> {
    events.as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_of_many_pieces_is_whole() {
    for (server, _dir) in in_memory_and_in_a_file().await {
        large_events(&server).await;
        let (_, page) = server.look("/events?limit=20").await;
        assert_eq!(seqs(&page["events"]), Vec::from_iter(1..=20));
        assert_eq!(page["next"], format!("{}:20", page["epoch"].as_str().unwrap()));
        let (_, page) = server.look("/events?limit=20&order=desc").await;
        assert_eq!(seqs(&page["events"]), Vec::from_iter((181..=200).rev()));
        let (_, page) = server.look("/events?after=190").await;
        assert_eq!((seqs(&page["events"]), &page["next"]), (Vec::from_iter(191..=200), &Value::Null));
        let (_, page) = server.look("/events?after=200").await;
        assert_eq!((seqs(&page["events"]), &page["next"]), (vec![], &Value::Null));
        let (_, page) = server.look("/events?limit=1000").await;
        let cut = seqs(&page["events"]);
        assert!(cut.len() < 100, "a page has at most some 4 MiB");
        assert_eq!(page["next"], format!("{}:{}", page["epoch"].as_str().unwrap(), cut.len()));
        let (_, recent) = server.look("/events/recent?count=100").await;
        assert_eq!((seqs(&recent["events"]), &recent["count"]), (Vec::from_iter(101..=200), &json!(100)));
        let (_, none) = server.look("/events/recent?count=100&spell=voice").await;
        assert_eq!((seqs(&none["events"]), &none["count"]), (vec![], &json!(0)));
        let mut socket = server.connect("recent=100").await;
        assert_eq!(seqs(&socket.next().await["recent_events"]), Vec::from_iter(101..=200));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_memory_has_forgotten_meanwhile_comes_from_the_log() {
    for (server, _dir) in in_memory_and_in_a_file().await {
        large_events(&server).await;
        for path in ["/events/recent?count=100", "/events/stream?recent=100"] {
            let socket = TcpSocket::new_v4().unwrap();
            socket.set_recv_buffer_size(4096).unwrap();
            let mut stream = socket.connect(server.address).await.unwrap();
            let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            assert_eq!(stream.read_u8().await.unwrap(), b'H');
            let head = server.look("/events?limit=1").await.1["head"].as_u64().unwrap();
            large_events(&server).await;
            let mut answer = Vec::new();
            let last = format!("\"seq\":{head},\"room\"");
            let mut looked_at: usize = 0;
            while !answer[looked_at.saturating_sub(last.len())..]
                .windows(last.len())
                .any(|window| window == last.as_bytes())
            {
                looked_at = answer.len();
                let read = tokio::time::timeout(support::PATIENCE, stream.read_buf(&mut answer)).await;
                assert!(read.unwrap().unwrap() > 0, "{path} is whole");
            }
            let text = String::from_utf8_lossy(&answer);
            for seq in head - 99..=head {
                assert_eq!(text.matches(&format!("\"seq\":{seq},\"room\"")).count(), 1, "{path}: {seq}");
            }
        }
    }
}

#[tokio::test]
async fn a_page_of_which_events_go_while_it_is_read_breaks_off() {
    for (server, _dir) in in_memory_and_in_a_file().await {
        large_events(&server).await;
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let mut reader = socket.connect(server.address).await.unwrap();
        let request = format!(
            "GET /events?limit=1000 HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            server.address
        );
        reader.write_all(request.as_bytes()).await.unwrap();
        // The page has begun.
        assert_eq!(reader.read_u8().await.unwrap(), b'H');
        assert_eq!(server.purge("/events?before=190").await.0, 200);
        let mut answer = Vec::new();
        let _ = reader.read_to_end(&mut answer).await;
        assert!(!answer.ends_with(b"0\r\n\r\n"), "an answer with a hole is not whole");
        server.stop().await;
    }
}
