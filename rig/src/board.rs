//! What publishers and readers share: the notes, and when each event was sent, for the time until readers elsewhere have it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::history::{Content, History, Moment, Outcome};
use crate::notes::Notes;

/// Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Board {
    pub(crate) notes: Notes,
    sent: Arc<Mutex<Sent>>,
    taken: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct Sent {
    /// When each event was sent for the first time, and to which node or server.
    events: HashMap<Content, (Moment, usize)>,
    /// Of each event and each reader elsewhere: how long it took until the reader had it.
    delays: Vec<Duration>,
}

/// How long it took, the quickest first.
#[derive(Debug, Default)]
pub struct Times {
    /// From sending a publication until it was acknowledged.
    pub answers: Vec<Duration>,
    /// From sending an event until a reader had it that is not at the same node or server.
    pub delays: Vec<Duration>,
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let line = |times: &[Duration]| {
            let of = |percent| percentile(times, percent).as_secs_f64() * 1000.0;
            format!(
                "p50 {:.2} ms, p99 {:.2} ms, most {:.0} ms ({} times)",
                of(50),
                of(99),
                of(100),
                times.len()
            )
        };
        writeln!(f, "sent until acknowledged: {}", line(&self.answers))?;
        write!(f, "sent until read elsewhere: {}", line(&self.delays))
    }
}

/// What so many of 100 did not exceed; nothing if there are none.
fn percentile(times: &[Duration], percent: usize) -> Duration {
    let last = times.len().saturating_sub(1);
    times.get(last * percent / 100).copied().unwrap_or_default()
}

impl Board {
    pub(crate) fn new() -> Self {
        Self { notes: Notes::begin(), sent: Arc::default(), taken: Arc::default() }
    }

    /// Events are about to be sent to a node or server.
    pub(crate) fn sends(&self, contents: &[Content], at: Moment, node: usize) {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        sent.events.extend(contents.iter().map(|content| (content.clone(), (at, node))));
    }

    /// So many more events were acknowledged.
    pub(crate) fn takes(&self, events: u64) {
        self.taken.fetch_add(events, Ordering::Relaxed);
    }

    /// How many events were acknowledged.
    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// A reader has an event. Gives its words as the publisher has them.
    pub(crate) fn reads(&self, words: &str, at: Moment, node: usize) -> Content {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((content, (began, by))) = sent.events.get_key_value(words) else { return words.into() };
        let (content, began, by) = (content.clone(), *began, *by);
        if by != node {
            sent.delays.push(at.saturating_sub(began));
        }
        content
    }

    /// The words as the publisher has them, so that they are in memory once.
    pub(crate) fn words(&self, words: &str) -> Content {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        sent.events.get_key_value(words).map_or_else(|| words.into(), |(content, _)| content.clone())
    }

    /// How long events took to readers elsewhere, and publications until they were acknowledged.
    pub(crate) fn times(&self, history: &History) -> Times {
        let mut delays = self.sent.lock().unwrap_or_else(PoisonError::into_inner).delays.clone();
        delays.sort_unstable();
        let taken = history.published.iter().filter(|of| matches!(of.outcome, Outcome::Taken { .. }));
        let mut answers: Vec<Duration> = taken.map(|of| of.answered.saturating_sub(of.sent)).collect();
        answers.sort_unstable();
        Times { answers, delays }
    }
}
