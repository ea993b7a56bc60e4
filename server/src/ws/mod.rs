//! `GET /ws/events`: one connection message, then events.

mod bell;
pub mod codec;
pub mod deflate;
pub(crate) mod fanout;
mod handshake;
mod named_rooms;
mod pending;
pub mod publish;
pub mod session;
mod shared_stream;
#[cfg(test)]
mod simulation;
mod socket;
mod turn;
pub(crate) mod wheel;

pub(crate) use bell::Reason;
pub(crate) use shared_stream::SharedStream;

use std::sync::Arc;
use std::time::Instant;

use arcane_shared::control::{CloseCode, Connection, ServerMessage, WELCOME};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::bus::{NoSuchRoom, Reader, Subscription};
use crate::event::PreparedFrame;
use crate::http::error::ApiError;
use crate::http::last_id::LastId;
use crate::http::query::QueryError;
use crate::http::stream_query::{Begin, StreamParams, StreamQuery};
use crate::http::streams;
use crate::serve::{Place, Wire};
use crate::state::AppState;
use bell::Bell;
use codec::Decoder;
use deflate::negotiation::{Agreed, negotiate};
use fanout::{Encoding, Member};
use handshake::{Accepted, HandshakeError};
use pending::Pending;
use session::Session;
use socket::Socket;
use turn::{Outbox, linger};

/// A first message up to this size is laid end to end.
const TOGETHER_BYTES_MAX: usize = 16 * 1024;

/// Where a WebSocket is opened.
pub(crate) const ROUTE: &str = "/ws/events";

/// The live event stream over a WebSocket.
#[utoipa::path(get, path = "/ws/events", tag = "streams", params(StreamParams), responses(
    (status = 101, description = "The socket is open: one connection message, then one event per text message"),
    (status = 403, description = "The page's origin is not allowed", body = arcane_shared::Problem, content_type = "application/problem+json"),
    (status = 426, description = "No WebSocket handshake", body = arcane_shared::Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn upgrade(State(state): State<AppState>, mut request: Request) -> Response {
    let protocol = request.extensions().get::<hyper::ext::Protocol>().map(hyper::ext::Protocol::as_str);
    let accepted = match handshake::accept(request.method(), protocol, request.headers()) {
        Ok(accepted) => accepted,
        Err(error) => return refuse(error),
    };
    let wanted = StreamQuery::read(ROUTE, request.uri().query());
    let last = LastId::from_headers(request.headers());
    let agreed = if state.config.net.compression { negotiate(request.headers()) } else { None };
    let encoding = match &agreed {
        Some(agreed) => Encoding::Deflate { together: agreed.context_takeover },
        None => Encoding::Plain,
    };
    let upgraded = hyper::upgrade::on(&mut request);
    let place = request.extensions_mut().remove::<Place>();
    let opening = Opening { wanted, last, encoding, state };
    tokio::spawn(async move {
        // The client may go away between its request and the upgrade; then there is nobody to talk to.
        let Ok(upgraded) = upgraded.await else { return };
        // A plain TCP stream can write many buffers in one system call.
        match hyper_util::server::conn::auto::upgrade::downcast::<TokioIo<Wire>>(upgraded) {
            Ok(parts) => {
                let stream = parts.io.into_inner().into_stream();
                // The stream is this connection's alone.
                let place = place.map(Place::into_connection);
                serve(SharedStream(Arc::clone(&stream)), Some(stream), parts.read_buf, place, opening).await;
            }
            Err(upgraded) => serve(TokioIo::new(upgraded), None, Bytes::new(), place, opening).await,
        }
    });
    open(accepted, agreed)
}

/// A greeting as one text message. Events are shared with whoever else has them, not copied.
fn message([head, tail]: [Vec<u8>; 2], events: &[Arc<PreparedFrame>]) -> Vec<Bytes> {
    let commas = events.len().saturating_sub(1);
    let len = head.len() + events.iter().map(|event| event.json().len()).sum::<usize>() + commas + tail.len();
    let mut chunks = vec![codec::text_header(len), Bytes::from(head)];
    for (n, event) in events.iter().enumerate() {
        if n > 0 {
            chunks.push(Bytes::from_static(b","));
        }
        chunks.push(event.json_bytes());
    }
    chunks.push(tail.into());
    if len > TOGETHER_BYTES_MAX {
        return chunks;
    }
    // Less to keep and to write.
    vec![chunks.concat().into()]
}

/// What was found out before the connection was there.
struct Opening {
    wanted: Result<StreamQuery, QueryError>,
    last: Option<LastId>,
    encoding: Encoding,
    state: AppState,
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    mut io: S,
    stream: Option<Arc<TcpStream>>,
    early: Bytes,
    place: impl Send + 'static,
    opening: Opening,
) {
    let Opening { wanted, last, encoding, state } = opening;
    state.metrics.connected();
    let bell = Arc::new(Bell::default());
    let opened = enter(&state, wanted, last, encoding, stream.clone(), &bell).await;
    let Entered { mut subscription, consumer, member, listens } = match opened {
        Ok(opened) => opened,
        Err(refused) => {
            let (code, reason) = refused.close();
            state.metrics.closed(code.code());
            // A browser sees the reason of a close, but not of a refused handshake.
            let _ = io.write_all(&codec::close_frame(code.code(), &reason)).await;
            linger(&mut io).await;
            return;
        }
    };
    let session = rand::random::<u64>();
    let mut outbox = Outbox::default();
    let (ends, recent) = greeting(&mut subscription, &session_name(session));
    for chunk in message(ends, &recent) {
        outbox.push(chunk);
    }
    drop(recent);
    tracing::info!(session = %session_name(session), room = %subscription.room(), "websocket opened");
    let net = &state.config.net;
    let mut socket = Socket {
        io,
        session: Session::new(net, state.bus.history_size(), Instant::now()).consuming(consumer.is_some()),
        decoder: match encoding {
            Encoding::Plain => Decoder::new(net.message_bytes_max),
            Encoding::Deflate { .. } => Decoder::with_deflate(net.message_bytes_max),
        },
        encoding,
        subscription,
        consumer,
        pending: Pending::default(),
        ending: false,
        is_abandoned: false,
        listens,
        member,
        fanouts: Arc::clone(&state.fanouts),
        alarm: state.wheel.alarm(Arc::clone(&bell)),
        bell,
        outbox,
        inbox: BytesMut::from(&early[..]),
        state,
    };
    // A task of its own: this one is large, and would be kept as long as the connection.
    tokio::spawn(async move {
        let code = socket.run().await;
        if let Some(stream) = stream.filter(|_| socket.is_abandoned) {
            let _ = stream.set_zero_linger();
        }
        socket.state.metrics.closed(code);
        tracing::info!(session = %session_name(session), code, "websocket closed");
        drop((socket, place));
    });
}

/// A connection that has its place in a room.
struct Entered {
    subscription: Subscription,
    consumer: Option<Reader>,
    member: Option<Member>,
    listens: bool,
}

async fn enter(
    state: &AppState,
    wanted: Result<StreamQuery, QueryError>,
    last: Option<LastId>,
    encoding: Encoding,
    stream: Option<Arc<TcpStream>>,
    bell: &Arc<Bell>,
) -> Result<Entered, Refused> {
    let query = wanted?;
    if !query.listen {
        let _held = state.bus.hold_room(&query.room).await.map_err(streams::Refused::from)?;
        let subscription = state.bus.visit(&query.room, query.recent).map_err(streams::Refused::from)?;
        return Ok(Entered { subscription, consumer: None, member: None, listens: false });
    }
    let evicted = Arc::clone(bell);
    let since = last.as_ref().map(|last| &last.since);
    let evict = Box::new(move || evicted.ring(Reason::Evicted));
    let opened = streams::open(&state.bus, &query, since, evict).await?;
    let is_replay = matches!(query.begin, Begin::From(..));
    let member = stream
        .filter(|_| !is_replay)
        .map(|stream| state.fanouts.member(&query.room, &query.filter, encoding, stream, Arc::clone(bell)))
        .transpose()
        .map_err(streams::Refused::from)?;
    Ok(Entered { subscription: opened.subscription, consumer: opened.consumer, member, listens: true })
}

/// A connection's name in logs and in its first message.
pub(crate) fn session_name(session: u64) -> String {
    format!("{session:016x}")
}

/// The connection message as JSON, a [`ServerMessage::Connection`]: what is before the events, the events as they
/// were encoded, and what is after them. In between are commas.
pub(crate) fn greeting(
    subscription: &mut Subscription,
    session: &str,
) -> ([Vec<u8>; 2], Vec<Arc<PreparedFrame>>) {
    const EVENTS: &str = "\"recent_events\":[";
    let frames = subscription.take_recent();
    let connection = ServerMessage::Connection(Connection {
        message: WELCOME.into(),
        subscriber_count: subscription.subscriber_count() as u64,
        recent_events: vec![],
        room: subscription.room().clone(),
        epoch: subscription.epoch().clone(),
        seq: subscription.cursor(),
        session: session.into(),
        resume: subscription.resume(),
    });
    let json = serde_json::to_string(&connection).expect("a greeting has string keys and finite numbers");
    // What stands before it is the server's own text.
    let at = json.find(EVENTS).expect("a greeting has a place for events") + EVENTS.len();
    let (head, tail) = json.split_at(at);
    ([head.into(), tail.into()], frames)
}

#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Query(#[from] QueryError),
    #[error(transparent)]
    Stream(#[from] streams::Refused),
}

impl Refused {
    fn close(&self) -> (CloseCode, String) {
        let code = match self {
            Self::Stream(streams::Refused::Room(NoSuchRoom::Log { .. }) | streams::Refused::Log(_)) => {
                CloseCode::GoingAway
            }
            Self::Stream(streams::Refused::Room(_)) => CloseCode::NoSuchRoom,
            Self::Stream(streams::Refused::Consumer(_)) => CloseCode::TooMany,
            Self::Query(_) => CloseCode::BadRequest,
        };
        (code, self.to_string())
    }
}

fn open(accepted: Accepted, agreed: Option<Agreed>) -> Response {
    let mut response = Response::new(Body::empty());
    if let Accepted::Upgrade(key) = accepted {
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, key);
    }
    if let Some(agreed) = agreed {
        response.headers_mut().insert(header::SEC_WEBSOCKET_EXTENSIONS, agreed.response);
    }
    response
}

fn refuse(error: HandshakeError) -> Response {
    let status = match error {
        HandshakeError::NotAnUpgrade(_) | HandshakeError::Version => StatusCode::UPGRADE_REQUIRED,
        HandshakeError::Key => StatusCode::BAD_REQUEST,
    };
    let mut response = ApiError::new(status, "handshake", error.to_string()).into_response();
    response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    response.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    response
}
