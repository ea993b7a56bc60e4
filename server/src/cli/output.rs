//! A file that is there whole or not at all, for its owner alone.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

/// What a file is called until all of it is written.
const UNFINISHED: &str = ".partial";

/// Takes the place of a file once [`Self::finish`] says so. Dropped before that, nothing has changed; killed before
/// that, a file beside it is left, which the next attempt replaces.
#[derive(Debug)]
pub(super) struct Output {
    file: File,
    /// Where it is written, and where it goes. `None` for what is no file and cannot be replaced, such as a pipe.
    place: Option<(PathBuf, PathBuf)>,
}

impl Output {
    /// Begins to write `path`.
    ///
    /// # Errors
    /// If nothing can be written there, or another program does at the moment.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        if std::fs::metadata(path).is_ok_and(|there| !there.is_file()) {
            return Ok(Self { file: OpenOptions::new().write(true).open(path)?, place: None });
        }
        // The link stays.
        let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let mut unfinished = OsString::from(&path);
        unfinished.push(UNFINISHED);
        let unfinished = PathBuf::from(unfinished);
        remove_remains(&unfinished)?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&unfinished)?;
        file.try_lock().map_err(io::Error::from)?;
        Ok(Self { file, place: Some((unfinished, path)) })
    }

    /// Whether a terminal shows what is written.
    pub(super) fn is_terminal(&self) -> bool {
        self.file.is_terminal()
    }

    /// Whether it is a file that takes the place of another.
    pub(super) fn is_file(&self) -> bool {
        self.place.is_some()
    }

    /// All is written: puts it on the disk and in its place.
    ///
    /// # Errors
    /// If it cannot; then what was there is there still.
    pub(super) fn finish(mut self) -> io::Result<()> {
        let Some((unfinished, path)) = self.place.take() else { return Ok(()) };
        let finished = self.file.sync_all().and_then(|()| std::fs::rename(&unfinished, &path));
        if finished.is_err() {
            let _ = std::fs::remove_file(&unfinished);
        }
        finished?;
        #[cfg(unix)]
        if let Some(dir) = path.parent() {
            File::open(if dir.as_os_str().is_empty() { Path::new(".") } else { dir })?.sync_all()?;
        }
        Ok(())
    }
}

/// Removes what an attempt left that was killed, unless it is still under way.
fn remove_remains(unfinished: &Path) -> io::Result<()> {
    match OpenOptions::new().read(true).open(unfinished) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        Ok(file) => match file.try_lock() {
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::new(
                    io::ErrorKind::WouldBlock,
                    "another export is being written there",
                ));
            }
            Err(TryLockError::Error(error)) => return Err(error),
            Ok(()) => {}
        },
    }
    std::fs::remove_file(unfinished)
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Some((unfinished, _)) = self.place.take() {
            // The reason why it was not finished is what people are told.
            let _ = std::fs::remove_file(unfinished);
        }
    }
}
