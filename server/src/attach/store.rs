//! Where it is kept what files of agents were: one file each, which its user alone reads, for settings may have keys in them.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::undo::Undo;

/// What is kept of a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// Where it is.
    pub(crate) file: PathBuf,
    /// How it is undone.
    pub(crate) undo: Undo,
    /// Folders that were made for it, the innermost first.
    pub(crate) folders: Vec<PathBuf>,
}

/// A folder of such files.
#[derive(Debug, Clone)]
pub(crate) struct Store(PathBuf);

impl Store {
    /// The user's: `arcane/attached` in the folder of states, `XDG_STATE_HOME` or `~/.local/state`.
    pub(crate) fn of(home: &Path, state: Option<PathBuf>) -> Self {
        Self(state.unwrap_or_else(|| home.join(".local/state")).join("arcane/attached"))
    }

    /// What is kept of a file, if anything is.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(crate) fn read(&self, file: &Path) -> anyhow::Result<Option<Kept>> {
        let path = self.path(file, "json");
        if !path.is_file() {
            return Ok(None);
        }
        let cannot = || format!("cannot read {}", path.display());
        let bytes = std::fs::read(&path).with_context(cannot)?;
        let damaged = || {
            let before = self.path(file, "before");
            let was = if before.is_file() {
                format!("; what the file was is in {}", before.display())
            } else {
                String::new()
            };
            format!(
                "{}, which keeps what {} was, is damaged: remove that file and try again; then hooks are known by their form{was}",
                path.display(),
                file.display()
            )
        };
        serde_json::from_slice(&bytes).with_context(damaged).map(Some)
    }

    /// Whether anything is kept of a file.
    pub(crate) fn has(&self, file: &Path) -> bool {
        self.path(file, "json").is_file()
    }

    /// Keeps what a file was; gives where its bytes are, if it was there.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn write(&self, kept: &Kept) -> anyhow::Result<Option<PathBuf>> {
        let cannot = || format!("cannot write to {}", self.0.display());
        make_private(&self.0).with_context(cannot)?;
        let put = |path: &Path, text: &str| -> anyhow::Result<()> {
            let new = tempfile::NamedTempFile::new_in(&self.0)?;
            std::fs::write(new.path(), text)?;
            new.persist(path)?;
            Ok(())
        };
        let backup = self.path(&kept.file, "before");
        let backup = match &kept.undo.before {
            Some(before) => {
                put(&backup, before).with_context(cannot)?;
                Some(backup)
            }
            None => None,
        };
        put(&self.path(&kept.file, "json"), &serde_json::to_string(kept)?).with_context(cannot)?;
        Ok(backup)
    }

    /// Forgets a file.
    pub(crate) fn forget(&self, file: &Path) {
        for ending in ["json", "before"] {
            // One that is not there is forgotten.
            let _ = std::fs::remove_file(self.path(file, ending));
        }
        for folder in self.0.ancestors().take(2) {
            // One with something in it stays.
            if std::fs::remove_dir(folder).is_err() {
                break;
            }
        }
    }

    fn path(&self, file: &Path, ending: &str) -> PathBuf {
        let digest = Sha256::digest(file.as_os_str().as_encoded_bytes());
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        self.0.join(format!(
            "{name}-{:02x}{:02x}{:02x}{:02x}.{ending}",
            digest[0], digest[1], digest[2], digest[3]
        ))
    }
}

fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
