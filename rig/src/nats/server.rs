//! One server of NATS: a process, and its files, which stay when the process ends.

use std::fs;
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::PROGRAM;
use super::config::Ports;
use super::health::healthy;
use crate::process::{Process, State};

/// How often a server is asked for its health.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// A server and its files.
#[derive(Debug)]
pub struct Server {
    process: Process,
    ports: Ports,
}

impl Server {
    /// A server that does not run yet.
    pub(super) fn new(program: &Path, home: &Path, name: &str, ports: Ports, config: &str) -> Result<Self> {
        fs::create_dir_all(home).with_context(|| home.display().to_string())?;
        let file = home.join("nats.conf");
        fs::write(&file, config).context("writing nats.conf")?;
        let arguments = vec!["--config".to_owned(), file.display().to_string()];
        Ok(Self { process: Process::new(name, program, arguments, home.join("log"), PROGRAM), ports })
    }

    /// Where clients find it.
    #[must_use]
    pub fn address(&self) -> String {
        format!("nats://127.0.0.1:{}", self.ports.clients)
    }

    /// The port for clients.
    pub(super) fn port(&self) -> u16 {
        self.ports.clients
    }

    /// Completes once it takes streams; at once if it does not run.
    ///
    /// # Errors
    /// If it has ended, or does not within `patience`: what it said last.
    pub async fn ready(&mut self, patience: Duration) -> Result<()> {
        let began = Instant::now();
        while self.state() == State::Running {
            if let Some(status) = self.ended()? {
                bail!("{} has ended ({status}): {}", self.name(), self.last_words());
            }
            match healthy(self.ports.monitor).await {
                Ok(()) => return Ok(()),
                Err(why) if began.elapsed() > patience => {
                    bail!("{} is not ready after {patience:?}: {why}: {}", self.name(), self.last_words())
                }
                Err(_) => tokio::time::sleep(ASK_EVERY).await,
            }
        }
        Ok(())
    }
}

impl Deref for Server {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}

impl DerefMut for Server {
    fn deref_mut(&mut self) -> &mut Process {
        &mut self.process
    }
}
