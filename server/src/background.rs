//! Threads that work beside those on whom readers wait, and must not be in their way.

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Between two looks whether a thread has ended.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// How far a thread stands back: its nice value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum StandBack {
    /// The writer would have to do what the thread does not get done: a quarter.
    Slightly = 5,
    /// A question may wait for the thread: beside a thread that never rests it gets a tenth of the core.
    Awaited = 10,
    /// Nobody waits for it: a sixtieth.
    Last = 19,
}

/// Lets everything else run first: what this thread does can wait, and on a machine with one free core it would
/// otherwise stand between a publisher and its readers. It still gets its share where a core is idle.
pub(crate) fn stand_back(how_far: StandBack) {
    // Only Linux gives each thread a priority of its own; elsewhere this would be the whole process's.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, how_far as i32) {
        tracing::debug!(%error, "a thread keeps its priority");
    }
}

/// Waits until a thread has ended, until `deadline`. A thread that has not is left: what it writes is whole whenever the
/// process ends, and one that stands back gets so little of a busy machine that nobody can wait for it.
pub(crate) fn end(thread: JoinHandle<()>, deadline: Instant) {
    if !has_ended_by(&thread, deadline) {
        tracing::debug!(thread = thread.thread().name(), "a thread is left to end by itself");
    } else if thread.join().is_err() {
        tracing::error!("a thread ended in a panic");
    }
}

/// Whether a thread ends before `deadline`.
pub(crate) fn has_ended_by(thread: &JoinHandle<()>, deadline: Instant) -> bool {
    while !thread.is_finished() {
        if Instant::now() >= deadline {
            return false;
        }
        std::thread::sleep(LOOK_EVERY);
    }
    true
}
