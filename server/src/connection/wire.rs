//! A connection's TCP stream, which tells the connection's pulse what goes over it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::pulse::Pulse;
use super::shared_stream::SharedStream;

/// What hyper reads and writes.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: SharedStream,
    pulse: Arc<Pulse>,
}

impl Wire {
    pub(crate) fn new(stream: Arc<TcpStream>, pulse: Arc<Pulse>) -> Self {
        Self { stream: SharedStream(stream), pulse }
    }

    /// The stream, which its owner keeps.
    pub(super) fn stream(&self) -> &Arc<TcpStream> {
        &self.stream.0
    }

    /// The stream, for who goes on with it in another protocol.
    pub(crate) fn into_stream(self) -> Arc<TcpStream> {
        self.stream.0
    }

    fn wrote(&self, polled: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match &polled {
            Poll::Pending => self.pulse.waits_for_kernel(Instant::now()),
            Poll::Ready(Ok(n)) if *n > 0 => self.pulse.wrote(),
            Poll::Ready(_) => {}
        }
        polled
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            self.pulse.read(Instant::now());
        } else if buffer.remaining() > 0 && !self.pulse.end(context.waker()) {
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.wrote(polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.wrote(polled)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
