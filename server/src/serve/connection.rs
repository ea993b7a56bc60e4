//! One connection from its first byte to its last.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::{HeaderValue, StatusCode, Version, header};
use axum::response::IntoResponse;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};

use super::end::{GOODBYE_BYTES_MAX, gone, linger};
use super::tls::Tls;
use crate::config::NetConfig;
use crate::connection::{
    Addresses, Answer, AnswerMemory, Greeting, Patience, Place, Protocol, Pulse, RequestPermit, SecureWire,
    StreamExecutor, Verdict, Wire,
};
use crate::http::Routes;
use crate::http::error::ApiError;
use crate::metrics::Metrics;

/// How long an idle connection has to end once it was asked to.
const GOODBYE: Duration = Duration::from_secs(1);
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
    /// `None`: connections are not secured.
    tls: Option<Arc<Tls>>,
    patience: Patience,
    linger: Duration,
    pub(super) permits: Arc<Semaphore>,
    pub(super) addresses: Addresses,
    pub(super) metrics: Metrics,
    pub(super) phase: watch::Sender<Phase>,
}

impl Connections {
    pub(super) fn new(
        routes: Routes,
        tls: Option<Arc<Tls>>,
        addresses: Addresses,
        metrics: Metrics,
        net: &NetConfig,
    ) -> Self {
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
            tls,
            patience: net.into(),
            linger: net.linger_timeout,
            permits: Arc::new(Semaphore::new(net.connections_max)),
            addresses,
            metrics,
            phase: watch::Sender::new(Phase::Open),
        }
    }

    /// Connections of another listener, which count with these and end with them.
    pub(super) fn beside(&self, routes: Routes, tls: Option<Arc<Tls>>) -> Self {
        Self {
            builder: self.builder.clone(),
            routes,
            tls,
            patience: self.patience,
            linger: self.linger,
            permits: Arc::clone(&self.permits),
            addresses: self.addresses.clone(),
            metrics: self.metrics.clone(),
            phase: self.phase.clone(),
        }
    }

    /// Serves one connection until it is over.
    pub(super) async fn serve(self: Arc<Self>, stream: TcpStream, place: Place) {
        let peer = stream.peer_addr().ok().map(|address| address.ip());
        let stream = Arc::new(stream);
        let pulse = Arc::new(Pulse::new(Instant::now()).of(peer));
        let permit = Arc::new(place);
        let mut phase = self.phase.subscribe();
        let wire = Wire::new(Arc::clone(&stream), Arc::clone(&pulse));
        let greeting = Greeting::default();
        let answers = Answers { pulse: &pulse, permit: &permit, greeting: &greeting };
        let end = match &self.tls {
            None => self.http(wire, &stream, answers, &mut phase).await,
            Some(tls) => {
                let wire = SecureWire::new(tls.acceptor(), wire, Arc::clone(&pulse), greeting.clone());
                // Boxed: what is not secured would pay for its place.
                Box::pin(self.http(wire, &stream, answers, &mut phase)).await
            }
        };
        // A WebSocket that has taken the stream over takes care of it.
        let Ok(stream) = Arc::try_unwrap(stream) else { return };
        match end {
            // The end of a client's side may stand behind bytes of TLS that nothing has read.
            End::Over if !pulse.has_ended() || self.tls.is_some() => {
                tokio::select! {
                    () = linger(&stream, self.linger) => {}
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

    async fn http<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        &self,
        wire: S,
        stream: &Arc<TcpStream>,
        answers: Answers<'_>,
        phase: &mut watch::Receiver<Phase>,
    ) -> End {
        let pulse = answers.pulse;
        let service = service_fn(|request| self.answer(request, answers));
        let connection = self.builder.serve_connection_with_upgrades(TokioIo::new(wire), service);
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
                () = gone(stream, pulse, self.unasked_bytes_max()) => return End::Cut,
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

    /// Most bytes that can lie before the end of a client's side and ask nothing.
    fn unasked_bytes_max(&self) -> usize {
        if self.tls.is_some() { GOODBYE_BYTES_MAX } else { 0 }
    }

    fn answer(
        &self,
        request: Request<Incoming>,
        answers: Answers<'_>,
    ) -> impl Future<Output = Result<Response<Answer>, Infallible>> + use<> {
        let protocol = if request.version() == Version::HTTP_2 { Protocol::Http2 } else { Protocol::Http1 };
        let Answers { pulse, permit, greeting } = answers;
        let permit = RequestPermit::take(pulse, permit, &self.permits, protocol);
        let routes = self.routes.clone();
        let budget = Arc::clone(routes.budget());
        let was_plain = greeting.was_plain();
        async move {
            if was_plain {
                return Ok(insecure());
            }
            let Some(permit) = permit else {
                return Ok(busy("as much is asked at a time as may be (max-connections); try again soon"));
            };
            // Only what changed nothing can be refused afterwards.
            let is_safe = request.method().is_safe();
            let (head, body) = routes.answer(request, &permit).await.into_parts();
            let Some(memory) = AnswerMemory::take(budget.answers(), &head, &body, is_safe) else {
                return Ok(busy("more is being answered at the moment than is read; try again soon"));
            };
            Ok(Response::from_parts(head, Answer::new(body, permit, memory)))
        }
    }
}

/// What the requests of one connection are answered with.
#[derive(Clone, Copy)]
struct Answers<'a> {
    pulse: &'a Arc<Pulse>,
    permit: &'a Arc<Place>,
    greeting: &'a Greeting,
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

fn insecure() -> Response<Answer> {
    let detail = "this port takes TLS alone: ask with https:// (wss:// for a WebSocket) instead of http://";
    let refusal = ApiError::new(StatusCode::BAD_REQUEST, "tls", detail);
    let mut response = refusal.into_response().map(Answer::unwatched);
    // Nothing more is read of what should not have been said in the clear. HTTP/2 has no such header, and hyper drops it.
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Completes once the phase is another than `seen`.
async fn changed(phase: &mut watch::Receiver<Phase>, seen: Phase) -> Phase {
    match phase.wait_for(|phase| *phase != seen).await {
        Ok(phase) => *phase,
        Err(_) => Phase::Over,
    }
}
