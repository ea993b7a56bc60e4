//! `arcane forget DAEMON` and `arcane close ROOM`.

use clap::Args;

use super::Target;

/// Forgets an absent daemon and what it has done.
#[derive(Debug, Clone, Args)]
pub(super) struct Forget {
    /// The daemon's name.
    daemon: String,
    #[command(flatten)]
    target: Target,
}

/// Closes a room that nobody uses, and deletes its events, consumers and keys.
#[derive(Debug, Clone, Args)]
pub(super) struct Close {
    /// The room's name.
    room: String,
    #[command(flatten)]
    target: Target,
}

impl Forget {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        self.target.delete("/daemons", &self.daemon).await
    }
}

impl Close {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        self.target.delete("/rooms", &self.room).await
    }
}
