//! Wakes a connection's task and says why.

use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;

/// Any thread may wake the one task of a connection. No wake-up is lost: reasons are kept until the task takes them.
#[derive(Debug, Default)]
pub(crate) struct Wakeup {
    reasons: AtomicU8,
    waker: AtomicWaker,
}

/// Why a task is woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Reason {
    /// The fan-out list has let the reader go.
    Left = 1,
    /// A deadline has come, or is about to.
    Time = 2,
    /// The server is about to stop.
    Drain = 4,
    /// Another reader reads in this durable consumer's name, or it was deleted.
    Evicted = 8,
    /// Keys or revocations have changed.
    Gate = 16,
}

/// The reasons since the task took them last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reasons(u8);

impl Wakeup {
    /// Wakes the task.
    pub(crate) fn wake(&self, reason: Reason) {
        self.reasons.fetch_or(reason as u8, Ordering::AcqRel);
        self.waker.wake();
    }

    /// Completes when there is a reason, and takes all. Cancel-safe.
    pub(crate) fn poll_reasons(&self, context: &mut Context<'_>) -> Poll<Reasons> {
        // Registered before looking: a wake-up in between is seen or wakes.
        self.waker.register(context.waker());
        match self.reasons.swap(0, Ordering::AcqRel) {
            0 => Poll::Pending,
            reasons => Poll::Ready(Reasons(reasons)),
        }
    }
}

impl Reasons {
    /// Whether this is one of them.
    pub(crate) fn has(self, reason: Reason) -> bool {
        self.0 & reason as u8 != 0
    }
}
