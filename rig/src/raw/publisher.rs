//! A publisher: one event after another, each sent again until it is answered.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use async_nats::HeaderMap;
use async_nats::jetstream::Context;
use tokio::sync::watch;

use super::SERVERS;
use super::stream::SUBJECT;
use crate::board::Board;
use crate::history::{Content, Moment, Outcome, Published};
use crate::nats::Cluster;
use crate::nats::stream::connect;

/// How long an event is sent again: longer than the servers take to choose another leader.
const AGAIN_MAX: Duration = Duration::from_secs(30);
/// Time between two tries.
const AGAIN_AFTER: Duration = Duration::from_millis(20);

/// What could not be sent within this time is not made up for.
const LATE_MAX: Duration = Duration::from_secs(1);

/// When a publisher sends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    first: Duration,
    each: Duration,
}

impl Pace {
    /// That of publisher `n` of so many, which take turns at a rate.
    pub(super) fn of(n: usize, count: usize, rate: u32) -> Self {
        let of = |events: usize| Duration::from_secs(events as u64) / rate.max(1);
        Self { first: of(n), each: of(count) }
    }
}

/// One that publishes.
pub(super) struct Publisher {
    n: usize,
    context: Context,
    board: Board,
    pace: Option<Pace>,
}

impl Publisher {
    pub(super) async fn connect(
        n: usize,
        cluster: &Cluster,
        board: Board,
        pace: Option<Pace>,
    ) -> Result<Self> {
        let (_, context) = connect(cluster, n).await?;
        Ok(Self { n, context, board, pace })
    }

    /// Publishes until it is told to stop. `acked`: when what was acknowledged last was sent.
    pub(super) async fn publish(
        self,
        acked: watch::Sender<Moment>,
        stops: watch::Receiver<bool>,
    ) -> Result<()> {
        let mut count = 0_u64;
        let mut due = Instant::now() + self.pace.map_or(Duration::ZERO, |pace| pace.first);
        while !*stops.borrow() {
            if let Some(Pace { each, .. }) = self.pace {
                tokio::time::sleep_until(due.into()).await;
                due = due.max(Instant::now().checked_sub(LATE_MAX).unwrap_or(due)) + each;
            }
            count += 1;
            let content: Content = format!("p{}-{count}", self.n).into();
            let sent = self.board.notes.now();
            self.board.sends(std::slice::from_ref(&content), sent, self.n % SERVERS);
            let outcome = self.send(&content, &acked).await?;
            let published = Published {
                room: "main".into(),
                contents: vec![content],
                key: None,
                sent,
                answered: self.board.notes.now(),
                outcome,
            };
            self.board.notes.write(|history| history.published.push(published));
        }
        Ok(())
    }

    async fn send(&self, content: &Arc<str>, acked: &watch::Sender<Moment>) -> Result<Outcome> {
        let began = self.board.notes.now();
        loop {
            let sent = self.board.notes.now();
            let mut headers = HeaderMap::new();
            headers.insert(async_nats::header::NATS_MESSAGE_ID, &**content);
            let payload = content.to_string().into();
            let taken = match self.context.publish_with_headers(SUBJECT, headers, payload).await {
                Ok(answer) => answer.await,
                Err(error) => Err(error),
            };
            match taken {
                Ok(ack) => {
                    acked.send_if_modified(|last| {
                        let is_later = *last < sent;
                        *last = (*last).max(sent);
                        is_later
                    });
                    return Ok(Outcome::Taken { first: ack.sequence });
                }
                Err(error) if is_an_answer(&error) => return Err(error).context("publishing"),
                Err(_) if self.board.notes.now() - began > AGAIN_MAX => return Ok(Outcome::Unknown),
                Err(_) => tokio::time::sleep(AGAIN_AFTER).await,
            }
        }
    }
}

/// Whether the stream said no, which nothing here gives it cause for.
fn is_an_answer(error: &async_nats::jetstream::context::PublishError) -> bool {
    use async_nats::jetstream::context::PublishErrorKind::{
        MaxPayloadExceeded, WrongLastMessageId, WrongLastSequence,
    };
    matches!(error.kind(), MaxPayloadExceeded | WrongLastMessageId | WrongLastSequence)
}
