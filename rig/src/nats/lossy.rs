//! The way from clients to a server on which a part of the live messages is lost: a proxy that reads what the server sends. Everything else comes through.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result};
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::frames::Frames;

/// Bytes that are passed on at once.
const PIECE: usize = 64 * 1024;

/// Which messages are lost.
#[derive(Debug, Clone)]
pub struct Loss {
    /// Of 100 messages so many.
    pub percent: f64,
    /// Only those whose subject begins so.
    pub subjects: String,
    /// Decides which.
    pub seed: u64,
}

/// A way, for as long as it lives.
#[derive(Debug)]
pub struct Lossy {
    port: u16,
    lost: Arc<AtomicU64>,
    accepting: JoinHandle<()>,
}

impl Lossy {
    /// A way to a port of this machine.
    ///
    /// # Errors
    /// If no port is free.
    pub async fn to(port: u16, loss: Loss) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("opening a way to a server")?;
        let own = listener.local_addr().context("opening a way to a server")?.port();
        let lost = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&lost);
        let accepting = tokio::spawn(async move {
            let mut seed = loss.seed;
            // A connection that cannot be accepted is tried again by the client.
            while let Ok((client, _)) = listener.accept().await {
                seed = seed.wrapping_add(1);
                let loss = Loss { seed, ..loss.clone() };
                tokio::spawn(pass(client, port, loss, Arc::clone(&count)));
            }
        });
        Ok(Self { port: own, lost, accepting })
    }

    /// Where clients find the server.
    #[must_use]
    pub fn address(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// How many messages were lost up to now.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

impl Drop for Lossy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Passes one connection on, in both directions, until one of its ends closes.
async fn pass(client: TcpStream, port: u16, loss: Loss, lost: Arc<AtomicU64>) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    // As the client does it itself: else small pieces would wait.
    if client.set_nodelay(true).and(server.set_nodelay(true)).is_err() {
        return;
    }
    let ((mut from_client, to_client), (from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    tokio::select! {
        _ = tokio::io::copy(&mut from_client, &mut to_server) => {}
        () = lose(from_server, to_client, &loss, &lost) => {}
    }
}

async fn lose(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, loss: &Loss, lost: &AtomicU64) {
    let mut random = SmallRng::seed_from_u64(loss.seed);
    let (mut frames, mut piece, mut passed) = (Frames::default(), vec![0; PIECE], Vec::new());
    while let Ok(read @ 1..) = from.read(&mut piece).await {
        passed.clear();
        let taken = frames.take(&piece[..read], &mut passed, |subject| {
            let is_lost =
                subject.starts_with(&loss.subjects) && random.random_range(0.0..100.0) < loss.percent;
            lost.fetch_add(u64::from(is_lost), Ordering::Relaxed);
            is_lost
        });
        // A client whose connection ends connects again.
        if taken.is_err() || to.write_all(&passed).await.is_err() {
            return;
        }
    }
}
