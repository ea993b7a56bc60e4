//! An event that was given: it stands for all before it, when it is asked whether a stream is what it was. Pure.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use arcane_shared::Seq;

use super::message::Entry;
use super::told::Told;

/// An event that was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Witness {
    /// Its number.
    pub(super) seq: Seq,
    /// A digest of the id of its message and of its text, for this process.
    digest: u64,
}

impl Witness {
    /// `None` of what is no event of ours: what is told of it in its place depends on how it was read.
    pub(super) fn of(seq: Seq, entry: &Entry) -> Option<Self> {
        if entry.id.is_empty() {
            return None;
        }
        let mut hasher = DefaultHasher::new();
        (&entry.id, &entry.body.json).hash(&mut hasher);
        Some(Self { seq, digest: hasher.finish() })
    }

    /// Whether a message is the event that was given.
    pub(super) fn is(self, told: &Told) -> bool {
        Self::of(told.seq, &told.entry) == Some(self)
    }
}

#[cfg(test)]
mod tests {
    use arcane_shared::RoomName;
    use async_nats::HeaderMap;

    use super::super::pages::Raw;
    use super::super::told;
    use super::*;

    fn told(seq: Seq, id: &str, json: &str) -> Told {
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Msg-Id", id);
        headers.insert("Arcane-Event", "5 summon 1 *");
        let raw =
            Raw { seq, subject: "arcane.room.main.ev".into(), headers, payload: json.to_owned().into() };
        told::numbered(raw, &RoomName::default())
    }

    #[test]
    fn an_event_is_told_again_or_another_one_under_its_number() {
        let json = r#"{"spell_name":"file.read"}"#;
        let first = told(4, "a-1", json);
        let witness = Witness::of(4, &first.entry);
        assert!(witness.is_some_and(|witness| witness.is(&told(4, "a-1", json))));
        for other in
            [told(5, "a-1", json), told(4, "a-2", json), told(4, "a-1", r#"{"spell_name":"file.write"}"#)]
        {
            assert!(witness.is_some_and(|witness| !witness.is(&other)), "{other:?}");
        }
    }
}
