//! Where the event log is that servers of NATS keep. The variable of `--log` has another name: `ARCANE_LOG` says what is logged.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;

use crate::config::NatsConfig;

/// Flags of a log that other nodes share. Each is a variable `ARCANE_…` and a key of `arcane.toml` as well.
#[derive(Debug, Clone, Args)]
pub(super) struct LogFlags {
    /// Keep events on servers of NATS JetStream, and not in the data directory: their addresses, such as
    /// nats://10.0.0.1:4222,nats://10.0.0.2:4222.
    #[arg(long, env = "ARCANE_EVENT_LOG", hide_env_values = true, value_delimiter = ',', value_name = "URL")]
    log: Vec<String>,
    /// A .creds file for these servers.
    #[arg(long, env = "ARCANE_LOG_CREDENTIALS", value_name = "FILE")]
    log_credentials: Option<PathBuf>,
    /// Authorities that sign the certificates of these servers, instead of the system's: a file of PEM.
    #[arg(long, env = "ARCANE_LOG_TLS_CA", value_name = "FILE")]
    log_tls_ca: Option<PathBuf>,
    /// The certificate with which this node connects to these servers, a file of PEM.
    #[arg(long, env = "ARCANE_LOG_TLS_CERT", value_name = "FILE")]
    log_tls_cert: Option<PathBuf>,
    /// The key of that certificate, a file of PEM.
    #[arg(long, env = "ARCANE_LOG_TLS_KEY", value_name = "FILE")]
    log_tls_key: Option<PathBuf>,
    /// The monitoring of each of these servers, such as http://10.0.0.1:8222,http://10.0.0.2:8222: ack=synced is taken while all
    /// of them say that they write to the disk first.
    #[arg(long, env = "ARCANE_LOG_MONITOR", value_delimiter = ',', value_name = "URL")]
    log_monitor: Vec<String>,
    /// How many of these servers keep each room: 3, or 1 for what may be away or lost with one of them.
    #[arg(long, env = "ARCANE_LOG_REPLICAS", default_value = "3", value_parser = ["1", "3"])]
    log_replicas: String,
    /// What names of streams, subjects and buckets begin with; two realms on the same servers need two.
    #[arg(long, env = "ARCANE_LOG_PREFIX", default_value = "arcane")]
    log_prefix: String,
}

impl LogFlags {
    /// The settings of the log; `None` if it is kept by this process.
    ///
    /// # Errors
    /// If a setting has no meaning without another.
    pub(super) fn read(&self) -> anyhow::Result<Option<NatsConfig>> {
        let Self {
            log,
            log_credentials,
            log_tls_ca,
            log_tls_cert,
            log_tls_key,
            log_monitor,
            log_replicas,
            log_prefix,
        } = self;
        if log.is_empty() {
            for (set, flag) in [
                (log_credentials.is_some(), "--log-credentials"),
                (log_tls_ca.is_some(), "--log-tls-ca"),
                (log_tls_cert.is_some(), "--log-tls-cert"),
                (log_tls_key.is_some(), "--log-tls-key"),
                (!log_monitor.is_empty(), "--log-monitor"),
            ] {
                if set {
                    bail!(
                        "{flag} is for servers of NATS; name them with --log nats://host:4222, or leave it out"
                    );
                }
            }
            return Ok(None);
        }
        match (log_tls_cert, log_tls_key) {
            (Some(_), None) => {
                bail!("--log-tls-cert needs --log-tls-key, the file of the certificate's private key")
            }
            (None, Some(_)) => bail!("--log-tls-key needs --log-tls-cert, the file of the key's certificate"),
            _ => {}
        }
        Ok(Some(NatsConfig {
            servers: log.iter().map(|url| url.trim().to_owned()).collect(),
            credentials: log_credentials.clone(),
            tls_ca: log_tls_ca.clone(),
            tls_client: log_tls_cert.clone().zip(log_tls_key.clone()),
            monitors: log_monitor.iter().map(|url| url.trim().to_owned()).collect(),
            is_replicated: log_replicas == "3",
            prefix: log_prefix.clone(),
        }))
    }
}
