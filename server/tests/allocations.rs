//! A delivery allocates nothing: however many readers there are, publishing takes as much memory
//! from the allocator.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use arcane_server::config::{Config, Dashboard};
use tokio::sync::oneshot;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// Events of one measurement.
const EVENTS: usize = 60;
const BODY: &str = r#"{"spell_name":"reveal","description":"look"}"#;

/// A connection over which nothing here allocates.
struct Plain(TcpStream);

impl Plain {
    fn open(address: SocketAddr, head: &str) -> Self {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        Self(stream)
    }

    /// Reads until `pattern` has come `times` times.
    fn until(&mut self, pattern: &[u8], mut times: usize) {
        let (mut buffer, mut kept) = ([0; 16_384], 0);
        while times > 0 {
            let n = self.0.read(&mut buffer[kept..]).unwrap();
            assert!(n > 0, "the connection ended");
            let filled = kept + n;
            times -=
                buffer[..filled].windows(pattern.len()).filter(|part| *part == pattern).count().min(times);
            // What may be the beginning of another one.
            let keep = (pattern.len() - 1).min(filled);
            buffer.copy_within(filled - keep..filled, 0);
            kept = keep;
        }
    }
}

fn publish_one_by_one(publisher: &mut Plain, readers: &mut [Plain], events: usize) {
    for _ in 0..events {
        let request = concat!(
            "POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n",
            "Content-Length: 44\r\n\r\n"
        );
        publisher.0.write_all(request.as_bytes()).unwrap();
        publisher.0.write_all(BODY.as_bytes()).unwrap();
        publisher.until(b"HTTP/1.1 201", 1);
        for reader in readers.iter_mut() {
            reader.until(b"\"emitted_at\"", 1);
        }
    }
}

/// Allocations while some events go to so many readers.
fn allocations(address: SocketAddr, readers: usize) -> u64 {
    let head = "GET /ws/events?recent=0 HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let mut readers: Vec<_> = (0..readers).map(|_| Plain::open(address, head)).collect();
    for reader in &mut readers {
        reader.until(b"\"session\"", 1);
    }
    let mut publisher = Plain::open(address, "");
    // Buffers that are kept from turn to turn have their size after this.
    publish_one_by_one(&mut publisher, &mut readers, 20);
    let before = dhat::HeapStats::get().total_blocks;
    publish_one_by_one(&mut publisher, &mut readers, EVENTS);
    dhat::HeapStats::get().total_blocks - before
}

#[test]
fn a_delivery_allocates_nothing() {
    assert_eq!(BODY.len(), 44);
    let _counting = dhat::Profiler::builder().testing().build();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let config = Config { dashboard: Dashboard::Off, ..Config::default() };
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let running = runtime.spawn(async move {
        let until = async {
            let _ = stopped.await;
        };
        arcane_server::run(listener, config, until).await.unwrap();
    });
    let (few, many) = (allocations(address, 3), allocations(address, 23));
    let exact = |n: u64| f64::from(u32::try_from(n).unwrap());
    let per_delivery = (exact(many) - exact(few)) / exact(20 * EVENTS as u64);
    // The timing wheel and the ring grow now and then, and not by readers.
    assert!(
        per_delivery < 0.01,
        "{per_delivery} allocations per delivery: {few} for 3 readers, {many} for 23"
    );
    stop.send(()).unwrap();
    runtime.block_on(running).unwrap();
}
