//! What every request handler can reach.

use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Instant;

use arcane_shared::api::OtlpState;
use arcane_shared::{DaemonName, RoomName};
use tokio::sync::watch;

use crate::audit::Audit;
use crate::bus::{ArcaneEventBus, HeldRoom};
use crate::config::Config;
use crate::gate::Gate;
use crate::gate::limits::{Counted, Subject, TooMuch};
use crate::gate::places::{Place, TooManyOpen};
use crate::ingest::Ingest;
use crate::metrics::Metrics;
use crate::realm::Realm;
use crate::requests::Requests;

/// Handles to the parts of a running server. Cheap to clone: every request does it several times.
#[derive(Debug, Clone)]
pub(crate) struct AppState(Arc<Parts>);

/// The parts of a running server.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    pub(crate) bus: ArcaneEventBus,
    pub(crate) realm: Realm,
    pub(crate) gate: Gate,
    pub(crate) metrics: Metrics,
    pub(crate) audit: Audit,
    pub(crate) ingest: Ingest,
    /// What agents ask a human.
    pub(crate) requests: Requests,
    /// The listener that takes OpenTelemetry alone, if there is to be one.
    pub(crate) otlp: Option<OtlpState>,
    pub(crate) config: Config,
    /// Turns true when the server is about to stop.
    pub(crate) draining: watch::Receiver<bool>,
    pub(crate) started: Instant,
}

impl AppState {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Places for a stream of a room that this subject reads, of what happens or of what happened, for as long as they are held.
    ///
    /// # Errors
    /// If all places of the subject or of the room are taken.
    pub(crate) fn places(
        &self,
        subject: &Subject,
        room: &RoomName,
        is_replay: bool,
    ) -> Result<Vec<Place>, TooManyOpen> {
        let places = self.gate.places(subject, room, is_replay);
        places.inspect_err(|error| self.metrics.refused(error.label()))
    }

    /// Counts a room that this subject would be the first to open.
    ///
    /// # Errors
    /// If it may open none at the moment.
    pub(crate) fn count_room(&self, subject: &Subject, room: &RoomName) -> Result<(), TooMuch> {
        if !self.gate.counts(subject, Counted::Rooms) || self.bus.room_info(room).is_ok() {
            return Ok(());
        }
        self.take(subject, Counted::Rooms, 1)
    }

    /// Counts names of daemons of which this subject would be the first to tell in a room.
    ///
    /// # Errors
    /// If it may name none at the moment.
    pub(crate) fn count_daemons<'a>(
        &self,
        subject: &Subject,
        room: &HeldRoom,
        names: impl Iterator<Item = &'a DaemonName>,
    ) -> Result<(), TooMuch> {
        if !self.gate.counts(subject, Counted::Daemons) {
            return Ok(());
        }
        let is_new = |name: &&DaemonName| !room.knows(name) && !self.realm.knows(name);
        // What is published under one name often comes in rows.
        let mut last = None;
        let changes = names.filter(|name| last.replace(*name) != Some(*name));
        let count = changes.filter(is_new).collect::<BTreeSet<_>>().len();
        if count == 0 { Ok(()) } else { self.take(subject, Counted::Daemons, count) }
    }

    /// Takes so much of what a subject may do.
    ///
    /// # Errors
    /// If nothing is left.
    pub(crate) fn take(&self, subject: &Subject, what: Counted, units: usize) -> Result<(), TooMuch> {
        self.gate.take(subject, what, units).inspect_err(|_| self.metrics.refused(what.label()))
    }
}

impl Deref for AppState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
