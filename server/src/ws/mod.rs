//! `GET /ws/events`: one connection message, then events.

mod acts;
mod audited;
pub mod codec;
pub mod deflate;
mod drain;
mod fanout;
mod handshake;
mod named_rooms;
mod next;
mod pending;
pub mod publish;
mod refused;
pub mod session;
#[cfg(test)]
mod simulation;
mod socket;
mod turn;
mod wakeup;
mod wheel;

use wakeup::Reason;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use futures_util::future::OptionFuture;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::bus::{ArcaneEventBus, Reader, Subscription};
use crate::connection::{RequestPermit, SecureWire, SharedStream, Wire};
use crate::event::PreparedFrame;
use crate::gate::places::Place;
use crate::gate::tokens::unix_seconds;
use crate::gate::{Pass, TokenError, credentials};
use crate::query::QueryError;
use crate::state::AppState;
use crate::stream::{self, LastId, StreamQuery, greeting, session_name, with_roster};
use codec::Decoder;
use deflate::negotiation::{Agreed, negotiate};
use fanout::{Encoding, Fanouts, Member};
use handshake::Handshake;
pub(crate) use handshake::HandshakeError;
use pending::Pending;
use refused::UpgradeRefused;
use session::Session;
use socket::Socket;
use turn::{Outbox, linger};
use wakeup::Wakeup;
use wheel::Wheel;

/// A first message up to this size is laid end to end.
const TOGETHER_BYTES_MAX: usize = 16 * 1024;

/// Who opens a WebSocket.
#[derive(Debug, Clone)]
pub(crate) struct Comer {
    /// What it may.
    pub(crate) pass: Result<Pass, TokenError>,
    /// The address that it comes from, if that is known.
    pub(crate) peer: Option<IpAddr>,
}

/// What all WebSockets of a server have in common.
#[derive(Debug, Clone)]
pub(crate) struct Sockets {
    state: AppState,
    fanouts: Arc<Fanouts>,
    wheel: Arc<Wheel>,
}

impl Sockets {
    /// None yet.
    pub(crate) fn new(state: AppState) -> Self {
        let fanouts = Arc::new(Fanouts::new(state.bus.clone(), state.metrics.clone()));
        Self { state, fanouts, wheel: Arc::new(Wheel::start()) }
    }

    /// Tells all of them that the server is about to stop.
    pub(crate) fn drain(&self) {
        self.wheel.wake_all(Reason::Drain);
    }

    /// Tells all of them that keys or revocations have changed.
    pub(crate) fn recheck(&self) {
        self.wheel.wake_all(Reason::Gate);
    }

    /// The answer to a handshake. The socket itself begins once that is written: with what `wanted` asks for, as far as `comer`
    /// may have it, after what the client saw last.
    ///
    /// # Errors
    /// If the request is no handshake.
    pub(crate) fn upgrade(
        &self,
        mut request: Request,
        comer: Comer,
        wanted: Result<StreamQuery, QueryError>,
        last: Option<LastId>,
    ) -> Result<Response, HandshakeError> {
        let protocol = request.extensions().get::<hyper::ext::Protocol>().map(hyper::ext::Protocol::as_str);
        let accepted = handshake::accept(request.method(), protocol, request.headers())?;
        let agreed = if self.state.config.net.compression { negotiate(request.headers()) } else { None };
        let encoding = match &agreed {
            Some(agreed) => Encoding::Deflate { together: agreed.context_takeover },
            None => Encoding::Plain,
        };
        let upgraded = hyper::upgrade::on(&mut request);
        let permit = request.extensions_mut().remove::<RequestPermit>();
        let speaks_ours = credentials::offers_subprotocol(request.headers());
        let opening = Opening { comer, wanted, last, encoding, sockets: self.clone() };
        tokio::spawn(async move {
            // The client may go away between its request and the upgrade; then there is nobody to talk to.
            let Ok(upgraded) = upgraded.await else { return };
            // A plain TCP stream can write many buffers in one system call.
            let upgraded = match downcast::<TokioIo<Wire>>(upgraded) {
                Ok(parts) => {
                    let stream = parts.io.into_inner().into_stream();
                    // The stream is this connection's alone.
                    let permit = permit.map(RequestPermit::into_connection);
                    let io = SharedStream(Arc::clone(&stream));
                    return serve(
                        io,
                        Some(Arc::clone(&stream)),
                        Some(stream),
                        parts.read_buf,
                        permit,
                        opening,
                    )
                    .await;
                }
                Err(upgraded) => upgraded,
            };
            match downcast::<TokioIo<SecureWire>>(upgraded) {
                Ok(parts) => {
                    let io = parts.io.into_inner();
                    let tcp = Arc::clone(io.tcp());
                    let permit = permit.map(RequestPermit::into_connection);
                    serve(io, Some(tcp), None, parts.read_buf, permit, opening).await;
                }
                Err(upgraded) => {
                    serve(TokioIo::new(upgraded), None, None, Bytes::new(), permit, opening).await;
                }
            }
        });
        Ok(open(accepted, agreed, speaks_ours))
    }
}

/// A greeting as one text message. Events and roster are shared with the ring and other readers, not copied.
fn message(
    [head, mut tail]: [Vec<u8>; 2],
    events: &[Arc<PreparedFrame>],
    roster: Option<Bytes>,
) -> Vec<Bytes> {
    let after = roster.map(|roster| with_roster(&mut tail, roster)).unwrap_or_default();
    let commas = events.len().saturating_sub(1);
    let len = head.len() + events.iter().map(|event| event.json().len()).sum::<usize>() + commas + tail.len();
    let len = len + after.iter().map(Bytes::len).sum::<usize>();
    let mut chunks = vec![codec::text_header(len), Bytes::from(head)];
    for (n, event) in events.iter().enumerate() {
        if n > 0 {
            chunks.push(Bytes::from_static(b","));
        }
        chunks.push(event.json_bytes());
    }
    chunks.push(tail.into());
    chunks.extend(after);
    if len > TOGETHER_BYTES_MAX {
        return chunks;
    }
    // Less to keep and to write.
    vec![chunks.concat().into()]
}

/// What was found out before the connection was there.
struct Opening {
    comer: Comer,
    wanted: Result<StreamQuery, QueryError>,
    last: Option<LastId>,
    encoding: Encoding,
    sockets: Sockets,
}

/// `tcp` is the stream that the socket has for itself, whatever is on it; `frames` the same if frames are: others may write them.
async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    mut io: S,
    tcp: Option<Arc<TcpStream>>,
    frames: Option<Arc<TcpStream>>,
    early: Bytes,
    permit: impl Send + 'static,
    opening: Opening,
) {
    let Opening { comer, wanted, last, encoding, sockets } = opening;
    let state = &sockets.state;
    state.metrics.connected();
    let wakeup = Arc::new(Wakeup::default());
    let peer = comer.peer;
    let opened = match admit(state, comer.pass, comer.peer, wanted) {
        Ok(admitted) => enter(&sockets, admitted, last, encoding, frames, &wakeup).await,
        Err(refused) => Err(refused),
    };
    let Joined { pass, mut subscription, consumer, member, listens, asks_roster, places } = match opened {
        Ok(opened) => opened,
        Err(refused) => return refuse(&mut io, &refused, state, peer).await,
    };
    let session = rand::random::<u64>();
    let mut outbox = Outbox::default();
    let roster = asks_roster.then(|| subscription.roster());
    let roster = OptionFuture::from(roster).await;
    let (ends, recent) = greeting(&mut subscription, &session_name(session), &state.config);
    for chunk in message(ends, &recent, roster) {
        outbox.push(chunk);
    }
    drop(recent);
    tracing::info!(session = %session_name(session), room = %subscription.room(), "websocket opened");
    let net = &state.config.net;
    let mut socket = Socket {
        io,
        session: Session::new(net, state.bus.history_size(), Instant::now())
            .consuming(consumer.is_some())
            .ending(ends_at(&pass)),
        subject: state.gate.subject(&pass, comer.peer),
        pass,
        decoder: decoder(encoding, net.message_bytes_max),
        encoding,
        subscription,
        consumer,
        page: None,
        pending: Pending::default(),
        ending: false,
        is_abandoned: false,
        listens,
        member,
        fanouts: Arc::clone(&sockets.fanouts),
        alarm: sockets.wheel.alarm(Arc::clone(&wakeup)),
        wakeup,
        outbox,
        inbox: BytesMut::from(&early[..]),
        state: state.clone(),
    };
    // A task of its own: this one is large, and would be kept as long as the connection.
    tokio::spawn(async move {
        let code = socket.run().await;
        if let Some(tcp) = tcp.filter(|_| socket.is_abandoned) {
            let _ = tcp.set_zero_linger();
        }
        socket.state.metrics.closed(code);
        audited::tell(&socket.state.audit, code, Some(&socket.pass), peer);
        tracing::info!(session = %session_name(session), code, "websocket closed");
        drop((socket, permit, places));
    });
}

fn decoder(encoding: Encoding, message_bytes_max: usize) -> Decoder {
    match encoding {
        Encoding::Plain => Decoder::new(message_bytes_max),
        Encoding::Deflate { .. } => Decoder::with_deflate(message_bytes_max),
    }
}

/// A connection that has its place in a room.
struct Joined {
    pass: Pass,
    subscription: Subscription,
    consumer: Option<Reader>,
    member: Option<Member>,
    listens: bool,
    asks_roster: bool,
    places: Vec<Place>,
}

/// Closes a connection that gets no place in a room. A browser sees the reason of a close, but not of a refused handshake.
async fn refuse(
    io: &mut (impl AsyncRead + AsyncWrite + Unpin),
    refused: &UpgradeRefused,
    state: &AppState,
    peer: Option<IpAddr>,
) {
    if matches!(refused, UpgradeRefused::Token(_)) {
        state.metrics.refused("token");
    }
    let (code, reason) = refused.close();
    state.metrics.closed(code.code());
    audited::tell(&state.audit, code.code(), None, peer);
    let _ = io.write_all(&codec::close_frame(code.code(), &reason)).await;
    linger(io).await;
}

/// When a token ends, on the clock of connections.
fn ends_at(pass: &Pass) -> Option<Instant> {
    pass.lifetime(unix_seconds()).map(|lifetime| Instant::now() + lifetime)
}

/// What a client may and wants, and its places.
type Admitted = (Pass, StreamQuery, Vec<Place>);

/// What a client wants, as far as it may have it.
fn admit(
    state: &AppState,
    pass: Result<Pass, TokenError>,
    peer: Option<IpAddr>,
    wanted: Result<StreamQuery, QueryError>,
) -> Result<Admitted, UpgradeRefused> {
    let (pass, mut wanted) = (pass?, wanted?);
    wanted.narrow(&pass)?;
    let subject = state.gate.subject(&pass, peer);
    let is_replay = wanted.is_replay();
    let places = if wanted.listen { state.places(&subject, &wanted.room, is_replay)? } else { vec![] };
    state.count_room(&subject, &wanted.room)?;
    Ok((pass, wanted, places))
}

async fn enter(
    sockets: &Sockets,
    (pass, query, places): Admitted,
    last: Option<LastId>,
    encoding: Encoding,
    stream: Option<Arc<TcpStream>>,
    wakeup: &Arc<Wakeup>,
) -> Result<Joined, UpgradeRefused> {
    let bus = &sockets.state.bus;
    if !query.listen {
        let room = bus.open_room(&query.room).await.map_err(stream::StreamRefused::from)?;
        room.recall_history().await;
        let subscription = ArcaneEventBus::join_uncounted(&room, query.recent);
        return Ok(Joined {
            pass,
            subscription,
            consumer: None,
            member: None,
            listens: false,
            asks_roster: query.roster,
            places,
        });
    }
    let evicted = Arc::clone(wakeup);
    let since = last.as_ref().map(|last| &last.since);
    let evict = Box::new(move || evicted.wake(Reason::Evicted));
    let opened = stream::open(bus, &query, since, evict).await?;
    let is_replay = query.is_replay();
    let member = stream
        .filter(|_| !is_replay)
        .map(|stream| {
            sockets.fanouts.member(&query.room, &query.filter, encoding, stream, Arc::clone(wakeup))
        })
        .transpose()
        .map_err(stream::StreamRefused::from)?;
    let stream::Opened { subscription, consumer } = opened;
    Ok(Joined { pass, subscription, consumer, member, listens: true, asks_roster: query.roster, places })
}

fn open(accepted: Handshake, agreed: Option<Agreed>, speaks_ours: bool) -> Response {
    let mut response = Response::new(Body::empty());
    if let Handshake::Upgrade(key) = accepted {
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, key);
    }
    if speaks_ours {
        let ours = HeaderValue::from_static(credentials::SUBPROTOCOL);
        response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, ours);
    }
    if let Some(agreed) = agreed {
        response.headers_mut().insert(header::SEC_WEBSOCKET_EXTENSIONS, agreed.response);
    }
    response
}
