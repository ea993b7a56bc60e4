//! The settings of `arcane serve` about a listener that has metrics alone.

use std::net::SocketAddr;

use anyhow::{Context, bail};
use clap::Args;
use tokio::net::TcpListener;

/// Where metrics are, beside `GET /metrics` of the server itself.
#[derive(Debug, Clone, Args)]
pub(super) struct MetricsListener {
    /// Address of a listener of its own for GET /metrics, where no token is wanted; port 0 takes a free one.
    #[arg(long, env = "ARCANE_METRICS_LISTEN", value_name = "ADDRESS")]
    metrics_listen: Option<SocketAddr>,
    /// Let others than this machine reach the listener of metrics, which names all rooms and wants no token.
    #[arg(long, env = "ARCANE_METRICS_PUBLIC", default_value = "false", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    metrics_public: bool,
}

impl MetricsListener {
    /// Checks that others reach it only if that was said.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        match self.metrics_listen {
            None if self.metrics_public => {
                bail!(
                    "--metrics-public is about the listener of --metrics-listen ADDRESS: name an address, or leave it out"
                )
            }
            Some(address) if !address.ip().is_loopback() && !self.metrics_public => bail!(
                "--metrics-listen {address} can be reached by others, and nobody needs a token there: listen on 127.0.0.1, or say \
                 --metrics-public if others may know rooms and figures"
            ),
            _ => Ok(()),
        }
    }

    /// The listener, if there is to be one.
    pub(super) async fn bind(&self) -> anyhow::Result<Option<TcpListener>> {
        let Some(address) = self.metrics_listen else { return Ok(None) };
        let listener = TcpListener::bind(address).await;
        listener.map(Some).with_context(|| format!("cannot listen on {address} (--metrics-listen)"))
    }
}
