//! What a publisher hands in besides its events, and what it gets.

use std::sync::Arc;

use arcane_shared::{Seq, SpellName};

use super::keys::Key;
use crate::event::{Body, PreparedFrame};
use crate::log::{Continues, Level, LogError, Receipt, Record, Run, Turn};

/// How events are to be taken.
#[derive(Debug, Clone, Default)]
pub struct Submission {
    /// What has to be true before the receipt says so.
    pub level: Level,
    /// State that is written together with the events or not at all.
    pub records: Vec<Record>,
    /// Makes sending the same again harmless.
    pub key: Option<Key>,
    /// Of a decision, where other processes decide as well: the latest one that it knows of, see
    /// [`super::HeldRoom::carried`].
    pub decided_on: Option<Seq>,
    /// Of an agent's session, where other processes may tell of it as well.
    pub continues: Option<Continues>,
    /// A large publication's, from [`super::ArcaneEventBus::turn`].
    pub turn: Turn,
}

/// Events that were taken.
#[derive(Debug)]
pub struct Emitted {
    /// The events.
    pub events: Events,
    /// Tells when what was asked for is true of them: as a rule, that they are in the log, and seen by readers.
    pub receipt: Receipt,
}

/// Events as far as they are known when they are taken: in order, next to each other, at least one.
#[derive(Debug)]
pub enum Events {
    /// They have their numbers.
    Numbered(Vec<Arc<PreparedFrame>>),
    /// The log gives them their numbers.
    Coming(Vec<Body>),
}

/// What became of a submission.
#[derive(Debug)]
pub enum Outcome {
    /// The events were taken.
    New(Emitted),
    /// They were before: the same was sent with the same key. The receipt tells when what was asked for is true of them.
    Again(Receipt),
}

impl Emitted {
    /// The numbers of the events, as far as they are known: where the log gives them, [`Self::logged`] tells.
    #[must_use]
    pub fn run(&self) -> Option<Run> {
        self.receipt.run()
    }

    /// The sentence of the last event.
    #[must_use]
    pub fn description(&self) -> String {
        match &self.events {
            Events::Numbered(frames) => frames.last().map(|frame| frame.event().description),
            Events::Coming(bodies) => bodies.last().map(|body| body.event().description),
        }
        .unwrap_or_default()
    }

    /// Which spells they are, and whether they worked.
    pub(crate) fn outcomes(&self) -> impl Iterator<Item = (SpellName, bool)> + '_ {
        let (frames, bodies): (&[_], &[_]) = match &self.events {
            Events::Numbered(frames) => (frames, &[]),
            Events::Coming(bodies) => (&[], bodies),
        };
        let frames = frames.iter().map(|frame| (frame.spell_name(), frame.success()));
        frames.chain(bodies.iter().map(|body| (body.spell_name, body.success)))
    }

    /// Completes once they are in the log, and gives their numbers.
    ///
    /// # Errors
    /// If they were taken back: then nobody has seen them.
    pub async fn logged(&mut self) -> Result<Run, LogError> {
        self.receipt.logged().await
    }
}
