//! The way from one server to another: a proxy that can be cut or slowed down. What is cut is not closed: nothing comes through, as with a cable that was pulled.

use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Bytes that are passed on at once.
const PIECE: usize = 64 * 1024;

/// How a way is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Everything comes through at once.
    Open,
    /// Everything comes through so much later. A piece waits for the one before it, so this also bounds the rate, at 64 KiB in that time.
    Slow(Duration),
    /// Nothing comes through.
    Cut,
}

/// A way, for as long as it lives.
#[derive(Debug)]
pub(super) struct Link {
    port: u16,
    way: watch::Sender<Way>,
    accepting: JoinHandle<()>,
}

impl Link {
    /// A way to a port of this machine.
    pub(super) async fn to(port: u16) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("opening a link")?;
        let own = listener.local_addr().context("opening a link")?.port();
        let (way, ways) = watch::channel(Way::Open);
        let accepting = tokio::spawn(async move {
            // A connection that cannot be accepted is tried again by the server at its other end.
            while let Ok((from, _)) = listener.accept().await {
                tokio::spawn(pass(from, port, ways.clone()));
            }
        });
        Ok(Self { port: own, way, accepting })
    }

    /// Where it begins.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn set(&self, way: Way) {
        self.way.send_replace(way);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Passes one connection on, in both directions, until one of its ends closes.
async fn pass(from: TcpStream, port: u16, mut ways: watch::Receiver<Way>) {
    // Who connects while the way is cut waits, too. The owner is gone: so is the connection.
    if ways.wait_for(|way| *way != Way::Cut).await.is_err() {
        return;
    }
    let Ok(to) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    // As servers and clients do it themselves: else small pieces would wait for the receiver's delayed acknowledgement, 40 ms.
    if from.set_nodelay(true).and(to.set_nodelay(true)).is_err() {
        return;
    }
    let ((from_read, from_write), (to_read, to_write)) = (from.into_split(), to.into_split());
    tokio::select! {
        () = copy(from_read, to_write, ways.clone()) => {}
        () = copy(to_read, from_write, ways) => {}
    }
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut ways: watch::Receiver<Way>) {
    let mut piece = vec![0; PIECE];
    while let Ok(read @ 1..) = from.read(&mut piece).await {
        let Ok(way) = ways.wait_for(|way| *way != Way::Cut).await.map(|way| *way) else { return };
        if let Way::Slow(by) = way {
            tokio::time::sleep(by).await;
        }
        if to.write_all(&piece[..read]).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_cut_comes_once_the_way_is_open_again() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let link = Link::to(listener.local_addr().unwrap().port()).await.unwrap();
        let mut from = TcpStream::connect(("127.0.0.1", link.port())).await.unwrap();
        let (mut to, _) = listener.accept().await.unwrap();
        let mut heard = [0; 1];
        from.write_all(b"a").await.unwrap();
        to.read_exact(&mut heard).await.unwrap();
        assert_eq!(heard, *b"a");
        link.set(Way::Cut);
        from.write_all(b"b").await.unwrap();
        to.write_all(b"c").await.unwrap();
        let comes = tokio::time::timeout(Duration::from_millis(100), to.read_exact(&mut heard)).await;
        assert!(comes.is_err(), "{heard:?}");
        link.set(Way::Slow(Duration::from_millis(1)));
        to.read_exact(&mut heard).await.unwrap();
        assert_eq!(heard, *b"b");
        from.read_exact(&mut heard).await.unwrap();
        assert_eq!(heard, *b"c");
        drop(to);
        assert_eq!(from.read(&mut heard).await.unwrap(), 0);
    }
}
