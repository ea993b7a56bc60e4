//! One run of a program, and the end of everything that it started.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::process::Child;

use super::leaders;
use super::mark::Mark;
#[cfg(target_os = "linux")]
use super::{kin::Trace, sweep};

/// How long a program that was killed may take to be gone; one that hangs in the kernel takes longer.
const KILLED_MAX: Duration = Duration::from_secs(5);

/// A program that was started. Dropping this ends it and everything that it started, as far as one look finds it.
#[derive(Debug)]
pub(super) struct Run {
    leader: Option<u32>,
    #[cfg(target_os = "linux")]
    trace: Option<Trace>,
}

impl Run {
    pub(super) fn of(child: &Child, mark: Mark) -> Self {
        #[cfg(not(target_os = "linux"))]
        let _ = mark;
        Self {
            leader: child.id(),
            #[cfg(target_os = "linux")]
            trace: child.id().and_then(|leader| sweep::trace(leader, mark)),
        }
    }

    /// Completes once the program has ended. Where the system tells, nobody has waited for it by then: so long the number
    /// of its group is its own, and whatever is in the group is known to be of this run. Cancel-safe.
    pub(super) async fn over(&self, child: &mut Child) {
        #[cfg(target_os = "linux")]
        if let Some(leader) = self.leader
            && sweep::ended(leader).await.is_ok()
        {
            return;
        }
        // The task that waits once more is told what is wrong.
        let _ = child.wait().await;
    }

    /// Ends what is left of it and waits until it is gone.
    ///
    /// # Errors
    /// If the program cannot be waited for, or is not gone in time.
    pub(super) async fn end(mut self, child: &mut Child) -> io::Result<ExitStatus> {
        #[cfg(target_os = "linux")]
        if let Some(trace) = self.trace.take() {
            // Before the program itself is killed: what it started is still known by its parent.
            let swept = tokio::task::spawn_blocking(move || sweep::sweep(&trace)).await;
            if let Ok(left @ 1..) = swept {
                tracing::warn!(left, "processes that a program started cannot be ended");
            }
        }
        if child.id().is_some() {
            self.kill_group();
            // Not waited for after all: it stays known as a leader, and the runtime waits for it.
            if tokio::time::timeout(KILLED_MAX, child.wait()).await.is_err() {
                self.leader = None;
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
        if let Some(leader) = self.leader.take() {
            leaders::forget(leader);
        }
        child.wait().await
    }

    /// Only as long as nobody has waited for the leader: then its number may belong to another group.
    fn kill_group(&self) {
        #[cfg(unix)]
        if let Some(group) =
            self.leader.and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw)
        {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if self.leader.is_none() {
            return;
        }
        #[cfg(target_os = "linux")]
        if let Some(trace) = &self.trace {
            sweep::sweep(trace);
        }
    }
}
