//! What an idempotency key is to stand for, compared with what it stands for. Pure.

use arcane_shared::RoomName;

use crate::log::record::{self, KeyRecord};
use crate::log::{Offer, Record};

/// The key that events are sent under, and what it is to stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    /// Where the record of the key is.
    pub(super) record: String,
    /// A digest of what was sent.
    content: u64,
    count: u64,
}

impl Claim {
    /// The claim of an offer; `None` if nobody sends it again under a key.
    pub(super) fn of(offer: &Offer) -> Option<Self> {
        let id = offer.id?;
        let own = offer.records.iter().find(|record| record::key_id(&record.key) == Some(id))?;
        let (_, _, KeyRecord { content, count, .. }) = read(own)?;
        Some(Self { record: own.key.clone(), content, count })
    }

    /// Whether events that these records ride with are what the key is to stand for.
    pub(super) fn is_met(&self, records: &[Record]) -> bool {
        let kept = records.iter().find(|record| record.key == self.record).and_then(read);
        kept.is_some_and(|(_, _, kept)| (kept.content, kept.count) == (self.content, self.count))
    }
}

/// Reads the record of a key, whether its events have numbers or not.
fn read(record: &Record) -> Option<(RoomName, u128, KeyRecord)> {
    let Record { key, value } = record.clone().numbered(1);
    KeyRecord::read(&key, &value?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::{Level, Notify, Turn};
    use arcane_shared::Seq;

    fn record(id: u128, first: Seq, count: u64, content: u64) -> Record {
        KeyRecord { first, count, content, at: 5 }.record(&RoomName::default(), id)
    }

    #[test]
    fn a_key_stands_for_its_content_and_number_of_events() {
        let offer = Offer {
            room: 1,
            bodies: Vec::new(),
            records: vec![
                Record::forget("key/main/07"),
                Record::keep("color/main/a", "0"),
                record(9, 0, 2, 7),
            ],
            id: Some(9),
            decided_on: None,
            continues: None,
            level: Level::Logged,
            turn: Turn::default(),
            done: Notify::nobody(),
        };
        let claim = Claim::of(&offer).unwrap();
        assert!(claim.is_met(&[Record::keep("daemon/a", "b"), record(9, 41, 2, 7)]));
        for other in
            [record(9, 41, 2, 8), record(9, 41, 1, 7), record(8, 41, 2, 7), Record::forget("key/main/09")]
        {
            assert!(!claim.is_met(std::slice::from_ref(&other)), "{other:?}");
        }
        assert_eq!(Claim::of(&Offer { id: None, ..offer }), None);
    }
}
