//! The setting of `arcane serve` about a demo: what it excludes, and what is said of it at the start.

use clap::parser::ValueSource;
use clap::{ArgMatches, Args};

use crate::demo::ROUND_S;

/// Whether invented agents are shown.
#[derive(Debug, Clone, Args)]
pub(super) struct Demo {
    /// Show invented agents at work, ninety seconds again and again; events are in memory, and forgotten at the end.
    #[arg(long, env = "ARCANE_DEMO", default_value = "false", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    demo: bool,
}

impl Demo {
    pub(super) fn is_on(&self) -> bool {
        self.demo
    }

    /// Refuses a folder that was named beside it. One that a variable or the file names is that of a server that may run another time:
    /// it is left alone.
    pub(super) fn check(&self, matches: &ArgMatches) -> anyhow::Result<()> {
        if self.demo && matches.value_source("data_dir") == Some(ValueSource::CommandLine) {
            anyhow::bail!(
                "--demo keeps nothing, so that invented events never stand among those of your agents: leave --data-dir out, \
                 or leave --demo out"
            );
        }
        Ok(())
    }

    /// What follows the server's address on standard output.
    pub(super) fn said(&self) -> String {
        if !self.demo {
            return String::new();
        }
        format!(
            "\na demo: {ROUND_S} seconds of invented agents, again and again; nothing is kept\n\
             agents of your own: stop this, run `arcane serve` without --demo, then `arcane attach claude`"
        )
    }
}
