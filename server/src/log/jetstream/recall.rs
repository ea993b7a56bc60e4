//! The state that is kept beside events, as it is recalled: what the bucket has, what waits to be written, and what rooms that
//! are open have from their events.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arcane_shared::RoomName;

use super::bucket::Kept;
use super::entry::RoomEntry;
use super::log::JetStreamLog;
use crate::log::record::KEY;
use crate::log::{LogError, Record};

impl JetStreamLog {
    /// What is under keys that begin so, in order of key.
    pub(super) async fn state(&self, prefix: &str) -> Result<Vec<(String, String)>, LogError> {
        // What waits is looked at first: it may be written while the bucket is read.
        let pending = self.0.state.pending();
        let mut listed = self.0.state.bucket().list_all(prefix).await?;
        if prefix.starts_with(KEY) {
            self.forget_old_keys(&mut listed);
        }
        let listed = listed.into_iter().filter_map(|(key, kept)| Some((key, kept.value?)));
        let mut found: BTreeMap<String, String> = listed.collect();
        for Record { key, value } in pending.into_iter().filter(|record| record.key.starts_with(prefix)) {
            match value {
                Some(value) => found.insert(key, value),
                None => found.remove(&key),
            };
        }
        for entry in self.0.rooms().entries() {
            let fold = entry.fold();
            found.extend(fold.recall(prefix).map(|(key, value)| (key.clone(), value.clone())));
        }
        Ok(found.into_iter().collect())
    }

    pub(super) async fn state_of(&self, key: &str) -> Result<Option<String>, LogError> {
        for entry in self.0.rooms().entries() {
            let found = entry.fold().recall(key).find(|(of, _)| *of == key).map(|(_, value)| value.clone());
            if found.is_some() {
                return Ok(found);
            }
        }
        let pending = self.0.state.pending().into_iter().rev().find(|record| record.key == key);
        if let Some(record) = pending {
            return Ok(record.value);
        }
        Ok(self.0.state.bucket().get(key).await?.value)
    }

    /// Takes out the idempotency keys whose events are of a run of numbers that is over, and has the bucket forget them.
    fn forget_old_keys(&self, listed: &mut Vec<(String, Kept)>) {
        let entries = self.0.rooms().entries();
        let rooms: HashMap<&RoomName, &Arc<RoomEntry>> =
            entries.iter().map(|entry| (&entry.name, entry)).collect();
        let is_old = |(key, kept): &mut (String, Kept)| {
            let room = key.strip_prefix(KEY).and_then(|key| key.split_once('/'));
            let room = room.and_then(|(room, _)| RoomName::parse(room).ok());
            let entry = room.and_then(|room| rooms.get(&room).copied());
            let value = kept.value.as_deref();
            entry.zip(value).is_some_and(|(entry, value)| !entry.fold().has_key(value))
        };
        let old: Vec<_> = listed.extract_if(.., is_old).collect();
        if !old.is_empty() {
            let core = Arc::clone(&self.0);
            self.0.spawn(async move { core.forget_if_unchanged(&old).await });
        }
    }
}
