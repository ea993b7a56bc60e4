//! Files of settings: read, and written whole or not at all, with their mode and behind their links.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// Longest file of settings that is read, bytes.
const BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The text of a file; `None`: there is none.
///
/// # Errors
/// If it cannot be read, is no text, or is larger than any settings.
pub(crate) fn read(file: &Path) -> anyhow::Result<Option<String>> {
    let cannot = || format!("cannot read {}", file.display());
    let metadata = match std::fs::metadata(file) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return match std::fs::read_link(file) {
                Ok(to) => bail!(
                    "{} is a link to {}, which is not there: make that file, or remove the link",
                    file.display(),
                    to.display()
                ),
                Err(_) => Ok(None),
            };
        }
        Err(error) => return Err(error).with_context(cannot),
    };
    let flaw = if metadata.is_dir() {
        "it is a folder".to_owned()
    } else if !metadata.is_file() {
        "it is a pipe, a socket or a device".to_owned()
    } else if metadata.len() > BYTES_MAX {
        format!("it is larger than {} MiB", BYTES_MAX / 1024 / 1024)
    } else {
        String::new()
    };
    if !flaw.is_empty() {
        bail!("{} is no file of settings: {flaw}; move it away", file.display());
    }
    let bytes = std::fs::read(file).with_context(cannot)?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        anyhow::anyhow!("{}: line {line} is not UTF-8; save the file as UTF-8", file.display())
    })?;
    Ok(Some(text))
}

/// Writes a file, if it still is what it was; gives the folders that were made for it, the innermost first.
///
/// # Errors
/// If somebody else has written it meanwhile, it is read-only, or it cannot be written. Then it is as it was.
pub(crate) fn write(file: &Path, before: Option<&str>, text: &str) -> anyhow::Result<Vec<PathBuf>> {
    let cannot = || format!("cannot write {}", file.display());
    let made = make_folders(file.parent().unwrap_or(Path::new("."))).with_context(cannot)?;
    // What a link leads to is written, and the link stays.
    let place = if file.is_symlink() { file.canonicalize().with_context(cannot)? } else { file.to_owned() };
    refuse_read_only(&place)?;
    let mut new =
        tempfile::NamedTempFile::new_in(place.parent().unwrap_or(Path::new("."))).with_context(cannot)?;
    new.write_all(text.as_bytes()).and_then(|()| new.as_file().sync_all()).with_context(cannot)?;
    match std::fs::metadata(&place) {
        Ok(metadata) => new.as_file().set_permissions(metadata.permissions()).with_context(cannot)?,
        Err(_) => open_to_others(&new).with_context(cannot)?,
    }
    if read(file)?.as_deref() != before {
        bail!("{} was changed by another program meanwhile; try again", file.display());
    }
    new.persist(&place).with_context(cannot)?;
    Ok(made)
}

/// Removes a file and those of its folders that were made for it and are empty.
///
/// # Errors
/// If the file is read-only, or cannot be removed.
pub(crate) fn remove(file: &Path, folders: &[PathBuf]) -> anyhow::Result<()> {
    refuse_read_only(file)?;
    std::fs::remove_file(file).with_context(|| format!("cannot remove {}", file.display()))?;
    for folder in folders {
        // One with something in it stays.
        if std::fs::remove_dir(folder).is_err() {
            break;
        }
    }
    Ok(())
}

/// Refuses a file that is read-only: one that is replaced whole could be changed although its owner has protected it.
///
/// # Errors
/// If it is.
pub(crate) fn refuse_read_only(file: &Path) -> anyhow::Result<()> {
    if std::fs::metadata(file).is_ok_and(|metadata| metadata.permissions().readonly()) {
        bail!(
            "{} is read-only: `chmod u+w` it if it may be changed, or change it where it is made",
            file.display()
        );
    }
    Ok(())
}

fn make_folders(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let missing: Vec<PathBuf> =
        folder.ancestors().take_while(|folder| !folder.exists()).map(Path::to_owned).collect();
    std::fs::create_dir_all(folder)?;
    Ok(missing)
}

/// A temporary file is its owner's alone; a new file of settings is as any other new file.
fn open_to_others(file: &tempfile::NamedTempFile) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;

        let mask = rustix::process::umask(rustix::fs::Mode::empty());
        rustix::process::umask(mask);
        file.as_file().set_permissions(PermissionsExt::from_mode(0o666 & !mask.bits()))?;
    }
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}
