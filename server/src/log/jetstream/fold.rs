//! The state that the events of a room carry with them, put together. Pure.
//!
//! Every node that reads the headers of the same events has the same state. A snapshot of it is kept from time to time: it
//! bounds what a start has to read.

use std::collections::BTreeMap;

use arcane_shared::{Epoch, RoomName, Seq};
use serde::{Deserialize, Serialize};

use crate::log::record::{KEY, SESSION};
use crate::log::{Mark, Record};

/// Where snapshots are in the bucket of state: then the room.
const FOLD: &str = "fold/";
/// Events after which a snapshot is due: what a start reads beyond it.
const EVENTS_MAX: u64 = 4_096;

/// Parts of the record of an idempotency key, with spaces between them. In the bucket the run of numbers stands behind them.
const KEY_PARTS: usize = 4;

/// The state of a room as of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fold {
    /// The run of numbers that it is of.
    epoch: Epoch,
    /// The last event that is in it.
    pub as_of: Seq,
    /// The latest decision that is in it; 0: none.
    #[serde(default)]
    pub decided: Seq,
    records: BTreeMap<String, String>,
    #[serde(skip)]
    kept: Kept,
}

/// What of the state is in the latest snapshot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Kept {
    as_of: Seq,
    /// Whether a record has changed since.
    is_old: bool,
}

impl Fold {
    /// The state of a room before its first event.
    #[must_use]
    pub fn new(epoch: Epoch) -> Self {
        Self { epoch, as_of: 0, decided: 0, records: BTreeMap::new(), kept: Kept::default() }
    }

    /// A snapshot, as [`Self::snapshot`] wrote it; `None` if it is none, of another run of numbers, or of events after `head`.
    #[must_use]
    pub fn read(text: &str, epoch: &Epoch, head: Seq) -> Option<Self> {
        let fold: Self = serde_json::from_str(text).ok()?;
        if fold.epoch != *epoch || fold.as_of > head {
            return None;
        }
        Some(Self { kept: Kept { as_of: fold.as_of, is_old: false }, ..fold })
    }

    /// Where the snapshot of a room is.
    #[must_use]
    pub fn key(room: &RoomName) -> String {
        format!("{FOLD}{room}")
    }

    /// Takes in the records of an event, and returns those that are kept one by one, with the run of numbers that they are of:
    /// idempotency keys are many.
    pub fn apply(&mut self, seq: Seq, is_decision: bool, records: &[Record]) -> Vec<Record> {
        self.as_of = self.as_of.max(seq);
        if is_decision {
            self.decided = self.decided.max(seq);
        }
        let (keys, rest): (Vec<&Record>, Vec<_>) =
            records.iter().partition(|record| record.key.starts_with(KEY));
        // The state of a session is read from its latest event.
        for Record { key, value } in rest.into_iter().filter(|record| !record.key.starts_with(SESSION)) {
            self.kept.is_old = true;
            match value {
                Some(value) => self.records.insert(key.clone(), value.clone()),
                None => self.records.remove(key),
            };
        }
        keys.into_iter().map(|key| key_of(&self.epoch, key)).collect()
    }

    /// Whether the record of a key is of this run of numbers, as far as it says.
    #[must_use]
    pub fn has_key(&self, value: &str) -> bool {
        value.split(' ').nth(KEY_PARTS).is_none_or(|epoch| *epoch == *self.epoch.0)
    }

    /// The state whose key begins so, in order of key.
    pub fn recall<'f>(&'f self, prefix: &'f str) -> impl Iterator<Item = (&'f String, &'f String)> {
        self.records.range(prefix.to_owned()..).take_while(move |(key, _)| key.starts_with(prefix))
    }

    /// How far decisions are in it.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark { epoch: self.epoch.clone(), decided: self.decided }
    }

    /// Whether a snapshot is due. `is_late`: it was not kept for a while. `events_kept`: so many events later the stream may
    /// have let go of what was decided.
    #[must_use]
    pub fn is_due(&self, is_late: bool, events_kept: u64) -> bool {
        let events_max = EVENTS_MAX.min(events_kept / 4).max(1);
        let has_moved = self.kept.is_old || self.as_of >= self.kept.as_of + EVENTS_MAX;
        (has_moved && self.as_of >= self.kept.as_of + events_max) || (is_late && self.kept.is_old)
    }

    /// The record of a snapshot, which counts as kept from here on.
    pub fn snapshot(&mut self, room: &RoomName) -> Record {
        self.kept = Kept { as_of: self.as_of, is_old: false };
        Record::keep(Self::key(room), serde_json::to_string(self).expect("text and numbers are JSON"))
    }
}

/// The record of an idempotency key with the run of numbers that its events are in, for [`Fold::has_key`].
fn key_of(epoch: &Epoch, Record { key, value }: &Record) -> Record {
    Record { key: key.clone(), value: value.as_ref().map(|value| format!("{value} {epoch}")) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record() -> impl Strategy<Value = Record> {
        let key = prop_oneof![
            "daemon/[a-c]",
            "color/main/[a-c]",
            Just("key/main/000000000000000000000000000000ab".to_owned()),
        ];
        (key, prop::option::of("\\PC{0,8}")).prop_map(|(key, value)| Record { key, value })
    }

    proptest! {
        #[test]
        fn from_a_snapshot_on_it_is_what_it_is_from_the_beginning_on(
            events in prop::collection::vec(prop::collection::vec(record(), 0..3), 0..30), at in 0_usize..30,
        ) {
            let room = RoomName::default();
            let epoch = Epoch("9f3c01ab77de".into());
            let (mut whole, mut resumed) = (Fold::new(epoch.clone()), Fold::new(epoch.clone()));
            for (seq, records) in (1..).zip(&events) {
                let one_by_one = whole.apply(seq, seq % 3 == 0, records);
                prop_assert!(one_by_one.iter().all(|record| record.key.starts_with(KEY)));
                resumed.apply(seq, seq % 3 == 0, records);
                if seq == at as u64 {
                    let snapshot = resumed.snapshot(&room).value.unwrap();
                    resumed = Fold::read(&snapshot, &epoch, seq).unwrap();
                }
            }
            prop_assert_eq!((&whole.records, whole.as_of, whole.mark()), (&resumed.records, resumed.as_of, resumed.mark()));
        }
    }

    #[test]
    fn a_snapshot_is_due_after_many_events_or_when_a_change_is_old() {
        let epoch = Epoch("9f3c01ab77de".into());
        let mut fold = Fold::new(epoch.clone());
        fold.apply(EVENTS_MAX - 1, false, &[]);
        assert!(!fold.is_due(true, u64::MAX));
        fold.apply(EVENTS_MAX, false, &[]);
        assert!(fold.is_due(false, u64::MAX));
        fold.snapshot(&RoomName::default());
        assert!(!fold.is_due(true, u64::MAX));
        fold.apply(EVENTS_MAX + 1, false, &[Record::keep("daemon/claude", "x")]);
        assert!(fold.is_due(true, u64::MAX) && !fold.is_due(false, u64::MAX));
        let text = fold.snapshot(&RoomName::default()).value.unwrap();
        fold.apply(EVENTS_MAX + 26, false, &[Record::keep("daemon/claude", "y")]);
        assert!(
            fold.is_due(false, 100) && !fold.is_due(false, 104),
            "a stream that keeps little is left in time"
        );
        assert_eq!(Fold::read(&text, &epoch, EVENTS_MAX), None, "the events that it is of are gone");
        assert_eq!(Fold::read(&text, &Epoch("000000000000".into()), EVENTS_MAX + 1), None);
    }
}
