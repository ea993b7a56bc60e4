//! Arguments that narrow a token: what its reader gets, and how much its holder may do.

use anyhow::Context;
use arcane_shared::EventFilter;
use clap::Args;

use crate::gate::own_limits::{OwnLimit, OwnLimits};

#[derive(Debug, Clone, Args)]
pub(super) struct Narrowed {
    /// Its reader gets events of these spells only, comma-separated.
    #[arg(long)]
    only_spell: Option<String>,
    /// Its reader gets events of these daemons only, comma-separated.
    #[arg(long)]
    only_daemon: Option<String>,
    /// Its reader gets successes only (true), or failures only (false).
    #[arg(long)]
    only_success: Option<String>,
    /// A limit in place of the server's, less or more, such as events_per_s=100; 0 is no bound. May be said several times.
    ///
    /// There are events_per_s, bytes_per_s, spells_per_s, messages_per_s, new_rooms_per_min, new_daemons_per_min, streams, replays,
    /// queries and query_s: the server's settings without max-.
    #[arg(long = "limit", value_name = "NAME=VALUE")]
    limits: Vec<OwnLimit>,
}

impl Narrowed {
    /// What the reader gets.
    pub(super) fn filter(&self) -> anyhow::Result<EventFilter> {
        let only = [&self.only_spell, &self.only_daemon, &self.only_success].map(|text| text.as_deref());
        EventFilter::from_query(only[0], only[1], only[2])
            .map_err(|error| anyhow::anyhow!("--only-{}: {}", error.field, error.detail))
    }

    /// Limits in place of the server's.
    pub(super) fn limits(&self) -> anyhow::Result<OwnLimits> {
        OwnLimits::new(&self.limits).context("--limit")
    }
}
