//! A reader: it follows a room over a WebSocket, and goes on at another node when its own is gone. Once its own is there again it returns.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use futures_util::{FutureExt as _, StreamExt as _};
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::client::Event;
use crate::board::Board;
use crate::history::{Read, Resume, digest};

/// How long opening a connection may take: a node that is paused does not answer.
const CONNECT_MAX: Duration = Duration::from_secs(2);
/// Pause after all nodes were asked.
const AGAIN_AFTER: Duration = Duration::from_millis(50);
/// How long a reader stays at another node before it looks for its own.
const AWAY: Duration = Duration::from_secs(3);

pub(super) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// One that follows.
pub(super) struct Reader {
    name: Arc<str>,
    room: Arc<str>,
    home: usize,
    addresses: Arc<[String]>,
    board: Board,
    /// Where it is.
    epoch: Arc<str>,
    head: u64,
    node: usize,
    socket: Socket,
}

/// The first message of a stream.
#[derive(Debug, Deserialize)]
struct Greeting {
    epoch: String,
    seq: u64,
    resume: Option<Resumed>,
}

#[derive(Debug, Deserialize)]
struct Resumed {
    recovered: bool,
    #[serde(default)]
    reason: Option<String>,
}

/// Why a connection is left.
enum Left {
    /// It is over, or the node is about to stop.
    Gone,
    /// It is time to look for the reader's own node.
    Home,
    /// The reader has everything.
    Whole,
}

impl Reader {
    /// Connects to a node, before anything was published.
    pub(super) async fn connect(
        name: Arc<str>,
        room: Arc<str>,
        home: usize,
        addresses: Arc<[String]>,
        board: Board,
    ) -> Result<Self> {
        let (socket, greeting) = open(&addresses[home], &room, None).await?;
        let Greeting { epoch, seq: head, .. } = greeting;
        let epoch = epoch.into();
        Ok(Self { name, room, home, addresses, board, epoch, head, node: home, socket })
    }

    pub(super) fn name(&self) -> Arc<str> {
        self.name.clone()
    }

    /// Follows until it has the last event, which `end` names some time.
    pub(super) async fn follow(mut self, mut end: watch::Receiver<Option<u64>>) {
        loop {
            match self.read(&mut end).await {
                Left::Whole => return,
                Left::Gone => self.go_on(self.node + 1).await,
                Left::Home => self.go_on(self.home).await,
            }
        }
    }

    async fn read(&mut self, end: &mut watch::Receiver<Option<u64>>) -> Left {
        let returns = Instant::now() + AWAY;
        loop {
            if end.borrow().is_some_and(|end| self.head >= end) {
                return Left::Whole;
            }
            tokio::select! {
                message = self.socket.next() => match message {
                    Some(Ok(Message::Text(text))) => self.take(&text),
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return Left::Gone,
                    Some(Ok(_)) => {}
                },
                Ok(()) = end.changed() => {}
                () = tokio::time::sleep_until(returns.into()), if self.node != self.home => return Left::Home,
            }
        }
    }

    fn take(&mut self, text: &str) {
        let at = self.board.notes.now();
        let Some(event) = Event::read(text) else { return };
        self.head = event.seq;
        let read = Read {
            reader: self.name.clone(),
            room: self.room.clone(),
            epoch: self.epoch.clone(),
            seq: event.seq,
            content: self.board.reads(&event.words(), at, self.node),
            digest: digest(text.as_bytes()),
            source: event.source(),
        };
        self.board.notes.write(|history| history.reads.push(read));
    }

    /// Goes on where it is, at a node or the next one that answers.
    async fn go_on(&mut self, first: usize) {
        // What the old connection has brought by now is not asked for again.
        while let Some(Some(Ok(Message::Text(text)))) = self.socket.next().now_or_never() {
            self.take(&text);
        }
        let mut node = first;
        loop {
            node %= self.addresses.len();
            let since = format!("{}:{}", self.epoch, self.head);
            if let Ok((socket, greeting)) = open(&self.addresses[node], &self.room, Some(&since)).await {
                self.resumed(node, greeting);
                (self.socket, self.node) = (socket, node);
                return;
            }
            node += 1;
            if node % self.addresses.len() == first % self.addresses.len() {
                tokio::time::sleep(AGAIN_AFTER).await;
            }
        }
    }

    fn resumed(&mut self, node: usize, greeting: Greeting) {
        let Greeting { epoch, seq, resume } = greeting;
        let refused = match resume {
            Some(Resumed { recovered: true, .. }) => None,
            Some(Resumed { reason, .. }) => Some(reason.unwrap_or_else(|| "no reason".into())),
            None => Some("the greeting does not say what became of it".into()),
        };
        let resume = Resume {
            reader: self.name.clone(),
            node: super::name(node).into(),
            room: self.room.clone(),
            seq: self.head,
            at: self.board.notes.now(),
            refused,
        };
        // It goes on where the node says, so that a hole is found once.
        if resume.refused.is_some() {
            (self.epoch, self.head) = (epoch.into(), seq);
        }
        self.board.notes.write(|history| history.resumes.push(resume));
    }
}

/// Opens a stream, and reads its first message.
async fn open(address: &str, room: &str, since: Option<&str>) -> Result<(Socket, Greeting)> {
    let since = since.map(|since| format!("&since={since}")).unwrap_or_default();
    let (socket, text) = open_with(address, room, &since).await?;
    Ok((socket, serde_json::from_str(&text).context("reading a greeting")?))
}

/// Opens a stream with further parameters, each after its `&`, and gives its first message.
pub(super) async fn open_with(address: &str, room: &str, parameters: &str) -> Result<(Socket, String)> {
    let url = format!("ws://{address}/ws/events?room={room}&recent=0{parameters}");
    let opening = async {
        let (mut socket, _) = connect_async(&url).await.context("opening a stream")?;
        match socket.next().await.context("a stream has ended")?.context("reading a greeting")? {
            Message::Text(text) => Ok((socket, text.as_str().to_owned())),
            other => bail!("{url} began with {other:?}"),
        }
    };
    tokio::time::timeout(CONNECT_MAX, opening).await.context("opening a stream")?
}
