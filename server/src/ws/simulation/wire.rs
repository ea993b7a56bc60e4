//! A connection as the kernel holds it, which takes as much as the dice say.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::ws::deflate::sample::Dice;
use crate::ws::fanout::Pipe;

/// Both ends of one connection, as the kernel holds them.
#[derive(Debug)]
pub(super) struct Wire(pub(super) Mutex<Ends>);

#[derive(Debug)]
pub(super) struct Ends {
    pub(super) to_client: VecDeque<u8>,
    /// Bytes that fit in there.
    room: usize,
    pub(super) to_server: VecDeque<u8>,
    pub(super) closed: bool,
    pub(super) reads: Option<Waker>,
    pub(super) writes: Option<Waker>,
    dice: Dice,
}

impl Ends {
    /// A connection for which the kernel holds `room` bytes.
    pub(super) fn new(room: usize, dice: Dice) -> Self {
        let (to_client, to_server) = (VecDeque::new(), VecDeque::new());
        Self { to_client, room, to_server, closed: false, reads: None, writes: None, dice }
    }

    fn take(&mut self, bytes: &[u8]) -> usize {
        let free = self.room - self.to_client.len();
        let some = if self.dice.below(3) == 0 { 1 + self.dice.below(free.max(1)) } else { free };
        let taken = some.min(free).min(bytes.len());
        self.to_client.extend(&bytes[..taken]);
        taken
    }
}

impl Pipe for Wire {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.lock().unwrap().take(bytes) {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            taken => Ok(taken),
        }
    }
}

pub(super) struct ServerEnd(pub(super) Arc<Wire>);

impl AsyncRead for ServerEnd {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut ends = self.0.0.lock().unwrap();
        if ends.to_server.is_empty() && !ends.closed {
            ends.reads = Some(context.waker().clone());
            return Poll::Pending;
        }
        let n = buffer.remaining().min(ends.to_server.len());
        buffer.put_slice(&ends.to_server.drain(..n).collect::<Vec<_>>());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ServerEnd {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut ends = self.0.0.lock().unwrap();
        match ends.take(bytes) {
            0 if !bytes.is_empty() => {
                ends.writes = Some(context.waker().clone());
                Poll::Pending
            }
            taken => Poll::Ready(Ok(taken)),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
