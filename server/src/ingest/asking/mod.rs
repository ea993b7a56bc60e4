//! What agents ask through their hooks, and how each of them takes an answer. Pure.
//!
//! A payload of which this knows no form for an answer is no question: the agent's own prompt has the word.

mod case;
mod claude;
mod codex;
mod digest;
mod doubts;
mod looping;
mod named;
mod opencode;
mod past;
mod qwen;

use arcane_shared::api::{Choice, ChoiceKind};
use arcane_shared::visible;
use serde_json::{Map, Value};

pub(crate) use case::{Place, case, case_of};
pub(crate) use digest::hash_of;
pub(crate) use doubts::doubts;
pub(crate) use looping::{LOOP_HOLD_MAX_S, looping};
pub(crate) use past::Answers;

use super::dialect::Agent;
use super::payload::Fields;
use crate::requests::Decision;

/// What an agent asks.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Question {
    /// The tool that is to be called, by the agent's own name.
    pub(crate) tool: Option<Box<str>>,
    /// The whole input.
    pub(crate) input: Value,
    /// What can be decided.
    pub(crate) options: Vec<Choice>,
    /// The agent hears a message with a denial.
    pub(crate) takes_message: bool,
    /// The questions or fields of which the agent takes a value each.
    pub(crate) fields: Vec<Box<str>>,
    /// How an answer is written.
    pub(crate) form: Form,
}

/// How an answer is written for the agent that asked. What goes back to it is kept as JSON in a text: that is smaller than what it means.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Form {
    /// Claude Code's `PermissionRequest`: with these suggestions of its own, by the options' ids.
    Claude { suggestions: Vec<Box<str>> },
    /// The same for `ExitPlanMode`, whose yes wants the plan back.
    Plan { input: Box<str> },
    /// The same for `AskUserQuestion`: the questions, which go back with their answers.
    Questions { questions: Box<str> },
    /// Claude Code's `Elicitation`.
    Elicitation,
    /// Codex's `PermissionRequest`: no field more than it knows.
    Codex,
    /// opencode's plugin, which replies to its own server.
    Opencode,
    /// Qwen Code's `PermissionRequest`.
    Qwen,
    /// `PreToolUse` of Claude Code and Codex, of a call that was made so often.
    Looping { count: u64 },
}

/// What a hook's payload asks; `None`: nothing that can be answered from here.
pub(crate) fn question(agent: Agent, payload: &Value, event: Option<&str>) -> Option<Question> {
    let fields = Fields::of(payload)?;
    let question = match agent {
        Agent::Claude => claude::question(fields, event),
        Agent::Codex => codex::question(fields, event),
        Agent::Opencode => opencode::question(fields),
        Agent::Qwen => qwen::question(fields, event),
        // Copilot's hook fires for calls, too, that are allowed without a word; the others' hooks can deny at most, or only observe.
        Agent::Copilot | Agent::Gemini | Agent::Cursor | Agent::Antigravity => None,
    };
    // A name of a tool is shown as it is.
    question.filter(|question| question.tool.as_deref().is_none_or(is_shown_as_it_is))
}

/// Whether a text has nothing in it that would not be seen, or would change what is.
fn is_shown_as_it_is(text: &str) -> bool {
    !text.trim().is_empty() && visible::line(text, text.len()) == text
}

/// For how long the hook of a payload may be held at most, seconds: the agent's own prompt is shown meanwhile, or it is not.
pub(crate) fn hold_max_s(agent: Agent, payload: &Value) -> u64 {
    match agent {
        // For a subagent in the background Claude shows nothing while its hook is held.
        Agent::Claude if payload.get("agent_id").is_some_and(|id| !id.is_null()) => 20,
        // Both prompts are there, and the first answer counts.
        Agent::Claude | Agent::Opencode => 3_600,
        // Its own prompt is not shown meanwhile.
        Agent::Codex | Agent::Qwen => 20,
        Agent::Copilot | Agent::Gemini | Agent::Cursor | Agent::Antigravity => 0,
    }
}

impl Form {
    /// What the hook gives its agent; `None`: the agent takes no such answer, so its own prompt has the word.
    pub(crate) fn answer(&self, decision: &Decision) -> Option<Value> {
        match self {
            Self::Claude { suggestions } => claude::permission(decision, suggestions),
            Self::Plan { input } => claude::planned(decision, input),
            Self::Questions { questions } => claude::answered(decision, questions),
            Self::Elicitation => claude::filled_in(decision),
            Self::Codex => codex::answer(decision),
            Self::Opencode => opencode::answer(decision),
            Self::Qwen => qwen::answer(decision),
            Self::Looping { count } => looping::answer(decision, *count),
        }
    }
}

fn choice(id: &str, label: impl Into<Box<str>>, kind: ChoiceKind) -> Choice {
    Choice { id: id.into(), label: label.into(), kind }
}

/// Yes and no, with what stands between them.
fn yes_or_no(between: Vec<Choice>, no: &str) -> Vec<Choice> {
    let mut options = vec![choice("allow", "Yes", ChoiceKind::Allow)];
    options.extend(between);
    options.push(choice("deny", no, ChoiceKind::Deny));
    options
}

/// An object of one field.
fn object(name: &str, value: impl Into<Value>) -> Map<String, Value> {
    Map::from_iter([(name.to_owned(), value.into())])
}

/// `{"hookSpecificOutput":{"hookEventName":…,"decision":…}}`, as Claude Code and its kin have it.
fn decided(decision: impl Into<Value>) -> Value {
    let decision: Value = decision.into();
    serde_json::json!({"hookSpecificOutput": {"hookEventName": "PermissionRequest", "decision": decision}})
}

fn denied(message: Option<&str>) -> Map<String, Value> {
    let mut decision = object("behavior", "deny");
    if let Some(message) = message {
        decision.insert("message".into(), message.into());
    }
    decision
}
