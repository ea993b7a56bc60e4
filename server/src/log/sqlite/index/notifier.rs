//! Between those who commit or ask, and the thread that builds.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// Events that are collected before they are indexed: few large batches cost much less than many small ones.
const COLLECT_EVENTS: u64 = 4_000;
/// How long they are collected.
const COLLECT_TIME: Duration = Duration::from_secs(2);

/// Wakes the thread, and those who wait for it.
#[derive(Debug, Default)]
pub(super) struct Notifier {
    thread: OnceLock<Thread>,
    /// Committed since the thread last looked.
    pending: AtomicU64,
    /// Questions that wait for the thread.
    waiting: AtomicUsize,
    stopped: AtomicBool,
    damaged: AtomicBool,
    batches: Mutex<Batches>,
    more: Condvar,
}

/// What the thread has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Batches {
    /// Batches in the file.
    pub(super) committed: u64,
    /// How often the file was opened; a connection to an earlier one sees a file that is gone.
    pub(super) file: u64,
}

impl Notifier {
    /// The thread that [`Self::ring`] wakes is this one.
    pub(super) fn answer_here(&self) {
        let _ = self.thread.set(thread::current());
    }

    /// Events were committed. Nearly always one addition.
    pub(super) fn notify(&self, events: u64) {
        let before = self.pending.fetch_add(events.max(1), Ordering::Release);
        let after = before.saturating_add(events.max(1));
        if before == 0 || (before < COLLECT_EVENTS && after >= COLLECT_EVENTS) {
            self.wake();
        }
    }

    /// Blocks until there is something to do, and a little longer: more may come. `false`: stop.
    pub(super) fn collect(&self) -> bool {
        while self.pending.load(Ordering::Acquire) == 0 && !self.urgent() {
            thread::park();
        }
        let deadline = Instant::now() + COLLECT_TIME;
        while self.pending.load(Ordering::Acquire) < COLLECT_EVENTS && !self.urgent() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            thread::park_timeout(left);
        }
        self.pending.store(0, Ordering::Release);
        !self.stopped()
    }

    /// Blocks for `pause`, or until the end.
    pub(super) fn pause(&self, pause: Duration) {
        let deadline = Instant::now() + pause;
        while !self.stopped() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            thread::park_timeout(left);
        }
    }

    fn urgent(&self) -> bool {
        self.stopped() || self.waiting.load(Ordering::Acquire) > 0 || self.damaged.load(Ordering::Acquire)
    }

    /// Whether a question waits for the thread.
    pub(super) fn is_awaited(&self) -> bool {
        self.waiting.load(Ordering::Acquire) > 0
    }

    /// Ends the thread soon.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.wake();
        // With the lock, so that nobody is between looking and waiting.
        drop(self.lock());
        self.more.notify_all();
    }

    pub(super) fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// A reader found that the file is not what was written.
    pub(super) fn report_damage(&self) {
        self.damaged.store(true, Ordering::Release);
        self.wake();
    }

    /// Whether a reader found damage since this was last asked.
    pub(super) fn take_damage(&self) -> bool {
        self.damaged.swap(false, Ordering::AcqRel)
    }

    /// What the thread has done so far.
    pub(super) fn batches(&self) -> Batches {
        *self.lock()
    }

    /// The thread has committed a batch.
    pub(super) fn committed(&self) {
        self.lock().committed += 1;
        self.more.notify_all();
    }

    /// The thread has another file.
    pub(super) fn opened(&self) {
        let mut batches = self.lock();
        batches.file += 1;
        batches.committed += 1;
        drop(batches);
        self.more.notify_all();
    }

    /// Hurries the thread until it has done more than `seen`. `false`: not by the deadline.
    pub(super) fn await_more(&self, seen: Batches, deadline: Instant) -> bool {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        self.wake();
        let mut batches = self.lock();
        while *batches == seen && !self.stopped() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            batches = self.more.wait_timeout(batches, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        let more = *batches != seen;
        drop(batches);
        self.waiting.fetch_sub(1, Ordering::AcqRel);
        more
    }

    fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Batches> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
