//! What has to be done to a room's index: a pure decision about what is indexed and what is logged.

use arcane_shared::Seq;

use super::source::LoggedRoom;

/// A room as the index has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IndexedRoom {
    pub(super) id: i64,
    pub(super) epoch: String,
    /// The oldest event that is indexed.
    pub(super) first: Seq,
    /// The latest event that is indexed; `first - 1` if none is.
    pub(super) indexed: Seq,
}

/// The next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The index does not know the room, or nothing that it knows is kept: it begins with this event.
    Begin(Seq),
    /// Events before this one go.
    Forget(Seq),
    /// Nothing is left of a room that the log does not have, or not like this.
    Drop,
    /// Events up to this one are added.
    Add(Seq),
}

/// The next step of one room; `None`: it is up to date.
pub(super) fn next_step(indexed: Option<&IndexedRoom>, logged: Option<&LoggedRoom>) -> Option<Step> {
    let Some(indexed) = indexed else {
        return logged.map(|logged| Step::Begin(logged.first));
    };
    let end = indexed.indexed + 1;
    // A log that is shorter than what was read from it is another one, whatever its epoch says.
    let Some(logged) = logged.filter(|log| log.epoch == indexed.epoch && log.head >= indexed.indexed) else {
        return Some(if indexed.first < end { Step::Forget(end) } else { Step::Drop });
    };
    if indexed.first < logged.first {
        return Some(if indexed.first < end {
            Step::Forget(logged.first.min(end))
        } else {
            Step::Begin(logged.first)
        });
    }
    (indexed.indexed < logged.head).then_some(Step::Add(logged.head))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_goes_step_by_step_to_what_is_logged() {
        let indexed =
            |epoch: &str, first, indexed| Some(IndexedRoom { id: 1, epoch: epoch.into(), first, indexed });
        let logged = |epoch: &str, first, head| Some(LoggedRoom { id: 1, epoch: epoch.into(), first, head });
        for (indexed, logged, expected) in [
            (None, None, None),
            (None, logged("a", 5, 9), Some(Step::Begin(5))),
            (indexed("a", 5, 4), logged("a", 5, 9), Some(Step::Add(9))),
            (indexed("a", 5, 9), logged("a", 5, 9), None),
            (indexed("a", 5, 9), logged("a", 7, 12), Some(Step::Forget(7))),
            (indexed("a", 5, 9), logged("a", 20, 30), Some(Step::Forget(10))),
            (indexed("a", 10, 9), logged("a", 20, 30), Some(Step::Begin(20))),
            (indexed("a", 5, 9), logged("a", 10, 9), Some(Step::Forget(10))),
            (indexed("a", 10, 9), logged("a", 10, 9), None),
            (indexed("a", 5, 9), logged("b", 1, 30), Some(Step::Forget(10))),
            (indexed("a", 10, 9), logged("b", 1, 30), Some(Step::Drop)),
            (indexed("a", 5, 9), logged("a", 5, 8), Some(Step::Forget(10))),
            (indexed("a", 5, 9), None, Some(Step::Forget(10))),
            (indexed("a", 10, 9), None, Some(Step::Drop)),
        ] {
            assert_eq!(next_step(indexed.as_ref(), logged.as_ref()), expected, "{indexed:?} {logged:?}");
        }
    }
}
