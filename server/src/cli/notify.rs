//! `arcane notify`: whether those are told who are to be told.

use std::path::PathBuf;

use anyhow::{Context, bail};
use arcane_shared::{counted, visible};
use clap::{Args, CommandFactory, Subcommand};

use super::print::print;
use super::{Arcane, settings};
use crate::config::{ConfigFile, PublicUrl};
use crate::notify::{Tested, Tried, test};

/// Most characters of an answer that are printed.
const ANSWER_CHARS_MAX: usize = 200;

/// Try the targets of [[notify]].
#[derive(Debug, Clone, Args)]
pub(super) struct NotifyCommand {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Clone, Subcommand)]
enum Act {
    /// Send a test message to the targets of [[notify]], or to one of them, and say what came back.
    ///
    /// The configuration file and the variables with secrets are read as `arcane serve` would read them here and now; a server need not run.
    Test(Test),
}

#[derive(Debug, Clone, Args)]
struct Test {
    /// The target; otherwise all of them.
    name: Option<String>,
    /// Configuration file; otherwise ./arcane.toml.
    #[arg(long, env = "ARCANE_CONFIG", default_value = "arcane.toml")]
    config: PathBuf,
    /// The server's --public-url; otherwise what the file says.
    #[arg(long, env = "ARCANE_PUBLIC_URL")]
    public_url: Option<PublicUrl>,
}

impl NotifyCommand {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let Act::Test(test) = self.act;
        test.run().await
    }
}

impl Test {
    async fn run(self) -> anyhow::Result<()> {
        let file = ConfigFile::read(&self.config, &settings::setting_names(&Arcane::command()))?;
        let base = match (self.public_url, file.settings.get("public-url")) {
            (Some(base), _) => Some(base),
            (None, Some(text)) => Some(text.parse().context("public_url")?),
            (None, None) => None,
        };
        let names: Vec<&str> = file.notify.targets().iter().map(|target| target.name.as_str()).collect();
        if names.is_empty() {
            bail!("{} has no [[notify]]: there is nobody to tell", self.config.display());
        }
        if let Some(name) = &self.name
            && !names.contains(&name.as_str())
        {
            bail!("there is no target {name:?} in {}; there are {}", self.config.display(), names.join(", "));
        }
        let is_meant = |name: &str| self.name.as_ref().is_none_or(|meant| meant == name);
        let (mut tested, mut failed) = (0, 0);
        for target in file.notify.targets().iter().filter(|target| is_meant(&target.name)) {
            tested += 1;
            let Tested { place, tried, answer } = match test(target, base.as_ref()).await {
                Ok(tested) => tested,
                Err(error) => {
                    failed += 1;
                    print(&error.to_string())?;
                    continue;
                }
            };
            let answer = match visible::line(&answer, ANSWER_CHARS_MAX) {
                answer if answer.is_empty() => answer,
                answer => format!("\n  {answer}"),
            };
            failed += usize::from(!matches!(tried, Tried::Sent(_)));
            print(&format!("{} at {place}: {tried}{answer}", target.name))?;
        }
        if base.is_none() {
            print(
                "Messages have no links: public_url in the file, or --public-url, says where people reach the dashboard.",
            )?;
        }
        if failed > 0 {
            bail!("{failed} of {} took no message", counted(tested, "target"));
        }
        Ok(())
    }
}
