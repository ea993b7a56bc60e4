//! Wakes a connection's task and says why.

use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;

/// Rung by whoever has something to say to a connection; heard by its one task. Ringing is never
/// lost: what was rung before anybody listened is heard by the next who does.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    reasons: AtomicU8,
    waker: AtomicWaker,
}

/// Why a bell was rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Reason {
    /// The fan-out list has let the reader go.
    Left = 1,
    /// A deadline has come, or is about to.
    Time = 2,
    /// The server is about to stop.
    Drain = 4,
    /// Somebody else reads in this durable consumer's name, or it was deleted.
    Evicted = 8,
}

/// The reasons for which a bell was rung since it was heard last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rung(u8);

impl Bell {
    /// Wakes the listener.
    pub(crate) fn ring(&self, reason: Reason) {
        self.reasons.fetch_or(reason as u8, Ordering::AcqRel);
        self.waker.wake();
    }

    /// Completes when the bell was rung, and takes the reasons. Cancel-safe.
    pub(crate) fn poll_rung(&self, context: &mut Context<'_>) -> Poll<Rung> {
        // Registered before looking: a ring in between is seen or wakes.
        self.waker.register(context.waker());
        match self.reasons.swap(0, Ordering::AcqRel) {
            0 => Poll::Pending,
            reasons => Poll::Ready(Rung(reasons)),
        }
    }
}

impl Rung {
    /// Whether this was among the reasons.
    pub(crate) fn has(self, reason: Reason) -> bool {
        self.0 & reason as u8 != 0
    }
}
