//! Which metrics tell of tokens and cost, by the agents that have them. All others are left alone. Pure.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::super::super::dialect::Agent;
use super::super::super::sign::By;
use super::super::model::{Attributes, Group, Metric, Temporality};
use super::super::program::{Program, daemon_named, print};
use super::super::tell::model_of;
use super::super::totals::{Part, Sum};

/// Largest sum, of tokens or dollars, that a program may have counted: above it a float has no longer every whole number.
const SUM_MAX: f64 = 9_007_199_254_740_991.0;

/// What metrics of one request say.
#[derive(Debug, Default, PartialEq)]
pub(in super::super) struct Read {
    pub(in super::super) sums: Vec<Sum>,
    /// Points that would be of use, and do not say what they are counted from.
    pub(in super::super) unspecified: usize,
    /// Fields whose points are no amounts.
    pub(in super::super) unusable: Vec<&'static str>,
}

pub(in super::super) fn read(groups: &[Group<'_, Metric<'_>>]) -> Read {
    let mut read = Read::default();
    for group in groups {
        let program = Program::of(&group.resource);
        for metric in &group.items {
            for point in &metric.points {
                let Some((part, by)) = part(&program, &metric.name, &point.attributes) else { continue };
                if metric.temporality == Temporality::Unspecified {
                    read.unspecified += 1;
                    continue;
                }
                if !(0.0..=SUM_MAX).contains(&point.value) {
                    read.unusable.push(field(part));
                    continue;
                }
                let mut hasher = DefaultHasher::new();
                (program.print, &metric.name, print(&point.attributes)).hash(&mut hasher);
                if metric.temporality == Temporality::Cumulative {
                    // A program that began anew, and two of one name, are told apart by their start.
                    point.start_nanos.hash(&mut hasher);
                }
                let named =
                    if program.agent.is_none() { point.attributes.text("gen_ai.agent.name") } else { None };
                let session = point.attributes.name(&["session.id", "gen_ai.conversation.id"]);
                read.sums.push(Sum {
                    series: hasher.finish(),
                    daemon: named.and_then(daemon_named).unwrap_or_else(|| program.daemon.clone()),
                    session: session.or_else(|| program.session.clone()).unwrap_or_default(),
                    source: program.source(),
                    metric: metric.name.as_ref().into(),
                    by,
                    part,
                    model: model_of(&point.attributes),
                    temporality: metric.temporality,
                    start_nanos: point.start_nanos,
                    nanos: point.nanos,
                    value: point.value,
                });
            }
        }
    }
    read
}

/// The field of an event that a sum becomes.
fn field(part: Part) -> &'static str {
    match part {
        Part::Input { .. } => "input_tokens",
        Part::Output { .. } => "output_tokens",
        Part::CacheRead => "cache_read_tokens",
        Part::CacheWrite => "cache_write_tokens",
        Part::Reasoning => "reasoning_tokens",
        Part::Dollars => "cost_usd",
    }
}

/// What a point is a sum of.
fn part(program: &Program, metric: &str, attributes: &Attributes<'_>) -> Option<(Part, By)> {
    let kind = || attributes.any(&["type", "gen_ai.token.type", "token_type"]);
    let part = match (program.agent, metric) {
        (Some(Agent::Claude), "claude_code.token.usage") => match kind()? {
            "input" => Part::Input { all: false },
            "output" => Part::Output { all: true },
            "cacheRead" => Part::CacheRead,
            "cacheCreation" => Part::CacheWrite,
            _ => return None,
        },
        (Some(Agent::Claude), "claude_code.cost.usage") => Part::Dollars,
        (Some(Agent::Gemini), "gemini_cli.token.usage") => match kind()? {
            "input" => Part::Input { all: true },
            "output" => Part::Output { all: false },
            "cache" => Part::CacheRead,
            "thought" => Part::Reasoning,
            _ => return None,
        },
        (Some(Agent::Qwen), "qwen-code.token.usage") => match kind()? {
            "input" => Part::Input { all: true },
            "output" => Part::Output { all: true },
            "cache" => Part::CacheRead,
            "thought" => Part::Reasoning,
            _ => return None,
        },
        (Some(Agent::Codex), "codex.turn.token_usage") => match kind()? {
            "input" => Part::Input { all: true },
            "output" => Part::Output { all: true },
            "cached_input" => Part::CacheRead,
            "reasoning_output" => Part::Reasoning,
            _ => return None,
        },
        // Its older histogram counts the same tokens as its counters.
        (None | Some(Agent::Copilot), metric) => {
            return conventional(metric, kind(), program.agent.is_some());
        }
        _ => return None,
    };
    Some((part, By::Metric))
}

/// Metrics of the conventions for generative AI.
fn conventional(metric: &str, kind: Option<&str>, has_counters: bool) -> Option<(Part, By)> {
    let of_kind = |by: By| {
        let part = match kind? {
            "input" => Part::Input { all: true },
            "output" | "completion" => Part::Output { all: true },
            "cache_read" | "input_cached" => Part::CacheRead,
            "cache_creation" | "cache_write" => Part::CacheWrite,
            "reasoning" => Part::Reasoning,
            _ => return None,
        };
        Some((part, by))
    };
    match metric {
        "gen_ai.client.inference.usage.input_tokens" => Some((Part::Input { all: true }, By::Metric)),
        "gen_ai.client.inference.usage.output_tokens" => Some((Part::Output { all: true }, By::Metric)),
        "gen_ai.client.inference.usage.cache_read.input_tokens" => Some((Part::CacheRead, By::Metric)),
        "gen_ai.client.inference.usage.cache_write.input_tokens"
        | "gen_ai.client.inference.usage.cache_creation.input_tokens" => Some((Part::CacheWrite, By::Metric)),
        "gen_ai.client.inference.usage.reasoning.output_tokens" => Some((Part::Reasoning, By::Metric)),
        "gen_ai.client.inference.tokens" => of_kind(By::Metric),
        "gen_ai.client.token.usage" if !has_counters => of_kind(By::Histogram),
        _ => None,
    }
}
