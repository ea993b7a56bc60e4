//! Streams of lines take from the memory that all bodies have together.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::time::Duration;

use support::{PATIENCE, TestServer, event};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// A body has a place for each of these but the first.
const PLACE_BYTES: usize = 64 * 1024;
/// White space that takes three places.
const LONG_BYTES: usize = 4 * PLACE_BYTES - 1000;

/// A request whose body is sent as one goes; the server reads it.
async fn begin(server: &TestServer, kind: &str, body_bytes: usize) -> TcpStream {
    let mut stream = server.raw().await;
    let head = format!(
        "POST /events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nExpect: 100-continue\r\n\
         Content-Type: {kind}\r\nContent-Length: {body_bytes}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

/// What was sent before has been looked at: whoever asks now comes after it.
async fn settle(server: &TestServer) {
    for _ in 0..20 {
        server.get("/health").await;
    }
}

/// A body that has so many places, and is being sent for as long as this runs.
async fn hold(server: &TestServer, places: usize) -> JoinHandle<()> {
    let mut stream = begin(server, "application/json", (places + 1) * PLACE_BYTES).await;
    tokio::spawn(async move {
        let mut pace = tokio::time::interval(Duration::from_millis(500));
        while stream.write_all(b" ").await.is_ok() {
            pace.tick().await;
        }
    })
}

/// Two events, and a line that is long and not over.
async fn long_line(server: &TestServer) -> TcpStream {
    let mut stream = begin(server, "application/x-ndjson", 100 * PLACE_BYTES).await;
    let whole = format!("{}\n\n{}\n", event("one"), event("two"));
    stream.write_all(&[whole.as_bytes(), &[b' '; LONG_BYTES]].concat()).await.unwrap();
    stream
}

async fn answer(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    let read = stream.read_to_end(&mut all);
    tokio::time::timeout(PATIENCE, read).await.expect("an answer in time").unwrap();
    String::from_utf8_lossy(&all).into_owned()
}

/// One test: the memory is that of the process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_line_waits_for_memory_and_gives_it_up_like_any_other_body() {
    let server = TestServer::start().await;
    let mut bodies = Vec::new();
    for _ in 0..8 {
        bodies.push(hold(&server, 127).await);
    }
    bodies.push(hold(&server, 5).await);
    settle(&server).await;
    // The last three places.
    let mut idle = long_line(&server).await;
    settle(&server).await;
    let mut next = long_line(&server).await;
    let given_up = answer(&mut idle).await;
    assert!(
        given_up.starts_with("HTTP/1.1 408") && given_up.contains("others wait for the memory"),
        "{given_up}"
    );
    assert!(given_up.contains("2 events were published before this"), "{given_up}");

    // Once its line is over it has none, though it goes on.
    settle(&server).await;
    next.write_all(b"\n").await.unwrap();
    settle(&server).await;
    bodies.push(hold(&server, 3).await);
    settle(&server).await;

    // As long as everybody sends, one more is told to come back.
    let refused = answer(&mut long_line(&server).await).await;
    assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("send it again soon"), "{refused}");
    assert!(refused.contains("2 events were published before this"), "{refused}");
    next.write_all(format!("{}\n", event("three")).as_bytes()).await.unwrap();
    while server.look("/events?limit=1").await.1["head"] != 7 {
        tokio::task::yield_now().await;
    }
    for body in bodies {
        body.abort();
    }
    drop(next);
    server.stop().await;
}
