//! One connection from its first byte to its last.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::Version;
use axum::response::IntoResponse;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::Builder;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::config::NetConfig;
use crate::connection::{
    Answer, AnswerMemory, Patience, Protocol, Pulse, RequestPermit, StreamExecutor, Verdict, Wire,
};
use crate::http::Routes;
use crate::http::error::ApiError;

/// How long an idle connection has to end once it was asked to.
const GOODBYE: Duration = Duration::from_secs(1);
/// How often to look whether a client has ended its side behind bytes that were not read yet.
const LOOK: Duration = Duration::from_secs(1);
/// Most bytes that are held of a request's head or body, or of an answer, by one connection of HTTP/1.
const BUFFER_BYTES_MAX: usize = 64 * 1024;
/// What a client of HTTP/2 may send ahead on one stream.
const STREAM_WINDOW_BYTES: u32 = 128 * 1024;
/// What a client of HTTP/2 may send ahead on all of its streams.
const CONNECTION_WINDOW_BYTES: u32 = 256 * 1024;
/// Most bytes of an answer that wait for the window of its stream.
const STREAM_BUFFER_BYTES_MAX: usize = 32 * 1024;
/// Most requests at a time on one connection of HTTP/2.
const STREAMS_MAX: u32 = 200;
/// How long bytes are read and dropped after the last answer.
const LINGER_MAX: Duration = Duration::from_secs(30);
/// Most bytes that are read and dropped after the last answer.
const LINGER_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Bytes that are dropped at once.
const LINGER_CHUNK_BYTES: usize = 16 * 1024;

/// How far the server is with stopping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// It is not.
    Open,
    /// What was asked is answered, nothing more is taken.
    Draining,
    /// Time is up.
    Over,
}

/// What all connections have in common.
#[derive(Debug)]
pub(super) struct Connections {
    builder: Builder<StreamExecutor>,
    routes: Routes,
    patience: Patience,
    linger: Duration,
    pub(super) permits: Arc<Semaphore>,
    pub(super) phase: watch::Sender<Phase>,
}

impl Connections {
    pub(super) fn new(routes: Routes, net: &NetConfig) -> Self {
        let mut builder = Builder::new(StreamExecutor);
        // Heads are timed by the pulse, which also sees what comes before hyper knows the protocol.
        builder.http1().header_read_timeout(None).half_close(true).max_buf_size(BUFFER_BYTES_MAX);
        builder
            .http2()
            .enable_connect_protocol()
            .max_concurrent_streams(STREAMS_MAX)
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .max_send_buf_size(STREAM_BUFFER_BYTES_MAX);
        Self {
            builder,
            routes,
            patience: net.into(),
            linger: net.linger_timeout,
            permits: Arc::new(Semaphore::new(net.connections_max)),
            phase: watch::Sender::new(Phase::Open),
        }
    }

    /// Serves one connection until it is over.
    pub(super) async fn serve(self: Arc<Self>, stream: TcpStream, permit: OwnedSemaphorePermit) {
        let peer = stream.peer_addr().ok().map(|address| address.ip());
        let stream = Arc::new(stream);
        let pulse = Arc::new(Pulse::new(Instant::now()).of(peer));
        let permit = Arc::new(permit);
        let mut phase = self.phase.subscribe();
        let end = self.http(&stream, &pulse, &permit, &mut phase).await;
        // A WebSocket that has taken the stream over takes care of it.
        let Ok(stream) = Arc::try_unwrap(stream) else { return };
        match end {
            End::Over if !pulse.has_ended() => {
                tokio::select! {
                    _ = tokio::time::timeout(LINGER_MAX, linger(&stream, self.linger)) => {}
                    _ = phase.wait_for(|phase| *phase > Phase::Open) => {}
                }
            }
            End::Over => {}
            // What the kernel holds for a client that does not read is let go, too.
            End::Cut => {
                let _ = stream.set_zero_linger();
            }
        }
    }

    async fn http(
        &self,
        stream: &Arc<TcpStream>,
        pulse: &Arc<Pulse>,
        permit: &Arc<OwnedSemaphorePermit>,
        phase: &mut watch::Receiver<Phase>,
    ) -> End {
        let service = service_fn(|request| self.answer(request, pulse, permit));
        let io = TokioIo::new(Wire::new(Arc::clone(stream), Arc::clone(pulse)));
        let connection = self.builder.serve_connection_with_upgrades(io, service);
        tokio::pin!(connection);
        // Once it was asked to end: until when.
        let mut goodbye: Option<Instant> = None;
        let mut seen = Phase::Open;
        let mut look_at = Instant::now();
        loop {
            tokio::select! {
                // What comes is read before anything looks at it.
                biased;
                // A client that breaks off is no error of ours.
                _ = &mut connection => return End::Over,
                () = tokio::time::sleep_until(look_at.into()) => {}
                () = gone(stream, pulse) => return End::Cut,
                now = changed(phase, seen) => {
                    seen = now;
                    if seen == Phase::Over {
                        return End::Cut;
                    }
                    connection.as_mut().graceful_shutdown();
                }
            }
            let now = Instant::now();
            look_at = match pulse.judge(&self.patience, now) {
                Verdict::WaitUntil(at) => {
                    goodbye = None;
                    at
                }
                Verdict::Stalled => return End::Cut,
                Verdict::Idle => match goodbye {
                    Some(until) if until <= now => return End::Over,
                    Some(until) => until,
                    None => {
                        connection.as_mut().graceful_shutdown();
                        *goodbye.insert(now + GOODBYE)
                    }
                },
            };
        }
    }

    fn answer(
        &self,
        request: Request<Incoming>,
        pulse: &Arc<Pulse>,
        permit: &Arc<OwnedSemaphorePermit>,
    ) -> impl Future<Output = Result<Response<Answer>, Infallible>> + use<> {
        let protocol = if request.version() == Version::HTTP_2 { Protocol::Http2 } else { Protocol::Http1 };
        let permit = RequestPermit::take(pulse, permit, &self.permits, protocol);
        let routes = self.routes.clone();
        async move {
            let Some(permit) = permit else {
                return Ok(busy("as much is asked at a time as may be (max-connections); try again soon"));
            };
            // Only what changed nothing can be refused afterwards.
            let is_safe = request.method().is_safe();
            let (head, body) = routes.answer(request, &permit).await.into_parts();
            let Some(memory) = AnswerMemory::take(&head, &body, is_safe) else {
                return Ok(busy("more is being answered at the moment than is read; try again soon"));
            };
            Ok(Response::from_parts(head, Answer::new(body, permit, memory)))
        }
    }
}

/// How a connection has ended.
enum End {
    /// In peace, though the client may not have read everything yet.
    Over,
    /// In the middle of something.
    Cut,
}

fn busy(detail: &str) -> Response<Answer> {
    ApiError::busy(detail).into_response().map(Answer::unwatched)
}

/// Completes once the phase is another than `seen`.
async fn changed(phase: &mut watch::Receiver<Phase>, seen: Phase) -> Phase {
    match phase.wait_for(|phase| *phase != seen).await {
        Ok(phase) => *phase,
        Err(_) => Phase::Over,
    }
}

/// Completes if the client, having ended its side, does not read any more either. While it answers, hyper does not
/// look at what comes.
async fn gone(stream: &TcpStream, pulse: &Pulse) {
    while !pulse.has_ended() {
        match look(stream).await {
            Ok(0) => pulse.saw_end(),
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

/// Waits until something comes, and looks how much of it has not been read.
async fn look(stream: &TcpStream) -> io::Result<usize> {
    stream.readable().await?;
    stream.try_io(Interest::READABLE, || {
        let (_, peeked) = rustix::net::recv(stream, &mut [0][..], rustix::net::RecvFlags::PEEK)?;
        Ok(peeked)
    })
}

/// Ends a connection so that what was written last arrives: a socket that is closed with unread bytes resets
/// the connection, and a client that is still sending loses the answer that it is about to read.
async fn linger(stream: &TcpStream, quiet: Duration) {
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
