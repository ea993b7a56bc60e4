//! `arcane keys`: the keys that tokens are signed with.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Subcommand};

use super::print::{print, remark};
use crate::gate::keys::{KeyEntry, KeyFile, Keys};

/// Makes and changes the keys that tokens are signed with.
#[derive(Debug, Clone, Args)]
pub(super) struct KeysCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Subcommand)]
enum Command {
    /// Print a set with one new key: arcane keys new > keys.json.
    New(New),
    /// Put a new key in front of a file's; tokens of the one before still hold, those of older ones do not. Other issuers' public
    /// keys stay.
    Rotate(Rotate),
}

#[derive(Debug, Clone, Args)]
struct New {
    /// A secret for HS256 instead of a pair of keys for EdDSA.
    #[arg(long)]
    hs256: bool,
}

#[derive(Debug, Clone, Args)]
struct Rotate {
    #[command(flatten)]
    keys: KeysFile,
    #[command(flatten)]
    new: New,
}

/// The file with the keys of a server.
#[derive(Debug, Clone, Args)]
pub(super) struct KeysFile {
    /// The file with the keys.
    #[arg(long = "keys", env = "ARCANE_KEYS_FILE")]
    file: Option<PathBuf>,
}

impl KeysFile {
    pub(super) fn path(&self) -> anyhow::Result<&Path> {
        let without =
            "--keys FILE is missing, or ARCANE_KEYS_FILE; `arcane keys new > keys.json` makes such a file";
        self.file.as_deref().context(without)
    }
}

impl KeysCommand {
    pub(super) fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::New(new) => {
                let set = KeyFile { keys: vec![new.key()], ..KeyFile::default() };
                print(&serde_json::to_string_pretty(&set)?)?;
                remark("who can read these keys can make tokens: chmod 600 the file that you put them into");
                Ok(())
            }
            Command::Rotate(rotate) => {
                let key = rotate.new.key();
                let gone = change(rotate.keys.path()?, |set| set.rotate(key))?;
                for key in gone {
                    let kid = key.kid.unwrap_or_else(|| "without a kid".into());
                    remark(&format!("the key {kid} is gone: what it signed holds no longer"));
                }
                remark(
                    "the new key signs from now on; a server that has this file open takes it within a second",
                );
                Ok(())
            }
        }
    }
}

impl New {
    fn key(&self) -> KeyEntry {
        let kid = format!("{:08x}", rand::random::<u32>());
        KeyEntry::new(rand::random(), kid, self.hs256)
    }
}

/// Reads a file's keys.
pub(super) fn read(file: &Path) -> anyhow::Result<Keys> {
    Ok(crate::gate::key_file::read(file)?)
}

/// Changes a file of keys as a whole or not at all. Its other members and its permissions stay as they are, and programs that
/// change it at the same time wait for each other.
pub(super) fn change<T>(file: &Path, change: impl FnOnce(&mut KeyFile) -> T) -> anyhow::Result<T> {
    let cannot = || format!("cannot change {}", file.display());
    // What is changed must be usable before.
    read(file)?;
    // Through a link, which stays one.
    let file = file.canonicalize().with_context(cannot)?;
    let locked = lock(&file).with_context(cannot)?;
    let text = std::fs::read_to_string(&file).with_context(cannot)?;
    Keys::parse(&text)?;
    let mut set: KeyFile = serde_json::from_str(&text)?;
    let changed = change(&mut set);
    let text = serde_json::to_string_pretty(&set)? + "\n";
    Keys::parse(&text)?;
    let folder = file.parent().unwrap_or(Path::new("."));
    let written = tempfile::NamedTempFile::new_in(folder).with_context(cannot)?;
    std::fs::write(written.path(), text).with_context(cannot)?;
    written.as_file().set_permissions(file.metadata()?.permissions()).with_context(cannot)?;
    written.as_file().sync_all().with_context(cannot)?;
    written.persist(&file).with_context(cannot)?;
    drop(locked);
    Ok(changed)
}

/// The file, for this program alone until it is dropped.
fn lock(path: &Path) -> std::io::Result<File> {
    loop {
        let file = File::open(path)?;
        file.lock()?;
        // Who had the lock has put another file there.
        if is_at(&file, path)? {
            return Ok(file);
        }
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> std::io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let (held, there) = (file.metadata()?, path.metadata()?);
    Ok((held.dev(), held.ino()) == (there.dev(), there.ino()))
}

#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> std::io::Result<bool> {
    Ok(true)
}

/// Says so where others can read a file of keys.
pub(super) fn warn_if_public(file: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = file.metadata().map(|metadata| metadata.permissions().mode());
        if mode.is_ok_and(|mode| mode & 0o077 != 0) {
            tracing::warn!(file = %file.display(), "others can read the keys and make tokens: chmod 600 the file");
        }
    }
    #[cfg(not(unix))]
    let _ = file;
}
