//! The neutral words that every dialect is translated into: who tells, and what of. Plain data.

use std::hash::{DefaultHasher, Hash, Hasher};

use arcane_shared::api::Choice;
use arcane_shared::roster::{COST_USD_MAX, SECONDS_MAX, TOKENS_MAX};
use arcane_shared::{DaemonName, Metadata, Timestamp};
use serde::{Deserialize, Serialize};

/// One thing that an agent's program tells of itself.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sign {
    /// Who tells it.
    pub(crate) who: Who,
    /// Which way it came.
    pub(crate) via: Via,
    /// The dialect, as `metadata.source` says it: `claude-hook`, `codex-otlp`.
    pub(crate) source: &'static str,
    /// The agent's own name for it.
    pub(crate) event: Box<str>,
    /// What it tells.
    pub(crate) what: What,
}

/// Which way a sign came, and so what it may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Via {
    /// A hook, or whatever else tells of a session as it happens.
    Live,
    /// Telemetry of an agent that has hooks as well: it enriches and ends what hooks told of, and summons nobody. It waits for hooks
    /// for a while; a session of which none come is told by telemetry alone.
    Twin,
}

/// Who tells, as far as the agent says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Who {
    /// The agent's family: `claude`.
    pub(crate) daemon: DaemonName,
    /// The agent's own id of the session; with [`Self::daemon`] it tells sessions apart.
    pub(crate) session: Box<str>,
    /// The subagent that tells; absent for the session's main agent.
    pub(crate) agent: Option<Subagent>,
    /// The folder that it works in.
    pub(crate) cwd: Option<Box<str>>,
    /// The machine.
    pub(crate) host: Option<Box<str>>,
    /// The model.
    pub(crate) model: Option<Box<str>>,
    /// The turn: what came of one prompt.
    pub(crate) turn: Option<Box<str>>,
    /// When it happened, by the agent's clock.
    pub(crate) at: Option<Timestamp>,
    /// When it was sent on, by the clock of the program that did. Orders signs where the agent gives no time.
    pub(crate) sent_at: Option<Timestamp>,
}

/// A subagent of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subagent {
    /// Its id, unique in the session.
    pub(crate) id: Box<str>,
    /// What it is for: `explore`. Absent where the agent says it only at the subagent's start.
    pub(crate) kind: Option<Box<str>>,
    /// The subagent that started it; absent: the session's main agent.
    pub(crate) parent: Option<Box<str>>,
}

/// What a sign tells.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum What {
    /// The session began, or goes on.
    Began(Start),
    /// The session ended.
    Ended { reason: Box<str> },
    /// A prompt was given. `text` only where content is captured.
    Prompt { by: Prompter, text: Option<Box<str>>, chars: usize, digest: u64 },
    /// A tool begins.
    CallBegan { call: Call, task: Box<str> },
    /// A tool ended. `seconds` if the agent says, `output` only where content is captured. `result` tells what it gave, as a number;
    /// absent where the agent does not say.
    CallEnded {
        call: Call,
        task: Box<str>,
        outcome: Outcome,
        seconds: Option<f64>,
        output: Option<Box<str>>,
        result: Option<u64>,
    },
    /// The agent waits for a human.
    Waits(Wait),
    /// A wait is over. `request` is the id of what was asked.
    WaitOver { request: Option<Box<str>>, denied: bool },
    /// The turn ended. `text` only where content is captured.
    TurnEnded { text: Option<Box<str>> },
    /// Nothing goes on any more, however the turn ended.
    Idle,
    /// The turn failed: the model could not be asked, or refused.
    TurnFailed { error: Box<str>, kind: Option<Box<str>> },
    /// A human stopped what went on.
    Interrupted,
    /// A subagent began: [`Who::agent`].
    SubagentBegan,
    /// A subagent ended.
    SubagentEnded { error: Option<Box<str>> },
    /// Tokens and cost. `key` tells one report from another; the same key counts once. What several ways tell of counts once, too.
    Usage { usage: Usage, key: Option<Box<str>>, by: By },
    /// Something else happened that people may want to know of: `name` in a word. `is_life`: it shows that the agent goes on.
    State { name: &'static str, details: Metadata, is_life: bool },
    /// The agent goes on, so nothing that it does waits for a human.
    Alive,
    /// Something of the agent was heard that says no more than that it is there.
    Heard,
}

/// How a session began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// As a new one.
    New,
    /// As one that had ended.
    Resumed,
    /// Not at all: its context was made shorter.
    Compacted,
}

/// Who gave a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prompter {
    /// A human, or the program that runs the agent.
    Human,
    /// The agent itself: results of tools, the notice of a background agent.
    Agent,
}

/// A call of a tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Call {
    /// The agent's id; without one calls are told apart by what they do.
    pub(crate) id: Option<Box<str>>,
    /// The tool.
    pub(crate) tool: Box<str>,
    /// What it does, as a number: the same for a request, a beginning and an end of one call.
    pub(crate) print: u64,
    /// All of its input, as a number: tells calls apart that do the same otherwise. 0: not known.
    pub(crate) digest: u64,
    /// The tool and all of its input, as a number that is the same whenever the call is made again. 0: not known.
    pub(crate) again: u64,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// As it should.
    Done,
    /// It failed. `is_inferred`: the agent does not say so, but a text does.
    Failed { error: Box<str>, is_inferred: bool },
    /// It was not allowed.
    Denied { reason: Box<str> },
    /// A human stopped it.
    Interrupted,
    /// Nobody says.
    Unknown,
}

/// A wait for a human.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wait {
    /// Why.
    pub(crate) why: Why,
    /// The call that waits, where it is known.
    pub(crate) call: Option<Call>,
    /// The id of what was asked.
    pub(crate) request: Option<Box<str>>,
    /// What is asked, in a line.
    pub(crate) line: Box<str>,
    /// What its events say of the request by which it can be answered from elsewhere.
    pub(crate) asked: Option<Box<Asked>>,
}

/// A request, as its event tells of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Asked {
    /// Its id.
    pub(crate) id: Box<str>,
    /// When it ends without an answer.
    pub(crate) expires_at: Timestamp,
    /// What can be decided.
    pub(crate) options: Vec<Choice>,
    /// The beginning of the input, without secrets.
    pub(crate) input: Box<str>,
    /// The digest of the input.
    pub(crate) hash: Box<str>,
    /// A rule answers it at once.
    pub(crate) is_ruled: bool,
}

/// Why an agent waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// It wants to do something.
    Permission,
    /// It has a question.
    Question,
    /// It wants something that it does not name.
    Input,
    /// It makes one call again and again. Only told where that was found out.
    Loop,
}

impl By {
    /// Every one of them.
    pub(crate) const ALL: [Self; 5] = [Self::Hook, Self::Log, Self::Span, Self::Metric, Self::Histogram];
}

impl Why {
    /// One word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Permission => "permission",
            Self::Question => "question",
            Self::Input => "input",
            Self::Loop => "loop",
        }
    }
}

/// Which way it was told what was spent. Each of them tells of everything, or as much of it as it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum By {
    /// Hooks.
    Hook,
    /// Log records of telemetry.
    Log,
    /// Spans.
    Span,
    /// Counters.
    Metric,
    /// Histograms, of which older conventions make sums.
    Histogram,
}

/// What stands for a count that is none: negative, no number, or no whole one. [`Usage::drop_unusable`] leaves it out.
pub(crate) const NO_COUNT: u64 = u64::MAX;

/// What was spent. What the agent does not say is absent, which is not 0.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Usage {
    /// Tokens that were read, without those from a cache.
    pub(crate) input: Option<u64>,
    /// Tokens that were written, reasoning included.
    pub(crate) output: Option<u64>,
    /// Tokens that came from a cache.
    pub(crate) cache_read: Option<u64>,
    /// Tokens that were put into a cache.
    pub(crate) cache_write: Option<u64>,
    /// Tokens of reasoning.
    pub(crate) reasoning: Option<u64>,
    /// Dollars.
    pub(crate) cost_usd: Option<f64>,
    /// The cost was computed from a table of prices: the agent reports none.
    pub(crate) is_computed: bool,
    /// Nobody knows what it cost.
    pub(crate) is_unpriced: bool,
    /// Tokens of context in use.
    pub(crate) context: Option<u64>,
    /// Tokens that the context may have.
    pub(crate) context_limit: Option<u64>,
    /// The call that it was spent on.
    pub(crate) call: Option<Box<str>>,
}

impl Usage {
    /// Leaves out what cannot be: more tokens than a request has, a cost that is none. Gives the names of those fields.
    pub(crate) fn drop_unusable(&mut self) -> Vec<&'static str> {
        let mut dropped = Vec::new();
        for (count, field) in [
            (&mut self.input, "input_tokens"),
            (&mut self.output, "output_tokens"),
            (&mut self.cache_read, "cache_read_tokens"),
            (&mut self.cache_write, "cache_write_tokens"),
            (&mut self.reasoning, "reasoning_tokens"),
            (&mut self.context, "context_tokens"),
            (&mut self.context_limit, "context_limit"),
        ] {
            if count.take_if(|count| *count > TOKENS_MAX).is_some() {
                dropped.push(field);
            }
        }
        if self.cost_usd.take_if(|cost| !(0.0..=COST_USD_MAX).contains(cost)).is_some() {
            dropped.push("cost_usd");
        }
        dropped
    }
}

/// Leaves out of signs what cannot be. Gives the names of those fields.
pub(crate) fn drop_unusable(signs: &mut [Sign]) -> Vec<&'static str> {
    let dropped = signs.iter_mut().flat_map(|sign| match &mut sign.what {
        What::Usage { usage, .. } => usage.drop_unusable(),
        What::CallEnded { seconds, .. } => {
            let is_none = |seconds: &mut f64| !(0.0..=SECONDS_MAX).contains(seconds);
            seconds.take_if(is_none).map(|_| "execution_time").into_iter().collect()
        }
        _ => Vec::new(),
    });
    dropped.collect()
}

/// Tokens that were read without those of a cache, where a program counts both together.
pub(crate) fn without_cache(all: u64, cached: [Option<u64>; 2]) -> u64 {
    // A count that is none says nothing of the others.
    let cached = cached.into_iter().flatten().filter(|count| *count <= TOKENS_MAX);
    if all > TOKENS_MAX { all } else { all.saturating_sub(cached.sum()) }
}

/// Tokens that were written with those of reasoning, where a program counts them apart.
pub(crate) fn with_reasoning(written: u64, reasoning: Option<u64>) -> u64 {
    written.saturating_add(reasoning.filter(|count| *count <= TOKENS_MAX).unwrap_or(0))
}

impl Who {
    /// The main agent of a session, of which nothing else is said.
    pub(crate) fn of(daemon: DaemonName, session: Box<str>) -> Self {
        Self {
            daemon,
            session,
            agent: None,
            cwd: None,
            host: None,
            model: None,
            turn: None,
            at: None,
            sent_at: None,
        }
    }

    /// What orders its signs: the agent's own time, or else when it was sent on.
    pub(crate) fn order(&self) -> Option<Timestamp> {
        self.at.or(self.sent_at)
    }
}

impl What {
    /// Tells apart what an agent told at one moment by its own clock.
    pub(crate) fn print(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        std::mem::discriminant(self).hash(&mut hasher);
        match self {
            Self::Prompt { digest, .. } => digest.hash(&mut hasher),
            Self::CallBegan { call, .. } | Self::CallEnded { call, .. } => {
                (&call.id, call.print).hash(&mut hasher);
            }
            Self::Usage { key, .. } => key.hash(&mut hasher),
            Self::State { name, .. } => name.hash(&mut hasher),
            Self::Waits(wait) => wait.request.hash(&mut hasher),
            _ => {}
        }
        hasher.finish()
    }
}

/// A text as a number.
pub(crate) fn print_of(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
