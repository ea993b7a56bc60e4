//! Sends events to a room's stream, and says what came of them.
//!
//! One event is a message. Several are one atomic batch (ADR-50 of NATS): the stream takes all of them, next to each other,
//! or none. Every message has an id, so sending again what was not answered stores nothing twice.

use std::time::Duration;

use arcane_shared::Seq;
use async_nats::jetstream::context::{
    Context, ContextBuilder, PublishAckFuture, PublishError, PublishErrorKind,
};
use async_nats::jetstream::{self, message::PublishMessage};
use async_nats::{Client, HeaderMap, header};
use tokio::sync::watch;

use super::connect::Connection;
use super::message::{Entry, Unwritable};

/// Most events of one batch: what a server takes.
pub const BATCH_MAX: usize = 1000;
/// JetStream's answer where the latest message of the subject is another one than was expected.
pub const ANOTHER_LAST: u64 = 10_071;
/// How long one answer is waited for.
pub const ANSWER_MAX: Duration = Duration::from_secs(2);
/// Most messages that wait for their answer at once; further ones wait to be sent, for [`ANSWER_MAX`].
const WAITING_MAX: usize = 4096;

const BATCH_ID: &str = "Nats-Batch-Id";
const BATCH_SEQUENCE: &str = "Nats-Batch-Sequence";
const BATCH_COMMIT: &str = "Nats-Batch-Commit";
const ID_OF_A_BATCH_IS_KNOWN: u64 = 10201;
const TOO_LARGE: u64 = 10054;

/// What must hold for a stream to take events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Nothing.
    None,
    /// The latest message of the stream has this number (0: there is none). The numbers of events that wait for their
    /// answers are known ahead, so they can be sent one behind the other.
    Last(Seq),
    /// The latest message of the subject has this number (0: there is none). Only one may be on the way for each subject.
    LastOfSubject(Seq),
}

/// What came of events that were sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// They are in the stream.
    Taken {
        /// The number of the first.
        first: Seq,
        /// How many there are, next to each other.
        count: u64,
    },
    /// The event was in the stream already, under this number: its id is known.
    Again {
        /// Its number.
        first: Seq,
    },
    /// The id of an event of the batch is known, so the stream took none of them now. It says neither which nor where.
    AgainBatch,
    /// The id stands for other events in the stream. [`super::known`] finds that out.
    Other,
    /// The stream did not take them, and never will have.
    Refused {
        /// JetStream's code of the error, for example 10071 for another latest message than [`Condition`] says, 10060 for
        /// another stream, 10047 for full storage.
        code: u64,
        /// What it said.
        text: String,
    },
    /// It is not known what came of them, unless [`Silence`] says so.
    Unanswered(Silence),
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// There is no connection. Nothing was sent, and nothing will be.
    NotSent,
    /// No server keeps the stream, or it has no leader at the moment. A single event was not taken.
    NoResponders,
    /// The connection ended while the answer was waited for.
    Lost,
    /// There was no answer within [`ANSWER_MAX`].
    Late,
}

/// Why events cannot be sent at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsendable {
    /// An event that cannot be written.
    #[error(transparent)]
    Entry(#[from] Unwritable),
    /// None, or more than a batch may have.
    #[error("a batch has 1 to {BATCH_MAX} events, not {0}")]
    Count(usize),
}

/// The way to the streams of a connection. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Publisher {
    client: Client,
    context: Context,
    connected: watch::Receiver<bool>,
}

/// Events that are on their way. What is sent next is taken after them.
#[derive(Debug)]
#[must_use = "what came of the events is in its outcome"]
pub struct Sent(Way);

#[derive(Debug)]
enum Way {
    Over(Outcome),
    Waiting { answer: PublishAckFuture, count: u64, connected: watch::Receiver<bool> },
}

impl Publisher {
    /// The way to the streams of a connection.
    #[must_use]
    pub fn new(connection: &Connection) -> Self {
        let client = connection.client().clone();
        let context = ContextBuilder::new().timeout(ANSWER_MAX).max_ack_inflight(WAITING_MAX);
        let context = context.ack_timeout(ANSWER_MAX).build(client.clone());
        Self { client, context, connected: connection.connected() }
    }

    /// The number of the message that a stream with so many replicas knows under an id; `None` if it knows none, or does not
    /// say. Nothing is stored: what is sent could only be taken if something was true that never is.
    pub async fn number_of(&self, stream: &str, subject: &str, id: &str, replicas: usize) -> Option<Seq> {
        let mut headers = HeaderMap::new();
        headers.insert(header::NATS_MESSAGE_ID, id);
        headers.insert(header::NATS_EXPECTED_STREAM, stream);
        // A replicated stream looks for its id before it looks at the sequence, and one that is not replicated before it
        // looks at the latest id (nats-server 2.15.1).
        if replicas > 1 {
            headers.insert(header::NATS_EXPECTED_LAST_SEQUENCE, u64::MAX.to_string());
        } else {
            headers.insert(header::NATS_EXPECTED_LAST_MESSAGE_ID, format!("{:032x}", rand::random::<u128>()));
        }
        if !*self.connected.borrow() {
            return None;
        }
        let asking = self.context.send_publish(subject.to_owned(), PublishMessage::build().headers(headers));
        let answer = tokio::time::timeout(ANSWER_MAX, asking).await.ok()?.ok()?;
        answer.await.ok().filter(|answer| answer.duplicate).map(|answer| answer.sequence)
    }

    /// Sends events to the stream that keeps `subject`: one, or up to [`BATCH_MAX`] as one atomic batch. It returns once
    /// they are sent, so several calls may be on the way at once; on one connection a stream takes them in the order of
    /// the calls. If it refuses one of them, it may nevertheless take the next, unless [`Condition::Last`] excludes that.
    ///
    /// If the future is dropped before it returns, the events may be sent or not; a server forgets a part of a batch after 10 s.
    ///
    /// A batch costs a stream with one replica about 4 ms, since it is written through to the disk first: a few events that
    /// need not be next to each other are quicker one behind the other.
    ///
    /// # Errors
    /// If the events cannot be sent. Then none was.
    pub async fn send(
        &self,
        stream: &str,
        subject: &str,
        entries: &[Entry],
        condition: Condition,
    ) -> Result<Sent, Unsendable> {
        if !(1..=BATCH_MAX).contains(&entries.len()) {
            return Err(Unsendable::Count(entries.len()));
        }
        let mut messages = Vec::with_capacity(entries.len());
        let batch = (entries.len() > 1).then(|| format!("{:016x}", rand::random::<u64>()));
        for (n, entry) in (1_u64..).zip(entries) {
            let mut headers = entry.headers()?;
            if n == 1 {
                expect(&mut headers, stream, condition);
            }
            if let Some(batch) = &batch {
                headers.insert(BATCH_ID, batch.as_str());
                headers.insert(BATCH_SEQUENCE, n.to_string());
            }
            messages.push((headers, entry.body.json.clone()));
        }
        let mut connected = self.connected.clone();
        if !*connected.borrow_and_update() {
            return Ok(Sent::over(Outcome::Unanswered(Silence::NotSent)));
        }
        let count = entries.len() as u64;
        let (mut headers, payload) = messages.pop().expect("there is an event");
        if batch.is_some() {
            headers.insert(BATCH_COMMIT, "1");
        }
        let sending = async {
            for (headers, payload) in messages {
                let sent = self.client.publish_with_headers(subject.to_owned(), headers, payload).await;
                sent.map_err(|error| PublishError::with_source(PublishErrorKind::Other, error))?;
            }
            let last = PublishMessage::build().headers(headers).payload(payload);
            self.context.send_publish(subject.to_owned(), last).await
        };
        Ok(match tokio::time::timeout(ANSWER_MAX, sending).await {
            Err(_) => Sent::over(Outcome::Unanswered(Silence::Late)),
            Ok(Err(error)) => Sent::over(outcome_of(&error, batch.is_some())),
            Ok(Ok(answer)) => Sent(Way::Waiting { answer, count, connected }),
        })
    }
}

impl Sent {
    fn over(outcome: Outcome) -> Self {
        Self(Way::Over(outcome))
    }

    /// Waits for the answer, up to [`ANSWER_MAX`] or until the connection ends.
    pub async fn outcome(self) -> Outcome {
        let (answer, count, mut connected) = match self.0 {
            Way::Over(outcome) => return outcome,
            Way::Waiting { answer, count, connected } => (answer, count, connected),
        };
        tokio::select! {
            biased;
            answer = answer.into_future() => match answer {
                // The number of a batch is that of its last event.
                Ok(answer) if !answer.duplicate =>
                    Outcome::Taken { first: (answer.sequence + 1).saturating_sub(count), count },
                Ok(answer) => Outcome::Again { first: answer.sequence },
                Err(error) => outcome_of(&error, count > 1),
            },
            _ = connected.changed() => Outcome::Unanswered(Silence::Lost),
        }
    }
}

fn expect(headers: &mut HeaderMap, stream: &str, condition: Condition) {
    headers.insert(header::NATS_EXPECTED_STREAM, stream);
    match condition {
        Condition::None => {}
        Condition::Last(seq) => headers.insert(header::NATS_EXPECTED_LAST_SEQUENCE, seq.to_string()),
        Condition::LastOfSubject(seq) => {
            headers.insert(header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, seq.to_string());
        }
    }
}

fn outcome_of(error: &PublishError, is_batch: bool) -> Outcome {
    let source = std::error::Error::source(error);
    if let Some(said) = source.and_then(|source| source.downcast_ref::<jetstream::Error>()) {
        return match said.error_code().0 {
            ID_OF_A_BATCH_IS_KNOWN if is_batch => Outcome::AgainBatch,
            code => Outcome::Refused { code, text: said.to_string() },
        };
    }
    match error.kind() {
        PublishErrorKind::MaxPayloadExceeded => Outcome::Refused { code: TOO_LARGE, text: error.to_string() },
        PublishErrorKind::StreamNotFound => Outcome::Unanswered(Silence::NoResponders),
        PublishErrorKind::BrokenPipe => Outcome::Unanswered(Silence::Lost),
        _ => Outcome::Unanswered(Silence::Late),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;

    use super::super::message::Message;
    use super::super::tests::{Nats, entry};
    use super::*;

    impl Nats {
        async fn send(&self, entries: &[Entry], condition: Condition) -> Outcome {
            self.send_to(&self.stream, &self.subject, entries, condition).await
        }

        async fn send_to(
            &self,
            stream: &str,
            subject: &str,
            entries: &[Entry],
            condition: Condition,
        ) -> Outcome {
            self.publisher.send(stream, subject, entries, condition).await.unwrap().outcome().await
        }
    }

    fn code(outcome: &Outcome) -> u64 {
        let Outcome::Refused { code, .. } = outcome else { panic!("{outcome:?}") };
        *code
    }

    #[tokio::test]
    async fn events_are_taken_once_and_told_to_readers() {
        let Some(nats) = Nats::start().await else { return };
        let mut live = nats.connection.client().subscribe("arcane.live.main.>").await.unwrap();
        let none = Condition::None;
        assert_eq!(nats.send(&[entry(1)], none).await, Outcome::Taken { first: 1, count: 1 });
        assert_eq!(nats.send(&[entry(1)], none).await, Outcome::Again { first: 1 });
        let batch = [entry(2), entry(3), entry(4)];
        assert_eq!(nats.send(&batch, none).await, Outcome::Taken { first: 2, count: 3 });
        assert_eq!(nats.send(&batch, none).await, Outcome::AgainBatch);
        assert_eq!(nats.send(&[entry(4), entry(5)], none).await, Outcome::AgainBatch);
        assert_eq!(nats.send(&[entry(5)], none).await, Outcome::Taken { first: 5, count: 1 });
        for n in 1..=5 {
            let message = live.next().await.unwrap();
            let read = Message::read(&message.headers.unwrap(), message.payload);
            assert_eq!(read, Some(Message::Stored { seq: n, entry: entry(n) }));
        }
    }

    #[tokio::test]
    async fn what_a_stream_refuses_it_never_has() {
        let Some(nats) = Nats::start().await else { return };
        assert_eq!(code(&nats.send(&[entry(1)], Condition::Last(1)).await), 10071);
        assert_eq!(code(&nats.send(&[entry(1), entry(2)], Condition::Last(1)).await), 10071);
        assert_eq!(code(&nats.send(&[entry(1)], Condition::LastOfSubject(3)).await), 10071);
        for entries in [&[entry(1)][..], &[entry(1), entry(2)]] {
            let elsewhere = nats.send_to("other", &nats.subject, entries, Condition::None).await;
            assert_eq!(code(&elsewhere), 10060);
            let nowhere = nats.send_to("none", "none.ev", entries, Condition::None).await;
            assert_eq!(nowhere, Outcome::Unanswered(Silence::NoResponders));
        }
        let sent = nats.send(&[entry(1), entry(2)], Condition::Last(0)).await;
        assert_eq!(sent, Outcome::Taken { first: 1, count: 2 });
        assert_eq!(
            nats.send(&[entry(3)], Condition::LastOfSubject(2)).await,
            Outcome::Taken { first: 3, count: 1 }
        );
    }

    #[tokio::test]
    async fn the_number_of_an_id_is_told_and_nothing_is_stored() {
        let Some(nats) = Nats::start().await else { return };
        assert_eq!(
            nats.send(&[entry(1), entry(2), entry(3)], Condition::None).await,
            Outcome::Taken { first: 1, count: 3 }
        );
        let number = async |n, replicas| {
            let id = entry(n).id;
            nats.publisher.number_of(&nats.stream, &nats.subject, &id, replicas).await
        };
        assert_eq!((number(1, 1).await, number(3, 1).await, number(4, 1).await), (Some(1), Some(3), None));
        assert_eq!((number(1, 3).await, number(4, 3).await), (None, None), "it is not replicated");
        assert_eq!(nats.send(&[entry(4)], Condition::None).await, Outcome::Taken { first: 4, count: 1 });
    }

    #[tokio::test]
    async fn a_batch_has_a_size_that_a_server_takes() {
        let Some(nats) = Nats::start().await else { return };
        let most: Vec<Entry> = (1..=1000).map(entry).collect();
        assert_eq!(nats.send(&most, Condition::None).await, Outcome::Taken { first: 1, count: 1000 });
        let more: Vec<Entry> = (0..=1000).map(entry).collect();
        for entries in [&more[..], &[]] {
            let sent = nats.publisher.send(&nats.stream, &nats.subject, entries, Condition::None).await;
            assert_eq!(sent.unwrap_err(), Unsendable::Count(entries.len()));
        }
    }

    #[tokio::test]
    async fn events_that_follow_each_other_without_waiting_keep_their_order() {
        let Some(nats) = Nats::start().await else { return };
        let mut sent = Vec::new();
        for n in 1..=200 {
            let entries =
                if n % 50 == 0 { vec![entry(n * 10), entry(n * 10 + 1)] } else { vec![entry(n * 10)] };
            let one =
                nats.publisher.send(&nats.stream, &nats.subject, &entries, Condition::None).await.unwrap();
            sent.push((one, entries.len() as u64));
        }
        let mut next = 1;
        for (sent, count) in sent {
            assert_eq!(sent.outcome().await, Outcome::Taken { first: next, count });
            next += count;
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn silence_is_told_and_what_is_sent_again_is_stored_once() {
        let Some(mut nats) = Nats::start().await else { return };
        nats.server.pause();
        assert_eq!(nats.send(&[entry(1)], Condition::None).await, Outcome::Unanswered(Silence::Late));
        let batch = [entry(2), entry(3)];
        let sent = nats.publisher.send(&nats.stream, &nats.subject, &batch, Condition::None).await.unwrap();
        nats.server.kill();
        assert_eq!(sent.outcome().await, Outcome::Unanswered(Silence::Lost));
        assert_eq!(nats.send(&[entry(4)], Condition::None).await, Outcome::Unanswered(Silence::NotSent));
        nats.server.start_again().await;
        nats.connection.connected().wait_for(|is| *is).await.unwrap();
        let again = nats.send(&[entry(1)], Condition::None).await;
        assert!(matches!(again, Outcome::Taken { first: 1, .. } | Outcome::Again { first: 1 }), "{again:?}");
        assert_eq!(nats.send(&[entry(1)], Condition::None).await, Outcome::Again { first: 1 });
    }
}
