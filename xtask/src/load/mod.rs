//! `cargo xtask load`: one run of clients and a publisher against a server that is already there.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "figures of a run of seconds, and single bytes of frames that were cut to their width before"
)]

pub(crate) mod answers;
mod client;
mod events;
pub(crate) mod frame;
pub(crate) mod handshake;
pub(crate) mod histogram;
pub(crate) mod messages;
pub(crate) mod metric;
pub(crate) mod options;
mod order;
pub(crate) mod peer;
mod publish;
mod publisher;
mod readers;
pub(crate) mod report;
mod run;
mod stamp;
mod stop;
pub(crate) mod usage;
pub(crate) mod way;

use anyhow::{Context as _, Result};

use options::Options;

/// Does one run and prints its report as one line of JSON. A run that is not exact is an error.
pub(crate) fn perform(options: &Options) -> Result<()> {
    let report = run::measure(options)?;
    println!("{}", serde_json::to_string(&report).context("writing the report")?);
    report.check(options)
}
