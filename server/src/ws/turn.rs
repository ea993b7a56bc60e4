//! One step of I/O on a socket: write what waits, read what came.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use arcane_shared::Seq;
use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

/// Most buffers in one vectored write.
const SLICES_MAX: usize = 64;
/// Bytes read at once. Clients say little.
const READ_BYTES: usize = 2048;
/// How long the other side has to read a last close frame.
const LINGER: Duration = Duration::from_secs(2);
/// With more than this waiting to be written, nothing more is read: a client that asks without listening
/// to the answers has to wait.
const UNWRITTEN_BYTES_MAX: usize = 256 * 1024;

/// Bytes for a client that the kernel has not taken.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    chunks: VecDeque<Chunk>,
    bytes: usize,
    /// Whether the kernel had no place for any of it when it was asked last.
    waits: bool,
}

#[derive(Debug)]
struct Chunk {
    bytes: Bytes,
    /// Whether some of it was written: then the rest has to follow.
    begun: bool,
    /// For an event that can be read again: the event before it.
    after: Option<Seq>,
}

impl Outbox {
    /// What nobody else has: a control message, or the rest of a frame.
    pub(super) fn push(&mut self, bytes: Bytes) {
        self.add(Chunk { bytes, begun: false, after: None });
    }

    /// An event, and the one after which it can be read again.
    pub(super) fn push_event(&mut self, bytes: Bytes, after: Seq) {
        self.add(Chunk { bytes, begun: false, after: Some(after) });
    }

    fn add(&mut self, chunk: Chunk) {
        self.bytes += chunk.bytes.len();
        self.chunks.push_back(chunk);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Gives up the events at the end of which nothing was written: a reader that does not read
    /// must not keep alive what the ring has forgotten. One chunk stays in any case, to wait with.
    /// Returns how many, and after which event to read them again.
    pub(super) fn give_back(&mut self) -> Option<(u64, Seq)> {
        let mut given = None;
        while self.chunks.len() > 1
            && let Some(Chunk { begun: false, after: Some(after), .. }) = self.chunks.back()
        {
            given = Some((given.map_or(0, |(n, _)| n) + 1, *after));
            self.bytes -= self.chunks.pop_back().map_or(0, |chunk| chunk.bytes.len());
        }
        given
    }

    /// Forgets the first `n` bytes: they were written.
    fn advance(&mut self, mut n: usize) {
        self.bytes -= n;
        while let Some(first) = self.chunks.front_mut() {
            if n < first.bytes.len() {
                first.begun |= n > 0;
                first.bytes.advance(n);
                return;
            }
            n -= first.bytes.len();
            self.chunks.pop_front();
        }
        // Most connections are idle most of the time.
        self.chunks = VecDeque::new();
    }

    fn poll_write<S: AsyncWrite + Unpin>(
        &mut self,
        io: &mut S,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<Written>> {
        let mut slices = [IoSlice::new(&[]); SLICES_MAX];
        let mut n = 0;
        for (slice, chunk) in slices.iter_mut().zip(&self.chunks) {
            *slice = IoSlice::new(&chunk.bytes);
            n += 1;
        }
        let written = Pin::new(io).poll_write_vectored(context, &slices[..n]);
        let waited = std::mem::replace(&mut self.waits, written.is_pending());
        let bytes = ready!(written)?;
        self.advance(bytes);
        Poll::Ready(Ok(Written { bytes, waited }))
    }
}

/// What the kernel took, and whether it had no place for it before.
struct Written {
    bytes: usize,
    waited: bool,
}

/// What a step did.
#[derive(Debug)]
pub(super) enum Turn {
    /// Bytes were written; whether they had waited because the kernel had no place for more.
    Wrote { waited: bool },
    /// Bytes came.
    Read,
    /// The other side is gone.
    Gone,
}

/// Polls both directions, or, without `reads`, only writes. Cancel-safe: it either did something and says so, or did nothing.
pub(super) fn poll_turn<S: AsyncRead + AsyncWrite + Unpin>(
    io: &mut S,
    outbox: &mut Outbox,
    inbox: &mut BytesMut,
    reads: bool,
    context: &mut Context<'_>,
) -> Poll<Turn> {
    if !outbox.is_empty() {
        match outbox.poll_write(io, context) {
            Poll::Ready(Ok(Written { bytes: 0, .. }) | Err(_)) => return Poll::Ready(Turn::Gone),
            Poll::Ready(Ok(Written { waited, .. })) => return Poll::Ready(Turn::Wrote { waited }),
            Poll::Pending => {}
        }
    }
    if !reads || outbox.bytes > UNWRITTEN_BYTES_MAX {
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

/// Writes what can be written at once. An error shows again at the next turn.
pub(super) async fn offer<S: AsyncWrite + Unpin>(io: &mut S, outbox: &mut Outbox) {
    let _ = poll_fn(|context| Poll::Ready(outbox.poll_write(io, context))).await;
}

/// Ends a connection so that what was written last arrives: a socket that is dropped with unread
/// bytes resets the connection, and the other side loses the close frame that it was about to read.
pub(super) async fn linger<S: AsyncRead + AsyncWrite + Unpin>(io: &mut S) {
    let ended = async {
        io.shutdown().await?;
        poll_fn(|context| poll_ignore(io, context)).await
    };
    // Whatever goes wrong here, the connection is over. Boxed: every idle connection would pay for the timer.
    let _ = Box::pin(tokio::time::timeout(LINGER, ended)).await;
}

/// Reads to the end. The bytes live on the stack, not in the task: every connection would pay for them.
fn poll_ignore<S: AsyncRead + Unpin>(io: &mut S, context: &mut Context<'_>) -> Poll<io::Result<()>> {
    loop {
        let mut chunk = [std::mem::MaybeUninit::uninit(); READ_BYTES];
        let mut read = ReadBuf::uninit(&mut chunk);
        ready!(Pin::new(&mut *io).poll_read(context, &mut read))?;
        if read.filled().is_empty() {
            return Poll::Ready(Ok(()));
        }
    }
}
