//! Reads messages of a stream: pages of them from any server that keeps it, or one from its leader.
//!
//! A page is asked for once and comes as one message after the other (batched direct get, ADR-31 of NATS). A server that is
//! not the leader may be some milliseconds behind: whether there is something newer, only the leader says.

use std::time::Duration;

use arcane_shared::Seq;
use async_nats::jetstream::context::{Context, RequestError, RequestErrorKind};
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::{RawMessageError, RawMessageErrorKind};
use async_nats::jetstream::{self, ErrorCode};
use async_nats::{Client, HeaderMap, header};
use bytes::Bytes;
use futures_util::StreamExt as _;
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::connect::Connection;
use super::message::number;

/// Most messages of one page.
pub const PAGE_MAX: usize = 1000;
/// How long one page may take.
pub const PAGE_TIME_MAX: Duration = Duration::from_secs(5);

/// The states of an answer that is no message.
const END_OF_BATCH: u16 = 204;
const NOT_FOUND: u16 = 404;
const NO_RESPONDERS: u16 = 503;

/// What of a stream is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// The first number, or the next one that is there.
    pub from: Seq,
    /// At most so many messages, up to [`PAGE_MAX`].
    pub messages_max: usize,
    /// About so many bytes, with headers; the first message comes in any case.
    pub bytes_max: usize,
    /// Only those of this subject, which may have wildcards.
    pub subject: Option<&'a str>,
}

/// A message as it is in a stream.
#[derive(Debug, Clone)]
pub struct Raw {
    /// Its number.
    pub seq: Seq,
    /// Its subject.
    pub subject: Box<str>,
    /// Its headers, and those of the answer.
    pub headers: HeaderMap,
    /// What it says.
    pub payload: Bytes,
}

/// What a stream answers.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// In order of their numbers.
    pub messages: Vec<Raw>,
    /// How many there are behind the last of them, or behind the place where it ended.
    pub pending: u64,
}

/// Why nothing was read. Messages that had come by then are dropped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// There is no connection. Nothing was asked.
    #[error("there is no connection to a nats-server")]
    NotConnected,
    /// The leader says that there is no such stream.
    #[error("the stream was deleted")]
    NoStream,
    /// No server answers for it.
    #[error(
        "no nats-server answers for the stream: it was deleted, the servers that keep it are down, or allow_direct is false"
    )]
    NoResponders,
    /// There was no answer in time, or only a part of it.
    #[error("the nats-server did not answer in time")]
    Late,
    /// The server takes this for no question, or cannot answer it now.
    #[error("the nats-server answered {0}")]
    Refused(String),
    /// Its servers have no leader at the moment.
    #[error("the nats-server cannot answer now: {0}")]
    NotNow(String),
    /// A message of the page was lost on its way.
    #[error("a message between {after} and {seq} was lost on its way")]
    Torn {
        /// The one before.
        after: Seq,
        /// The one after.
        seq: Seq,
    },
}

/// Reads streams of a connection. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reader {
    client: Client,
    context: Context,
    connected: watch::Receiver<bool>,
}

#[derive(Serialize)]
struct Question<'a> {
    seq: Seq,
    batch: usize,
    max_bytes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_by_subj: Option<&'a str>,
}

impl Reader {
    /// Reads streams of a connection.
    #[must_use]
    pub fn new(connection: &Connection) -> Self {
        let (client, context) = (connection.client().clone(), connection.context().clone());
        Self { client, context, connected: connection.connected() }
    }

    /// A page of a stream, from any server that keeps it; empty if there is nothing from that number on.
    ///
    /// # Errors
    /// If it did not come whole: why.
    pub async fn page(&self, stream: &str, request: Request<'_>) -> Result<Page, ReadError> {
        self.check()?;
        let Request { from, messages_max, bytes_max, subject } = request;
        let batch = messages_max.clamp(1, PAGE_MAX);
        let question =
            Question { seq: from.max(1), batch, max_bytes: bytes_max.max(1), next_by_subj: subject };
        let question = serde_json::to_vec(&question).expect("numbers and text are JSON");
        let until = Instant::now() + PAGE_TIME_MAX;
        let asking = self.ask(stream, question.into());
        let mut answers = timeout_at(until, asking).await.map_err(|_| ReadError::Late)??;
        let mut page = Page::default();
        // The server says with each message which one it sent before.
        let mut before = 0;
        while let Some(answer) = timeout_at(until, answers.next()).await.map_err(|_| ReadError::Late)? {
            let headers = answer.headers.unwrap_or_default();
            let after = numeric(&headers, header::NATS_LAST_SEQUENCE).unwrap_or(before);
            match answer.status.map(|status| status.as_u16()) {
                None => {}
                Some(NOT_FOUND) => return Ok(page),
                Some(NO_RESPONDERS) => return Err(ReadError::NoResponders),
                Some(END_OF_BATCH) if after == before => {
                    page.pending = numeric(&headers, "Nats-Num-Pending").unwrap_or(0);
                    return Ok(page);
                }
                Some(END_OF_BATCH) => return Err(ReadError::Torn { after: before, seq: after + 1 }),
                Some(status) => {
                    let text = answer.description.unwrap_or_default();
                    return Err(ReadError::Refused(format!("{status} {text}")));
                }
            }
            let Some(seq) = number(&headers) else {
                return Err(ReadError::Refused("a message without a number".into()));
            };
            if after != before {
                return Err(ReadError::Torn { after: before, seq });
            }
            let subject = headers.get_last(header::NATS_SUBJECT).map_or("", |subject| subject.as_str());
            page.messages.push(Raw { seq, subject: subject.into(), headers, payload: answer.payload });
            before = seq;
        }
        Err(ReadError::Late)
    }

    async fn ask(&self, stream: &str, question: Bytes) -> Result<async_nats::Subscriber, ReadError> {
        let inbox = self.client.new_inbox();
        let answers = self.client.subscribe(inbox.clone()).await.map_err(|_| ReadError::NotConnected)?;
        let subject = format!("$JS.API.DIRECT.GET.{stream}");
        let sent = self.client.publish_with_reply(subject, inbox, question).await;
        sent.map_err(|_| ReadError::NotConnected)?;
        Ok(answers)
    }

    /// One message of a stream, as its leader has it; `None` if it is not there.
    ///
    /// # Errors
    /// If the leader does not say.
    pub async fn message(&self, stream: &str, seq: Seq) -> Result<Option<Raw>, ReadError> {
        self.check()?;
        let stream = self.context.get_stream_no_info(stream).await.map_err(|_| ReadError::NoStream)?;
        of_the_leader(stream.get_raw_message(seq).await)
    }

    /// The latest message of a subject, as the leader of its stream has it; `None` if there is none.
    ///
    /// # Errors
    /// If the leader does not say.
    pub async fn last(&self, stream: &str, subject: &str) -> Result<Option<Raw>, ReadError> {
        self.check()?;
        let stream = self.context.get_stream_no_info(stream).await.map_err(|_| ReadError::NoStream)?;
        of_the_leader(stream.get_last_raw_message_by_subject(subject).await)
    }

    /// The client that asks.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Returns whether there is a connection at the moment.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        *self.connected.borrow()
    }

    pub(super) fn check(&self) -> Result<(), ReadError> {
        if self.is_connected() { Ok(()) } else { Err(ReadError::NotConnected) }
    }
}

fn numeric(headers: &HeaderMap, name: impl header::IntoHeaderName) -> Option<u64> {
    headers.get_last(name)?.as_str().parse().ok()
}

fn of_the_leader(answer: Result<StreamMessage, RawMessageError>) -> Result<Option<Raw>, ReadError> {
    let error = match answer {
        Ok(StreamMessage { subject, sequence, headers, payload, .. }) => {
            return Ok(Some(Raw { seq: sequence, subject: subject.as_str().into(), headers, payload }));
        }
        Err(error) => error,
    };
    match error.kind() {
        RawMessageErrorKind::NoMessageFound => Ok(None),
        RawMessageErrorKind::JetStream(said) => Err(told(&said)),
        _ => {
            let source =
                std::error::Error::source(&error).and_then(|source| source.downcast_ref::<RequestError>());
            Err(match source.map(RequestError::kind) {
                Some(RequestErrorKind::NoResponders) => ReadError::NoResponders,
                Some(RequestErrorKind::TimedOut) => ReadError::Late,
                _ => ReadError::Refused(error.to_string()),
            })
        }
    }
}

fn told(said: &jetstream::Error) -> ReadError {
    match said.error_code() {
        ErrorCode::STREAM_NOT_FOUND => ReadError::NoStream,
        ErrorCode::CLUSTER_NOT_AVAILABLE => ReadError::NotNow(said.to_string()),
        _ => ReadError::Refused(said.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Nats, entry};
    use super::*;

    fn request(from: Seq, messages_max: usize) -> Request<'static> {
        Request { from, messages_max, bytes_max: 1024 * 1024, subject: None }
    }

    fn seqs(page: &Page) -> Vec<Seq> {
        page.messages.iter().map(|raw| raw.seq).collect()
    }

    #[tokio::test]
    async fn a_stream_is_read_in_pages() {
        let Some(nats) = Nats::start().await else { return };
        let reader = Reader::new(&nats.connection);
        assert_eq!(seqs(&reader.page(&nats.stream, request(1, 5)).await.unwrap()), [0; 0]);
        for n in 1..=7 {
            nats.taken(&[entry(n)]).await;
        }
        let page = reader.page(&nats.stream, request(2, 3)).await.unwrap();
        assert_eq!((seqs(&page), page.pending), (vec![2, 3, 4], 3));
        let read =
            super::super::message::Message::read(&page.messages[0].headers, page.messages[0].payload.clone());
        assert_eq!(read, Some(super::super::message::Message::Stored { seq: 2, entry: entry(2) }));
        let page = reader.page(&nats.stream, request(5, 100)).await.unwrap();
        assert_eq!((seqs(&page), page.pending), (vec![5, 6, 7], 0));
        let small = Request { bytes_max: 1, ..request(3, 100) };
        assert_eq!(seqs(&reader.page(&nats.stream, small).await.unwrap()), [3]);
        let none = Request { subject: Some("arcane.room.main.sp"), ..request(1, 100) };
        assert_eq!(seqs(&reader.page(&nats.stream, none).await.unwrap()), [0; 0]);
        let stream = nats.connection.context().get_stream(&nats.stream).await.unwrap();
        stream.purge().sequence(5).await.unwrap();
        assert_eq!(seqs(&reader.page(&nats.stream, request(1, 2)).await.unwrap()), [5, 6]);
        assert_eq!(seqs(&reader.page(&nats.stream, request(8, 2)).await.unwrap()), [0; 0]);
    }

    #[tokio::test]
    async fn the_leader_says_what_it_has() {
        let Some(nats) = Nats::start().await else { return };
        let reader = Reader::new(&nats.connection);
        nats.taken(&[entry(1), entry(2)]).await;
        let found = reader.message(&nats.stream, 2).await.unwrap().unwrap();
        assert_eq!(super::super::message::Entry::read(&found.headers, found.payload), Ok(entry(2)));
        assert_eq!(reader.last(&nats.stream, &nats.subject).await.unwrap().unwrap().seq, 2);
        assert!(reader.message(&nats.stream, 3).await.unwrap().is_none());
        assert!(reader.last(&nats.stream, "arcane.room.main.sp").await.unwrap().is_none());
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_stream_that_is_gone_a_server_that_is_still_and_one_that_is_down_are_told_apart() {
        let Some(mut nats) = Nats::start().await else { return };
        let reader = Reader::new(&nats.connection);
        let page = async |reader: &Reader, stream: &str| reader.page(stream, request(1, 5)).await.map(|_| ());
        assert_eq!(page(&reader, "none").await, Err(ReadError::NoResponders));
        assert_eq!(reader.message("none", 1).await.map(|_| ()), Err(ReadError::NoStream));
        nats.server.pause();
        assert_eq!(page(&reader, &nats.stream).await, Err(ReadError::Late));
        assert_eq!(reader.message(&nats.stream, 1).await.map(|_| ()), Err(ReadError::Late));
        nats.server.go_on();
        assert_eq!(page(&reader, &nats.stream).await, Ok(()));
        nats.server.kill();
        nats.connection.connected().wait_for(|is| !is).await.unwrap();
        assert_eq!(page(&reader, &nats.stream).await, Err(ReadError::NotConnected));
    }
}
