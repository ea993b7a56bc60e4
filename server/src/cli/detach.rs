//! `arcane detach AGENT…`: takes everything out of agents' settings that `arcane attach` put there.

use anyhow::{Context, bail};
use clap::Args;
use similar::TextDiff;

use super::print::{Unwritten, print, reasons, remark};
use super::screen;
use super::which_agents::{Said, Which, store};
use crate::attach::state;
use crate::attach::store::Store;
use crate::attach::{Place, agents, files};
use crate::ingest::Agent;

/// Take everything out of agents' settings that `arcane attach` put there.
///
/// A file that nobody has changed since is as it was before, to the byte; in one that was changed, the changes stay.
#[derive(Debug, Clone, Args)]
pub(super) struct Detach {
    #[command(flatten)]
    which: Which,
    /// Show what would change, and write nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Detach {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let folders = self.which.folders()?;
        let store = store(&folders);
        let mut failed = 0;
        // What is taken out does not depend on the server.
        let said = Said { url: Some(super::which_agents::HERE.to_owned()), ..Said::default() };
        let wish = said.wish(&folders)?;
        for agent in self.which.attached(&folders, &store, &wish)? {
            for place in agents::places(agent, &folders, &wish) {
                if let Err(error) = take_back(agent, &place, &store, self.dry_run) {
                    if matches!(error.downcast_ref(), Some(Unwritten::Unread)) {
                        return Err(error);
                    }
                    remark(&format!("{}: {}", agent.name(), reasons(&error)));
                    failed += 1;
                }
            }
        }
        if failed > 0 {
            bail!("{failed} not detached; what its agent does not take is left as it is");
        }
        Ok(())
    }
}

/// Takes back what was put into a file.
pub(super) fn take_back(agent: Agent, place: &Place, store: &Store, dry_run: bool) -> anyhow::Result<()> {
    let (name, file) = (agent.name(), place.file.display());
    let kept = store.read(&place.file)?;
    let Some(now) = files::read(&place.file)? else {
        if !dry_run {
            store.forget(&place.file);
        }
        return Ok(print(&format!("{name}: nothing is in {file}: it is not there"))?);
    };
    let undo = kept.as_ref().map(|kept| &kept.undo);
    let rest = place.content.detach(&now, undo).with_context(|| place.file.display().to_string())?;
    if rest.as_deref() == Some(&*now) {
        if !dry_run {
            store.forget(&place.file);
        }
        let stays = state::look(&place.content, Some(&now)).ok().and_then(|state| state.telemetry);
        let said = match stays {
            Some(endpoint) if undo.is_none() => {
                format!("nothing in {file} is known to be of attach; its telemetry, to {endpoint}, stays")
            }
            _ => format!("nothing is in {file}"),
        };
        return Ok(print(&format!("{name}: {said}"))?);
    }
    if dry_run {
        print(&format!("{name}: would change {file}"))?;
        return Ok(print(&difference(&now, rest.as_deref().unwrap_or_default()))?);
    }
    match &rest {
        Some(rest) => drop(files::write(&place.file, Some(&now), rest)?),
        None => files::remove(&place.file, &kept.map(|kept| kept.folders).unwrap_or_default())?,
    }
    store.forget(&place.file);
    let done = if rest.is_some() { "taken out of" } else { "gone, with" };
    Ok(print(&format!("{name}: {} {done} {file}", place.what))?)
}

/// What changes, as `diff -u` shows it.
pub(super) fn difference(before: &str, after: &str) -> String {
    let difference = TextDiff::from_lines(before, after);
    screen::lines(difference.unified_diff().context_radius(2).to_string().trim_end())
}
