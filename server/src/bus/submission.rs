//! What a publisher hands in besides its events, and what it gets.

use std::sync::Arc;

use arcane_shared::Seq;

use super::keys::{Key, Known};
use crate::event::PreparedFrame;
use crate::log::{Level, LogError, Receipt, Record, Turn};

/// How events are to be taken.
#[derive(Debug, Clone, Default)]
pub struct Submission {
    /// What has to be true before the receipt says so.
    pub level: Level,
    /// State that is written together with the events or not at all.
    pub records: Vec<Record>,
    /// Makes sending the same again harmless.
    pub key: Option<Key>,
    /// A large publication's, from [`super::ArcaneEventBus::turn`].
    pub turn: Turn,
}

/// Events that have their numbers.
#[derive(Debug)]
pub struct Emitted {
    /// In order, next to each other.
    pub frames: Vec<Arc<PreparedFrame>>,
    /// Tells when what was asked for is true of them: as a rule, that they are in the log, and seen by readers.
    pub receipt: Receipt,
}

/// What became of a submission.
#[derive(Debug)]
pub enum Outcome {
    /// The events have numbers.
    New(Emitted),
    /// They had them already: the same was sent before with the same key. The receipt tells when what was asked for is
    /// true of them.
    Again(Known, Receipt),
}

impl Emitted {
    /// The number of the last event.
    #[must_use]
    pub fn seq(&self) -> Seq {
        self.frames.last().map_or(0, |frame| frame.seq())
    }

    /// The last event.
    ///
    /// # Panics
    /// If there are no events; every way to emit takes at least one.
    #[must_use]
    pub fn frame(&self) -> &Arc<PreparedFrame> {
        self.frames.last().expect("there is at least one event")
    }

    /// Completes once they are in the log.
    ///
    /// # Errors
    /// If they were taken back: then nobody has seen them.
    pub async fn logged(&mut self) -> Result<(), LogError> {
        self.receipt.logged().await
    }
}
