//! `arcane manual`: what the command line knows of itself, for shells and for `man`.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Arcane;
use super::print::print;

/// Prints completions for a shell, or writes man pages.
///
/// For example: arcane manual --shell bash > ~/.local/share/bash-completion/completions/arcane
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Manual {
    /// Print completions for this shell.
    #[arg(long, value_enum)]
    shell: Option<Shell>,
    /// Write a man page of each command into this folder.
    #[arg(long, value_name = "DIR")]
    man: Option<PathBuf>,
}

impl Manual {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let mut command = Arcane::command();
        if let Some(shell) = self.shell {
            // Straight to standard output it would panic as soon as nobody reads that any more.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut command, "arcane", &mut script);
            print(String::from_utf8_lossy(&script).trim_end())?;
        }
        if let Some(dir) = self.man {
            std::fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
            clap_mangen::generate_to(command, &dir)
                .with_context(|| format!("cannot write to {}", dir.display()))?;
        }
        Ok(())
    }
}
