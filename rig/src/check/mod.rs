//! Whether a history is one that the log promises. Pure.
//!
//! A room is one sequence without holes, of which every node has the same, and every reader is given a part that has none either. What was acknowledged is in it where the
//! acknowledgement says; what was refused is not; what nobody knows of is in it once or never. What was acknowledged before something else was sent stands before it. Readers that lost their node go on at another.
//! Spells are decided on those before them, and all nodes know what came of it.
//! The rules are those of Jepsen's tests of logs: lost, doubled, skipped, gone back, and read differently.

mod consumers;
mod kept;
mod order;
mod readers;
mod spells;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::history::{Content, History, Source};

/// Most findings of one rule that are told.
const TOLD_MAX: usize = 20;

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which rule.
    pub rule: Rule,
    /// What breaks it.
    pub detail: String,
}

/// What holds of every history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// What was acknowledged is on each node, where the acknowledgement says.
    Acknowledged,
    /// Numbers have no holes, go back nowhere, and none is given twice.
    Unbroken,
    /// At one number of one run every node and reader has one content.
    Alike,
    /// A key stands for one run of events.
    OncePerKey,
    /// What was refused is not there, and nothing is there twice.
    AtMostOnce,
    /// What was acknowledged before something else was sent has a smaller number.
    RealTime,
    /// A room has one run of numbers, unless it had to begin anew.
    OneEpoch,
    /// Every node and every follower has the room from its first event to its last.
    Complete,
    /// Events of one publication are next to each other, or none of them is there.
    AllOrNothing,
    /// Readers go on where they were, at any node, and are not told that they cannot.
    Resumed,
    /// A spell is accepted where the spells before it in the room allow it, and refused where they do not.
    Decided,
    /// Every spell that was answered is in the room as it was answered, and every spell in the room was cast.
    Cast,
    /// Nodes say one thing of a daemon: what the spells in the room have made of it.
    Cards,
    /// The position of a durable consumer never goes back, is behind nothing that was kept, and is moved by the acknowledgements of one reader at a time.
    Consumers,
    /// Nodes give no other answers than those that are promised.
    Expected,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}: {}", self.rule, self.detail)
    }
}

/// Everything that breaks a rule; at most 20 of each. Nothing: the history is as it must be.
#[must_use]
pub fn check(history: &History) -> Vec<Finding> {
    let kept = Kept::of(history);
    let rules = [
        (Rule::Acknowledged, kept::acknowledged(history, &kept)),
        (Rule::Unbroken, readers::unbroken(history)),
        (Rule::Alike, readers::alike(history)),
        (Rule::OncePerKey, kept::once_per_key(history)),
        (Rule::AtMostOnce, kept::at_most_once(history, &kept)),
        (Rule::RealTime, order::real_time(history)),
        (Rule::OneEpoch, readers::one_epoch(history)),
        (Rule::Complete, readers::complete(history)),
        (Rule::AllOrNothing, kept::all_or_nothing(history, &kept)),
        (Rule::Resumed, readers::resumed(history)),
        (Rule::Decided, spells::decided(history)),
        (Rule::Cast, spells::cast(history)),
        (Rule::Cards, spells::cards(history)),
        (Rule::Consumers, consumers::positions(history)),
        (Rule::Expected, history.unexpected.clone()),
    ];
    let told = |(rule, details): (Rule, Vec<String>)| {
        let more = details.len().saturating_sub(TOLD_MAX);
        let mut details: Vec<String> = details.into_iter().take(TOLD_MAX).collect();
        if let Some(last) = details.last_mut().filter(|_| more > 0) {
            *last += &format!(" (and {more} more)");
        }
        details.into_iter().map(move |detail| Finding { rule, detail })
    };
    rules.into_iter().flat_map(told).collect()
}

/// What the nodes had at the end.
struct Kept<'h> {
    nodes: Vec<&'h str>,
    /// By node and room: the events of publishers, in order.
    of: BTreeMap<(&'h str, &'h str), Vec<(u64, &'h Content)>>,
}

impl<'h> Kept<'h> {
    fn of(history: &'h History) -> Self {
        let mut of: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for read in history.kept.iter().filter(|read| read.source == Source::Publisher) {
            of.entry((&*read.reader, &*read.room)).or_default().push((read.seq, &read.content));
        }
        Self { nodes: history.nodes.iter().map(|node| &**node).collect(), of }
    }

    /// What a node has of a room.
    fn events<'k>(&'k self, node: &'k str, room: &'k str) -> &'k [(u64, &'h Content)] {
        self.of.get(&(node, room)).map_or(&[], Vec::as_slice)
    }
}

/// Reads, by reader and room, each in its order.
fn by_reader(history: &History) -> BTreeMap<(&str, &str), Vec<&crate::history::Read>> {
    let mut readers: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for read in history.reads.iter().chain(&history.kept) {
        readers.entry((&*read.reader, &*read.room)).or_default().push(read);
    }
    readers
}

/// A content in a finding.
fn quoted(content: &Arc<str>) -> String {
    format!("{:?}", &**content)
}

#[cfg(test)]
mod tests;
