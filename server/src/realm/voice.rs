//! What daemons say, and whether it is heard or narrated.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use arcane_shared::DaemonName;
use arcane_shared::color::hash;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::config::VoiceConfig;

/// Most sound files that are kept; the oldest give way.
const FILES_MAX: usize = 256;

/// A voice engine: one program, one folder of sound files.
#[derive(Debug, Clone)]
pub(crate) struct VoiceEngine {
    config: VoiceConfig,
    dir: PathBuf,
}

impl VoiceEngine {
    pub(crate) fn new(config: VoiceConfig, dir: PathBuf) -> Self {
        Self { config, dir }
    }

    /// Speaks `text` into a file and returns its name under `/arcane_audio/`. The same text of the
    /// same daemon is spoken once.
    pub(crate) async fn speak(&self, daemon: &DaemonName, text: &str) -> Result<String, String> {
        let file = format!("{daemon}_{:016x}.{}", hash(text), self.config.suffix);
        let path = self.dir.join(&file);
        if path.is_file() {
            return Ok(file);
        }
        fs::create_dir_all(&self.dir).map_err(|error| format!("voice: {error}"))?;
        forget_oldest(&self.dir);
        let unfinished = self.dir.join(format!(".{:016x}.{}", rand::random::<u64>(), self.config.suffix));
        let timeout = Duration::from_secs(self.config.timeout_s);
        let spoken = tokio::time::timeout(timeout, self.run(text, &unfinished)).await;
        let spoken = spoken.unwrap_or_else(|_| Err(format!("no sound within {} s", self.config.timeout_s)));
        let kept = spoken.and_then(|()| fs::rename(&unfinished, &path).map_err(|error| error.to_string()));
        if kept.is_err() {
            let _ = fs::remove_file(&unfinished);
        }
        kept.map(|()| file).map_err(|error| format!("voice: {error}"))
    }

    async fn run(&self, text: &str, file: &Path) -> Result<(), String> {
        let args = self.config.args.iter().map(|arg| arg.replace("{file}", &file.to_string_lossy()));
        let mut child = Command::new(&self.config.program)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{} cannot be started: {error}", self.config.program.display()))?;
        if let Some(mut stdin) = child.stdin.take() {
            let _ = stdin.write_all(text.as_bytes()).await;
        }
        let status = child.wait().await.map_err(|error| error.to_string())?;
        if !status.success() {
            return Err(format!("{}: {status}", self.config.program.display()));
        }
        Ok(())
    }
}

fn forget_oldest(dir: &Path) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    let mut files: Vec<(SystemTime, PathBuf)> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    files.sort();
    let superfluous = (files.len() + 1).saturating_sub(FILES_MAX);
    for (_, path) in files.into_iter().take(superfluous) {
        let _ = fs::remove_file(path);
    }
}
