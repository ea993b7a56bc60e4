//! Whether orphans of programs come to this process.

use std::sync::OnceLock;

use rustix::process::{getpid, set_child_subreaper};

use super::table::table;

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
pub(super) fn current() -> Adoption {
    ADOPTION.get().copied().unwrap_or_default()
}

/// Lets them come from now on.
pub(super) fn begin() {
    ADOPTION.get_or_init(adopt);
}

fn adopt() -> Adoption {
    let id = std::process::id();
    let childless = !table().iter().any(|process| process.parent == id);
    let adopts = set_child_subreaper(Some(getpid())).is_ok() || id == 1;
    // Process 1 of a container gets orphans of every process that enters the container: they are not to be ended.
    Adoption { adopts, alone: adopts && childless && id != 1 }
}
