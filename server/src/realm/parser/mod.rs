//! Spells in natural language.
//!
//! A pure function from what was typed to what it asks for, or to why it was refused and what would have been
//! understood. The whole input must be a spell: a form is never searched for inside other words, and a daemon is
//! never guessed from a part of a word.
//!
//! | form | asks for | confidence |
//! |---|---|---|
//! | `invoke X to Y` | invoke | 1.00 |
//! | `ask X to Y`, `tell X to Y` | invoke | 0.95 |
//! | `command X: Y`, `command X to Y`, `invoke X: Y` | invoke | 0.90 |
//! | `invoke X for Y`, `ask X for Y` | invoke | 0.85 |
//! | `X, Y` | invoke | 0.50 |
//! | `summon [the] X [daemon]` | summon | 0.80 |
//! | `call forth X`, `materialize X`, `awaken X` | summon | 0.75 |
//! | `bring X to life` | summon | 0.70 |
//! | `banish X` | banish | 0.80 |
//! | `dismiss X`, `send X back` | banish | 0.75 |
//! | `release X` | banish | 0.70 |
//! | `show [all] daemons`, `list active daemons`, `show statistics` | query | 0.95 |
//! | `what daemons are active`, `which daemons are there` | query | 0.90 |
//! | `status of X` | query | 0.65 |
//! | `check [on] X` | query | 0.60 |
//!
//! `X` is any valid name or one of the aliases. In the forms that are also ordinary speech (`release X`, `check X`,
//! `X, Y`, and after an article) a plain word is not taken for a name: it must be one of the known daemons, carry a
//! digit or a hyphen (`gpt-5`, `codex-cli`), or be called a daemon ("release the notes daemon"). After most forms
//! `with name=value and name=value` may follow.

mod examples;
mod grammar;
mod miss;
mod names;
mod params;
mod suggest;
#[cfg(test)]
mod tests;
mod words;

use arcane_shared::api::{ParsedSpell, Span, SpanKind};

pub use examples::examples;
use grammar::Draft;
use miss::Miss;

/// Longest spell, in characters.
pub const SPELL_LEN_MAX: usize = 2000;

/// Why a spell was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct ParseRefusal {
    /// What is wrong with it, in a sentence or two.
    pub detail: String,
    /// One to three spells that are understood.
    pub suggestions: Vec<String>,
}

/// What a query looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryScope {
    /// The daemon that the spell names.
    One,
    /// Those that are present.
    Active,
    /// All.
    All,
    /// The realm's statistics.
    Statistics,
}

/// Understands a spell.
///
/// # Errors
/// Says why it was refused and what would have been understood.
///
/// ```
/// # use arcane_server::realm::parser::parse;
/// let spell = parse("tell the logic keeper to count to ten with pace=-3")?;
/// assert_eq!(spell.daemon.unwrap().as_str(), "claude");
/// assert_eq!(spell.task.unwrap(), "count to ten");
/// assert_eq!(spell.parameters["pace"], -3);
///
/// assert!(parse("please do not summon claude").unwrap_err().detail.contains("negation"));
/// # Ok::<(), arcane_server::realm::parser::ParseRefusal>(())
/// ```
pub fn parse(input: &str) -> Result<ParsedSpell, ParseRefusal> {
    let refuse = |miss: Miss| ParseRefusal {
        detail: miss.to_string(),
        suggestions: suggest::suggestions(input, &miss),
    };
    let len = input.chars().count();
    if len > SPELL_LEN_MAX || input.trim().is_empty() {
        return Err(refuse(Miss::Length(len)));
    }
    grammar::read(input).map(|draft| spell(input, draft)).map_err(refuse)
}

/// What a spell that is a query looks at.
#[must_use]
pub fn query_scope(spell: &ParsedSpell) -> QueryScope {
    if spell.daemon.is_some() {
        return QueryScope::One;
    }
    let says = |choices: &[&str]| words::split(&spell.raw_input).iter().any(|word| word.is_any(choices));
    if says(&grammar::STATISTICS) {
        QueryScope::Statistics
    } else if says(&grammar::PRESENT) {
        QueryScope::Active
    } else {
        QueryScope::All
    }
}

fn spell(input: &str, draft: Draft) -> ParsedSpell {
    let mut ranges: Vec<(SpanKind, params::Range)> =
        draft.verbs.into_iter().map(|range| (SpanKind::Action, range)).collect();
    ranges.extend(draft.target.as_ref().map(|target| (SpanKind::Daemon, (target.start, target.end))));
    ranges.extend(draft.task.map(|range| (SpanKind::Task, range)));
    ranges.extend(draft.parameters.ranges.into_iter().map(|range| (SpanKind::Parameter, range)));
    ranges.sort_by_key(|(_, range)| *range);
    ParsedSpell {
        action: draft.action,
        daemon: draft.target.map(|target| target.name),
        task: draft.task.map(|(start, end)| input[start..end].to_owned()),
        parameters: draft.parameters.values,
        confidence: draft.confidence,
        raw_input: input.to_owned(),
        spans: ranges
            .into_iter()
            .map(|(kind, (start, end))| Span { kind, start: utf16(input, start), end: utf16(input, end) })
            .collect(),
    }
}

/// A byte's place as JavaScript counts.
fn utf16(input: &str, byte: usize) -> u32 {
    u32::try_from(input[..byte].encode_utf16().count()).unwrap_or(u32::MAX)
}
