//! `arcane attach AGENT…`: writes what agents need to tell of themselves into their settings.

use anyhow::{Context, bail};
use arcane_shared::RoomName;
use clap::Args;

use super::detach::{difference, take_back};
use super::print::{Unwritten, print, reasons, remark};
use super::which_agents::{Said, Which, store};
use crate::attach::agents::{self, Folders, Wish};
use crate::attach::store::{Kept, Store};
use crate::attach::{Place, files};
use crate::ingest::Agent;

/// Write what agents need into their settings, so that what they do is told here.
///
/// Only what is missing is added; everything else in a file, comments and order included, stays as it is. What a file was
/// is kept, and `arcane detach` brings it back to the byte. A file that its agent would not take is refused.
#[derive(Debug, Clone, Args)]
pub(super) struct Attach {
    #[command(flatten)]
    which: Which,
    /// The server's address, which is written into the hooks; otherwise the one that `arcane connect` remembers at this moment, but not into those
    /// of a project, which others share. Hooks without one speak to what `arcane connect` remembers when they run, or http://127.0.0.1:8000.
    #[arg(long, env = "ARCANE_URL")]
    url: Option<String>,
    /// The room that the events go to; otherwise main.
    #[arg(long, env = "ARCANE_ROOM")]
    room: Option<RoomName>,
    /// Where agents send their telemetry (tokens, cost), or off; otherwise http://127.0.0.1:4318 for a server of this machine, and off for others.
    #[arg(long, value_name = "ENDPOINT")]
    telemetry: Option<String>,
    /// Let what these agents ask be answered on a page that is open, or by `arcane answer`: claude, codex, qwen and opencode. While nobody looks
    /// they are not held up; their own prompts stay, except that Codex and Qwen do not show theirs for up to 20 seconds while somebody looks.
    /// Without this option it is switched off.
    #[arg(long)]
    answer: bool,
    /// Show what would change, and write nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Attach {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let folders = self.which.folders()?;
        let agents = self.which.agents(&folders)?;
        let said = Said { url: self.url, room: self.room, telemetry: self.telemetry, answers: self.answer };
        let wish = said.wish(&folders)?;
        let store = store(&folders);
        let mut failed = 0;
        for agent in agents {
            let task = Task { agent, folders: &folders, wish: &wish, store: &store, dry_run: self.dry_run };
            if let Err(error) = task.run() {
                if matches!(error.downcast_ref(), Some(Unwritten::Unread)) {
                    return Err(error);
                }
                remark(&format!("{}: {}", agent.name(), reasons(&error)));
                failed += 1;
            }
        }
        if failed > 0 {
            bail!("{failed} not attached; what its agent does not take is left as it is");
        }
        Ok(())
    }
}

/// One agent's settings.
struct Task<'a> {
    agent: Agent,
    folders: &'a Folders,
    wish: &'a Wish,
    store: &'a Store,
    dry_run: bool,
}

impl Task<'_> {
    fn run(&self) -> anyhow::Result<()> {
        let places = agents::places(self.agent, self.folders, self.wish);
        // Everything is read and decided before anything is written.
        let plans = places.iter().map(|place| self.plan(place)).collect::<anyhow::Result<Vec<_>>>()?;
        let mut changed = false;
        for (place, plan) in places.iter().zip(plans) {
            changed |= self.perform(place, plan)?;
        }
        self.take_back_others(&places)?;
        if self.wish.answers && !agents::can_be_answered(self.agent) {
            let name = self.agent.name();
            print(&format!(
                "  {name} takes no answers from elsewhere; what it asks is answered where it runs."
            ))?;
        }
        if let Some(hint) = hint(self.agent, self.wish).filter(|_| changed) {
            print(&format!("  {hint}"))?;
        }
        Ok(())
    }

    fn plan(&self, place: &Place) -> anyhow::Result<Plan> {
        let now = files::read(&place.file)?;
        let kept = self.store.read(&place.file)?;
        let undo = kept.as_ref().map(|kept| &kept.undo);
        let attached =
            place.content.attach(now.as_deref(), undo).with_context(|| place.file.display().to_string())?;
        if now.as_deref() != Some(&*attached.undo.after.text) {
            files::refuse_read_only(&place.file)?;
        }
        let folders = kept.map(|kept| kept.folders).unwrap_or_default();
        Ok(Plan {
            now,
            kept: Kept { file: place.file.clone(), undo: attached.undo, folders },
            foreign: attached.foreign_settings,
        })
    }

    /// Writes a file, or shows what would be written; says whether anything is new.
    fn perform(&self, place: &Place, plan: Plan) -> anyhow::Result<bool> {
        let Plan { now, mut kept, foreign } = plan;
        let (name, file) = (self.agent.name(), place.file.display());
        let after = kept.undo.after.text.clone();
        let changes = now.as_deref() != Some(&*after);
        let what = if foreign.is_empty() { place.what } else { without_telemetry(place.what) };
        if !changes && what.is_empty() {
            // What is said below is all there is to say.
        } else if !changes {
            print(&format!("{name}: {} there already in {file}", are(what)))?;
        } else if self.dry_run {
            print(&format!("{name}: would change {file}"))?;
            print(&difference(now.as_deref().unwrap_or_default(), &after))?;
        } else {
            // Kept first: what was written is always undone.
            let backup = self.store.write(&kept)?;
            let made = files::write(&place.file, now.as_deref(), &after)?;
            kept.folders.splice(0..0, made);
            self.store.write(&kept)?;
            let backup = backup.map(|backup| format!(" (backup: {})", backup.display())).unwrap_or_default();
            match what {
                "" => print(&format!("{name}: telemetry is taken out of {file}{backup}"))?,
                what => print(&format!("{name}: {} now in {file}{backup}", are(what)))?,
            }
        }
        if !foreign.is_empty() {
            let foreign = foreign.join(", ");
            let is = if foreign.contains(", ") { "are" } else { "is" };
            print(&format!("{name}: telemetry is left as it is: {foreign} {is} set otherwise in {file}"))?;
        }
        Ok(changes)
    }

    /// Takes back what was put somewhere that nothing is wanted in any more: telemetry that is switched off.
    fn take_back_others(&self, wanted: &[Place]) -> anyhow::Result<()> {
        let wish = Wish { telemetry: Some("http://127.0.0.1:4318".to_owned()), ..self.wish.clone() };
        for place in agents::places(self.agent, self.folders, &wish) {
            let is_wanted = wanted.iter().any(|wanted| wanted.file == place.file);
            if !is_wanted && self.store.read(&place.file)?.is_some() {
                take_back(self.agent, &place, self.store, self.dry_run)?;
            }
        }
        Ok(())
    }
}

/// What has to be done to a file.
struct Plan {
    now: Option<String>,
    kept: Kept,
    foreign: Vec<String>,
}

/// What a person has to do besides.
fn hint(agent: Agent, wish: &Wish) -> Option<String> {
    match agent {
        Agent::Codex => Some("Codex asks once whether it may run new hooks: start codex, and trust them. Until then it skips them in silence.".into()),
        Agent::Copilot | Agent::Opencode => {
            let endpoint = wish.telemetry.as_deref()?;
            Some(format!("Its telemetry has no setting: export OTEL_EXPORTER_OTLP_ENDPOINT={endpoint} where it is started."))
        }
        _ => None,
    }
}

/// What is written where telemetry is others'.
fn without_telemetry(what: &str) -> &str {
    match what {
        "hooks and telemetry" => "hooks",
        "telemetry" => "",
        what => what,
    }
}

fn are(what: &str) -> String {
    let verb = if what.contains(" and ") || what.ends_with('s') { "are" } else { "is" };
    format!("{what} {verb}")
}
