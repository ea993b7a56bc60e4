//! State that is kept beside the events, in a key-value bucket: one message for each key, the latest one.

use std::collections::BTreeMap;
use std::time::Duration;

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::{
    AccountError, AccountErrorKind, Context, ContextBuilder, CreateKeyValueError, CreateKeyValueErrorKind,
    CreateStreamError, CreateStreamErrorKind, GetStreamErrorKind, PublishAckFuture, PublishError,
    PublishErrorKind,
};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::{self, StorageType};
use async_nats::jetstream::{self, kv};
use async_nats::{HeaderMap, header};

use super::connect::{Connection, REQUEST_MAX, Replicas};
use super::pages::{PAGE_MAX, Raw, ReadError, Reader, Request};
use crate::log::Record;

mod changes;
mod key;

pub use changes::{Change, Changes};

/// Bytes of one value. A server takes 1 MiB with everything that belongs to a message.
pub const VALUE_MAX: usize = 900 * 1024;
/// How long it can be seen that a key was deleted. Then nothing of it is left.
const MARKER_KEPT: Duration = Duration::from_hours(1);
/// Bytes of a page of values.
const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Records that are on their way at once.
const WAITING_MAX: usize = 256;

const OPERATION: &str = "KV-Operation";
const ROLLUP: &str = "Nats-Rollup";
const TTL: &str = "Nats-TTL";

/// A bucket of a connection. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Bucket {
    context: Context,
    reader: Reader,
    bucket: String,
    stream: String,
    subject: String,
}

/// What a bucket has under a key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Kept {
    /// The value; `None` if there is none, or it was deleted.
    pub value: Option<String>,
    /// Which change of the bucket wrote or deleted it; 0 if nothing did.
    pub revision: u64,
}

/// What came of a change that depends on the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swap {
    /// It is made, under this revision.
    Done(u64),
    /// The key was changed meanwhile.
    Beaten,
}

/// Why a bucket does not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BucketError {
    /// A bucket that is there and would not keep what is put into it.
    #[error("the bucket {bucket} has {wrong}: delete it, or choose another prefix")]
    Wrong {
        /// Which.
        bucket: String,
        /// What is wrong with it.
        wrong: String,
    },
    /// More than a bucket takes.
    #[error("the value of {key:?} has {bytes} bytes, more than the {VALUE_MAX} that a bucket keeps")]
    TooLarge {
        /// Its key.
        key: String,
        /// Its size.
        bytes: usize,
    },
    /// A key that no subject can hold.
    #[error("the key {0:?} is empty or too long for a bucket")]
    Key(String),
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It cannot be looked at or made at the moment.
    #[error("the bucket cannot be opened now: {0}")]
    NotNow(String),
    /// The servers do not make it.
    #[error(
        "the nats-server does not make the bucket: {0}. Look at the limits and the rights of this account, and at --log-replicas"
    )]
    NotMade(String),
    /// It refused a change.
    #[error("the bucket refused a change: {0}")]
    Refused(String),
    /// It is not known whether a change was made.
    #[error("the nats-server did not say whether it made a change")]
    Unanswered,
}

impl Bucket {
    /// A bucket, made if it is not there.
    ///
    /// # Errors
    /// If it can be neither found nor made, or is one that would not keep what is put into it.
    pub async fn open(
        connection: &Connection,
        bucket: &str,
        replicas: Replicas,
    ) -> Result<Self, BucketError> {
        let context = connection.context();
        let name = format!("KV_{bucket}");
        match context.get_stream(&name).await {
            Ok(stream) => check(bucket, &stream.cached_info().config)?,
            Err(error) => match error.kind() {
                GetStreamErrorKind::JetStream(said) if said.error_code() == ErrorCode::STREAM_NOT_FOUND => {
                    tracing::info!(bucket, "the bucket is made");
                    let made = context.create_key_value(config(bucket, replicas)).await;
                    made.map_err(|error| not_made(&error))?;
                }
                GetStreamErrorKind::JetStream(said)
                    if said.error_code() != ErrorCode::CLUSTER_NOT_AVAILABLE =>
                {
                    return Err(BucketError::Refused(error.to_string()));
                }
                _ => return Err(BucketError::NotNow(error.to_string())),
            },
        }
        let waiting = ContextBuilder::new().timeout(REQUEST_MAX).ack_timeout(REQUEST_MAX);
        Ok(Self {
            context: waiting.max_ack_inflight(WAITING_MAX).build(connection.client().clone()),
            reader: Reader::new(connection),
            bucket: bucket.to_owned(),
            stream: name,
            subject: format!("$KV.{bucket}."),
        })
    }

    /// What is under a key, as the leader has it.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn get(&self, key: &str) -> Result<Kept, BucketError> {
        let found = self.reader.last(&self.stream, &self.subject_of(key)?).await?;
        Ok(found.as_ref().map(kept).unwrap_or_default())
    }

    /// Keeps a value, whatever was there. Says its revision.
    ///
    /// # Errors
    /// If it is too large, or the bucket did not say that it has it.
    pub async fn put(&self, key: &str, value: &str) -> Result<u64, BucketError> {
        revision(self.send(key, Some(value), None).await?).await
    }

    /// Forgets a key, if it is there.
    ///
    /// # Errors
    /// If the bucket did not say that it has forgotten it.
    pub async fn delete(&self, key: &str) -> Result<u64, BucketError> {
        revision(self.send(key, None, None).await?).await
    }

    /// Keeps a value or forgets it, if the key has this revision ([`Kept::revision`]). After [`BucketError::Unanswered`] it
    /// has to be read what is there.
    ///
    /// # Errors
    /// If it is too large, or the bucket did not say what came of it.
    pub async fn swap(&self, key: &str, value: Option<&str>, revision: u64) -> Result<Swap, BucketError> {
        let sent = self.send(key, value, Some(revision)).await?;
        match sent.await {
            Ok(answer) => Ok(Swap::Done(answer.sequence)),
            Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => Ok(Swap::Beaten),
            Err(error) => Err(refused(&error)),
        }
    }

    /// Keeps and forgets records, in their order, without waiting for each.
    ///
    /// # Errors
    /// At the first that the bucket does not take. Those before it are kept, of those behind it some may be.
    pub async fn write(&self, records: &[Record]) -> Result<(), BucketError> {
        for some in records.chunks(WAITING_MAX) {
            let mut sent = Vec::with_capacity(some.len());
            for Record { key, value } in some {
                sent.push(self.send(key, value.as_deref(), None).await?);
            }
            for answer in sent {
                revision(answer).await?;
            }
        }
        Ok(())
    }

    /// What is under keys that begin so, in order of key, as a server has it that need not be the leader.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn list(&self, prefix: &str) -> Result<Vec<(String, String)>, BucketError> {
        let all = self.list_all(prefix).await?.into_iter();
        Ok(all.filter_map(|(key, kept)| Some((key, kept.value?))).collect())
    }

    /// The same with revisions, and with keys of which it can be seen that they were deleted.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn list_all(&self, prefix: &str) -> Result<Vec<(String, Kept)>, BucketError> {
        let above = prefix.rsplit_once('/').map(|(above, _)| above);
        let subject = match above.filter(|above| !above.is_empty()) {
            Some(above) => format!("{}.>", self.subject_of(above)?),
            None => format!("{}>", self.subject),
        };
        let mut all = BTreeMap::new();
        let mut from = 1;
        loop {
            let subject = Some(subject.as_str());
            let request = Request { from, messages_max: PAGE_MAX, bytes_max: PAGE_BYTES_MAX, subject };
            let page = self.reader.page(&self.stream, request).await?;
            let Some(last) = page.messages.last() else { break };
            from = last.seq + 1;
            for raw in page.messages {
                let Some(key) = raw.subject.strip_prefix(&self.subject).and_then(key::read) else {
                    tracing::warn!(subject = %raw.subject, "a key of the bucket is none of this server; it is left alone");
                    continue;
                };
                // A key that was changed while pages were read comes again, with a higher number.
                if key.starts_with(prefix) {
                    all.insert(key, kept(&raw));
                }
            }
            if page.pending == 0 {
                break;
            }
        }
        Ok(all.into_iter().collect())
    }

    /// What changes from now on of keys that begin with `prefix`, which ends with a slash: the leader tells it once a change
    /// is kept, and at most once.
    ///
    /// # Errors
    /// If there is no connection, or the prefix is none.
    pub async fn changes(&self, prefix: &str) -> Result<Changes, BucketError> {
        self.reader.check()?;
        let client = self.reader.client();
        let above = prefix.strip_suffix('/').and_then(key::write);
        let above = above.ok_or_else(|| BucketError::Key(prefix.to_owned()))?;
        let heard = client.subscribe(changes::subjects_below(&self.bucket, &above)).await;
        let heard = heard.map_err(|_| ReadError::NotConnected)?;
        // What is changed after this returns is heard.
        client.flush().await.map_err(|_| ReadError::NotConnected)?;
        Ok(Changes::new(heard, &self.bucket))
    }

    fn subject_of(&self, key: &str) -> Result<String, BucketError> {
        let written = key::write(key).ok_or_else(|| BucketError::Key(key.to_owned()))?;
        Ok(format!("{}{written}", self.subject))
    }

    async fn send(
        &self,
        key: &str,
        value: Option<&str>,
        expected: Option<u64>,
    ) -> Result<PublishAckFuture, BucketError> {
        let subject = self.subject_of(key)?;
        let mut headers = HeaderMap::new();
        if let Some(bytes) = value.map(str::len).filter(|bytes| *bytes > VALUE_MAX) {
            return Err(BucketError::TooLarge { key: key.to_owned(), bytes });
        }
        if value.is_none() {
            headers.insert(OPERATION, "PURGE");
            headers.insert(ROLLUP, "sub");
            headers.insert(TTL, format!("{}s", MARKER_KEPT.as_secs()));
        }
        if let Some(expected) = expected {
            headers.insert(header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, expected.to_string());
        }
        if !self.reader.is_connected() {
            return Err(BucketError::Read(ReadError::NotConnected));
        }
        let payload = value.unwrap_or_default().to_owned().into();
        let message = PublishMessage::build().headers(headers).payload(payload);
        self.context.send_publish(subject, message).await.map_err(|error| refused(&error))
    }
}

async fn revision(sent: PublishAckFuture) -> Result<u64, BucketError> {
    sent.await.map(|answer| answer.sequence).map_err(|error| refused(&error))
}

fn refused(error: &PublishError) -> BucketError {
    let said = std::error::Error::source(error).and_then(|source| source.downcast_ref::<jetstream::Error>());
    match (said, error.kind()) {
        (Some(said), _) => BucketError::Refused(said.to_string()),
        (None, PublishErrorKind::StreamNotFound) => BucketError::Read(ReadError::NoResponders),
        (None, PublishErrorKind::MaxPayloadExceeded) => BucketError::Refused(error.to_string()),
        (None, _) => BucketError::Unanswered,
    }
}

/// Why a bucket is not made, and whether that may be over in a moment.
fn not_made(error: &CreateKeyValueError) -> BucketError {
    let source = std::error::Error::source(error);
    let of_stream = source.and_then(|source| source.downcast_ref::<CreateStreamError>());
    let of_account = source.and_then(|source| source.downcast_ref::<AccountError>());
    let said = match (of_stream.map(CreateStreamError::kind), of_account.map(AccountError::kind)) {
        (Some(CreateStreamErrorKind::JetStream(said)), _) | (_, Some(AccountErrorKind::JetStream(said))) => {
            Some(said)
        }
        _ => None,
    };
    let text = source.map_or_else(|| error.to_string(), ToString::to_string);
    let is_passing = match (&said, error.kind()) {
        // Servers that were just started find each other; another node has made it at the same moment.
        (Some(said), _) => matches!(
            said.error_code(),
            ErrorCode::CLUSTER_NOT_AVAILABLE | ErrorCode::CLUSTER_NO_PEERS | ErrorCode::STREAM_NAME_EXIST
        ),
        (None, CreateKeyValueErrorKind::LimitMarkersNotSupported) => false,
        (None, _) => true,
    };
    if is_passing { BucketError::NotNow(text) } else { BucketError::NotMade(text) }
}

fn kept(raw: &Raw) -> Kept {
    // What the server writes when it has deleted a key by itself has another header.
    let is_deleted = raw.headers.get(OPERATION).is_some() || raw.headers.get("Nats-Marker-Reason").is_some();
    // What is no text was not written here; whoever reads the record finds that it is none.
    let value = (!is_deleted).then(|| String::from_utf8_lossy(&raw.payload).into_owned());
    Kept { value, revision: raw.seq }
}

fn config(bucket: &str, replicas: Replicas) -> kv::Config {
    kv::Config {
        bucket: bucket.to_owned(),
        description: "State of the Arcane event bus".to_owned(),
        history: 1,
        storage: StorageType::File,
        num_replicas: replicas.count(),
        limit_markers: Some(MARKER_KEPT),
        republish: Some(changes::republish(bucket)),
        ..kv::Config::default()
    }
}

fn check(bucket: &str, found: &stream::Config) -> Result<(), BucketError> {
    let wrong = [
        (found.storage != StorageType::File, "no file storage".to_owned()),
        (found.max_messages_per_subject != 1, format!("a history of {}", found.max_messages_per_subject)),
        (!found.max_age.is_zero(), format!("values that end after {:?}", found.max_age)),
        (found.max_messages > 0, format!("room for {} keys only", found.max_messages)),
        (!found.allow_message_ttl, "no allow_msg_ttl".to_owned()),
        (!found.allow_direct, "no allow_direct".to_owned()),
        (!found.allow_rollup, "no allow_rollup_hdrs".to_owned()),
        (found.republish.as_ref() != Some(&changes::republish(bucket)), "another republish".to_owned()),
    ];
    match wrong.into_iter().find(|(is, _)| *is) {
        Some((_, wrong)) => Err(BucketError::Wrong { bucket: bucket.to_owned(), wrong }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
