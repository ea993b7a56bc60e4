//! Opening what the log has, with patience where the log is on other machines: servers that were just started, or have lost a
//! leader, answer some questions before others.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{RunError, jetstream_options};
use crate::bus::ArcaneEventBus;
use crate::config::Config;
use crate::log::jetstream::JetStreamLog;
use crate::log::sqlite::SqliteLog;
use crate::log::{Fault, LogError};

/// How long a question is asked again that the log has not answered, and the pause between.
const PATIENCE: Duration = Duration::from_secs(30);
const AGAIN_AFTER: Duration = Duration::from_millis(250);

/// A bus that goes on where its log ends, or one in memory.
pub(super) async fn open_bus(config: &Config) -> Result<ArcaneEventBus, RunError> {
    if let Some(servers) = &config.log {
        let log = Arc::new(
            JetStreamLog::open(
                &jetstream_options(servers, config.data_dir.as_deref())?,
                config.bus.retention,
            )
            .await?,
        );
        let patience = Patience::begin();
        loop {
            let bus = ArcaneEventBus::with_log(config.bus.clone(), log.clone()).await;
            let bus = bus.map_err(|source| RunError::unreadable(config, source));
            if !patience.asks_again(bus.as_ref().err()).await {
                return bus;
            }
        }
    }
    let Some(dir) = &config.data_dir else { return Ok(ArcaneEventBus::new(config.bus.clone())) };
    let log = SqliteLog::open(dir, config.bus.retention)?;
    let bus = ArcaneEventBus::with_log(config.bus.clone(), Arc::new(log)).await;
    bus.map_err(|source| RunError::unreadable(config, source))
}

/// For how long what the log does not answer is asked again.
#[derive(Debug)]
pub(super) struct Patience {
    until: Instant,
}

impl Patience {
    pub(super) fn begin() -> Self {
        Self { until: Instant::now() + PATIENCE }
    }

    /// Whether it is asked again, because the log was away; after a pause.
    pub(super) async fn asks_again(&self, error: Option<&RunError>) -> bool {
        let Some(RunError::Log { source: LogError { fault: Fault::Away, detail, .. }, .. }) = error else {
            return false;
        };
        if Instant::now() >= self.until {
            return false;
        }
        tracing::debug!(%detail, "the event log cannot be read yet");
        tokio::time::sleep(AGAIN_AFTER).await;
        true
    }
}
