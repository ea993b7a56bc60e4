//! One node: a process of `arcane serve` on the servers of NATS, with a data directory of its own.

use std::fs;
use std::net::TcpListener;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::PROGRAM;
use crate::process::{Process, State};

/// How long a node may take until it is ready.
const READY_MAX: Duration = Duration::from_secs(60);
/// How often it is asked.
const ASK_EVERY: Duration = Duration::from_millis(50);
/// How long one answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(2);
/// Pause before a node that has ended by itself is started again, as its service would.
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// A node and its files, which stay when its process ends.
#[derive(Debug)]
pub struct Node {
    process: Process,
    port: u16,
    http: reqwest::Client,
    log: PathBuf,
    failed_starts: usize,
}

impl Node {
    /// A node that does not run yet. `servers`: where it finds the servers of NATS.
    pub(super) fn new(program: &Path, home: &Path, name: &str, servers: &[String]) -> Result<Self> {
        fs::create_dir_all(home).with_context(|| home.display().to_string())?;
        let port = free_port()?;
        let (listen, data) = (format!("127.0.0.1:{port}"), home.join("data").display().to_string());
        let servers = servers.join(",");
        let arguments = ["serve", "--listen", &listen, "--otlp-listen", "off", "--no-dashboard"];
        let of_log = ["--data-dir", &data, "--log", &servers, "--log-replicas", "3"];
        let arguments = arguments.into_iter().chain(of_log).map(str::to_owned).collect();
        let log = home.join("log");
        let process = Process::new(name, program, arguments, log.clone(), PROGRAM)
            .with("HOME", home.display().to_string())
            .with("ARCANE_LOG", std::env::var("ARCANE_LOG").unwrap_or_else(|_| "warn".to_owned()));
        // It is on this machine, and no proxy of the environment is on the way to it.
        let http = reqwest::Client::builder().tls_certs_only([]).no_proxy().timeout(ANSWER_MAX).build()?;
        Ok(Self { process, port, http, log, failed_starts: 0 })
    }

    /// Where clients find it: host and port.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The file that it writes to its standard error.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// How often it has ended by itself while it was waited for.
    #[must_use]
    pub fn failed_starts(&self) -> usize {
        self.failed_starts
    }

    /// Completes once it takes events (`GET /ready`); at once if it does not run. One that ends by itself meanwhile, because no server of NATS
    /// answered, is started again.
    ///
    /// # Errors
    /// If it does not within a minute: what it said last.
    pub async fn ready(&mut self) -> Result<()> {
        let began = Instant::now();
        while self.state() == State::Running {
            if let Some(status) = self.ended()? {
                if began.elapsed() > READY_MAX {
                    bail!("{} has ended ({status}): {}", self.name(), self.last_words());
                }
                self.failed_starts += 1;
                tokio::time::sleep(AGAIN_AFTER).await;
                self.start()?;
            }
            match self.is_ready().await {
                Ok(()) => return Ok(()),
                Err(why) if began.elapsed() > READY_MAX => {
                    bail!("{} is not ready after {READY_MAX:?}: {why}: {}", self.name(), self.last_words())
                }
                Err(_) => tokio::time::sleep(ASK_EVERY).await,
            }
        }
        Ok(())
    }

    async fn is_ready(&self) -> Result<(), String> {
        let url = format!("http://{}/ready", self.address());
        let answer = self.http.get(url).send().await.map_err(|error| error.to_string())?;
        if answer.status().is_success() { Ok(()) } else { Err(answer.text().await.unwrap_or_default()) }
    }
}

/// A port that is free at the moment.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("looking for a free port")?;
    Ok(listener.local_addr().context("looking for a free port")?.port())
}

impl Deref for Node {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}

impl DerefMut for Node {
    fn deref_mut(&mut self) -> &mut Process {
        &mut self.process
    }
}
