//! What became of a publication.

use arcane_shared::Seq;

use crate::bus::{Known, LogError, Outcome, Receipt};

/// Events that were handed in, now or before with the same key.
#[derive(Debug)]
pub(crate) struct Submitted {
    /// Their numbers.
    pub(crate) run: Known,
    /// Tells when what was asked for is true of them.
    pub(crate) receipt: Receipt,
}

impl Submitted {
    /// A publication without an event.
    pub(super) fn nothing() -> Self {
        Self { run: Known { first: 1, count: 0 }, receipt: Receipt::done() }
    }

    /// Completes once they are in the log.
    ///
    /// # Errors
    /// If they were taken back: then nobody has seen them.
    pub(crate) async fn logged(&mut self) -> Result<(), LogError> {
        self.receipt.logged().await
    }

    /// Their numbers, in order.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = Seq> + use<> {
        let Known { first, count } = self.run;
        first..first + count
    }
}

impl From<Outcome> for Submitted {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Again(run, receipt) => Self { run, receipt },
            Outcome::New(emitted) => {
                let first = emitted.frames.first().map_or(0, |frame| frame.seq());
                let run = Known { first, count: emitted.frames.len() as u64 };
                Self { run, receipt: emitted.receipt }
            }
        }
    }
}
