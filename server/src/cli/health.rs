//! `arcane health`: a probe, for container engines and scripts.

use std::time::Duration;

use anyhow::{Context, bail};
use arcane_shared::api::{HealthAnswer, ReadyAnswer};
use arcane_shared::counted;
use clap::Args;
use reqwest::StatusCode;

use super::print::print;
use super::{Target, screen};

/// How long an answer is waited for. Probes run again and again; one that hangs would be followed by the next.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// Asks a server whether it is there: one line and status 0, or the reason and status 1.
#[derive(Debug, Clone, Args)]
pub(super) struct Health {
    /// Ask whether it takes events and spells, too: not while it stops, and not while its log takes none.
    #[arg(long)]
    ready: bool,
    #[command(flatten)]
    target: Target,
}

impl Health {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let asked = async { if self.ready { self.ready().await } else { self.health().await } };
        let Ok(answer) = tokio::time::timeout(WAIT_MAX, asked).await else {
            bail!("{} gave no answer within {} s", self.target.url, WAIT_MAX.as_secs());
        };
        Ok(print(&screen::line(&answer?))?)
    }

    async fn health(&self) -> anyhow::Result<String> {
        let HealthAnswer { status, version, uptime_s, subscribers, demo, otlp: _, log: _ } =
            self.target.send(self.target.get("/health")?).await?;
        let readers = counted(subscribers, "reader");
        let demo = if demo { ", a demo" } else { "" };
        Ok(format!("{status}: arcane {version} at {}, up {uptime_s:.0} s, {readers}{demo}", self.target.url))
    }

    async fn ready(&self) -> anyhow::Result<String> {
        let response = self.target.ask(self.target.get("/ready")?).await?;
        let (status, body) = (response.status(), response.bytes().await?);
        if !matches!(status, StatusCode::OK | StatusCode::SERVICE_UNAVAILABLE) {
            return Err(self.target.refusal(status, &body));
        }
        let url = &self.target.url;
        match serde_json::from_slice(&body) {
            Ok(ReadyAnswer { ready: true, .. }) => Ok(format!("ready: {url}")),
            Ok(ReadyAnswer { ready: false, reason, .. }) => {
                bail!("{url} is not ready: {}", reason.unwrap_or_else(|| "it does not say why".into()))
            }
            Err(_) if status == StatusCode::SERVICE_UNAVAILABLE => Err(self.target.refusal(status, &body)),
            Err(error) => Err(error).context("the server's answer cannot be read"),
        }
    }
}
