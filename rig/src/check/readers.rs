//! What readers were given: in order, without holes, and all of them the like.

use std::collections::BTreeMap;

use super::{by_reader, quoted};
use crate::history::{History, Read, Resume};

/// Readers that skipped events, went back, or were given one twice. In a new run of numbers a reader may begin anywhere.
pub(super) fn unbroken(history: &History) -> Vec<String> {
    let mut wrong = Vec::new();
    for ((reader, room), reads) in by_reader(history) {
        for pair in reads.windows(2) {
            let [before, after] = pair else { continue };
            if before.epoch != after.epoch || after.seq == before.seq + 1 {
                continue;
            }
            let how = match after.seq {
                seq if seq == before.seq => "twice".to_owned(),
                seq if seq < before.seq => format!("after {}", before.seq),
                seq => format!("after {}: {} are missing", before.seq, seq - before.seq - 1),
            };
            wrong.push(format!("{room}: {reader} was given {} {how}", after.seq));
        }
    }
    wrong
}

/// Numbers at which one reader or node has something else than another.
pub(super) fn alike(history: &History) -> Vec<String> {
    let mut known: BTreeMap<(&str, &str, u64), &Read> = BTreeMap::new();
    let mut wrong = Vec::new();
    for read in history.kept.iter().chain(&history.reads) {
        let Read { reader, room, seq, content, digest, .. } = read;
        let first = *known.entry((room, &read.epoch, *seq)).or_insert(read);
        if first.content != *content {
            let (one, other) = (quoted(&first.content), quoted(content));
            wrong.push(format!("{room}: {seq} is {one} for {} and {other} for {reader}", first.reader));
        } else if first.digest != *digest {
            let word = quoted(content);
            wrong.push(format!(
                "{room}: {seq}, {word}, has other bytes for {} than for {reader}",
                first.reader
            ));
        }
    }
    wrong
}

/// Rooms that were read in two runs of numbers.
pub(super) fn one_epoch(history: &History) -> Vec<String> {
    let mut known: BTreeMap<&str, &str> = BTreeMap::new();
    let mut wrong = Vec::new();
    for read in history.reads.iter().chain(&history.kept) {
        let epoch = *known.entry(&read.room).or_insert(&read.epoch);
        if *epoch != *read.epoch {
            wrong
                .push(format!("{}: {} was in {}, and {epoch} was known", read.room, read.reader, read.epoch));
        }
    }
    wrong
}

/// Nodes and followers whose room does not begin with 1, or ends before the last event that any of them has. What is missing in between is a hole.
pub(super) fn complete(history: &History) -> Vec<String> {
    let mut heads: BTreeMap<&str, u64> = BTreeMap::new();
    let mut ends: BTreeMap<(&str, &str), (u64, u64)> = BTreeMap::new();
    for read in history.kept.iter().chain(&history.reads) {
        let head = heads.entry(&read.room).or_default();
        *head = (*head).max(read.seq);
        let (first, last) = ends.entry((&read.reader, &read.room)).or_insert((read.seq, read.seq));
        (*first, *last) = ((*first).min(read.seq), (*last).max(read.seq));
    }
    let nodes = history.nodes.iter().flat_map(|node| heads.keys().map(move |room| (&**node, *room)));
    let followers = history.followers.iter().map(|(reader, room)| (&**reader, &**room));
    let mut wrong = Vec::new();
    for (who, room) in nodes.chain(followers) {
        let Some(head) = heads.get(room) else { continue };
        match ends.get(&(who, room)) {
            Some((1, last)) if last == head => {}
            Some((first, last)) => {
                wrong.push(format!("{room}: {who} has {first} to {last}, and not 1 to {head}"));
            }
            None => wrong.push(format!("{room}: {who} has nothing, and not 1 to {head}")),
        }
    }
    wrong
}

/// Readers that could not go on where they were.
pub(super) fn resumed(history: &History) -> Vec<String> {
    let told = history.resumes.iter().filter_map(|resume| {
        let (Resume { reader, node, room, seq, at, .. }, why) = (resume, resume.refused.as_ref()?);
        Some(format!(
            "{room}: {reader} could not go on after {seq} at {node}, {:.3} s: {why}",
            at.as_secs_f64()
        ))
    });
    told.collect()
}
