//! What daemons say, and whether it is heard or narrated.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arcane_shared::DaemonName;
use arcane_shared::color::hash;
use tokio::sync::Semaphore;

use super::program::{Ended, Order, announce_missing};
use super::queue::Queue;
use super::sounds::Sounds;
use crate::config::VoiceConfig;

/// A voice engine: one program, one folder of sound files. Cloning it gives another handle to the same engine.
#[derive(Debug, Clone)]
pub(crate) struct VoiceEngine(Arc<Engine>);

#[derive(Debug)]
struct Engine {
    config: VoiceConfig,
    sounds: Sounds,
    queue: Queue,
}

impl VoiceEngine {
    /// `places` bounds the programs of the realm: voices take theirs from it as well.
    pub(crate) fn new(config: VoiceConfig, dir: PathBuf, places: Arc<Semaphore>) -> Self {
        announce_missing(&config.program, &config.pass_env);
        let (sounds, queue) = (Sounds::new(dir), Queue::new(places));
        Self(Arc::new(Engine { config, sounds, queue }))
    }

    /// Speaks `text` into a file and returns its name under `/arcane_audio/`. The same text of the
    /// same daemon is spoken once. Goes on to its end even if the caller leaves.
    pub(crate) async fn speak(&self, daemon: &DaemonName, text: &str) -> Result<String, String> {
        let file = format!("{daemon}_{:016x}.{}", hash(text), self.0.config.suffix);
        let (engine, text) = (Arc::clone(&self.0), text.to_owned());
        let spoken = tokio::spawn(async move { engine.speak(&file, text).await.map(|()| file) });
        let spoken = spoken.await.unwrap_or_else(|error| Err(format!("it broke off: {error}")));
        spoken.map_err(|error| format!("voice: {error}"))
    }
}

impl Engine {
    async fn speak(&self, file: &str, text: String) -> Result<(), String> {
        if self.sounds.has(file).await {
            return Ok(());
        }
        let timeout = Duration::from_secs(self.config.timeout_s);
        let _turn = self.queue.turn(file, timeout).await.map_err(|error| error.to_string())?;
        // Others waited for the same line, and one of them was first.
        if self.sounds.has(file).await {
            return Ok(());
        }
        let unfinished = self.sounds.begin(&self.config.suffix).await.map_err(|error| error.to_string())?;
        let spoken = match self.order(&unfinished, timeout).run(text).await {
            Ended::Exited { status, .. } if status.success() => Ok(()),
            Ended::Exited { status, .. } => Err(format!("{}: {status}", self.config.program.display())),
            Ended::TimedOut => Err(format!("no sound within {} s", self.config.timeout_s)),
            Ended::Failed(why) => Err(format!("{} {why}", self.config.program.display())),
        };
        let kept = match spoken {
            Ok(()) => {
                self.sounds.keep(unfinished.clone(), file).await.map_err(|error| format!("no sound: {error}"))
            }
            Err(why) => Err(why),
        };
        if kept.is_err() {
            self.sounds.discard(unfinished).await;
        }
        kept
    }

    fn order(&self, file: &std::path::Path, timeout: Duration) -> Order {
        Order {
            path: self.config.program.clone(),
            args: self.config.args.iter().map(|arg| arg.replace("{file}", &file.to_string_lossy())).collect(),
            working_dir: None,
            pass_env: self.config.pass_env.clone(),
            timeout,
            output_bytes_max: None,
        }
    }
}
