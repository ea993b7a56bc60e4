//! Which files an agent has, and what has to stand in them. Pure.

mod antigravity;
mod claude;
mod codex;
mod copilot;
mod cursor;
mod gemini;
mod opencode;
mod qwen;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::Place;
use super::command::{self, Care};
use super::json::{Habits, Shape, Wanted};
use crate::ingest::Agent;

/// For how long an agent waits for a hook at most; the hook itself takes less.
const TIMEOUT_S: u64 = 2;

/// For how long the beginning of a call may wait that is one more of a loop, seconds.
const LOOP_HOLD_S: u64 = 20;
/// For how long an agent waits beyond the time that its hook may wait for an answer.
const BEYOND_HOLD_S: u64 = 10;

/// Where files of agents are looked for.
#[derive(Debug, Clone)]
pub(crate) struct Folders {
    /// The user's home.
    pub(crate) home: PathBuf,
    /// A project, whose own settings are meant; `None`: the user's.
    pub(crate) project: Option<PathBuf>,
    /// `CLAUDE_CONFIG_DIR`, if set.
    pub(crate) claude: Option<PathBuf>,
    /// `CODEX_HOME`, if set.
    pub(crate) codex: Option<PathBuf>,
    /// `COPILOT_HOME`, if set.
    pub(crate) copilot: Option<PathBuf>,
    /// `XDG_CONFIG_HOME`, if set.
    pub(crate) config: Option<PathBuf>,
}

/// What is written for every agent.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    /// The program that hooks run.
    pub(crate) program: String,
    /// Words behind it: the server, the room.
    pub(crate) more: Vec<String>,
    /// Where telemetry is sent; `None`: its settings are left alone.
    pub(crate) telemetry: Option<String>,
    /// What the agent asks may be answered from elsewhere: its hook waits for that.
    pub(crate) answers: bool,
}

/// The files of an agent.
pub(crate) fn places(agent: Agent, folders: &Folders, wish: &Wish) -> Vec<Place> {
    match agent {
        Agent::Claude => claude::places(folders, wish),
        Agent::Codex => codex::places(folders, wish),
        Agent::Gemini => gemini::places(folders, wish),
        Agent::Copilot => copilot::places(folders, wish),
        Agent::Qwen => qwen::places(folders, wish),
        Agent::Cursor => cursor::places(folders, wish),
        Agent::Opencode => opencode::places(folders, wish),
        Agent::Antigravity => antigravity::places(folders, wish),
    }
}

/// The folder that an agent makes when it is used.
pub(crate) fn folder(agent: Agent, folders: &Folders) -> PathBuf {
    match agent {
        Agent::Claude => folders.claude.clone().unwrap_or_else(|| folders.home.join(".claude")),
        Agent::Codex => folders.codex.clone().unwrap_or_else(|| folders.home.join(".codex")),
        Agent::Gemini => folders.home.join(".gemini"),
        Agent::Copilot => folders.copilot.clone().unwrap_or_else(|| folders.home.join(".copilot")),
        Agent::Qwen => folders.home.join(".qwen"),
        Agent::Cursor => folders.home.join(".cursor"),
        Agent::Opencode => {
            folders.config.clone().unwrap_or_else(|| folders.home.join(".config")).join("opencode")
        }
        Agent::Antigravity => folders.home.join(".gemini/antigravity-cli"),
    }
}

/// The names of an agent's program.
pub(crate) fn programs(agent: Agent) -> &'static [&'static str] {
    match agent {
        Agent::Claude => &["claude"],
        Agent::Codex => &["codex"],
        Agent::Gemini => &["gemini"],
        Agent::Copilot => &["copilot"],
        Agent::Qwen => &["qwen"],
        Agent::Cursor => &["cursor-agent", "cursor"],
        Agent::Opencode => &["opencode"],
        Agent::Antigravity => &["agy"],
    }
}

impl Folders {
    /// A file of the project, otherwise one of the agent's folder.
    fn file(&self, agent: Agent, in_project: &str, in_folder: &str) -> PathBuf {
        self.project
            .as_ref()
            .map_or_else(|| folder(agent, self).join(in_folder), |project| project.join(in_project))
    }

    /// A project's file is used on machines that do not have the program, too.
    fn care(&self) -> Care {
        if self.is_project() { Care::CannotFail } else { Care::Plain }
    }

    fn is_project(&self) -> bool {
        self.project.is_some()
    }
}

impl Wish {
    /// The line that a hook runs.
    fn line(&self, agent: Agent, event: Option<&str>, care: Care) -> String {
        self.line_with(agent, event, None, care)
    }

    /// The line of an event by which the agent asks a human, and the seconds that it may take.
    fn asking(&self, agent: Agent, care: Care) -> (String, u64) {
        match holds_s(agent).filter(|_| self.answers) {
            Some(hold) => (self.line_with(agent, None, Some(&hold.to_string()), care), hold + BEYOND_HOLD_S),
            None => (self.line(agent, None, care), TIMEOUT_S),
        }
    }

    /// The line of an event at which a call begins that may be one more of a loop, and the seconds that it may take.
    fn beginning(&self, agent: Agent, care: Care) -> (String, u64) {
        if !self.answers {
            return (self.line(agent, None, care), TIMEOUT_S);
        }
        (self.line_with(agent, None, Some(&LOOP_HOLD_S.to_string()), care), LOOP_HOLD_S + BEYOND_HOLD_S)
    }

    fn line_with(&self, agent: Agent, event: Option<&str>, hold: Option<&str>, care: Care) -> String {
        let mut more: Vec<&str> = Vec::new();
        if let Some(hold) = hold {
            more.extend(["--hold", hold]);
        }
        if let Some(event) = event {
            more.extend(["--event", event]);
        }
        more.extend(self.more.iter().map(String::as_str));
        command::line(&self.program, agent.name(), &more, care)
    }
}

/// For how long a hook of an agent may wait for an answer, seconds; `None`: it is answered where it runs.
pub(crate) fn holds_s(agent: Agent) -> Option<u64> {
    match agent {
        // Its own dialog is there meanwhile.
        Agent::Claude => Some(600),
        // Their own prompts are not.
        Agent::Codex | Agent::Qwen => Some(20),
        _ => None,
    }
}

/// Whether what an agent asks can be answered from elsewhere.
pub(crate) fn can_be_answered(agent: Agent) -> bool {
    holds_s(agent).is_some() || agent == Agent::Opencode
}

/// The path of an event's hooks, and the entry.
fn entry(event: &'static str, entry: Value) -> (Vec<&'static str>, Value) {
    (vec!["hooks", event], entry)
}

/// Settings of telemetry as Gemini CLI and its descendants have them.
fn telemetry_of_gemini(endpoint: &str) -> Vec<(Vec<&'static str>, Value)> {
    [
        ("enabled", json!(true)),
        ("target", json!("local")),
        ("otlpEndpoint", json!(endpoint)),
        ("otlpProtocol", json!("http")),
        // They log prompts unless they are told not to.
        ("logPrompts", json!(false)),
    ]
    .into_iter()
    .map(|(name, value)| (vec!["telemetry", name], value))
    .collect()
}

/// A file of JSON that has hooks in it.
fn hooks_file(
    file: PathBuf,
    habits: Habits,
    shape: Shape,
    entries: Vec<(Vec<&'static str>, Value)>,
) -> Place {
    let (settings, frame) = (Vec::new(), Vec::new());
    let wanted = Wanted { habits, shape, entries, settings, frame, is_own_file: false };
    Place { file, what: "hooks", content: super::Content::Json(wanted) }
}

impl Place {
    /// The same with settings of telemetry.
    fn with_settings(mut self, settings: Vec<(Vec<&'static str>, Value)>) -> Self {
        if let super::Content::Json(wanted) = &mut self.content
            && !settings.is_empty()
        {
            wanted.settings = settings;
            self.what = "hooks and telemetry";
        }
        self
    }

    /// The same with what stands at the top of a new file.
    fn with_frame(mut self, frame: Vec<(&'static str, Value)>) -> Self {
        if let super::Content::Json(wanted) = &mut self.content {
            wanted.frame = frame;
        }
        self
    }

    /// The same, as a file that is for this alone.
    fn for_this_alone(mut self) -> Self {
        if let super::Content::Json(wanted) = &mut self.content {
            wanted.is_own_file = true;
        }
        self
    }
}

/// Whether a path is in a folder that is there.
pub(crate) fn is_used(agent: Agent, folders: &Folders) -> bool {
    let folder = folder(agent, folders);
    Path::new(&folder).is_dir()
}
