//! The programs that this process has started itself and not yet waited for.
//!
//! A process has one set of children, so this is a static: whatever reaps or ends a child asks here first
//! whether another task waits for it.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::process::{Child, Command};

static LEADERS: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// Starts a program. Nobody sees it as a child before it is known to be one that is waited for.
pub(super) fn spawn(command: &mut Command) -> io::Result<Child> {
    let mut leaders = lock();
    let child = command.spawn()?;
    leaders.extend(child.id());
    Ok(child)
}

/// It was waited for: its number may belong to another process from here on.
pub(super) fn forget(id: u32) {
    lock().remove(&id);
}

/// Their numbers. As long as this is held none is started.
pub(super) fn lock() -> MutexGuard<'static, BTreeSet<u32>> {
    LEADERS.lock().unwrap_or_else(PoisonError::into_inner)
}
