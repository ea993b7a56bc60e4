//! How many streams, and how many replays among them, one subject reads at a time, and how many readers one room has.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arcane_shared::RoomName;

use super::limits::Subject;

/// What has so many places.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Owner {
    /// A subject, for its streams.
    Streams(Subject),
    /// A subject, for its replays, which are streams, too.
    Replays(Subject),
    /// A room, for its readers.
    Room(RoomName),
}

/// More open at a time than there may be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) struct TooManyOpen {
    owner: Owner,
    most: u32,
}

impl TooManyOpen {
    /// As metrics name it.
    pub(crate) fn label(&self) -> &'static str {
        match self.owner {
            Owner::Streams(_) => "streams",
            Owner::Replays(_) => "replays",
            Owner::Room(_) => "readers",
        }
    }
}

impl fmt::Display for TooManyOpen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { owner, most } = self;
        match owner {
            Owner::Streams(_) | Owner::Replays(_) => {
                write!(f, "more than {most} {} at a time; end one of them, and go on in 1 s", self.label())
            }
            Owner::Room(room) => {
                write!(
                    f,
                    "the room {room} has {most} readers, and no more may read it at a time; go on in 1 s"
                )
            }
        }
    }
}

/// The places that are taken.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places(Arc<Mutex<HashMap<Owner, u32>>>);

/// One of them, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Places,
    owner: Owner,
}

impl Places {
    /// Takes a place of which its owner has `most`; 0 is no bound.
    ///
    /// # Errors
    /// If all are taken.
    pub(crate) fn take(&self, owner: Owner, most: u32) -> Result<Option<Place>, TooManyOpen> {
        if most == 0 {
            return Ok(None);
        }
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(owner.clone()).or_default();
        if *count >= most {
            return Err(TooManyOpen { owner, most });
        }
        *count += 1;
        Ok(Some(Place { places: self.clone(), owner }))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.owner) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.owner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_comes_back_and_nothing_is_kept_of_it() {
        let (places, subject) = (Places::default(), Subject::Unknown);
        let first = places.take(Owner::Streams(subject.clone()), 1).unwrap();
        let refused = places.take(Owner::Streams(subject.clone()), 1).unwrap_err();
        insta::assert_snapshot!(refused, @"more than 1 streams at a time; end one of them, and go on in 1 s");
        assert!(places.take(Owner::Replays(subject), 1).is_ok(), "another kind");
        drop(first);
        let reader = places.take(Owner::Room(RoomName::default()), 1).unwrap();
        let refused = places.take(Owner::Room(RoomName::default()), 1).unwrap_err();
        insta::assert_snapshot!(refused, @"the room main has 1 readers, and no more may read it at a time; go on in 1 s");
        drop(reader);
        assert!(places.0.lock().unwrap().is_empty());
    }
}
