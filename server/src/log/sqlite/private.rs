//! What lies in a data directory is its owner's alone: events tell what people work on.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Opens a file of its owner alone for reading and writing, and makes it if it is not there. A symbolic link is refused:
/// what it points to is nobody's to overwrite.
pub(in crate::log) fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    }
    options.open(path)
}
