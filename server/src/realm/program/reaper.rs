//! Taking in what programs leave behind: orphans become the server's children, and are waited for.

use std::sync::OnceLock;
use std::time::Duration;

use rustix::process::{Pid, WaitOptions, getpid, set_child_subreaper, waitpid};
use tokio::signal::unix::{SignalKind, signal};

use super::{kin, leaders, sweep};

/// Least time between two looks at the table of processes.
const INTERVAL: Duration = Duration::from_millis(100);

/// How this process takes in orphans.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Adoption {
    /// Whether orphans of its descendants become its children.
    pub(super) adopts: bool,
    /// Whether all of its children come from its programs: it had none before, and gets none of others.
    pub(super) alone: bool,
}

static ADOPTION: OnceLock<Adoption> = OnceLock::new();

/// How orphans are taken in, if they are.
pub(super) fn adoption() -> Adoption {
    ADOPTION.get().copied().unwrap_or_default()
}

/// Takes in the orphans that programs leave behind, and waits for those that have ended, also for those that come
/// to process 1 of a container. For a process that starts no other children than its programs.
///
/// # Errors
/// If the end of children cannot be listened for.
pub(crate) fn adopt_orphans() -> std::io::Result<()> {
    let mut ends = signal(SignalKind::child())?;
    ADOPTION.get_or_init(adopt);
    tokio::spawn(async move {
        while ends.recv().await.is_some() {
            let _ = tokio::task::spawn_blocking(reap).await;
            tokio::time::sleep(INTERVAL).await;
        }
    });
    Ok(())
}

fn adopt() -> Adoption {
    let id = std::process::id();
    let childless = !sweep::table().iter().any(|process| process.parent == id);
    let adopts = set_child_subreaper(Some(getpid())).is_ok() || id == 1;
    // Process 1 of a container gets orphans of whoever enters the container: they are not to be ended.
    Adoption { adopts, alone: adopts && childless && id != 1 }
}

/// Waits for the dead that nobody else waits for.
fn reap() {
    let leaders = leaders::lock();
    let table = sweep::table();
    let Adoption { adopts, alone } = adoption();
    let house = kin::Household { server: std::process::id(), adopts, alone, leaders: &leaders };
    for id in kin::zombies(&table, house) {
        let pid = i32::try_from(id).ok().and_then(Pid::from_raw);
        let _ = waitpid(pid, WaitOptions::NOHANG);
    }
}
