//! OpenTelemetry in: log records, spans and metrics of agents into signs. Pure.
//!
//! `decode` reads a request in either encoding into `model`, of which `edge` keeps out what nobody may know; `agents` has a dialect for each
//! agent, and one for whatever else follows the conventions for generative AI. `totals` makes what is news of sums. Which of it is news beside
//! hooks is decided where sessions are ([`super::session`]).

mod agents;
mod decode;
mod edge;
mod model;
mod program;
mod tell;
mod totals;

use super::dialect::Agent;
use super::sign::Sign;
use crate::json;
use agents::{claude, codex, copilot, gemini, genai, metrics, opencode, qwen};
pub(crate) use decode::{Encoding, Malformed};
use model::{Group, Record, Span};
use program::Program;
use tell::Tell;
pub(crate) use totals::{Sum, Totals};

/// What a request is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    Logs,
    Traces,
    Metrics,
}

impl Signal {
    /// As metrics name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Logs => "logs",
            Self::Traces => "traces",
            Self::Metrics => "metrics",
        }
    }
}

/// What a request tells.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Told {
    pub(crate) signs: Vec<Sign>,
    pub(crate) sums: Vec<Sum>,
    /// Log records, spans or metrics that it has.
    pub(crate) items: usize,
    /// Points that could not be used, for want of what they are counted from.
    pub(crate) rejected: usize,
    /// Fields of amounts that cannot be, one for each.
    pub(crate) unusable: Vec<&'static str>,
}

impl Told {
    /// What it takes of what may wait.
    pub(crate) fn len(&self) -> usize {
        self.signs.len() + self.sums.len()
    }
}

/// Reads a request.
///
/// # Errors
/// If it is not what its encoding and its signal say.
pub(crate) fn read(signal: Signal, encoding: Encoding, body: &[u8]) -> Result<Told, Malformed> {
    let plain = match encoding {
        Encoding::Json => json::plain(body),
        Encoding::Protobuf => body.into(),
    };
    let told = match signal {
        Signal::Logs => logs(&decode::logs(&plain, encoding)?),
        Signal::Traces => traces(&decode::traces(&plain, encoding)?),
        Signal::Metrics => {
            let groups = decode::metrics(&plain, encoding)?;
            let read = metrics::read(&groups);
            let items = groups.iter().map(|group| group.items.len()).sum();
            let rejected = read.unspecified + read.unusable.len();
            Told { sums: read.sums, items, rejected, unusable: read.unusable, ..Told::default() }
        }
    };
    Ok(told)
}

fn logs(groups: &[Group<'_, Record<'_>>]) -> Told {
    let mut told = Told::default();
    for group in groups {
        told.items += group.items.len();
        let program = Program::of(&group.resource);
        let mut tell = Tell::of(&program, &mut told.signs);
        let read = match program.agent {
            Some(Agent::Claude) => claude::record,
            Some(Agent::Codex) => codex::record,
            Some(Agent::Gemini) => gemini::record,
            Some(Agent::Qwen) => qwen::record,
            // Their log records say nothing of what they do.
            Some(_) => continue,
            None => genai::record,
        };
        for record in &group.items {
            read(&mut tell, record);
        }
    }
    told
}

fn traces(groups: &[Group<'_, Span<'_>>]) -> Told {
    let mut told = Told::default();
    for group in groups {
        told.items += group.items.len();
        let program = Program::of(&group.resource);
        let mut tell = Tell::of(&program, &mut told.signs);
        let read = match program.agent {
            Some(Agent::Claude) => {
                // The call has a name, its execution an outcome; the call ends later.
                let is_call = |span: &&Span<'_>| span.name == "claude_code.tool";
                group.items.iter().filter(is_call).for_each(|span| claude::span(&mut tell, span));
                group
                    .items
                    .iter()
                    .filter(|span| !is_call(span))
                    .for_each(|span| claude::span(&mut tell, span));
                continue;
            }
            Some(Agent::Gemini) => gemini::span,
            Some(Agent::Qwen) => qwen::span,
            Some(Agent::Copilot) => copilot::span,
            Some(Agent::Opencode) => opencode::span,
            // Codex's are of its inner works.
            Some(_) => continue,
            None => {
                genai::spans(&mut tell, &group.items);
                continue;
            }
        };
        for span in &group.items {
            read(&mut tell, span);
        }
    }
    told
}
