//! What the nodes have in the end, held against what publishers were told.

use std::collections::{BTreeMap, BTreeSet};

use super::{Kept, quoted};
use crate::history::{Content, History, Outcome, Published};

/// Acknowledged publications that are not where the acknowledgement says.
pub(super) fn acknowledged(history: &History, kept: &Kept<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    for Published { room, contents, outcome, .. } in &history.published {
        let Outcome::Taken { first } = *outcome else { continue };
        for node in &kept.nodes {
            let events = kept.events(node, room);
            for (seq, content) in (first..).zip(contents) {
                let at = events.binary_search_by_key(&seq, |(seq, _)| *seq).ok().map(|at| events[at].1);
                match at {
                    Some(found) if found == content => {}
                    Some(found) => wrong.push(format!(
                        "{room} on {node}: {seq} is {}, and was acknowledged as {}",
                        quoted(found),
                        quoted(content)
                    )),
                    None => wrong.push(format!("{room} on {node}: {seq} is lost, {}", quoted(content))),
                }
            }
        }
    }
    wrong
}

/// Keys that were acknowledged for two runs of events.
pub(super) fn once_per_key(history: &History) -> Vec<String> {
    let mut known: BTreeMap<(&str, &str), (u64, usize)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for Published { room, contents, key, outcome, .. } in &history.published {
        let (Some(key), Outcome::Taken { first }) = (key, *outcome) else { continue };
        let run = (first, contents.len());
        let earlier = *known.entry((room, key)).or_insert(run);
        if earlier != run {
            wrong.push(format!(
                "{room}: the key {key:?} stands for {} from {} on, and for {} from {first} on",
                earlier.1, earlier.0, run.1
            ));
        }
    }
    wrong
}

/// Events that are there twice, were refused, or are nobody's.
pub(super) fn at_most_once(history: &History, kept: &Kept<'_>) -> Vec<String> {
    let mut may: BTreeSet<(&str, &Content)> = BTreeSet::new();
    for Published { room, contents, outcome, .. } in &history.published {
        if *outcome != Outcome::Refused {
            may.extend(contents.iter().map(|content| (&**room, content)));
        }
    }
    let mut wrong = Vec::new();
    for ((node, room), events) in &kept.of {
        let mut seen: BTreeMap<&Content, u64> = BTreeMap::new();
        for (seq, content) in events {
            if let Some(earlier) = seen.insert(content, *seq) {
                wrong.push(format!("{room} on {node}: {} is {earlier} and {seq}", quoted(content)));
            }
            if !may.contains(&(room, *content)) {
                wrong.push(format!("{room} on {node}: {seq} is {}, which was not taken", quoted(content)));
            }
        }
    }
    wrong
}

/// Publications of several events of which a part is there, or that are not next to each other. Where acknowledged ones are, their answers say.
pub(super) fn all_or_nothing(history: &History, kept: &Kept<'_>) -> Vec<String> {
    let is_asked = |of: &&Published| of.contents.len() > 1 && !matches!(of.outcome, Outcome::Taken { .. });
    let asked: Vec<&Published> = history.published.iter().filter(is_asked).collect();
    if asked.is_empty() {
        return Vec::new();
    }
    let mut wrong = Vec::new();
    for ((node, room), events) in &kept.of {
        let at: BTreeMap<&Content, u64> = events.iter().map(|(seq, content)| (*content, *seq)).collect();
        for Published { contents, .. } in asked.iter().filter(|of| *of.room == **room) {
            let found: Vec<u64> = contents.iter().filter_map(|content| at.get(content).copied()).collect();
            let is_run = found.windows(2).all(|pair| pair[1] == pair[0] + 1);
            if !found.is_empty() && (found.len() < contents.len() || !is_run) {
                wrong.push(format!(
                    "{room} on {node}: of the {} from {} on there are {found:?}",
                    contents.len(),
                    quoted(&contents[0])
                ));
            }
        }
    }
    wrong
}
