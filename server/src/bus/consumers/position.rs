//! Where a consumer's reader begins, and how its position moves. Pure.

use arcane_shared::{Epoch, NotRecovered, Position, Seq};

use crate::bus::resume::Since;
use crate::bus::rooms::RoomInfo;

/// Where a reader begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Begin {
    /// As the reader is told it.
    pub(super) since: Since,
    /// What is to be kept at once; `None` if that is kept already.
    pub(super) keep: Option<Position>,
}

/// Where a reader of a consumer begins whose position is `kept`, if it has one, and else at `begin`.
///
/// A position that the room has not got to is told to the reader as it is, but not kept: there the consumer is
/// where reading begins instead, before the oldest event. Otherwise it would be passed over what happens until
/// the room gets there.
pub(super) fn begin(kept: Option<&Position>, begin: &Position, there: Option<RoomInfo>) -> Begin {
    let at = kept.unwrap_or(begin);
    let ahead = there.filter(|there| is_ahead(at, there));
    let keep = (kept.is_none() || ahead.is_some()).then(|| {
        let seq = ahead.map_or(at.seq, |there| there.oldest.saturating_sub(1).min(there.head));
        Position { seq, ..at.clone() }
    });
    Begin { since: Since::from(at.clone()), keep }
}

/// Whether a room has not got to a position.
pub(super) fn is_ahead(position: &Position, there: &RoomInfo) -> bool {
    position.epoch == there.epoch && position.seq > there.head
}

/// What acknowledging an event does to a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing: it was acknowledged before.
    Stays,
    /// It goes on.
    To(Position),
    /// It is in another run of numbers: it goes there if that is the later one of the two, which their names do not say.
    Anew(Position),
}

impl Step {
    /// The next position, where `is_current` says that the event is in the run of numbers that the room has now.
    pub(super) fn position(self, is_current: bool) -> Option<Position> {
        match self {
            Self::To(position) => Some(position),
            Self::Anew(position) => Some(position).filter(|_| is_current),
            Self::Stays => None,
        }
    }
}

/// How the position of a consumer moves that acknowledges an event.
pub(super) fn forward(kept: &Position, epoch: &Epoch, seq: Seq) -> Step {
    let position = Position { epoch: epoch.clone(), seq };
    match kept.epoch == *epoch {
        true if seq > kept.seq => Step::To(position),
        true => Step::Stays,
        false => Step::Anew(position),
    }
}

/// How many events follow a position. One that says nothing about the room, because its numbers began anew or have not got
/// there, is followed by everything that is kept: there its reader begins.
pub(super) fn lag(position: &Position, there: &RoomInfo) -> u64 {
    match Since::from(position.clone()).decide(&there.epoch, there.oldest, there.head) {
        Err(NotRecovered::EpochChanged | NotRecovered::Ahead) => {
            (there.head + 1).saturating_sub(there.oldest)
        }
        Ok(_) | Err(NotRecovered::Expired | NotRecovered::Other) => there.head.saturating_sub(position.seq),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Position {
        Position::parse(text).unwrap()
    }

    #[test]
    fn a_reader_begins_where_the_consumer_is_or_before_what_is_kept() {
        let there = RoomInfo { id: 1, epoch: Epoch("e".into()), oldest: 3, head: 10 };
        for (kept, new, keep) in [
            (Some("e:7"), "e:10", None),
            (Some("e:10"), "e:10", None),
            (Some("e:1"), "e:10", None),
            (Some("f:99"), "e:10", None),
            (Some("e:11"), "e:10", Some("e:2")),
            (None, "e:10", Some("e:10")),
            (None, "e:5", Some("e:5")),
            (None, "e:1000", Some("e:2")),
            (None, "f:1000", Some("f:1000")),
        ] {
            let kept = kept.map(at);
            let found = begin(kept.as_ref(), &at(new), Some(there.clone()));
            assert_eq!(found.since, Since::from(kept.clone().unwrap_or(at(new))), "{kept:?} {new}");
            assert_eq!(found.keep, keep.map(at), "{kept:?} {new}");
        }
        assert_eq!(begin(None, &at("e:1000"), None).keep, Some(at("e:1000")));
    }

    #[test]
    fn a_position_goes_forward_only() {
        let (e, f) = (Epoch("e".into()), Epoch("f".into()));
        let kept = at("e:7");
        assert_eq!(forward(&kept, &e, 8).position(false), Some(at("e:8")));
        assert_eq!([forward(&kept, &e, 7), forward(&kept, &e, 1)], [Step::Stays, Step::Stays]);
        let anew = forward(&kept, &f, 1);
        assert_eq!(anew.clone().position(true), Some(at("f:1")), "its numbers began anew");
        assert_eq!(anew.position(false), None, "it is the run of numbers before");
    }
}
