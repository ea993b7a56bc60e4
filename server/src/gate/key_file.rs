//! Reading a file of keys.

use std::path::{Path, PathBuf};

use super::keys::{Keys, KeysError};

/// Largest file, bytes.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Why a file of keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It cannot be read.
    #[error("cannot read the keys in {}: {source}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It has something else in it.
    #[error("cannot use the keys in {}: {detail}", path.display())]
    Content {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
}

impl KeyFileError {
    fn content(path: &Path, error: &KeysError) -> Self {
        Self::Content { path: path.into(), detail: error.to_string() }
    }
}

/// Reads a file of keys.
pub(crate) fn read(path: &Path) -> Result<Keys, KeyFileError> {
    let unreadable = |source| KeyFileError::Read { path: path.into(), source };
    let len = std::fs::metadata(path).map_err(unreadable)?.len();
    if len > FILE_BYTES_MAX {
        let detail = format!("it has {len} bytes, and at most {FILE_BYTES_MAX} are read");
        return Err(KeyFileError::Content { path: path.into(), detail });
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    Keys::parse(&text).map_err(|error| KeyFileError::content(path, &error))
}
