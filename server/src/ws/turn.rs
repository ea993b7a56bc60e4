//! One step of I/O on a socket: write what waits, read what came.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

/// Most buffers in one vectored write.
pub(super) const SLICES_MAX: usize = 64;
/// Bytes read at once. Clients say little.
const READ_BYTES: usize = 2048;
/// How long the other side has to read a last close frame.
const LINGER: Duration = Duration::from_secs(2);
/// With more than this waiting to be written, nothing more is read: whoever asks without listening
/// to the answers has to wait.
const UNWRITTEN_BYTES_MAX: usize = 256 * 1024;

/// Bytes for a client that the kernel has not taken.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    chunks: VecDeque<Bytes>,
    bytes: usize,
}

impl Outbox {
    pub(super) fn push(&mut self, chunk: Bytes) {
        self.bytes += chunk.len();
        self.chunks.push_back(chunk);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Forgets the first `n` bytes: they were written.
    pub(super) fn advance(&mut self, mut n: usize) {
        self.bytes -= n;
        while n > 0 {
            let Some(first) = self.chunks.front_mut() else { return };
            if n < first.len() {
                first.advance(n);
                return;
            }
            n -= first.len();
            self.chunks.pop_front();
        }
    }
}

/// What a step did.
#[derive(Debug)]
pub(super) enum Turn {
    /// Bytes were written.
    Wrote,
    /// Bytes came.
    Read,
    /// The other side is gone.
    Gone,
}

/// Polls both directions. Cancel-safe: it either did something and says so, or did nothing.
pub(super) fn poll_turn<S: AsyncRead + AsyncWrite + Unpin>(
    io: &mut S,
    outbox: &mut Outbox,
    inbox: &mut BytesMut,
    context: &mut Context<'_>,
) -> Poll<Turn> {
    if !outbox.is_empty() {
        let mut slices = [IoSlice::new(&[]); SLICES_MAX];
        let mut n = 0;
        for (slice, chunk) in slices.iter_mut().zip(&outbox.chunks) {
            *slice = IoSlice::new(chunk);
            n += 1;
        }
        match Pin::new(&mut *io).poll_write_vectored(context, &slices[..n]) {
            Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Turn::Gone),
            Poll::Ready(Ok(written)) => {
                outbox.advance(written);
                return Poll::Ready(Turn::Wrote);
            }
            Poll::Pending => {}
        }
    }
    if outbox.bytes > UNWRITTEN_BYTES_MAX {
        return Poll::Pending;
    }
    let mut chunk = [std::mem::MaybeUninit::uninit(); READ_BYTES];
    let mut read = ReadBuf::uninit(&mut chunk);
    match ready!(Pin::new(io).poll_read(context, &mut read)) {
        Ok(()) if !read.filled().is_empty() => {
            inbox.extend_from_slice(read.filled());
            Poll::Ready(Turn::Read)
        }
        Ok(()) | Err(_) => Poll::Ready(Turn::Gone),
    }
}

/// Ends a connection so that what was written last arrives: a socket that is dropped with unread
/// bytes resets the connection, and the other side loses the close frame that it was about to read.
pub(super) async fn linger<S: AsyncRead + AsyncWrite + Unpin>(mut io: S) {
    let ended = async {
        io.shutdown().await?;
        let mut ignored = [0; READ_BYTES];
        while io.read(&mut ignored).await? > 0 {}
        std::io::Result::Ok(())
    };
    // Whatever goes wrong here, the connection is over.
    let _ = tokio::time::timeout(LINGER, ended).await;
}
