//! `arcane export` and `arcane import`: a log as lines of text, and back.

use std::fs::File;
use std::io::{BufReader, BufWriter, IsTerminal, Read, StdoutLock, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use arcane_shared::RoomName;
use arcane_shared::counted;
use clap::Args;

use super::output::Output;
use super::print::{self, Whole};
use super::screen::JsonLines;
use crate::log::sqlite::backup::{self, BackupError, Copied};

/// Writes the event log as NDJSON: every event as it was sent, one a line. The server may be running.
#[derive(Debug, Clone, Args)]
pub(super) struct Export {
    /// The server's data directory.
    #[arg(long, env = "ARCANE_DATA_DIR", default_value = "./arcane-data")]
    data_dir: PathBuf,
    /// Only this room, and no state.
    #[arg(long, conflicts_with = "salvage")]
    room: Option<RoomName>,
    /// Read a damaged log page by page and leave out what is not what was written. The server must be stopped.
    #[arg(long)]
    salvage: bool,
    /// Where to; otherwise standard output. The file is there once all of it is written, for its owner alone.
    #[arg(long, short)]
    output: Option<PathBuf>,
}

/// Makes an event log of an export, in a directory that has none.
#[derive(Debug, Clone, Args)]
pub(super) struct Import {
    /// The data directory of the server that is to have it.
    #[arg(long, env = "ARCANE_DATA_DIR", default_value = "./arcane-data")]
    data_dir: PathBuf,
    /// Let readers go on with the positions that they have. Only if the server of the export is gone for good.
    #[arg(long)]
    keep_epoch: bool,
    /// The export; otherwise standard input.
    file: Option<PathBuf>,
}

/// Where an export goes.
#[derive(Debug, Clone, Copy)]
struct Target {
    /// A terminal shows it.
    is_terminal: bool,
    /// What is written waits for no reader.
    is_file: bool,
}

/// What is wrong, and what to do about it where it goes.
fn advised(error: BackupError, to: Target) -> anyhow::Error {
    match error {
        BackupError::Overtaken { .. } if to.is_file => anyhow::anyhow!(
            "{error}: retention deletes as fast as the export is written; export again when less is published, or raise the \
             retention of the server until it is done"
        ),
        BackupError::Overtaken { .. } => anyhow::anyhow!(
            "{error}: what the export is written to is too slow; write it to a file (--output), or raise the retention"
        ),
        error => error.into(),
    }
}

/// Whether standard output goes into a file.
fn is_file(out: &StdoutLock<'_>) -> bool {
    #[cfg(unix)]
    let handle = std::os::fd::AsFd::as_fd(out).try_clone_to_owned();
    #[cfg(windows)]
    let handle = std::os::windows::io::AsHandle::as_handle(out).try_clone_to_owned();
    handle.and_then(|handle| File::from(handle).metadata()).is_ok_and(|there| there.is_file())
}

impl Export {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let Some(path) = &self.output else {
            let out = std::io::stdout().lock();
            let is_terminal = out.is_terminal();
            let to = Target { is_terminal, is_file: is_file(&out) };
            return self.write_shown(to, &mut BufWriter::new(Whole(out)));
        };
        let cannot = || format!("cannot write {}", path.display());
        let mut out = BufWriter::new(Output::create(path).with_context(cannot)?);
        let to = Target { is_terminal: out.get_ref().is_terminal(), is_file: out.get_ref().is_file() };
        self.write_shown(to, &mut out)?;
        out.into_inner().map_err(|error| error.into_error()).and_then(Output::finish).with_context(cannot)
    }

    /// To the byte, unless a terminal shows it: then control characters are escaped.
    fn write_shown(&self, to: Target, out: &mut dyn Write) -> anyhow::Result<()> {
        if to.is_terminal { self.write(to, &mut JsonLines::new(out)) } else { self.write(to, out) }
    }

    fn write(&self, to: Target, out: &mut dyn Write) -> anyhow::Result<()> {
        let in_dir = || format!("cannot export the log of {}", self.data_dir.display());
        if self.salvage {
            let (copied, remarks) = backup::salvage(&self.data_dir, out).with_context(in_dir)?;
            remarks.iter().for_each(|remark| print::remark(remark));
            print::remark(&told("exported", copied));
        } else {
            let copied = backup::export(&self.data_dir, self.room.as_ref(), out)
                .map_err(|error| advised(error, to))
                .with_context(in_dir)?;
            print::remark(&told("exported", copied));
        }
        Ok(())
    }
}

impl Import {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let input: Box<dyn Read> = match self.file.as_deref().filter(|path| *path != Path::new("-")) {
            Some(path) => {
                Box::new(File::open(path).with_context(|| format!("cannot read {}", path.display()))?)
            }
            None => Box::new(std::io::stdin().lock()),
        };
        let copied = backup::import(&self.data_dir, self.keep_epoch, &mut BufReader::new(input))?;
        print::remark(&told("imported", copied));
        Ok(())
    }
}

fn told(done: &str, copied: Copied) -> String {
    let Copied { rooms, events, missing } = copied;
    let lacking = match missing {
        0 => String::new(),
        1 => "; 1 between them is missing".into(),
        _ => format!("; {missing} between them are missing"),
    };
    format!("{done} {} of {}{lacking}", counted(events, "event"), counted(rooms, "room"))
}
