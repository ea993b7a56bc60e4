//! What readers were given: in order, without holes, and all of them the like.

use std::collections::BTreeMap;

use super::{by_reader, quoted};
use crate::history::{Content, History};

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
    let mut known: BTreeMap<(&str, &str, u64), (&Content, &str)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for read in history.kept.iter().chain(&history.reads) {
        let at = (&*read.room, &*read.epoch, read.seq);
        let (content, reader) = *known.entry(at).or_insert((&read.content, &read.reader));
        if *content != read.content {
            wrong.push(format!(
                "{}: {} is {} for {reader} and {} for {}",
                read.room,
                read.seq,
                quoted(content),
                quoted(&read.content),
                read.reader
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
