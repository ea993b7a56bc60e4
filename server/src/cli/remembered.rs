//! The server that commands talk to without being told: its address, a token for it, its authority. A file that its user alone can read.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use arcane_shared::control::Bearer;
use serde::{Deserialize, Serialize};

/// Names another file.
const FILE_VARIABLE: &str = "ARCANE_CLIENT_CONFIG";

/// What is remembered of a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Remembered {
    /// Its address.
    pub(super) url: String,
    /// A token for it, and for no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<Bearer>,
    /// The authority of its certificate, a file of PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ca: Option<PathBuf>,
}

/// Where it is kept: `ARCANE_CLIENT_CONFIG`, otherwise `arcane/client.toml` in the user's folder of settings.
pub(super) fn path() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(file) = folder(FILE_VARIABLE) {
        return Some(file);
    }
    let settings = if cfg!(windows) {
        folder("APPDATA")
    } else {
        folder("XDG_CONFIG_HOME").or_else(|| Some(folder("HOME")?.join(".config")))
    };
    Some(settings?.join("arcane").join("client.toml"))
}

/// Reads what is remembered, if anything is.
///
/// # Errors
/// If others can read it, or it cannot be understood.
pub(super) fn read() -> anyhow::Result<Option<Remembered>> {
    let Some(file) = path().filter(|file| file.is_file()) else { return Ok(None) };
    check_private(&file)?;
    let cannot = || format!("cannot read {}", file.display());
    let text = std::fs::read_to_string(&file).with_context(cannot)?;
    // What the parser says of a line would show the token in it.
    let remembered = toml::from_str(&text).map_err(|error| anyhow::anyhow!("{}", error.message()));
    remembered.with_context(cannot).map(Some)
}

/// Writes what is to be remembered, whole or not at all.
///
/// # Errors
/// If there is no place for it, or it cannot be written.
pub(super) fn write(remembered: &Remembered) -> anyhow::Result<PathBuf> {
    let Some(file) = path() else {
        bail!("there is no folder for settings: name a file with {FILE_VARIABLE}")
    };
    let cannot = || format!("cannot write {}", file.display());
    let folder = file.parent().unwrap_or(Path::new("."));
    make_private(folder).with_context(cannot)?;
    // A new temporary file is its owner's alone.
    let written = tempfile::NamedTempFile::new_in(folder).with_context(cannot)?;
    std::fs::write(written.path(), toml::to_string(remembered)?).with_context(cannot)?;
    written.persist(&file).with_context(cannot)?;
    Ok(file)
}

/// Forgets it; says whether there was anything.
///
/// # Errors
/// If it cannot be removed.
pub(super) fn remove() -> anyhow::Result<bool> {
    let Some(file) = path().filter(|file| file.is_symlink() || file.exists()) else { return Ok(false) };
    // Of a link both go: what it leads to has the token.
    for file in [file.canonicalize().ok(), file.is_symlink().then_some(file)].into_iter().flatten() {
        std::fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
    }
    Ok(true)
}

/// Makes a folder that its user alone may enter; one that is there stays as it is.
fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn check_private(file: &Path) -> anyhow::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = file.metadata()?.permissions().mode();
        if mode & 0o077 != 0 {
            bail!("others can read the token in {0}: chmod 600 {0}", file.display());
        }
    }
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}
