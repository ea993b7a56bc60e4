//! The dialects of agents: each reads a payload and gives signs. Pure.

mod antigravity;
mod claude;
mod codex;
mod copilot;
mod cursor;
mod detect;
mod gemini;
mod opencode;
mod qwen;
mod reader;

use arcane_shared::{DaemonName, Timestamp};
use serde_json::Value;

pub(crate) use detect::detect;
use reader::Reader;

use super::sign::Sign;

/// An agent whose hooks are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Agent {
    Claude,
    Codex,
    Gemini,
    Copilot,
    Qwen,
    Cursor,
    Opencode,
    Antigravity,
}

/// What is known of a payload besides itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Context {
    /// The event, where the payload does not name it.
    pub(crate) event: Option<Box<str>>,
    /// The machine that the agent runs on.
    pub(crate) host: Option<Box<str>>,
    /// When the payload was sent, by the clock of the program that did.
    pub(crate) sent_at: Option<Timestamp>,
    /// Nobody is there who could answer: a request for permission is refused at once.
    pub(crate) is_unattended: bool,
    /// Prompts and answers may stand in events.
    pub(crate) captures_content: bool,
}

/// What came of a payload.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Reading {
    /// What it tells, in order.
    pub(crate) signs: Vec<Sign>,
    /// The event, if the dialect does not know it.
    pub(crate) unknown_event: Option<Box<str>>,
    /// Fields that the dialect does not know.
    pub(crate) unknown_fields: Vec<Box<str>>,
    /// The payload is none of the dialect's: it names no session.
    pub(crate) is_foreign: bool,
}

impl Agent {
    /// Every one of them.
    pub(crate) const ALL: [Self; 8] = [
        Self::Claude,
        Self::Codex,
        Self::Gemini,
        Self::Copilot,
        Self::Qwen,
        Self::Cursor,
        Self::Opencode,
        Self::Antigravity,
    ];

    /// Its name: of its daemon, and in the address of its hooks.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Codex => "codex",
            Self::Gemini => "gemini",
            Self::Copilot => "copilot",
            Self::Qwen => "qwen",
            Self::Cursor => "cursor",
            Self::Opencode => "opencode",
            Self::Antigravity => "antigravity",
        }
    }

    /// The agent of a name, or of another one that it goes by.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let name = match name {
            "claude-code" => "claude",
            "gemini-cli" => "gemini",
            "copilot-cli" | "github-copilot" => "copilot",
            "qwen-code" => "qwen",
            "agy" => "antigravity",
            name => name,
        };
        Self::ALL.into_iter().find(|agent| agent.name() == name)
    }

    /// Its daemon.
    pub(crate) fn daemon(self) -> DaemonName {
        DaemonName::parse(self.name()).expect("names of agents are names of daemons")
    }

    fn source(self) -> &'static str {
        match self {
            Self::Claude => "claude-hook",
            Self::Codex => "codex-hook",
            Self::Gemini => "gemini-hook",
            Self::Copilot => "copilot-hook",
            Self::Qwen => "qwen-hook",
            Self::Cursor => "cursor-hook",
            Self::Opencode => "opencode-hook",
            Self::Antigravity => "antigravity-hook",
        }
    }
}

/// Reads a payload of an agent.
pub(crate) fn read(agent: Agent, payload: &Value, context: &Context) -> Reading {
    let Some(mut reader) = Reader::of(agent, payload, context) else {
        return Reading { is_foreign: true, ..Reading::default() };
    };
    match agent {
        Agent::Claude => claude::read(&mut reader),
        Agent::Codex => codex::read(&mut reader),
        Agent::Gemini => gemini::read(&mut reader),
        Agent::Copilot => copilot::read(&mut reader),
        Agent::Qwen => qwen::read(&mut reader),
        Agent::Cursor => cursor::read(&mut reader),
        Agent::Opencode => opencode::read(&mut reader),
        Agent::Antigravity => antigravity::read(&mut reader),
    }
    reader.done()
}
