//! What publishers and readers of a run share: the notes, and when each event was sent, for the time until others have it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::history::{Content, Moment};
use crate::notes::Notes;

/// Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Board {
    pub(super) notes: Notes,
    sent: Arc<Mutex<Sent>>,
    taken: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct Sent {
    /// When each event was sent for the first time, and to which node.
    events: HashMap<Content, (Moment, usize)>,
    /// Of each event and each reader at another node: how long it took until the reader had it.
    delays: Vec<Duration>,
}

impl Board {
    pub(super) fn new() -> Self {
        Self { notes: Notes::begin(), sent: Arc::default(), taken: Arc::default() }
    }

    /// Events are about to be sent to a node.
    pub(super) fn sends(&self, contents: &[Content], at: Moment, node: usize) {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        sent.events.extend(contents.iter().map(|content| (content.clone(), (at, node))));
    }

    /// So many more events were acknowledged.
    pub(super) fn takes(&self, events: u64) {
        self.taken.fetch_add(events, Ordering::Relaxed);
    }

    /// How many events were acknowledged.
    pub(super) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// A reader has an event. Gives its words as the publisher has them.
    pub(super) fn reads(&self, words: &str, at: Moment, node: usize) -> Content {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((content, (began, by))) = sent.events.get_key_value(words) else { return words.into() };
        let (content, began, by) = (content.clone(), *began, *by);
        if by != node {
            sent.delays.push(at.saturating_sub(began));
        }
        content
    }

    /// The words as the publisher has them, so that they are in memory once.
    pub(super) fn words(&self, words: &str) -> Content {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        sent.events.get_key_value(words).map_or_else(|| words.into(), |(content, _)| content.clone())
    }

    /// How long events took to readers at other nodes, the quickest first.
    pub(super) fn delays(&self) -> Vec<Duration> {
        let mut delays = self.sent.lock().unwrap_or_else(PoisonError::into_inner).delays.clone();
        delays.sort_unstable();
        delays
    }
}
