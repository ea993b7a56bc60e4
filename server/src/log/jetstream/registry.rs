//! The rooms that this process knows, and what is known of their streams.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use arcane_shared::{RoomName, Seq};

use super::entry::RoomEntry;
use super::heads::Head;
use crate::log::{Fault, LogError, RoomId, RoomRecord};

/// The rooms that this process knows.
#[derive(Debug, Default)]
pub(super) struct Rooms {
    pub(super) by_id: HashMap<RoomId, Arc<RoomEntry>>,
    pub(super) by_name: BTreeMap<RoomName, RoomId>,
    /// Of rooms that were not opened yet.
    pub(super) listed: BTreeMap<RoomName, RoomRecord>,
    pub(super) last_id: RoomId,
    /// Rooms whose numbers have begun anew lately, for other nodes to hear of it.
    pub(super) begun: Vec<(Head, Instant)>,
}

/// Where a room's stream ends, as its leader says.
pub(super) struct End {
    pub(super) ends: Ends,
    /// Whether the leader has lately heard of a majority of the stream's servers.
    pub(super) is_led: bool,
    pub(super) first: Seq,
    pub(super) head: Seq,
    pub(super) bytes: u64,
}

/// Whether it is the stream that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    Here,
    /// The stream is gone, or another one.
    Elsewhere,
    /// It is the stream that was read, without what was read: it was cut, or restored from a backup.
    Cut,
}

impl Rooms {
    pub(super) fn by_id(&self, id: RoomId) -> Result<Arc<RoomEntry>, LogError> {
        let gone = || LogError::new(Fault::NoRoom, "the room is not in the log");
        self.by_id.get(&id).cloned().ok_or_else(gone)
    }

    /// A room that was opened.
    pub(super) fn entry(&self, name: &RoomName) -> Option<Arc<RoomEntry>> {
        self.by_id.get(self.by_name.get(name)?).cloned()
    }

    pub(super) fn entries(&self) -> Vec<Arc<RoomEntry>> {
        self.by_id.values().cloned().collect()
    }

    pub(super) fn records(&self) -> Vec<RoomRecord> {
        let open = self.by_name.values().filter_map(|id| self.by_id.get(id)).map(|entry| entry.record());
        let listed = self.listed.values().filter(|record| !self.by_name.contains_key(&record.name));
        open.chain(listed.cloned()).collect()
    }

    pub(super) fn record(&self, name: &RoomName) -> Option<RoomRecord> {
        let open = self.by_name.get(name).and_then(|id| self.by_id.get(id)).map(|entry| entry.record());
        open.or_else(|| self.listed.get(name).cloned())
    }

    /// The name of a room that was not opened yet.
    pub(super) fn listed(&self, id: RoomId) -> Option<RoomName> {
        self.listed.values().find(|record| record.id == id).map(|record| record.name.clone())
    }

    pub(super) fn remove(&mut self, id: RoomId) -> Option<RoomName> {
        let listed = self.listed(id);
        let name = self.by_id.remove(&id).map(|entry| entry.name.clone()).or(listed)?;
        if self.by_name.get(&name) == Some(&id) {
            self.by_name.remove(&name);
        }
        self.listed.remove(&name);
        Some(name)
    }
}
