//! What an agent asks, and how much of it is taken. Plain data.

use arcane_shared::api::Choice;
use arcane_shared::{DaemonName, Metadata, RoomName};
use serde_json::Value;

use super::{Decision, Millis};
use crate::intake::Draft;

/// What an agent asks a human.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ask {
    /// Where its events go.
    pub(crate) room: RoomName,
    /// Who asks.
    pub(crate) daemon: DaemonName,
    /// `permission`, `question`, `input`, or `loop`: without an answer it goes on.
    pub(crate) why: Box<str>,
    /// What is asked, in a line without secrets.
    pub(crate) task: Box<str>,
    /// The tool that is to be called, by the agent's own name.
    pub(crate) tool: Option<Box<str>>,
    /// The whole input, JSON. It is in memory while the request is open, and nowhere else.
    pub(crate) input: Option<Box<str>>,
    /// What can be decided.
    pub(crate) options: Box<[Choice]>,
    /// The labels of these as the log may have them: without secrets.
    pub(crate) told_labels: Box<[Box<str>]>,
    /// The agent hears a message with a denial.
    pub(crate) takes_message: bool,
    /// The questions or fields of which the agent takes a value each; empty: it takes none.
    pub(crate) fields: Box<[Box<str>]>,
    /// Without a decision from here the agent's own prompt has the word; otherwise it goes on at once.
    pub(crate) has_prompt: bool,
    /// The agent ends its hook where a human says no at its own prompt, and leaves it alone where it is a yes.
    pub(crate) ends_hook_when_denied: bool,
    /// What its events tell of the session: names that the log keeps.
    pub(crate) about: Metadata,
    /// When it ends without an answer, Unix milliseconds.
    pub(crate) expires_at: Millis,
    /// The event of its wait, where a rule is to answer it and nothing tells of it: it is told if the rule does not.
    pub(crate) untold: Option<Box<Draft>>,
}

impl Ask {
    /// The agent's session.
    pub(crate) fn session(&self) -> Option<&str> {
        self.about.get("session").and_then(Value::as_str)
    }

    /// Whether the agent takes this decision.
    pub(crate) fn offers(&self, decision: &Decision) -> bool {
        let has = |wanted: &str| self.options.iter().any(|choice| *choice.id == *wanted);
        match decision {
            Decision::Allow => has("allow"),
            Decision::Deny(message) => has("deny") && (message.is_none() || self.takes_message),
            Decision::Option(id) => !matches!(&**id, "allow" | "deny") && has(id),
            Decision::Answers(answers) => {
                let is_asked = |name: &String| self.fields.iter().any(|field| **field == **name);
                !answers.is_empty() && answers.iter().all(|(name, value)| is_asked(name) && is_said(value))
            }
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.input.as_deref().map_or(0, str::len)
    }
}

/// Whether a value is one that a human can give: a text, a number, a choice, or several texts.
fn is_said(value: &Value) -> bool {
    match value {
        Value::String(_) | Value::Number(_) | Value::Bool(_) => true,
        Value::Array(all) => all.iter().all(Value::is_string),
        Value::Null | Value::Object(_) => false,
    }
}

/// Why a request is not taken: the agent's own prompt has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// As many are open as may be.
    TooMany,
    /// As many of this session are open as may be.
    TooManyOfSession,
    /// The input is too large, or those of all open requests together would be.
    TooLarge,
    /// More options than may be, or one that is too long.
    TooManyOptions,
    /// A request of this id is there already.
    KnownId,
}

impl Refused {
    /// A word for figures.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::TooMany | Self::TooManyOfSession => "request_too_many",
            Self::TooLarge => "request_too_large",
            Self::TooManyOptions => "request_options",
            Self::KnownId => "request_known",
        }
    }
}

/// Bounds of what is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Requests that are open at a time.
    pub(crate) open_max: usize,
    /// Of them, of one session.
    pub(crate) session_max: usize,
    /// Bytes of one input.
    pub(crate) input_bytes_max: usize,
    /// Bytes of all inputs.
    pub(crate) inputs_bytes_max: usize,
    /// Options of one request.
    pub(crate) options_max: usize,
    /// Bytes of one option's id or label.
    pub(crate) option_bytes_max: usize,
    /// Ended requests that are remembered.
    pub(crate) ended_max: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            open_max: 1_000,
            session_max: 32,
            input_bytes_max: 256 * 1024,
            inputs_bytes_max: 16 * 1024 * 1024,
            options_max: 16,
            option_bytes_max: 512,
            ended_max: 1_000,
        }
    }
}

impl Bounds {
    pub(super) fn check(
        &self,
        ask: &Ask,
        open: usize,
        of_session: usize,
        input_bytes: usize,
    ) -> Result<usize, Refused> {
        let bytes = ask.bytes();
        if bytes > self.input_bytes_max || input_bytes + bytes > self.inputs_bytes_max {
            return Err(Refused::TooLarge);
        }
        let longest = ask.options.iter().map(|option| option.id.len().max(option.label.len())).max();
        if ask.options.len() > self.options_max || longest > Some(self.option_bytes_max) {
            return Err(Refused::TooManyOptions);
        }
        if open >= self.open_max {
            return Err(Refused::TooMany);
        }
        if of_session >= self.session_max {
            return Err(Refused::TooManyOfSession);
        }
        Ok(bytes)
    }
}
