//! Why the realm refuses a spell.

use arcane_shared::roster::Dollars;
use arcane_shared::{DaemonName, Timestamp};

use crate::config::BudgetSetting;

/// Why a spell was refused. A refusal is an answer of the realm, not a malformed request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It was summoned before.
    #[error("the daemon {0} already walks the realm; banish it first, or invoke it")]
    AlreadyHere(DaemonName),
    /// It was not summoned, or was banished.
    #[error("the daemon {0} is not here; summon it first")]
    NotHere(DaemonName),
    /// Others publish that it is here; the realm was never asked to summon it.
    #[error(
        "the daemon {0} is here because others publish of it, and takes no tasks from the realm; summon it first"
    )]
    OnlyPublished(DaemonName),
    /// It has to be banished first.
    #[error("the daemon {0} walks the realm and cannot be forgotten; banish it first")]
    StillHere(DaemonName),
    /// The registry is full, and every daemon in it is in use.
    #[error(
        "the realm knows {0} daemons, all of them present, and can learn of no more; banish some, or forget them with \
         DELETE /daemons/NAME"
    )]
    TooMany(usize),
    /// It has spent what it may spend on a day.
    #[error(
        "the daemon {daemon} has spent ${:.2} of today's ${:.2}, and runs nothing more until {resets_at} UTC; {setting} sets the budget",
        spent_usd.get(), budget_usd.get()
    )]
    BudgetSpent {
        /// Whose.
        daemon: DaemonName,
        /// What was spent today.
        spent_usd: Dollars,
        /// What may be spent on a day.
        budget_usd: Dollars,
        /// When the day ends.
        resets_at: Timestamp,
        /// Which setting says so.
        setting: BudgetSetting,
    },
    /// Too many invocations run.
    #[error("{0} invocations are under way and no more are accepted; try again when one has ended")]
    TooBusy(usize),
}
