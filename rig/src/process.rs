//! A program that runs with a log file, and what can be done to it by signals. It ends with its owner.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

/// How often a process is asked whether it has ended.
const ASK_EVERY: Duration = Duration::from_millis(20);
/// How long an orderly end may take.
const END_MAX: Duration = Duration::from_secs(20);
/// Bytes of the end of a log that are read for its last lines.
const LAST_BYTES: usize = 16 * 1024;

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It runs.
    Running,
    /// It is there, and does nothing: to the others it looks as if the network were cut.
    Paused,
    /// It was killed, or has ended.
    Down,
}

/// A program with its arguments, whose process may come and go.
#[derive(Debug)]
pub struct Process {
    name: String,
    program: PathBuf,
    arguments: Vec<String>,
    variables: Vec<(&'static str, String)>,
    log: PathBuf,
    /// What names another program, for the message if there is none.
    setting: &'static str,
    process: Option<Child>,
    is_paused: bool,
}

impl Process {
    /// A program that does not run yet. What it writes to its standard error goes to `log`; `setting` is the variable that names the program.
    #[must_use]
    pub fn new(
        name: &str,
        program: &Path,
        arguments: Vec<String>,
        log: PathBuf,
        setting: &'static str,
    ) -> Self {
        let (name, program) = (name.to_owned(), program.to_owned());
        Self {
            name,
            program,
            arguments,
            variables: Vec::new(),
            log,
            setting,
            process: None,
            is_paused: false,
        }
    }

    /// Sets a variable of the environment, of which the process otherwise has the `PATH` alone.
    #[must_use]
    pub fn with(mut self, variable: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((variable, value.into()));
        self
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of its process; `None` if it does not run.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
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

    /// Starts it.
    ///
    /// # Errors
    /// If it runs already, or there is no such program.
    pub fn start(&mut self) -> Result<()> {
        ensure!(self.process.is_none(), "{} runs already", self.name);
        let log = File::options().create(true).append(true).open(&self.log).context("opening a log")?;
        let process = Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .envs(self.variables.iter().map(|(variable, value)| (variable, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .with_context(|| {
                format!("`{}` could not be started; {} names another", self.program.display(), self.setting)
            })?;
        self.process = Some(process);
        Ok(())
    }

    /// How it has ended by itself; `None` if it runs, or was ended.
    ///
    /// # Errors
    /// If the system does not say it.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        let Some(process) = &mut self.process else { return Ok(None) };
        let status = process.try_wait().with_context(|| format!("waiting for {}", self.name))?;
        if status.is_some() {
            (self.process, self.is_paused) = (None, false);
        }
        Ok(status)
    }

    /// Kills it: it has no time for anything (`SIGKILL`).
    ///
    /// # Errors
    /// If it does not run.
    pub fn kill(&mut self) -> Result<()> {
        let mut process = self.process.take().with_context(|| format!("{} does not run", self.name))?;
        self.is_paused = false;
        process.kill().with_context(|| format!("killing {}", self.name))?;
        process.wait().with_context(|| format!("waiting for {}", self.name))?;
        Ok(())
    }

    /// Has it end by itself (`SIGTERM`), and waits for that.
    ///
    /// # Errors
    /// If it does not run, or does not end within 20 s.
    pub async fn stop(&mut self) -> Result<()> {
        self.signal(Signal::TERM)?;
        let began = Instant::now();
        while self.process.is_some() && self.ended()?.is_none() {
            ensure!(began.elapsed() < END_MAX, "{} does not end within {END_MAX:?}", self.name);
            tokio::time::sleep(ASK_EVERY).await;
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
        kill_process(Pid::from_child(process), signal)
            .with_context(|| format!("sending a signal to {}", self.name))
    }

    /// The last lines of its log.
    #[must_use]
    pub fn last_words(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log[log.len().saturating_sub(LAST_BYTES)..]).into_owned();
        let lines: Vec<&str> = log.lines().rev().take(5).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.process.is_some() {
            // It is ours, and its files go with it.
            let _ = self.kill();
        }
    }
}
