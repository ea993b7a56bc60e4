//! On which of a room's subjects events go: what is made on an earlier event has one of its own. Pure.

use crate::log::record::SESSION;
use crate::log::{Continues, Offer, Record, SessionId};

/// A subject of a room's stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// That of events on which nothing depends.
    Events,
    /// That of decisions.
    Decisions,
    /// That of one agent's session.
    Session(SessionId),
}

impl Way {
    /// That of an offer.
    pub(super) fn of(offer: &Offer) -> Self {
        match &offer.continues {
            Some(continues) => Self::Session(continues.session),
            None if offer.decided_on.is_some() => Self::Decisions,
            None => Self::Events,
        }
    }
}

/// The record of a session's state after an offer: it rides with the last event, which is the one that is read.
pub(super) fn state_of(offer: &Offer) -> Option<Record> {
    let Continues { session, state, .. } = offer.continues.as_ref()?;
    Some(Record::keep(format!("{SESSION}{session:016x}"), state.clone()?))
}
