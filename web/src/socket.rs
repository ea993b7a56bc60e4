//! The page's WebSocket: one task that speaks and listens, as long as its handle lives.
//!
//! gloo-net puts what arrives into a channel without a bound. It stays empty: the browser runs the task before it delivers
//! the next message.

use futures::channel::mpsc;
use futures::future::{Either, poll_fn, select};
use futures::{SinkExt, StreamExt};
use gloo_net::websocket::futures::WebSocket;
use gloo_net::websocket::{Message, State, WebSocketError};
use leptos::task::spawn_local;

/// Messages that may wait to be sent. They wait until the task's next turn; what is beyond is not sent.
const UNSENT_MAX: usize = 64;

/// What the server speaks; beside it stands the token, for a page can set no header.
const SUBPROTOCOL: &str = "arcane";

/// What a socket tells.
pub(crate) enum Heard {
    /// It is open; nothing has been said yet.
    Open,
    /// A text message.
    Text(String),
    /// It closed, or could not be opened.
    Closed(u16, String),
}

/// The handle to a WebSocket. Dropped, it closes the socket, and nothing more is heard of it.
pub(crate) struct Socket {
    unsent: mpsc::Sender<String>,
}

impl Socket {
    /// Opens a socket, and shows a token. `None` if the address or the token cannot be used at all.
    pub(crate) fn open(url: &str, token: Option<&String>, hear: impl Fn(Heard) + 'static) -> Option<Self> {
        let socket = match token {
            Some(token) => WebSocket::open_with_protocols(url, &[SUBPROTOCOL, &["bearer.", token].concat()]),
            None => WebSocket::open(url),
        };
        let socket = socket.ok()?;
        let (unsent, to_send) = mpsc::channel(UNSENT_MAX);
        spawn_local(converse(socket, to_send, hear));
        Some(Self { unsent })
    }

    /// Says something, if the socket is open.
    pub(crate) fn say(&self, message: String) {
        let _ = self.unsent.clone().try_send(message);
    }
}

/// Ends when the socket closes, or when its handle is gone: that ends `to_send`.
async fn converse(mut socket: WebSocket, mut to_send: mpsc::Receiver<String>, hear: impl Fn(Heard)) {
    let mut opened = poll_fn(|context| socket.poll_ready_unpin(context));
    loop {
        match select(to_send.next(), &mut opened).await {
            // It is too early to be sent.
            Either::Left((Some(_), _)) => {}
            Either::Left((None, _)) => return,
            Either::Right(_) => break,
        }
    }
    if matches!(socket.state(), State::Open) {
        hear(Heard::Open);
    }
    loop {
        match select(to_send.next(), socket.next()).await {
            Either::Left((Some(message), _)) => drop(socket.send(Message::Text(message)).await),
            Either::Right((Some(Ok(Message::Text(text))), _)) => hear(Heard::Text(text)),
            Either::Right((Some(Err(WebSocketError::ConnectionClose(close))), _)) => {
                hear(Heard::Closed(close.code, close.reason));
                return;
            }
            Either::Left((None, _)) | Either::Right((None, _)) => return,
            // Binary messages, which nobody sends; and errors, which a close follows.
            Either::Right(_) => {}
        }
    }
}
