//! Threads that work beside the log and must not be in its way.

/// Lets everything else run first: what this thread does can wait, and on a machine with one free core it would
/// otherwise stand between a publisher and its readers. It still gets its share where a core is idle.
pub(crate) fn stand_back() {
    // Only Linux gives each thread a priority of its own; elsewhere this would be the whole process's.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, 19) {
        tracing::debug!(%error, "a thread of the event log keeps its priority");
    }
}
