//! What lies in a data directory is its owner's alone: events tell what people work on.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// What a server keeps in a data directory: names begin so.
const OURS: [&str; 6] = ["events.db", "index.db", "continuity", "lock", "audio", "mirror"];

/// Makes a directory that is its owner's alone. One that is there and has nothing but what a server keeps becomes so;
/// another may be a user's home and stays as it is, with a word about it.
pub(super) fn make_dir(dir: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(dir)?;
    #[cfg(unix)]
    if is_open_to_others(&std::fs::metadata(dir)?) {
        if !has_only_ours(dir)? {
            tracing::warn!(dir = %dir.display(), "others may look into the data directory; it has files of other \
                programs and keeps its mode");
        } else if let Err(error) = restrict(dir, 0o700) {
            tracing::warn!(dir = %dir.display(), %error, "others may look into the data directory, and it cannot be \
                made its owner's alone");
        } else {
            tracing::warn!(dir = %dir.display(), "others could look into the data directory; it has mode 700 now");
        }
    }
    Ok(())
}

/// Refuses what is there in place of our files and is none, and takes from others what they may do with ours.
pub(super) fn check_files(dir: &Path) -> io::Result<()> {
    for base in ["events.db", "index.db"] {
        for end in ["", "-wal", "-shm", "-journal"] {
            check_file(&dir.join(format!("{base}{end}")))?;
        }
    }
    check_file(&dir.join("continuity"))
}

fn check_file(path: &Path) -> io::Result<()> {
    let there = match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        there => there?,
    };
    if !there.is_file() {
        let what = if there.is_symlink() { "a symbolic link" } else { "no file" };
        let name = path.file_name().unwrap_or_default().display();
        let text = format!("{name} is {what}; remove it (the directory itself may be a symbolic link)");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    #[cfg(unix)]
    if is_open_to_others(&there)
        && let Err(error) = restrict(path, 0o600)
    {
        tracing::warn!(path = %path.display(), %error, "others may read the file, and it cannot be made its owner's alone");
    }
    Ok(())
}

/// Opens a file of its owner alone for reading and writing, and makes it if it is not there. A symbolic link is refused:
/// what it points to is nobody's to overwrite.
pub(in crate::log) fn create(path: &Path) -> io::Result<File> {
    check_file(path)?;
    options().write(true).create(true).truncate(false).open(path)
}

/// The same for a file that is there: it is opened for reading alone where it cannot be written.
pub(super) fn open(path: &Path) -> io::Result<File> {
    check_file(path)?;
    options().write(true).open(path).or_else(|_| options().open(path))
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // NONBLOCK: a pipe would wait for its other end.
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.mode(0o600).custom_flags(flags.bits().cast_signed());
    }
    options
}

#[cfg(unix)]
fn is_open_to_others(there: &std::fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&there.permissions()) & 0o077 != 0
}

#[cfg(unix)]
fn restrict(path: &Path, mode: u32) -> io::Result<()> {
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(unix)]
fn has_only_ours(dir: &Path) -> io::Result<bool> {
    for entry in std::fs::read_dir(dir)? {
        let name = entry?.file_name();
        if !OURS.iter().any(|ours| name.to_string_lossy().starts_with(ours)) {
            return Ok(false);
        }
    }
    Ok(true)
}
