//! A TCP stream that its own task and the fan-out loop both write to.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustix::net::SendFlags;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

/// The task's side of it. Who may write at a moment is decided by the reader's place in its list.
#[derive(Debug)]
pub(crate) struct SharedStream(pub(crate) Arc<TcpStream>);

impl SharedStream {
    fn poll_io<T>(
        &self,
        context: &mut Context<'_>,
        ready: impl Fn(&TcpStream, &mut Context<'_>) -> Poll<io::Result<()>>,
        mut attempt: impl FnMut(&TcpStream) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        loop {
            ready!(ready(&self.0, context))?;
            match attempt(&self.0) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
        }
    }
}

/// Reads what is there. Less than was asked for is all of it: then the next read waits for more instead of asking the
/// kernel whether there is, as a `TcpStream` of one owner does by itself.
fn read(stream: &TcpStream, buffer: &mut ReadBuf<'_>) -> io::Result<usize> {
    let wanted = buffer.remaining();
    let mut all = None;
    let read = stream.try_io(Interest::READABLE, || {
        let n = stream.try_read_buf(buffer)?;
        if n == 0 || n == wanted {
            return Ok(n);
        }
        // Takes readiness back, but for what has come since the attempt began.
        all = Some(n);
        Err(io::ErrorKind::WouldBlock.into())
    });
    all.map_or(read, Ok)
}

/// Most bytes that are copied and written as one piece: up to here a copy costs less than the kernel's look at a list of pieces.
const FLAT_BYTES_MAX: usize = 1024;

fn send(stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    // Rust's runtime ignores SIGPIPE.
    stream.try_io(Interest::WRITABLE, || Ok(rustix::net::send(stream, bytes, SendFlags::empty())?))
}

impl AsyncRead for SharedStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll_io(context, TcpStream::poll_read_ready, |stream| read(stream, buffer)).map_ok(drop)
    }
}

impl AsyncWrite for SharedStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_io(context, TcpStream::poll_write_ready, |stream| stream.try_write(bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if slices.iter().map(|slice| slice.len()).sum::<usize>() <= FLAT_BYTES_MAX {
            let mut place = [MaybeUninit::uninit(); FLAT_BYTES_MAX];
            let mut flat = ReadBuf::uninit(&mut place);
            slices.iter().for_each(|slice| flat.put_slice(slice));
            return self.poll_io(context, TcpStream::poll_write_ready, |stream| send(stream, flat.filled()));
        }
        self.poll_io(context, TcpStream::poll_write_ready, |stream| stream.try_write_vectored(slices))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A borrowed socket is shut down without being closed: the other owner may still hold it.
        let socket = rustix::net::shutdown(&*self.0, rustix::net::Shutdown::Write);
        Poll::Ready(socket.map_err(io::Error::from))
    }
}
