//! Programs that run beside the agent: the server and the model endpoint. They end with the value.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// A program that says no address after this time has not started.
const STARTING_MAX: Duration = Duration::from_secs(30);
/// How often the end of a program is looked for.
const LOOK: Duration = Duration::from_millis(50);

/// A program that runs.
#[derive(Debug)]
pub(crate) struct Running {
    process: Child,
    /// The ports that it listens on, as it said them.
    pub(crate) ports: Vec<u16>,
}

impl Running {
    /// Starts a program and waits until it has said its ports: each at a line's end.
    pub(crate) fn start(command: &mut Command, ports: usize, log: &Path) -> Result<Self> {
        let name = name(command);
        let errors = std::fs::File::create(log).with_context(|| log.display().to_string())?;
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors);
        let mut process = command.spawn().with_context(|| format!("starting {name}"))?;
        let output = process.stdout.take().context("a program's output")?;
        let mut this = Self { process, ports: Vec::new() };
        let (said, lines) = mpsc::channel();
        // Reads to the end, so that the program never waits for somebody to listen.
        thread::spawn(move || {
            BufReader::new(output).lines().map_while(Result::ok).try_for_each(|line| said.send(line))
        });
        let deadline = Instant::now() + STARTING_MAX;
        while this.ports.len() < ports {
            let line = lines.recv_timeout(deadline.saturating_duration_since(Instant::now()));
            let line = line.with_context(|| format!("{name} did not start: {} says why", log.display()))?;
            // Whatever else it says names no port.
            this.ports
                .extend(line.trim().rsplit([':', ' ']).next().and_then(|port| port.parse::<u16>().ok()));
        }
        Ok(this)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        end(&mut self.process);
    }
}

/// What a command runs: what stands behind `pinned --`, where it ends with this program.
pub(crate) fn name(command: &Command) -> String {
    let pinned = command.get_args().skip_while(|word| *word != "--").nth(1);
    pinned.unwrap_or(command.get_program()).to_string_lossy().into_owned()
}

/// Waits for a program's end; past a limit it and all that it started are killed, and that is an error.
pub(crate) fn wait(process: &mut Child, limit: Duration) -> Result<i32> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(status) = process.try_wait().context("waiting for an agent")? {
            return Ok(status.code().unwrap_or(-1));
        }
        if Instant::now() > deadline {
            end(process);
            bail!("the agent did not end within {limit:?}, and was killed");
        }
        thread::sleep(LOOK);
    }
}

/// Kills a program that leads a process group, and the group.
pub(crate) fn end(process: &mut Child) {
    let group = i32::try_from(process.id()).ok().and_then(rustix::process::Pid::from_raw);
    if let (Ok(None), Some(group)) = (process.try_wait(), group) {
        // Members may have ended already.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = process.wait();
}
