//! What clients cost that send half and read nothing. `cargo test -p arcane-server --test memory -- --nocapture`
//! prints the table.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that prints a table")]

mod support;

use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::client::SendRequest;
use serde_json::json;
use support::event;
use support::process::Process;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

const MIB: u64 = 1024 * 1024;
/// All that the server may take while it is attacked.
const ALL_MAX: u64 = 256 * MIB;
/// What it may keep once the attackers are gone.
const KEPT_MAX: u64 = 32 * MIB;
/// How long memory may take to go back.
const PATIENCE: Duration = Duration::from_secs(40);
/// How long an attack is looked at.
const ATTACK: Duration = Duration::from_secs(4);
const CLIENTS: usize = 200;

struct Target {
    server: Process,
    address: String,
    http: reqwest::Client,
    _dir: tempfile::TempDir,
}

impl Target {
    /// A server whose newest 100 events have 60 KB each.
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let server = Process::start(dir.path());
        let address = server.url.strip_prefix("http://").unwrap().to_owned();
        let target = Self { server, address, http: support::http_client(), _dir: dir };
        for _ in 0..10 {
            target.publish(40).await;
        }
        target
    }

    async fn publish(&self, n: usize) {
        let events: Vec<_> = (0..n).map(|_| event(&"x".repeat(60_000))).collect();
        let post = self.http.post(format!("{}/events", self.server.url)).json(&json!(events));
        assert_eq!(post.send().await.unwrap().status(), 201);
    }

    /// Bytes of memory that the process has.
    fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.server.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
    }

    /// The most that it has for a while.
    async fn peak(&self) -> u64 {
        let since = Instant::now();
        let mut peak = 0;
        while since.elapsed() < ATTACK {
            peak = peak.max(self.resident());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        peak
    }

    /// A connection that takes next to nothing.
    async fn narrow(&self) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        socket.connect(self.address.parse().unwrap()).await.unwrap()
    }

    /// Requests whose answers are not read beyond the first byte.
    async fn unread(&self, request: &str) -> Vec<TcpStream> {
        let mut clients = Vec::new();
        for _ in 0..CLIENTS {
            let mut stream = self.narrow().await;
            stream.write_all(request.as_bytes()).await.unwrap();
            clients.push(stream);
        }
        for stream in &mut clients {
            assert_eq!(stream.read_u8().await.unwrap(), b'H');
        }
        clients
    }

    async fn streams(
        &self,
        window: u32,
        path: &str,
    ) -> (SendRequest<Bytes>, Vec<h2::client::ResponseFuture>) {
        let stream = TcpStream::connect(&self.address).await.unwrap();
        let (mut client, connection) =
            h2::client::Builder::new().initial_window_size(window).handshake(stream).await.unwrap();
        tokio::spawn(connection);
        let mut answers = Vec::new();
        for _ in 0..CLIENTS {
            client = client.ready().await.unwrap();
            let request =
                axum::http::Request::get(format!("http://{}{path}", self.address)).body(()).unwrap();
            answers.push(client.send_request(request, true).unwrap().0);
        }
        (client, answers)
    }
}

async fn half_uploads(address: &str) -> Vec<TcpStream> {
    const BODY: usize = 8 * 1024 * 1024;
    let piece = Bytes::from(vec![b'['; 64 * 1024]);
    let mut clients = Vec::new();
    for _ in 0..100 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "POST /events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {BODY}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        clients.push(stream);
    }
    let uploads = clients.into_iter().map(|mut stream| {
        let piece = piece.clone();
        async move {
            let all = async {
                for _ in 1..BODY / piece.len() {
                    stream.write_all(&piece).await?;
                }
                std::io::Result::Ok(())
            };
            // Some are not taken, or refused.
            let _ = tokio::time::timeout(ATTACK, all).await;
            stream
        }
    });
    futures_util::future::join_all(uploads).await
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
}

fn websocket() -> String {
    "GET /ws/events?recent=100 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
     Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        .into()
}

/// Memory before, at most during and some time after an attack. Each has a server of its own, so that two can be at work.
async fn attack<T>(name: &str, attackers: impl AsyncFn(&Target) -> T) {
    let target = Target::new().await;
    let before = target.resident();
    let held = async {
        let held = attackers(&target).await;
        tokio::time::sleep(ATTACK / 2).await;
        held
    };
    let mut peak = 0;
    let held = tokio::select! {
        held = held => held,
        () = async { loop { peak = peak.max(target.peak().await); } } => unreachable!(),
    };
    peak = peak.max(target.peak().await);
    drop(held);
    let gone = Instant::now();
    let mut after = target.resident();
    while after > before + KEPT_MAX && gone.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(50)).await;
        after = target.resident();
    }
    let [before, peak, after] = [before, peak, after].map(|bytes| bytes / MIB);
    println!("| {name} | {before} | {peak} | {after} | {:.1} s |", gone.elapsed().as_secs_f64());
    assert!(peak * MIB < ALL_MAX, "{name}: {peak} MiB");
    assert!(after <= before + KEPT_MAX / MIB, "{name}: {after} MiB are kept of {before}");
}

/// Small bodies always go through; large ones as soon as those of which nothing comes have given up their places.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_sent_bodies_do_not_keep_others_from_publishing() {
    let target = Target::new().await;
    let uploads = tokio::spawn({
        let address = target.address.clone();
        async move { half_uploads(&address).await }
    });
    let events: Vec<_> = (0..20).map(|_| event(&"x".repeat(60_000))).collect();
    let publishing = async {
        while !uploads.is_finished() {
            target.publish(1).await;
        }
        loop {
            let post = target.http.post(format!("{}/events", target.server.url)).json(&json!(events));
            match post.send().await.unwrap().status().as_u16() {
                201 => return,
                status => assert_eq!(status, 503),
            }
        }
    };
    tokio::time::timeout(PATIENCE, publishing).await.expect("all is published");
    drop(uploads.await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_sent_bodies() {
    attack("100 bodies of 8 MiB, not ended", async |target| half_uploads(&target.address).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unread_event_streams() {
    let recent = attack("200 × `/events/stream?recent=100`", async |target| {
        target.unread(&get("/events/stream?recent=100")).await
    });
    let since = attack("200 × `/events/stream?since=0`", async |target| {
        target.unread(&get("/events/stream?since=0")).await
    });
    tokio::join!(recent, since);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unread_websockets() {
    attack("200 × `/ws/events?recent=100`", async |target| target.unread(&websocket()).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unread_pages() {
    let recent = attack("200 × `/events/recent?count=100`", async |target| {
        target.unread(&get("/events/recent?count=100")).await
    });
    let pages =
        attack("200 × `/events?limit=1000`", async |target| target.unread(&get("/events?limit=1000")).await);
    tokio::join!(recent, pages);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_without_a_window() {
    for path in ["/events/recent?count=100", "/events?limit=1000", "/events/stream?recent=100"] {
        let attack = async |window| {
            let name = format!("HTTP/2, 200 × `{path}`, window {window}");
            attack(&name, async |target| target.streams(window, path).await).await;
        };
        tokio::join!(attack(0), attack(1));
    }
}
