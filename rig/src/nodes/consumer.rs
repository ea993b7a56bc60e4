//! A durable consumer whose readers take over from each other, each at the next node, and acknowledge what they read. One that was taken over from goes on acknowledging until it is closed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_tungstenite::tungstenite::Message;

use super::client::{Client, Event};
use super::reader::{Socket, open_with};
use super::{ROOM, name};
use crate::board::Board;
use crate::history::{Ack, Turn};

/// What it is called.
const CONSUMER: &str = "rig";
/// How long a reader has the consumer before the next one takes over.
const TURN: Duration = Duration::from_millis(1500);
/// For so long a reader acknowledges nothing: only the one before it does, which has lost the consumer.
const SILENT: Duration = Duration::from_millis(500);
/// Of so many readers one acknowledges nothing at all.
const SILENT_EACH: usize = 3;
/// How long a reader that was taken over from may be left open. A node that is paused closes it afterwards.
const CLOSED_MAX: Duration = Duration::from_secs(40);
/// Pause after a node that gave no consumer.
const AGAIN_AFTER: Duration = Duration::from_millis(50);

/// A reader, from the moment that it has the consumer.
struct Reader {
    n: usize,
    socket: Socket,
    board: Board,
    consumer: Arc<str>,
    /// The last event that it was given.
    head: u64,
}

/// Lets readers take over from each other until they are told to stop.
pub(super) fn start(client: &Client, board: &Board, stops: &watch::Receiver<bool>) -> JoinHandle<()> {
    tokio::spawn(take_turns(client.clone(), board.clone(), stops.clone()))
}

async fn take_turns(client: Client, board: Board, stops: watch::Receiver<bool>) {
    let consumer: Arc<str> = CONSUMER.into();
    let mut losers = JoinSet::new();
    let mut before: Option<Reader> = None;
    let (mut n, mut node) = (0, 0);
    while !*stops.borrow() {
        let asked = board.notes.now();
        let parameters = format!("&consumer={consumer}");
        let Ok((socket, _)) = open_with(&client.addresses[node], ROOM, &parameters).await else {
            node = (node + 1) % client.nodes();
            tokio::time::sleep(AGAIN_AFTER).await;
            continue;
        };
        let began = board.notes.now();
        let (consumer, board) = (consumer.clone(), board.clone());
        let turn = Turn { consumer: consumer.clone(), n, node: name(node).into(), asked, began, first: None };
        board.notes.write(|history| history.turns.push(turn));
        if let Some(before) = before.take() {
            losers.spawn(before.lose());
        }
        let mut reader = Reader { n, socket, board, consumer, head: 0 };
        if reader.read().await {
            if !n.is_multiple_of(SILENT_EACH) {
                reader.keep(&client, node + 1).await;
            }
            before = Some(reader);
        }
        (n, node) = (n + 1, (node + 1) % client.nodes());
    }
    losers.join_all().await;
}

impl Reader {
    /// Reads and acknowledges for a turn. Gives whether the connection is still there.
    async fn read(&mut self) -> bool {
        let (silent, until) = (Instant::now() + SILENT, Instant::now() + TURN);
        loop {
            let Ok(message) = tokio::time::timeout_at(until.into(), self.socket.next()).await else {
                return true;
            };
            let is_silent = self.n.is_multiple_of(SILENT_EACH) || Instant::now() < silent;
            match message {
                Some(Ok(Message::Text(text))) => self.take(&text, !is_silent).await,
                Some(Ok(Message::Close(_)) | Err(_)) | None => return false,
                Some(Ok(_)) => {}
            }
        }
    }

    async fn take(&mut self, text: &str, acknowledges: bool) {
        let Some(event) = Event::read(text) else { return };
        if self.head == 0 {
            let n = self.n;
            self.board.notes.write(|history| {
                let turn = history.turns.iter_mut().rfind(|turn| turn.n == n);
                turn.into_iter().for_each(|turn| turn.first = Some(event.seq));
            });
        }
        self.head = event.seq;
        if !acknowledges {
            return;
        }
        let (consumer, sent) = (self.consumer.clone(), self.board.notes.now());
        let ack = Ack { consumer, turn: Some(self.n), seq: self.head, sent, kept: None };
        self.board.notes.write(|history| history.acks.push(ack));
        let text = serde_json::json!({ "type": "ack", "seq": self.head }).to_string();
        // That the connection is over is seen by who reads from it.
        let _ = self.socket.send(Message::text(text)).await;
    }

    /// Acknowledges what it has at another node, which says that it is kept.
    async fn keep(&self, client: &Client, node: usize) {
        if self.head == 0 {
            return;
        }
        let sent = self.board.notes.now();
        let is_kept = client.ack(node % client.nodes(), ROOM, &self.consumer, self.head).await;
        let kept = is_kept.then(|| self.board.notes.now());
        let ack = Ack { consumer: self.consumer.clone(), turn: None, seq: self.head, sent, kept };
        self.board.notes.write(|history| history.acks.push(ack));
    }

    /// Another reader has taken over: acknowledges on until it is told so.
    async fn lose(mut self) {
        let until = Instant::now() + CLOSED_MAX;
        loop {
            match tokio::time::timeout_at(until.into(), self.socket.next()).await {
                Ok(Some(Ok(Message::Text(text)))) => self.take(&text, true).await,
                Ok(Some(Ok(Message::Close(_)) | Err(_)) | None) => return,
                Ok(Some(Ok(_))) => {}
                Err(_) => break,
            }
        }
        let line = format!(
            "reader {} of {} is open {CLOSED_MAX:?} after another one took over",
            self.n, self.consumer
        );
        self.board.notes.write(|history| history.unexpected.push(line));
    }
}
