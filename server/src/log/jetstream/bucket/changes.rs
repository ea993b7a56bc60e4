//! What changes in a bucket, as its leader tells it. Nothing is sent again: what was missed is noticed and has to be read.

use async_nats::Subscriber;
use async_nats::jetstream::stream::Republish;
use futures_util::StreamExt as _;

use super::{Kept, Raw, kept, key};
use crate::log::jetstream::message::number;

/// What was heard of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A key has this value now, or none.
    Kept {
        /// Which.
        key: String,
        /// What it has.
        kept: Kept,
    },
    /// Changes before the next one were not heard. What is kept has to be listed anew.
    Missed,
}

/// The changes of a bucket, from a moment on.
#[derive(Debug)]
pub struct Changes {
    heard: Subscriber,
    before: String,
    /// The latest change that was heard; 0 before the first.
    last: u64,
    /// A change that was heard after others were missed.
    next: Option<Change>,
}

impl Changes {
    pub(super) fn new(heard: Subscriber, bucket: &str) -> Self {
        Self { heard, before: format!("{bucket}.live."), last: 0, next: None }
    }

    /// Waits for the next change; `None` once the connection is given up. Cancel-safe. A change that is lost is noticed with
    /// the next one only, and not at all before the first: after a connection has come back, list what is kept.
    pub async fn next(&mut self) -> Option<Change> {
        if let Some(next) = self.next.take() {
            return Some(next);
        }
        loop {
            let message = self.heard.next().await?;
            let headers = message.headers.unwrap_or_default();
            let Some(seq) = number(&headers) else { continue };
            // A server that leads again may tell what it has told before.
            if seq <= self.last {
                continue;
            }
            let missed = self.last > 0 && seq > self.last + 1;
            self.last = seq;
            let change = message.subject.strip_prefix(&self.before).and_then(key::read).map(|key| {
                let raw = Raw { seq, subject: "".into(), headers, payload: message.payload };
                Change::Kept { key, kept: kept(&raw) }
            });
            if missed {
                self.next = change;
                return Some(Change::Missed);
            }
            if change.is_some() {
                return change;
            }
        }
    }
}

/// Where a bucket tells what it has taken.
pub(super) fn subjects(bucket: &str) -> String {
    format!("{bucket}.live.>")
}

/// How a bucket is set for that.
pub(super) fn republish(bucket: &str) -> Republish {
    Republish { source: format!("$KV.{bucket}.>"), destination: subjects(bucket), headers_only: false }
}
