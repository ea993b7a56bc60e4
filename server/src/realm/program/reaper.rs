//! Taking in what programs leave behind: orphans become the server's children, and are waited for.

use std::time::Duration;

use rustix::process::{Pid, WaitOptions, waitpid};
use tokio::signal::unix::{SignalKind, signal};

use super::adoption::{self, Adoption};
use super::table::table;
use super::{kin, leaders};

/// Least time between two looks at the table of processes.
const INTERVAL: Duration = Duration::from_millis(100);

/// Takes in the orphans that programs leave behind, and waits for those that have ended, also for those that come
/// to process 1 of a container. For a process that starts no other children than its programs.
///
/// # Errors
/// If the end of children cannot be listened for.
pub(crate) fn adopt_orphans() -> std::io::Result<()> {
    let mut ends = signal(SignalKind::child())?;
    adoption::begin();
    tokio::spawn(async move {
        while ends.recv().await.is_some() {
            let _ = tokio::task::spawn_blocking(reap).await;
            tokio::time::sleep(INTERVAL).await;
        }
    });
    Ok(())
}

/// Waits for the dead that nobody else waits for.
fn reap() {
    let leaders = leaders::lock();
    let table = table();
    let Adoption { adopts, alone } = adoption::current();
    let house = kin::Household { server: std::process::id(), adopts, alone, leaders: &leaders };
    for id in kin::zombies(&table, house) {
        let pid = i32::try_from(id).ok().and_then(Pid::from_raw);
        let _ = waitpid(pid, WaitOptions::NOHANG);
    }
}
