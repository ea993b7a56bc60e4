//! The end of a connection: how the client's is seen, and how the server's is made to arrive.

use std::io;
use std::time::Duration;

use tokio::io::Interest;
use tokio::net::TcpStream;

use crate::connection::Pulse;

/// How often to look whether a client has ended its side behind bytes that were not read yet.
const LOOK: Duration = Duration::from_secs(1);
/// How long bytes are read and dropped after the last answer.
const LINGER_MAX: Duration = Duration::from_secs(30);
/// Most bytes that are read and dropped after the last answer.
const LINGER_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Most bytes of the record by which TLS says that a client has ended its side. Any request has more.
pub(super) const GOODBYE_BYTES_MAX: usize = 40;
/// Bytes that are dropped at once.
const LINGER_CHUNK_BYTES: usize = 16 * 1024;

/// Completes if the client, having ended its side, does not read any more either. While it answers, hyper does not
/// look at what comes. So few bytes as `unasked_bytes_max` before the end are no request.
pub(super) async fn gone(stream: &TcpStream, pulse: &Pulse, unasked_bytes_max: usize) {
    while !pulse.has_ended() {
        match look(stream).await {
            Ok(Seen { bytes, has_end }) if has_end && bytes <= unasked_bytes_max => pulse.saw_end(),
            // What comes will be read, and the end behind it seen then.
            Ok(_) => tokio::time::sleep(LOOK).await,
            // Hyper has read everything, which costs no system call to see.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            // Hyper sees it, too.
            Err(_) => return std::future::pending().await,
        }
    }
    let _ = stream.ready(Interest::ERROR).await;
}

/// What a client has sent that was not read.
struct Seen {
    bytes: usize,
    /// Whether its end is behind it.
    has_end: bool,
}

/// Waits until something comes, and looks how much of it has not been read.
async fn look(stream: &TcpStream) -> io::Result<Seen> {
    let ready = stream.ready(Interest::READABLE).await?;
    stream.try_io(Interest::READABLE, || {
        let mut place = [0; GOODBYE_BYTES_MAX + 1];
        let (_, bytes) = rustix::net::recv(stream, &mut place[..], rustix::net::RecvFlags::PEEK)?;
        Ok(Seen { bytes, has_end: bytes == 0 || ready.is_read_closed() })
    })
}

/// Ends a connection so that what was written last arrives: a socket that is closed with unread bytes resets
/// the connection, and a client that is still sending loses the answer that it is about to read.
pub(super) async fn linger(stream: &TcpStream, quiet: Duration) {
    let _ = tokio::time::timeout(LINGER_MAX, drain(stream, quiet)).await;
}

async fn drain(stream: &TcpStream, quiet: Duration) {
    if rustix::net::shutdown(stream, rustix::net::Shutdown::Write).is_err() {
        return;
    }
    let mut chunk = vec![0; LINGER_CHUNK_BYTES];
    let mut left = LINGER_BYTES_MAX;
    while left > 0 {
        match tokio::time::timeout(quiet, stream.readable()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return,
        }
        match stream.try_read(&mut chunk) {
            Ok(0) => return,
            Ok(n) => left = left.saturating_sub(n),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}
