//! How many streams, and how many replays among them, one subject reads at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::limits::Subject;

/// What takes a place for as long as it is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// A stream of events.
    Stream,
    /// A replay, which is a stream, too.
    Replay,
}

impl Kind {
    /// As answers and metrics name it.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Stream => "streams",
            Self::Replay => "replays",
        }
    }
}

/// More open at a time than one subject may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {most} {} at a time; end one of them, and go on in 1 s", kind.label())]
pub(crate) struct TooManyOpen {
    pub(crate) kind: Kind,
    most: u32,
}

/// The places that are taken.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places(Arc<Mutex<HashMap<(Subject, Kind), u32>>>);

/// One of them, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Places,
    key: (Subject, Kind),
}

impl Places {
    /// Takes a place of which a subject has `most`; 0 is no bound.
    ///
    /// # Errors
    /// If all are taken.
    pub(crate) fn take(
        &self,
        subject: &Subject,
        kind: Kind,
        most: u32,
    ) -> Result<Option<Place>, TooManyOpen> {
        if most == 0 {
            return Ok(None);
        }
        let key = (subject.clone(), kind);
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(key.clone()).or_default();
        if *count >= most {
            return Err(TooManyOpen { kind, most });
        }
        *count += 1;
        Ok(Some(Place { places: self.clone(), key }))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.key);
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
        let first = places.take(&subject, Kind::Stream, 1).unwrap();
        let refused = places.take(&subject, Kind::Stream, 1).unwrap_err();
        insta::assert_snapshot!(refused, @"more than 1 streams at a time; end one of them, and go on in 1 s");
        assert!(places.take(&subject, Kind::Replay, 1).is_ok(), "another kind");
        drop(first);
        assert!(places.0.lock().unwrap().is_empty());
    }
}
