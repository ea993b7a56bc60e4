//! Running a program of the configuration: the one way for conduits and voices alike.
//!
//! A run is bounded in time and output, sees a named few variables, and ends with everything that it started.

#[cfg(target_os = "linux")]
mod adoption;
mod environment;
#[cfg(target_os = "linux")]
mod kin;
mod leaders;
mod mark;
mod output;
#[cfg(target_os = "linux")]
mod reaper;
mod run;
#[cfg(target_os = "linux")]
mod sweep;
#[cfg(target_os = "linux")]
mod table;

use std::path::PathBuf;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::config::VariableName;
use mark::Mark;
use output::{Output, read_on};
use run::Run;

pub(crate) use environment::announce_missing;
#[cfg(target_os = "linux")]
pub(crate) use reaper::adopt_orphans;
#[cfg(target_os = "linux")]
pub(crate) use sweep::end_programs;

/// Most bytes of standard error that explain a failure.
const STDERR_BYTES_MAX: usize = 2048;
/// How long the pipes of a program that has ended are read where something that could not be ended holds them open.
/// What the program itself said is in them by then.
const REST_MAX: Duration = Duration::from_secs(1);

/// What to run, and its bounds. Nothing in it comes from a request.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) path: PathBuf,
    pub(crate) args: Vec<String>,
    pub(crate) working_dir: Option<PathBuf>,
    /// The server's variables that the program sees besides the usual ones.
    pub(crate) pass_env: Vec<VariableName>,
    pub(crate) timeout: Duration,
    /// Bytes of standard output that are kept; `None`: what it says goes nowhere, and nobody waits for its end.
    pub(crate) output_bytes_max: Option<usize>,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// The program ended by itself.
    Exited { status: ExitStatus, stdout: Output, stderr: Output },
    /// It was ended, and so was everything that it had started.
    TimedOut,
    /// It did not run: why.
    Failed(String),
}

impl Order {
    /// Runs the program with `input` on its standard input. The run goes on to its end even if the caller leaves.
    pub(crate) async fn run(&self, input: String) -> Ended {
        let running = tokio::spawn(self.clone().perform(input));
        running.await.unwrap_or_else(|error| Ended::Failed(format!("the run broke off: {error}")))
    }

    async fn perform(self, input: String) -> Ended {
        let mark = Mark::random();
        let mut command = self.command(&mark);
        let mut child = match leaders::spawn(&mut command) {
            Ok(child) => child,
            Err(error) => return Ended::Failed(format!("cannot be started: {error}")),
        };
        let run = Run::of(&child, mark);
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let feed = async move {
            if let Some(mut stdin) = stdin {
                // A program that does not read its input is no failure.
                let _ = stdin.write_all(input.as_bytes()).await;
            }
        };
        let (mut out, mut err) = (Output::default(), Output::default());
        let (in_time, status) = {
            let stdout = read_on(stdout, self.output_bytes_max.unwrap_or(0), &mut out);
            let stderr = read_on(stderr, STDERR_BYTES_MAX, &mut err);
            let mut exchange = pin!(async { tokio::join!(feed, stdout, stderr) });
            let mut exchanged = false;
            let over = async {
                let mut over = pin!(run.over(&mut child));
                loop {
                    tokio::select! {
                        () = &mut over => break,
                        _ = &mut exchange, if !exchanged => exchanged = true,
                    }
                }
            };
            let in_time = tokio::time::timeout(self.timeout, over).await.is_ok();
            // What it started may hold its pipes open: only now they come to an end.
            let status = run.end(&mut child).await;
            if in_time && !exchanged {
                let _ = tokio::time::timeout(REST_MAX, exchange).await;
            }
            (in_time, status)
        };
        match status {
            _ if !in_time => Ended::TimedOut,
            Ok(status) => Ended::Exited { status, stdout: out, stderr: err },
            Err(error) => Ended::Failed(error.to_string()),
        }
    }

    fn command(&self, mark: &Mark) -> Command {
        let mut command = Command::new(&self.path);
        command.args(&self.args).kill_on_drop(true).stdin(Stdio::piped());
        let piped = || if self.output_bytes_max.is_some() { Stdio::piped() } else { Stdio::null() };
        command.stdout(piped()).stderr(piped());
        command.env_clear().envs(environment::passed(&self.pass_env, std::env::vars_os()));
        command.env(mark::VARIABLE, mark.as_str());
        if let Some(dir) = &self.working_dir {
            command.current_dir(dir);
        }
        #[cfg(unix)]
        command.process_group(0);
        command
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
