//! Which snapshots of a room's roster the log has. Pure.

use std::collections::VecDeque;

use arcane_shared::{Epoch, RoomName, Seq};

use crate::log::record::{ROSTER, Record};

/// Most snapshots of a room.
const SNAPSHOTS_MAX: usize = 256;
/// So many of the latest are never thinned out.
const LATEST_KEPT: usize = 64;
/// About so many are left of all others when they are thinned out: as far apart as that makes them.
const OLD_KEPT: u64 = 96;
/// Fewest events between two snapshots: what a restart has to fold.
const EVENTS_MIN: u64 = 4_096;
/// A snapshot is made after so many times its own size in events: then snapshots are a sixteenth of the log.
const EVENT_BYTES_PER_BYTE: u64 = 16;

/// The positions at which the roster was kept, oldest first.
///
/// A position may be listed although the log refused what came with it: who looks for it takes the one before.
#[derive(Debug, Default)]
pub(super) struct Snapshots {
    kept: VecDeque<Seq>,
    /// Bytes of events since the latest.
    event_bytes: u64,
    /// Bytes of the latest.
    own_bytes: u64,
}

impl Snapshots {
    /// What the log has, as [`Self::list`] wrote it; nothing, if it is of another run of numbers or beyond the end.
    pub(super) fn read(list: &str, epoch: &Epoch, head: Seq) -> Self {
        let mut words = list.split(' ');
        if words.next() != Some(&epoch.to_string()) {
            return Self::default();
        }
        let kept = words.filter_map(|word| word.parse().ok()).filter(|seq| *seq <= head).collect();
        Self { kept, ..Self::default() }
    }

    /// Snapshots that can be gone on from at a position, the nearest first.
    pub(super) fn up_to(&self, seq: Seq) -> impl Iterator<Item = Seq> {
        self.kept.iter().rev().copied().filter(move |kept| *kept <= seq)
    }

    /// Counts an event that readers can see.
    pub(super) fn count(&mut self, event_bytes: usize) {
        self.event_bytes = self.event_bytes.saturating_add(event_bytes as u64);
    }

    /// Whether one is due at a position, where events from `first` on are kept: what is folded from a snapshot on must not
    /// have left the log.
    pub(super) fn is_due(&self, seq: Seq, first: Seq) -> bool {
        let latest = self.latest();
        let is_much = seq.saturating_sub(latest) >= EVENTS_MIN
            && self.event_bytes >= self.own_bytes.saturating_mul(EVENT_BYTES_PER_BYTE);
        is_much || (first > 1 && seq > latest && latest < first + seq.saturating_sub(first) / 2)
    }

    /// The position of the latest; 0: there is none.
    pub(super) fn latest(&self) -> Seq {
        self.kept.back().copied().unwrap_or(0)
    }

    /// Adds one; what the log has to remember and to forget goes to `records`. Those before `first` are of events that are
    /// no longer kept.
    pub(super) fn add(
        &mut self,
        room: &RoomName,
        epoch: &Epoch,
        (seq, text): (Seq, String),
        first: Seq,
        records: &mut Vec<Record>,
    ) {
        (self.event_bytes, self.own_bytes) = (0, text.len() as u64);
        records.push(Record::keep(key(room, seq), text));
        let before = std::mem::take(&mut self.kept);
        let old = before.len().saturating_sub(LATEST_KEPT);
        let apart = if before.len() < SNAPSHOTS_MAX { 0 } else { seq.saturating_sub(first) / OLD_KEPT };
        for (nth, kept) in before.into_iter().enumerate().filter(|(_, kept)| *kept != seq) {
            let is_near = nth < old && self.kept.back().is_some_and(|last| kept - last < apart);
            if kept + 1 < first || is_near {
                records.push(Record::forget(key(room, kept)));
            } else {
                self.kept.push_back(kept);
            }
        }
        self.kept.push_back(seq);
        records.push(Record::keep(list_key(room), self.list(epoch)));
    }

    /// Forgets all of them.
    pub(super) fn clear(&mut self, room: &RoomName, records: &mut Vec<Record>) {
        records.extend(self.kept.drain(..).map(|seq| Record::forget(key(room, seq))));
        records.push(Record::forget(list_key(room)));
    }

    fn list(&self, epoch: &Epoch) -> String {
        self.kept.iter().fold(epoch.to_string(), |list, seq| format!("{list} {seq}"))
    }
}

/// Where the snapshot of a position is.
pub(super) fn key(room: &RoomName, seq: Seq) -> String {
    format!("{ROSTER}{room}/{seq:016x}")
}

/// Where the list of them is.
pub(super) fn list_key(room: &RoomName) -> String {
    format!("{ROSTER}{room}/list")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Whatever is added, the list names exactly what the log has, and stays within its bound.
    #[test]
    fn the_list_is_what_the_log_has() {
        let (room, epoch) = (RoomName::default(), Epoch("9f3c01ab77de".into()));
        let mut snapshots = Snapshots::default();
        let mut log = BTreeMap::new();
        for n in 1..2_000_u64 {
            let mut records = Vec::new();
            snapshots.add(&room, &epoch, (n * 10, format!("roster {n}")), 1 + n / 10, &mut records);
            for Record { key, value } in records {
                match value {
                    Some(value) => log.insert(key, value),
                    None => log.remove(&key),
                };
            }
            let list = log.get(&list_key(&room)).unwrap();
            let read = Snapshots::read(list, &epoch, n * 10);
            assert_eq!(read.kept, snapshots.kept);
            assert!(read.kept.iter().all(|seq| log.contains_key(&key(&room, *seq))));
            assert_eq!(log.len(), read.kept.len() + 1);
            assert!(log.len() <= SNAPSHOTS_MAX + 1);
        }
        assert_eq!(snapshots.up_to(19_985).next(), Some(19_980));
        for seq in (500..20_000).step_by(7) {
            let nearest = snapshots.up_to(seq).next().unwrap();
            assert!(seq - nearest <= 3 * 20_000 / OLD_KEPT, "{nearest} is the nearest to {seq}");
        }
        let list = log.get(&list_key(&room)).unwrap();
        assert_eq!(Snapshots::read(list, &Epoch("000000000000".into()), 9).up_to(9).next(), None);
    }

    #[test]
    fn snapshots_are_a_small_part_of_the_log() {
        let mut snapshots = Snapshots::default();
        assert!(!snapshots.is_due(EVENTS_MIN - 1, 1));
        assert!(snapshots.is_due(EVENTS_MIN, 1));
        let epoch = Epoch("9f3c01ab77de".into());
        snapshots.add(&RoomName::default(), &epoch, (EVENTS_MIN, "x".repeat(1000)), 1, &mut Vec::new());
        snapshots.count(15_999);
        assert!(!snapshots.is_due(2 * EVENTS_MIN, 1));
        snapshots.count(1);
        assert!(snapshots.is_due(2 * EVENTS_MIN, 1));
        // Before retention reaches the latest one, there is another.
        assert!(!snapshots.is_due(EVENTS_MIN + 90, EVENTS_MIN - 100));
        assert!(snapshots.is_due(EVENTS_MIN + 110, EVENTS_MIN - 100));
    }
}
