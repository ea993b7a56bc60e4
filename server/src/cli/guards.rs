//! The settings of `arcane serve` about agents that spend too much, or go round in circles.

use clap::Args;

use crate::config::{DailyBudget, LoopAfter};

/// When a guard speaks.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct GuardFlags {
    /// Dollars that each daemon may spend on a day that has no budget_usd of its own: told at 80 % and 100 %, then its conduit is not run.
    #[arg(long, env = "ARCANE_BUDGET_USD", value_name = "DOLLARS")]
    pub(super) budget_usd: Option<DailyBudget>,
    /// How often an agent makes one call, each time with one result, before that is told as a loop: 2 to 100; 0: never.
    #[arg(long, env = "ARCANE_LOOP_AFTER", default_value = "5", value_name = "TIMES")]
    pub(super) loop_after: LoopAfter,
}
