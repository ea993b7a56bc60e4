//! A reader: it follows what the stream tells (RePublish, at most once), and asks for what it was not told.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use async_nats::Message;
use futures_util::StreamExt as _;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use super::stream::{LIVE, NAME};
use crate::board::Board;
use crate::history::{Read, Source, digest};
use crate::nats::Cluster;
use crate::nats::stream::Stream;

/// How often the leader is asked for the end: the last event may not have been told, and nothing follows it.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// One that follows.
pub(super) struct Reader {
    name: Arc<str>,
    stream: Stream,
    told: async_nats::Subscriber,
    board: Board,
    server: usize,
    epoch: Arc<str>,
    head: u64,
    asked_for: usize,
}

impl Reader {
    pub(super) async fn connect(n: usize, cluster: &Cluster, board: Board) -> Result<Self> {
        let stream = Stream::of(NAME, cluster, n).await?;
        let told = stream.client.subscribe(LIVE).await.context("subscribing")?;
        let epoch = stream.info().await?.created.to_string().into();
        Ok(Self {
            name: format!("r{n}").into(),
            stream,
            told,
            board,
            server: n,
            epoch,
            head: 0,
            asked_for: 0,
        })
    }

    pub(super) fn name(&self) -> Arc<str> {
        self.name.clone()
    }

    /// Follows until it has the last event, which `end` names some time. Gives how many events it had to ask for.
    pub(super) async fn follow(mut self, mut end: watch::Receiver<Option<u64>>) -> Result<usize> {
        let (heads, mut ends_at) = watch::channel(0);
        // Apart from this task, which meanwhile takes what it is told.
        let asking = AbortOnDrop(tokio::spawn(ask(self.stream.clone(), heads)));
        // What was there at the last look, and should have been told by the next.
        let mut due = 0;
        while end.borrow().is_none_or(|end| self.head < end) {
            tokio::select! {
                told = self.told.next() => match told {
                    Some(message) => self.take(&message).await?,
                    None => bail!("{} is not told any more", self.name),
                },
                Ok(()) = ends_at.changed() => {
                    let head = *ends_at.borrow_and_update();
                    self.ask_through(std::mem::replace(&mut due, head)).await?;
                }
                Ok(()) = end.changed() => {}
            }
        }
        drop(asking);
        Ok(self.asked_for)
    }

    async fn take(&mut self, message: &Message) -> Result<()> {
        let headers = message.headers.as_ref().context("an event without headers")?;
        let seq = headers.get("Nats-Sequence").context("an event without its number")?;
        let seq: u64 = seq.as_str().parse().context("the number of an event")?;
        if seq <= self.head {
            return Ok(());
        }
        self.ask_through(seq - 1).await?;
        if seq == self.head + 1 {
            self.give(seq, &String::from_utf8_lossy(&message.payload));
        }
        Ok(())
    }

    async fn ask_through(&mut self, through: u64) -> Result<()> {
        if self.head >= through {
            return Ok(());
        }
        let from = self.head + 1;
        let contents = self.stream.events(from..=through).await?;
        for (seq, content) in (from..).zip(contents) {
            let Some(content) = content else { bail!("{}: there is no event {seq}", self.name) };
            self.asked_for += 1;
            self.give(seq, &content);
        }
        Ok(())
    }

    fn give(&mut self, seq: u64, content: &str) {
        self.head = seq;
        let (reader, epoch) = (self.name.clone(), self.epoch.clone());
        let content = self.board.reads(content, self.board.notes.now(), self.server);
        let read = Read {
            reader,
            room: NAME.into(),
            epoch,
            seq,
            digest: digest(content.as_bytes()),
            content,
            source: Source::Publisher,
        };
        self.board.notes.write(|history| history.reads.push(read));
    }
}

/// Asks for the end of the stream again and again.
async fn ask(stream: Stream, heads: watch::Sender<u64>) {
    let mut asks = tokio::time::interval(ASK_EVERY);
    asks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        asks.tick().await;
        // Without a leader nobody says it; then it is asked again.
        if let Ok(head) = stream.head().await {
            heads.send_replace(head);
        }
    }
}

/// A task that ends with its owner.
struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
