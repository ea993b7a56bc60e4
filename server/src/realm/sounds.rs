//! The folder of sound files: the blocking side of voices.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Most sound files that are kept; the oldest give way.
const FILES_MAX: usize = 256;
/// An unfinished file that nobody has touched for so long was left behind by a server that was killed.
const UNFINISHED_MAX: Duration = Duration::from_hours(1);

/// A folder of sound files. A file has its name only once it is finished.
#[derive(Debug, Clone)]
pub(super) struct Sounds(PathBuf);

impl Sounds {
    pub(super) fn new(dir: PathBuf) -> Self {
        Self(dir)
    }

    /// Whether there is a sound of this name.
    pub(super) async fn has(&self, file: &str) -> bool {
        tokio::fs::metadata(self.0.join(file)).await.is_ok_and(|file| file.is_file())
    }

    /// Where a new sound is to be written; makes room for it.
    pub(super) async fn begin(&self, suffix: &str) -> io::Result<PathBuf> {
        let path = self.0.join(format!(".{:016x}.{suffix}", rand::random::<u64>()));
        let dir = self.0.clone();
        blocking(move || {
            fs::create_dir_all(&dir)?;
            forget_oldest(&dir, SystemTime::now());
            Ok(path)
        })
        .await
    }

    /// Gives a finished sound its name.
    pub(super) async fn keep(&self, unfinished: PathBuf, file: &str) -> io::Result<()> {
        let path = self.0.join(file);
        blocking(move || fs::rename(unfinished, path)).await
    }

    /// Lets go of a sound that was not finished.
    pub(super) async fn discard(&self, unfinished: PathBuf) {
        // There need not be any.
        let _ = blocking(move || fs::remove_file(unfinished)).await;
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

fn forget_oldest(dir: &Path, now: SystemTime) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    let files = entries.flatten().filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry)));
    let (unfinished, mut finished): (Vec<_>, Vec<_>) =
        files.partition(|(_, entry)| entry.file_name().as_encoded_bytes().starts_with(b"."));
    finished.sort_by_key(|(modified, _)| *modified);
    let superfluous = (finished.len() + 1).saturating_sub(FILES_MAX);
    let is_left = |modified: SystemTime| now.duration_since(modified).is_ok_and(|age| age > UNFINISHED_MAX);
    let left = unfinished.into_iter().filter(|(modified, _)| is_left(*modified));
    for (_, entry) in finished.into_iter().take(superfluous).chain(left) {
        let _ = fs::remove_file(entry.path());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_give_way_and_what_is_being_written_stays() {
        let dir = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        let write = |name: &str, age: Duration| {
            let file = fs::File::create(dir.path().join(name)).unwrap();
            file.set_modified(now - age).unwrap();
        };
        for n in 0..FILES_MAX {
            write(&format!("{n}.wav"), Duration::from_secs(n as u64));
        }
        write(".new.wav", Duration::from_secs(9));
        write(".left.wav", UNFINISHED_MAX * 2);
        forget_oldest(dir.path(), now);
        let there = |name: &str| dir.path().join(name).is_file();
        assert_eq!(
            fs::read_dir(dir.path()).unwrap().count(),
            FILES_MAX,
            "room for one more, and one unfinished"
        );
        assert!(!there(&format!("{}.wav", FILES_MAX - 1)) && there("0.wav"));
        assert!(there(".new.wav") && !there(".left.wav"));
    }
}
