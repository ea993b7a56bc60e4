//! Which agents a command is about, and where their files are.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;

use super::remembered;
use crate::attach::agents::{self, Folders, Wish};
use crate::attach::store::Store;
use crate::gate::origin::is_loopback;
use crate::ingest::Agent;
use arcane_shared::RoomName;
use arcane_shared::server_address::ServerAddress;

/// Where a server is, if nobody said so.
pub(super) const HERE: &str = "http://127.0.0.1:8000";
/// Where a server of this machine takes telemetry.
const TELEMETRY_HERE: &str = "http://127.0.0.1:4318";

/// Paths of OTLP over HTTP.
const SIGNALS: [&str; 3] = ["/v1/logs", "/v1/traces", "/v1/metrics"];

/// The agents that a command is about.
#[derive(Debug, Clone, Args)]
pub(super) struct Which {
    /// claude, codex, gemini, copilot, qwen, cursor, opencode or antigravity; several, if wanted.
    #[arg(value_name = "AGENT", value_parser = agent)]
    pub(super) agents: Vec<Agent>,
    /// All agents that are found on this machine.
    #[arg(long, conflicts_with = "agents")]
    pub(super) all: bool,
    /// The settings of a project instead of the user's; of the working directory, if none is named.
    #[arg(long, value_name = "FOLDER", num_args = 0..=1, default_missing_value = ".")]
    project: Option<PathBuf>,
}

/// What is wanted of the agents' settings.
#[derive(Debug, Clone, Default)]
pub(super) struct Said {
    pub(super) url: Option<String>,
    pub(super) room: Option<RoomName>,
    pub(super) telemetry: Option<String>,
    pub(super) answers: bool,
}

impl Which {
    /// The agents, each once.
    ///
    /// # Errors
    /// If none is named and none is found.
    pub(super) fn agents(&self, folders: &Folders) -> anyhow::Result<Vec<Agent>> {
        let mut agents = Vec::new();
        if self.all {
            agents.extend(Agent::ALL.into_iter().filter(|agent| is_found(*agent, folders)));
            if agents.is_empty() {
                bail!(
                    "no agent is found on this machine: none of their folders is there, and none of their programs on the PATH; \
                     install one and run this again, name one to write its settings beforehand (arcane attach claude), \
                     or look at invented ones with arcane serve --demo"
                );
            }
        }
        for agent in &self.agents {
            if !agents.contains(agent) {
                agents.push(*agent);
            }
        }
        if agents.is_empty() {
            let names = Agent::ALL.map(Agent::name).join(", ");
            bail!("which agent? Name one or several, or say --all: {names}");
        }
        Ok(agents)
    }

    /// The same for who takes back what was written: with `--all` also agents that are no longer on this machine, if something is kept of
    /// their files.
    ///
    /// # Errors
    /// If none is named and none is found.
    pub(super) fn attached(
        &self,
        folders: &Folders,
        store: &Store,
        wish: &Wish,
    ) -> anyhow::Result<Vec<Agent>> {
        let is_kept = |agent: &Agent| {
            let places = agents::places(*agent, folders, wish);
            places.iter().any(|place| store.has(&place.file))
        };
        let kept: Vec<Agent> = Agent::ALL.into_iter().filter(is_kept).collect();
        if !self.all || kept.is_empty() {
            return self.agents(folders);
        }
        let is_meant = |agent: &Agent| kept.contains(agent) || is_found(*agent, folders);
        Ok(Agent::ALL.into_iter().filter(is_meant).collect())
    }

    /// Where files of agents are looked for.
    ///
    /// # Errors
    /// If there is no home, or the project is no folder.
    pub(super) fn folders(&self) -> anyhow::Result<Folders> {
        if cfg!(windows) {
            bail!("settings of agents are written on Linux and macOS alone: nothing else was tried");
        }
        let project = match &self.project {
            Some(folder) => {
                let folder =
                    folder.canonicalize().with_context(|| format!("--project {}", folder.display()))?;
                if !folder.is_dir() {
                    bail!("--project {}: it is no folder", folder.display());
                }
                Some(folder)
            }
            None => None,
        };
        Ok(Folders {
            home: variable("HOME").context("HOME is not set: settings of agents are in the user's home")?,
            project,
            claude: variable("CLAUDE_CONFIG_DIR"),
            codex: variable("CODEX_HOME"),
            copilot: variable("COPILOT_HOME"),
            config: variable("XDG_CONFIG_HOME"),
        })
    }
}

impl Said {
    /// The server that hooks will speak to.
    pub(super) fn server(&self) -> anyhow::Result<String> {
        if let Some(url) = &self.url {
            return Ok(url.clone());
        }
        Ok(remembered::read()?.map_or_else(|| HERE.to_owned(), |remembered| remembered.url))
    }

    /// What is written for every agent.
    ///
    /// # Errors
    /// If the address or the endpoint is none, or the program is not found.
    pub(super) fn wish(&self, folders: &Folders) -> anyhow::Result<Wish> {
        let server = self.server()?;
        let place = ServerAddress::parse(&server).filter(|place| place.secure.is_some());
        let place = place.with_context(|| {
            format!("{server}: the address of a server is http://HOST:PORT or https://HOST:PORT")
        })?;
        let telemetry = match self.telemetry.as_deref() {
            Some("off") => None,
            Some(endpoint) => {
                let is_one = ServerAddress::parse(endpoint).is_some_and(|place| place.secure.is_some());
                if !is_one {
                    bail!("--telemetry {endpoint}: an endpoint is http://HOST:PORT, or off");
                }
                // Exporters put the path of a signal behind it.
                let base = SIGNALS.iter().find_map(|path| endpoint.trim_end_matches('/').strip_suffix(path));
                Some(base.unwrap_or(endpoint).trim_end_matches('/').to_owned())
            }
            // What agents log may hold more than their hooks tell, so it does not leave this machine unless somebody says so.
            None => is_loopback(&place.host).then(|| TELEMETRY_HERE.to_owned()),
        };
        let mut more = Vec::new();
        let room = self.room.as_ref().map(RoomName::as_str);
        for (flag, value) in [("--url", self.url.as_deref()), ("--room", room)] {
            if let Some(value) = value {
                more.extend([flag.to_owned(), value.to_owned()]);
            }
        }
        let program = if folders.project.is_some() { "arcane".to_owned() } else { program()? };
        Ok(Wish { program, more, telemetry, answers: self.answers })
    }
}

/// Where it is kept what files were.
pub(super) fn store(folders: &Folders) -> Store {
    Store::of(&folders.home, variable("XDG_STATE_HOME"))
}

/// Whether an agent is on this machine.
pub(super) fn is_found(agent: Agent, folders: &Folders) -> bool {
    agents::is_used(agent, folders) || executable(agent).is_some()
}

/// The program of an agent, on the PATH.
pub(super) fn executable(agent: Agent) -> Option<PathBuf> {
    agents::programs(agent).iter().find_map(|name| on_path(name))
}

/// This program, by the name that stays when it is renewed: a link on the PATH goes before what it leads to.
fn program() -> anyhow::Result<String> {
    let this = std::env::current_exe().context("cannot find the file of this program")?;
    let linked = on_path("arcane")
        .filter(|found| found.canonicalize().is_ok_and(|found| Some(found) == this.canonicalize().ok()));
    let program = linked.unwrap_or(this);
    if !program.file_name().is_some_and(|name| name.to_string_lossy().starts_with("arcane")) {
        bail!(
            "{}: attach knows its hooks again by the program's name, which begins with arcane; call it that",
            program.display()
        );
    }
    program.to_str().map(str::to_owned).with_context(|| format!("{} is no UTF-8", program.display()))
}

pub(super) fn on_path(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn agent(name: &str) -> Result<Agent, String> {
    let known = || format!("no agent that is known: {}", Agent::ALL.map(Agent::name).join(", "));
    Agent::named(&name.to_ascii_lowercase()).ok_or_else(known)
}
