//! What came of a run with nodes.

use std::path::PathBuf;
use std::time::Duration;

use crate::board::Times;
use crate::check::{Finding, check};
use crate::fault::Planned;
use crate::history::{Cast, Decision, History, Moment, Outcome, Published};

/// A fault, and what it did.
#[derive(Debug, Clone, Copy)]
pub struct Suffered {
    /// Which.
    pub planned: Planned,
    /// When it happened.
    pub began: Moment,
    /// When everything was whole again.
    pub healed: Moment,
    /// For how long no publisher was answered.
    pub outage: Duration,
    /// The longest time that one publication took meanwhile.
    pub longest: Duration,
}

/// What came of spells.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spells {
    /// How many were accepted.
    pub accepted: usize,
    /// How many were refused, because of those before them.
    pub refused: usize,
    /// How many nodes did not cast.
    pub not_cast: usize,
    /// Of how many nobody knows.
    pub unknown: usize,
    /// The longest time that one took.
    pub longest: Duration,
}

/// What came of a run.
#[derive(Debug)]
pub struct Report {
    /// Faults, in their order.
    pub faults: Vec<Suffered>,
    /// Publications that were acknowledged.
    pub taken: usize,
    /// Publications that nodes refused, and did not publish.
    pub refused: usize,
    /// Publications of which nobody knows.
    pub unknown: usize,
    /// Events that nodes have at the end.
    pub events: u64,
    /// Events a second while publishers published.
    pub rate: u64,
    /// Events that readers were given.
    pub read: usize,
    /// How often readers went on at another node.
    pub resumes: usize,
    /// Spells that were cast.
    pub spells: Spells,
    /// How often readers of a durable consumer took over from each other.
    pub takeovers: usize,
    /// How often one key was sent to all nodes at once.
    pub races: u64,
    /// Live messages that were lost on their way to nodes.
    pub lost: u64,
    /// How often a node ended by itself while it was started.
    pub failed_starts: usize,
    /// How long it took.
    pub times: Times,
    /// Where the nodes' files are, if they were kept.
    pub folder: Option<PathBuf>,
    /// What must not be.
    pub findings: Vec<Finding>,
}

impl Report {
    pub(super) fn of(
        history: &History,
        faults: Vec<Suffered>,
        times: Times,
        races: u64,
        took: Duration,
    ) -> Self {
        let count = |is: fn(&Outcome) -> bool| history.published.iter().filter(|of| is(&of.outcome)).count();
        let events = history.kept.iter().map(|read| read.seq).max().unwrap_or_default();
        Self {
            faults,
            taken: count(|outcome| matches!(outcome, Outcome::Taken { .. })),
            refused: count(|outcome| *outcome == Outcome::Refused),
            unknown: count(|outcome| *outcome == Outcome::Unknown),
            events,
            rate: events / took.as_secs().max(1),
            read: history.reads.len(),
            resumes: history.resumes.len(),
            spells: Spells::of(&history.casts),
            takeovers: history.turns.len().saturating_sub(1),
            races,
            lost: 0,
            failed_starts: 0,
            times,
            folder: None,
            findings: check(history),
        }
    }
}

impl Spells {
    fn of(casts: &[Cast]) -> Self {
        let mut spells = Self::default();
        for Cast { sent, answered, decision, .. } in casts {
            *match decision {
                Decision::Accepted { .. } => &mut spells.accepted,
                Decision::Refused => &mut spells.refused,
                Decision::NotCast => &mut spells.not_cast,
                Decision::Unknown => &mut spells.unknown,
            } += 1;
            spells.longest = spells.longest.max(answered.saturating_sub(*sent));
        }
        spells
    }
}

impl std::fmt::Display for Spells {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { accepted, refused, not_cast, unknown, longest } = self;
        write!(
            f,
            "spells: {accepted} accepted, {refused} refused, {not_cast} not cast, {unknown} unknown; the longest took {:.2} s",
            longest.as_secs_f64()
        )
    }
}

impl Suffered {
    pub(super) fn with_longest(self, published: &[Published]) -> Self {
        let meanwhile = published.iter().filter(|of| of.answered >= self.began && of.sent <= self.healed);
        let longest = meanwhile.map(|of| of.answered.saturating_sub(of.sent)).max().unwrap_or_default();
        Self { longest, ..self }
    }
}

impl std::fmt::Display for Suffered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { planned, began, healed, outage, longest } = self;
        let is_of_a_node = planned.fault.is_of_a_node();
        let whose = if is_of_a_node { super::name(planned.node % super::NODES) } else { String::new() };
        write!(
            f,
            "{:7.2} s  {:<10} {whose:<6} no answers for {:5.2} s, the longest took {:5.2} s, whole after {:5.2} s",
            began.as_secs_f64(),
            planned.fault.as_str(),
            outage.as_secs_f64(),
            longest.as_secs_f64(),
            (*healed - *began).as_secs_f64(),
        )
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { taken, refused, unknown, events, rate, read, resumes, races, lost, failed_starts, .. } =
            self;
        writeln!(f, "publications: {taken} acknowledged, {refused} refused, {unknown} unknown")?;
        writeln!(
            f,
            "one key at all nodes at once: {races} times; starts of nodes that failed: {failed_starts}"
        )?;
        writeln!(f, "{events} events, {rate}/s; given to readers {read}, which resumed {resumes} times")?;
        if self.takeovers > 0 {
            writeln!(f, "readers of a durable consumer took over {} times", self.takeovers)?;
        }
        if self.spells.accepted > 0 {
            writeln!(f, "{}", self.spells)?;
        }
        writeln!(f, "{}", self.times)?;
        if *lost > 0 {
            writeln!(f, "live messages lost on their way to nodes: {lost}")?;
        }
        if let Some(folder) = &self.folder {
            writeln!(f, "files of the nodes: {}", folder.display())?;
        }
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
        }
        write!(f, "{} findings", self.findings.len())
    }
}
