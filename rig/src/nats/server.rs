//! One server: a process, and what can be done to it. It ends with its owner.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

use super::config::Ports;
use super::health::healthy;

/// How often a server is asked for its health.
const ASK_EVERY: Duration = Duration::from_millis(50);
/// How long an orderly end may take.
const END_MAX: Duration = Duration::from_secs(20);

/// What a server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It runs.
    Running,
    /// It is there, and does nothing: to the others it looks as if the network were cut.
    Paused,
    /// It was killed, or has ended.
    Down,
}

/// A server and its files, which stay when its process ends.
#[derive(Debug)]
pub struct Server {
    program: PathBuf,
    home: PathBuf,
    name: String,
    ports: Ports,
    process: Option<Child>,
    is_paused: bool,
}

impl Server {
    /// A server that does not run yet.
    pub(super) fn new(
        program: PathBuf,
        home: &Path,
        name: String,
        ports: Ports,
        config: &str,
    ) -> Result<Self> {
        fs::create_dir_all(home).with_context(|| home.display().to_string())?;
        fs::write(home.join("nats.conf"), config).context("writing nats.conf")?;
        Ok(Self { program, home: home.to_owned(), name, ports, process: None, is_paused: false })
    }

    /// What the others call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where clients find it.
    #[must_use]
    pub fn address(&self) -> String {
        format!("nats://127.0.0.1:{}", self.ports.clients)
    }

    /// What it does.
    #[must_use]
    pub fn state(&self) -> State {
        match (&self.process, self.is_paused) {
            (None, _) => State::Down,
            (Some(_), true) => State::Paused,
            (Some(_), false) => State::Running,
        }
    }

    /// Starts it, with the files that it has.
    ///
    /// # Errors
    /// If there is no such program.
    pub fn start(&mut self) -> Result<()> {
        ensure!(self.process.is_none(), "{} runs already", self.name);
        let log = File::options().create(true).append(true).open(self.home.join("log")).context("its log")?;
        let process = Command::new(&self.program)
            .arg("--config")
            .arg(self.home.join("nats.conf"))
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .with_context(|| {
                format!("`{}` could not be started; ARCANE_NATS_SERVER names another", self.program.display())
            })?;
        self.process = Some(process);
        Ok(())
    }

    /// Completes once it takes streams; at once if it does not run.
    ///
    /// # Errors
    /// If it has ended, or does not within `patience`: what it said last.
    pub async fn ready(&mut self, patience: Duration) -> Result<()> {
        let began = Instant::now();
        loop {
            let Some(process) = self.process.as_mut().filter(|_| !self.is_paused) else { return Ok(()) };
            if let Some(status) = process.try_wait().context("waiting for a server")? {
                self.process = None;
                bail!("{} has ended ({status}): {}", self.name, self.last_words());
            }
            match healthy(self.ports.monitor).await {
                Ok(()) => return Ok(()),
                Err(why) if began.elapsed() > patience => {
                    bail!("{} is not ready after {patience:?}: {why}: {}", self.name, self.last_words())
                }
                Err(_) => tokio::time::sleep(ASK_EVERY).await,
            }
        }
    }

    /// Kills it: it has no time for anything (`SIGKILL`).
    ///
    /// # Errors
    /// If it does not run.
    pub fn kill(&mut self) -> Result<()> {
        let mut process = self.process.take().with_context(|| format!("{} does not run", self.name))?;
        self.is_paused = false;
        process.kill().context("killing a server")?;
        process.wait().context("waiting for a server")?;
        Ok(())
    }

    /// Has it end by itself (`SIGTERM`), and waits for that.
    ///
    /// # Errors
    /// If it does not run, or does not end within 20 s.
    pub async fn stop(&mut self) -> Result<()> {
        self.signal(Signal::TERM)?;
        let began = Instant::now();
        while let Some(process) = &mut self.process {
            if process.try_wait().context("waiting for a server")?.is_some() {
                self.process = None;
            } else {
                ensure!(began.elapsed() < END_MAX, "{} does not end", self.name);
                tokio::time::sleep(ASK_EVERY).await;
            }
        }
        Ok(())
    }

    /// Pauses it (`SIGSTOP`).
    ///
    /// # Errors
    /// If it does not run.
    pub fn pause(&mut self) -> Result<()> {
        self.signal(Signal::STOP)?;
        self.is_paused = true;
        Ok(())
    }

    /// Lets it go on (`SIGCONT`).
    ///
    /// # Errors
    /// If it does not run.
    pub fn go_on(&mut self) -> Result<()> {
        self.signal(Signal::CONT)?;
        self.is_paused = false;
        Ok(())
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let process = self.process.as_ref().with_context(|| format!("{} does not run", self.name))?;
        let pid =
            i32::try_from(process.id()).ok().and_then(Pid::from_raw).context("a process without an id")?;
        kill_process(pid, signal).with_context(|| format!("sending a signal to {}", self.name))
    }

    fn last_words(&self) -> String {
        let log = fs::read_to_string(self.home.join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().rev().take(5).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.process.is_some() {
            // It is ours, and its files go with it.
            let _ = self.kill();
        }
    }
}
