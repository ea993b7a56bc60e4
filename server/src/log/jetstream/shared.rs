//! What the bus asks of a log on JetStream because other processes write to it, too.

use std::sync::{Arc, Weak};
use std::time::Instant;

use arcane_shared::{RoomName, Seq};
use futures_util::FutureExt as _;

use super::group::Named;
use super::log::JetStreamLog;
use super::message::Entry;
use super::publish::BATCH_MAX;
use super::room;
use crate::log::record::SESSION;
use crate::log::{
    Answer, Carried, Contended, Follower, LogError, Mark, Offer, Record, RoomId, SessionEnd, SessionId,
    SharedLog,
};

impl SharedLog for JetStreamLog {
    fn submit(&self, offer: Offer) -> Result<(), LogError> {
        self.0.check()?;
        self.0.clock.observe();
        let entry = self.entry(offer.room)?;
        entry.offer(Named::new(offer, || self.0.next_id()))
    }

    fn follow(&self, id: RoomId, after: Seq, follower: Weak<dyn Follower>) {
        let Ok(entry) = self.entry(id) else { return };
        if entry.follow(after, follower) {
            room::start(Arc::clone(&self.0), entry);
        }
    }

    fn head(&self, room: RoomId) -> Answer<'_, Seq> {
        async move {
            let entry = self.entry(room)?;
            Ok(self.0.end_of(&entry).await?.head)
        }
        .boxed()
    }

    fn carried(
        &self,
        room: RoomId,
        keys: &[&str],
        known: Option<&Mark>,
    ) -> Result<Option<Carried>, LogError> {
        let entry = self.entry(room)?;
        let fold = entry.fold();
        let mark = fold.mark();
        if known == Some(&mark) {
            return Ok(None);
        }
        let found = keys.iter().flat_map(|key| fold.recall(key));
        let records = found.map(|(key, value)| (key.clone(), value.clone())).collect();
        Ok(Some(Carried { mark, records }))
    }

    fn keep(&self, _: &RoomName, records: Vec<Record>) -> Answer<'_, ()> {
        async move {
            self.0.state.put(records)?;
            self.0.state.flushed().await
        }
        .boxed()
    }

    fn end_of_session(&self, room: RoomId, session: SessionId) -> Answer<'_, Option<SessionEnd>> {
        async move {
            let entry = self.entry(room)?;
            let subject = self.0.names.session(&entry.name, session);
            let Some(raw) = self.0.reader.last(&entry.stream, &subject).await? else { return Ok(None) };
            let records = Entry::read(&raw.headers, raw.payload).map(|entry| entry.records);
            let state =
                records.unwrap_or_default().into_iter().find(|record| record.key.starts_with(SESSION));
            Ok(Some(SessionEnd { seq: raw.seq, state: state.and_then(|record| record.value) }))
        }
        .boxed()
    }

    fn find<'a>(&'a self, name: &'a RoomName) -> Answer<'a, bool> {
        self.0.find(name).boxed()
    }

    fn readers_elsewhere(&self, room: Option<&RoomName>) -> u64 {
        self.0.cluster().readers(room, Instant::now())
    }

    fn contended(&self) -> Option<&dyn Contended> {
        Some(self)
    }

    fn events_max(&self) -> usize {
        BATCH_MAX
    }
}
