//! What changes in a bucket, as its leader tells it. Nothing is sent again, and what is lost is not noticed: list what is kept
//! from time to time.

use async_nats::Subscriber;
use async_nats::jetstream::stream::Republish;
use futures_util::StreamExt as _;

use super::{Kept, Raw, kept, key};
use crate::log::jetstream::message::number;

/// What was heard of a bucket: a key has this value now, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub key: String,
    /// What it has.
    pub kept: Kept,
}

/// The changes of keys of a bucket, from a moment on.
#[derive(Debug)]
pub struct Changes {
    heard: Subscriber,
    before: String,
    /// The latest change that was heard; 0 before the first.
    last: u64,
}

impl Changes {
    pub(super) fn new(heard: Subscriber, bucket: &str) -> Self {
        Self { heard, before: format!("{bucket}.live."), last: 0 }
    }

    /// Waits for the next change; `None` once the connection is given up. Cancel-safe.
    pub async fn next(&mut self) -> Option<Change> {
        loop {
            let message = self.heard.next().await?;
            let headers = message.headers.unwrap_or_default();
            let Some(seq) = number(&headers) else { continue };
            // A server that leads again may tell what it has told before.
            if seq <= self.last {
                continue;
            }
            self.last = seq;
            if let Some(key) = message.subject.strip_prefix(&self.before).and_then(key::read) {
                let raw = Raw { seq, subject: "".into(), headers, payload: message.payload };
                return Some(Change { key, kept: kept(&raw) });
            }
        }
    }
}

/// Where a bucket tells what it has taken.
pub(super) fn subjects(bucket: &str) -> String {
    format!("{bucket}.live.>")
}

/// Where it tells that of keys that are written so, and of those below them.
pub(super) fn subjects_below(bucket: &str, written: &str) -> String {
    format!("{bucket}.live.{written}.>")
}

/// How a bucket is set for that.
pub(super) fn republish(bucket: &str) -> Republish {
    Republish { source: format!("$KV.{bucket}.>"), destination: subjects(bucket), headers_only: false }
}
