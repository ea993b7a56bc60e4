//! What became of a publication.

use arcane_shared::Seq;

use crate::bus::{LogError, Outcome, Receipt, Run};

/// Events that were handed in, now or before with the same key.
#[derive(Debug)]
pub(crate) struct Submitted {
    /// How many there are.
    pub(crate) count: usize,
    /// Tells when what was asked for is true of them, and their numbers.
    pub(crate) receipt: Receipt,
}

impl Submitted {
    /// A publication without an event.
    pub(super) fn nothing() -> Self {
        Self { count: 0, receipt: Receipt::done(Run::EMPTY) }
    }

    /// Completes once they are in the log.
    ///
    /// # Errors
    /// If they were taken back: then nobody has seen them.
    pub(crate) async fn logged(&mut self) -> Result<Run, LogError> {
        self.receipt.logged().await
    }

    /// Their numbers, in order: none before [`Self::logged`] if the log gives them.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = Seq> + use<> {
        self.receipt.run().unwrap_or(Run::EMPTY).numbers()
    }
}

impl From<Outcome> for Submitted {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Again(receipt) => {
                let count = receipt.run().map_or(0, |run| run.count);
                Self { count: usize::try_from(count).unwrap_or(usize::MAX), receipt }
            }
            Outcome::New(emitted) => Self { count: emitted.outcomes().count(), receipt: emitted.receipt },
        }
    }
}
