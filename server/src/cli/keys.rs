//! `arcane keys`: the keys that tokens are signed with.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
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
    /// Put a new key in front of a file's; tokens of the one before still hold, those of older ones do not.
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
    /// The file.
    #[arg(long = "keys", env = "ARCANE_KEYS_FILE")]
    file: PathBuf,
    #[command(flatten)]
    new: New,
}

impl KeysCommand {
    pub(super) fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::New(new) => {
                let set = KeyFile { keys: vec![new.key()], revoked: vec![] };
                print(&serde_json::to_string_pretty(&set)?)?;
                remark("who can read these keys can make tokens: chmod 600 the file that you put them into");
                Ok(())
            }
            Command::Rotate(rotate) => {
                let key = rotate.new.key();
                change(&rotate.file, |set| {
                    set.keys.truncate(1);
                    set.keys.insert(0, key);
                })?;
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
    Ok(crate::gate::tokens::read(file)?)
}

/// Changes a file of keys as a whole or not at all. Its other members and its permissions stay as they are.
pub(super) fn change(file: &Path, change: impl FnOnce(&mut KeyFile)) -> anyhow::Result<()> {
    // What is changed must be usable before.
    read(file)?;
    let cannot = || format!("cannot change {}", file.display());
    // Through a link, which stays one.
    let file = file.canonicalize().with_context(cannot)?;
    let text = std::fs::read_to_string(&file).with_context(cannot)?;
    let mut whole: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text)?;
    let mut set: KeyFile = serde_json::from_str(&text)?;
    change(&mut set);
    let serde_json::Value::Object(changed) = serde_json::to_value(&set)? else {
        bail!("a set of keys is an object")
    };
    whole.extend(changed);
    let text = serde_json::to_string_pretty(&whole)? + "\n";
    Keys::parse(&text)?;
    let folder = file.parent().unwrap_or(Path::new("."));
    let written = tempfile::NamedTempFile::new_in(folder).with_context(cannot)?;
    std::fs::write(written.path(), text).with_context(cannot)?;
    written.as_file().set_permissions(file.metadata()?.permissions()).with_context(cannot)?;
    written.as_file().sync_all().with_context(cannot)?;
    written.persist(&file).with_context(cannot)?;
    Ok(())
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
