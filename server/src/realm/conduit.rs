//! How a daemon really performs an invocation.

use std::time::Duration;

use arcane_shared::Metadata;
use serde_json::{Value, json};

use super::program::{Ended, Order, announce_missing};
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

/// A program of the configuration.
#[derive(Debug, Clone)]
pub(crate) struct Program(Order);

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

impl Conduit {
    pub(crate) fn new(config: &DaemonConfig) -> Result<Self, NoProgram> {
        match config.conduit {
            ConduitKind::Echo => Ok(Self::Echo),
            ConduitKind::Command => {
                let path = config.program.clone().ok_or(NoProgram)?;
                announce_missing(&path, &config.pass_env);
                Ok(Self::Command(Program(Order {
                    path,
                    args: config.args.clone(),
                    working_dir: config.working_dir.clone(),
                    pass_env: config.pass_env.clone(),
                    timeout: config.timeout(),
                    output_bytes_max: Some(config.output_bytes_max()),
                })))
            }
        }
    }

    /// Whether it may take so long that its beginning is worth telling.
    pub(crate) fn takes_time(&self) -> bool {
        matches!(self, Self::Command(_))
    }

    /// How long it may take; `None`: it takes no time.
    pub(crate) fn patience(&self) -> Option<Duration> {
        match self {
            Self::Echo => None,
            Self::Command(program) => Some(program.0.timeout),
        }
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
        let name = self.0.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        metadata.insert("program".into(), name.clone().into());
        let result = match self.0.run(task.to_owned()).await {
            Ended::Exited { status, stdout, stderr } => {
                metadata.insert("output_bytes".into(), stdout.read.into());
                metadata.insert("truncated".into(), (stdout.read > stdout.kept.len() as u64).into());
                if let Some(code) = status.code() {
                    metadata.insert("exit_code".into(), code.into());
                }
                let why = stderr.text();
                match why.trim() {
                    _ if status.success() => Ok(stdout.text()),
                    "" => Err(status.to_string()),
                    why => Err(format!("{status}: {why}")),
                }
            }
            Ended::TimedOut => {
                metadata.insert("timed_out".into(), Value::Bool(true));
                Err(format!("no result within {} s", self.0.timeout.as_secs()))
            }
            Ended::Failed(why) => Err(why),
        };
        Performance { result: result.map_err(|error| format!("{name}: {error}")), metadata }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str, timeout_ms: u64, output_bytes_max: usize) -> Program {
        Program(Order {
            path: "/bin/sh".into(),
            args: vec!["-c".into(), script.into()],
            working_dir: None,
            pass_env: vec![],
            timeout: Duration::from_millis(timeout_ms),
            output_bytes_max: Some(output_bytes_max),
        })
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
        let program = Program(Order { path: "/nowhere/such-program".into(), ..shell("", 1000, 1).0 });
        assert!(program.perform("").await.result.unwrap_err().starts_with("such-program: cannot be started"));
    }
}
