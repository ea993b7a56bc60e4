//! How a daemon really performs an invocation.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use arcane_shared::Metadata;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use crate::config::{ConduitKind, DaemonConfig};

/// The way from a task to its result.
#[derive(Debug, Clone, Default)]
pub(crate) enum Conduit {
    /// Gives the task back: for daemons that nobody connected to anything.
    #[default]
    Echo,
    /// Runs a program of the configuration.
    Command(Program),
}

/// A program, its bounds, and nothing that a request could change.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    path: PathBuf,
    args: Vec<String>,
    working_dir: Option<PathBuf>,
    timeout: Duration,
    output_bytes_max: usize,
}

/// What came of a task.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Performance {
    /// What the daemon answered, or why it could not.
    pub(crate) result: Result<String, String>,
    /// What the event says of the conduit.
    pub(crate) metadata: Metadata,
}

/// A `command` conduit without a program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("conduit = \"command\" needs `program`")]
pub struct NoProgram;

/// Most bytes of standard error that explain a failure.
const STDERR_BYTES_MAX: usize = 2048;

impl Conduit {
    pub(crate) fn new(config: &DaemonConfig) -> Result<Self, NoProgram> {
        match config.conduit {
            ConduitKind::Echo => Ok(Self::Echo),
            ConduitKind::Command => Ok(Self::Command(Program {
                path: config.program.clone().ok_or(NoProgram)?,
                args: config.args.clone(),
                working_dir: config.working_dir.clone(),
                timeout: config.timeout(),
                output_bytes_max: config.output_bytes_max(),
            })),
        }
    }

    /// Whether it may take so long that its beginning is worth telling.
    pub(crate) fn takes_time(&self) -> bool {
        matches!(self, Self::Command(_))
    }

    pub(crate) async fn perform(&self, task: &str) -> Performance {
        match self {
            Self::Echo => Performance {
                result: Ok(task.to_owned()),
                metadata: Metadata::from_iter([("conduit".to_owned(), json!("echo"))]),
            },
            Self::Command(program) => program.perform(task).await,
        }
    }
}

impl Program {
    async fn perform(&self, task: &str) -> Performance {
        let mut metadata = Metadata::from_iter([("conduit".to_owned(), json!("command"))]);
        let name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        metadata.insert("program".into(), name.clone().into());
        let result = match tokio::time::timeout(self.timeout, self.run(task, &mut metadata)).await {
            Ok(result) => result.map_err(|error| format!("{name}: {error}")),
            Err(_) => {
                metadata.insert("timed_out".into(), Value::Bool(true));
                Err(format!("{name}: no result within {} s", self.timeout.as_secs()))
            }
        };
        Performance { result, metadata }
    }

    /// Dropping this future kills the program and everything that it started.
    async fn run(&self, task: &str, metadata: &mut Metadata) -> Result<String, String> {
        let mut command = Command::new(&self.path);
        command.args(&self.args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.kill_on_drop(true);
        if let Some(dir) = &self.working_dir {
            command.current_dir(dir);
        }
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn().map_err(|error| format!("cannot be started: {error}"))?;
        let group = ProcessGroup::of(&child);
        let (Some(mut stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err("has no standard streams".into());
        };
        let feed = async move {
            // A program that does not read its input is no failure.
            let _ = stdin.write_all(task.as_bytes()).await;
            drop(stdin);
        };
        let ((), stdout, stderr) =
            tokio::join!(feed, bounded(stdout, self.output_bytes_max), bounded(stderr, STDERR_BYTES_MAX));
        let status = child.wait().await.map_err(|error| error.to_string())?;
        group.ended();
        metadata.insert("output_bytes".into(), stdout.read.into());
        metadata.insert("truncated".into(), (stdout.read > stdout.kept.len() as u64).into());
        if let Some(code) = status.code() {
            metadata.insert("exit_code".into(), code.into());
        }
        if status.success() {
            return Ok(stdout.text());
        }
        let why = stderr.text();
        Err(if why.trim().is_empty() { status.to_string() } else { format!("{status}: {}", why.trim()) })
    }
}

/// The processes that a program started, so that none of them outlives its time.
struct ProcessGroup {
    #[cfg(unix)]
    id: Option<u32>,
}

impl ProcessGroup {
    fn of(child: &Child) -> Self {
        #[cfg(not(unix))]
        let _ = child;
        Self {
            #[cfg(unix)]
            id: child.id(),
        }
    }

    /// The program ended by itself: its number may belong to somebody else from here on.
    #[cfg_attr(not(unix), expect(unused_mut, clippy::unused_self, reason = "only Unix has groups"))]
    fn ended(mut self) {
        #[cfg(unix)]
        {
            self.id = None;
        }
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(pid) =
            self.id.and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw)
        {
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
        }
    }
}

struct Output {
    kept: Vec<u8>,
    read: u64,
}

impl Output {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.kept).into_owned()
    }
}

/// Keeps the first `max` bytes and reads on, so that a chatty program is not blocked.
async fn bounded(mut stream: impl AsyncRead + Unpin, max: usize) -> Output {
    let mut output = Output { kept: Vec::new(), read: 0 };
    let mut chunk = [0; 8192];
    while let Ok(n) = stream.read(&mut chunk).await {
        if n == 0 {
            break;
        }
        output.read += n as u64;
        let room = max.saturating_sub(output.kept.len()).min(n);
        output.kept.extend_from_slice(&chunk[..room]);
    }
    output
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str, timeout_ms: u64, output_bytes_max: usize) -> Program {
        Program {
            path: "/bin/sh".into(),
            args: vec!["-c".into(), script.into()],
            working_dir: None,
            timeout: Duration::from_millis(timeout_ms),
            output_bytes_max,
        }
    }

    #[tokio::test]
    async fn the_task_comes_on_standard_input() {
        let performance = shell("cat; echo '!'", 10_000, 100).perform("a haiku; rm -rf $HOME").await;
        assert_eq!(performance.result.unwrap(), "a haiku; rm -rf $HOME!\n");
        assert_eq!(performance.metadata["exit_code"], 0);
    }

    #[tokio::test]
    async fn failure_says_why() {
        let performance = shell("echo broken >&2; exit 3", 10_000, 100).perform("").await;
        assert_eq!(performance.result.unwrap_err(), "sh: exit status: 3: broken");
    }

    #[tokio::test]
    async fn output_is_bounded_and_its_size_told() {
        let performance = shell("head -c 200000 /dev/zero | tr '\\0' x", 10_000, 10).perform("").await;
        assert_eq!(performance.result.unwrap(), "x".repeat(10));
        assert_eq!(performance.metadata["output_bytes"], 200_000);
        assert_eq!(performance.metadata["truncated"], true);
    }

    #[tokio::test]
    async fn time_is_bounded() {
        let performance = shell("sleep 600 & sleep 600", 50, 10).perform("").await;
        assert_eq!(performance.result.unwrap_err(), "sh: no result within 0 s");
        assert_eq!(performance.metadata["timed_out"], true);
    }

    #[tokio::test]
    async fn a_program_that_is_not_there() {
        let program = Program { path: "/nowhere/such-program".into(), ..shell("", 1000, 1) };
        assert!(program.perform("").await.result.unwrap_err().starts_with("such-program: cannot be started"));
    }
}
