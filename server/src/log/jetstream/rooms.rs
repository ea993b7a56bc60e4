//! The rooms of a log on JetStream: a stream for each, and in a bucket which run of numbers it is.

use std::collections::BTreeSet;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arcane_shared::{Epoch, RoomName, Seq};
use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::{
    CreateStreamError, CreateStreamErrorKind, GetStreamError, GetStreamErrorKind,
};
use async_nats::jetstream::stream::{Config, Info};
use futures_util::{StreamExt as _, TryStreamExt as _};

use super::bound::event_bytes;
use super::bucket::Swap;
use super::core::{Core, away, is_led};
use super::entry::{Extent, Facts, RoomEntry};
use super::fold::Fold;
use super::names;
use super::pages::{PAGE_MAX, Request};
use super::registry::{End, Ends, Rooms};
use super::settings::{self, Weight};
use super::told;
use super::witness::Witness;
use crate::log::{Fault, LogError, Record, RoomRecord, Usage, new_epoch};

/// Bytes of a page while state is put together.
const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Rooms that are looked at together at the start.
const LOOKED_AT: usize = 16;
/// How long events are read that the server that was asked does not have yet, and the pause before they are read again.
const BEHIND_MAX: Duration = Duration::from_secs(10);
const BEHIND: Duration = Duration::from_millis(50);
/// How often the directory is written again where another node was quicker.
const TRIES_MAX: usize = 16;

impl Core {
    pub(super) fn rooms(&self) -> MutexGuard<'_, Rooms> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns which rooms there are.
    pub(super) async fn list(&self) -> Result<(), LogError> {
        let kept = self.directory.list("").await?;
        let mut names: BTreeSet<RoomName> = kept.iter().filter_map(|(key, _)| names::room(key)).collect();
        // A directory that was deleted does not hide rooms.
        let mut streams = self.connection.context().stream_names();
        while let Some(stream) = streams.try_next().await.map_err(|error| away(&error))? {
            names.extend(self.names.room_of_stream(&stream));
        }
        let records = futures_util::stream::iter(names).map(|name| self.look_at(name)).buffered(LOOKED_AT);
        let records: Vec<Option<RoomRecord>> = records.try_collect().await?;
        let mut rooms = self.rooms();
        for mut record in records.into_iter().flatten() {
            rooms.last_id += 1;
            record.id = rooms.last_id;
            rooms.listed.insert(record.name.clone(), record);
        }
        Ok(())
    }

    /// Whether there is a room; it is listed from then on, with the run of numbers that it has now.
    pub(super) async fn find(&self, name: &RoomName) -> Result<bool, LogError> {
        let Some(mut record) = self.look_at(name.clone()).await? else { return Ok(false) };
        let mut rooms = self.rooms();
        rooms.last_id += 1;
        record.id = rooms.last_id;
        rooms.listed.insert(name.clone(), record);
        Ok(true)
    }

    async fn look_at(&self, name: RoomName) -> Result<Option<RoomRecord>, LogError> {
        let Some(info) = self.info(&self.names.stream(&name)).await? else { return Ok(None) };
        let epoch = self.epoch(&name, created(&info)).await?;
        let Extent { first, head, bytes, .. } = extent(&info);
        let at = i64::try_from(info.state.last_timestamp.unix_timestamp_nanos() / 1_000).unwrap_or(0);
        Ok(Some(RoomRecord { id: 0, name, epoch, first, head, bytes, at: if head == 0 { 0 } else { at } }))
    }

    /// A room, made if it was not there, with the state that its events carry.
    pub(super) async fn open_room(&self, name: &RoomName) -> Result<RoomRecord, LogError> {
        // Before the stream is asked for its end: another node may write a later one meanwhile, of events beyond that end.
        let kept = self.state.bucket().get(&Fold::key(name)).await?.value;
        let info = self.stream_of(name).await?;
        let created = created(&info);
        let epoch = self.epoch(name, created).await?;
        let known = {
            let rooms = self.rooms();
            rooms.by_name.get(name).and_then(|id| rooms.by_id.get(id)).cloned()
        };
        let (mut extent, first) = (extent(&info), extent(&info).first);
        let known = known.filter(|entry| entry.epoch == epoch);
        // Nobody has told of what happened in a room that rested.
        let rested = known.as_ref().filter(|entry| !entry.is_served() && entry.extent().head < extent.head);
        if let Some(entry) = known.as_ref().filter(|_| rested.is_none()) {
            entry.extend(|known| (known.first, known.bytes) = (first, extent.bytes));
            return Ok(entry.record());
        }
        let fold = rested.map(|entry| entry.fold().clone());
        let fold = fold.or_else(|| kept.and_then(|text| Fold::read(&text, &epoch, extent.head)));
        let mut fold = fold.unwrap_or_else(|| Fold::new(epoch.clone()));
        let read;
        (extent.at, read) = self.fold_on(name, &mut fold, extent).await?;
        // What was given before is held against the stream first.
        let witness = rested.and_then(|entry| entry.witness()).or(read);
        let mut rooms = self.rooms();
        let listed = rooms.listed.get(name).filter(|record| record.epoch == epoch).map(|record| record.id);
        let id = rested.map(|entry| entry.id).or(listed).unwrap_or_else(|| {
            rooms.last_id += 1;
            rooms.last_id
        });
        let facts = Facts {
            id,
            name: name.clone(),
            epoch,
            created,
            stream: self.names.stream(name),
            subject: self.names.events(name),
            decisions: self.names.decisions(name),
            live: self.names.live(name),
        };
        let entry = Arc::new(RoomEntry::new(facts, extent, fold, witness));
        if rested.is_some() {
            entry.doubt_later();
        }
        self.pins.set(id, Usage { first: extent.first, bytes: extent.bytes });
        rooms.by_name.insert(name.clone(), id);
        rooms.by_id.insert(id, Arc::clone(&entry));
        Ok(entry.record())
    }

    /// Takes the records of events after the snapshot into it. Returns when the latest event was taken, and that event: it is
    /// read in any case.
    async fn fold_on(
        &self,
        name: &RoomName,
        fold: &mut Fold,
        extent: Extent,
    ) -> Result<(i64, Option<Witness>), LogError> {
        let stream = self.names.stream(name);
        let until = Instant::now() + BEHIND_MAX;
        let (mut from, mut at) = ((fold.as_of + 1).max(extent.first).min(extent.head.max(1)), 0);
        let mut witness = None;
        while from <= extent.head {
            let request = Request { from, messages_max: PAGE_MAX, bytes_max: PAGE_BYTES_MAX, subject: None };
            let page = self.reader.page(&stream, request).await?;
            let Some(last) = page.messages.last() else {
                // The server that was asked is behind the leader, or all of it was let go of meanwhile.
                if Instant::now() >= until {
                    return Err(away(&format_args!(
                        "the events of room {name} up to {} cannot be read",
                        extent.head
                    )));
                }
                tokio::time::sleep(BEHIND).await;
                from = from.max(self.info(&stream).await?.map_or(from, |info| self::extent(&info).first));
                continue;
            };
            from = last.seq + 1;
            for raw in page.messages.into_iter().filter(|raw| raw.seq <= extent.head) {
                let told = told::numbered(raw, name);
                at = at.max(told.entry.body.at);
                witness = Witness::of(told.seq, &told.entry).or(witness);
                if told.seq > fold.as_of {
                    let records = told.entry.records.into_iter().map(|record| record.numbered(told.seq));
                    let keys = fold.apply(told.seq, told.is_decision, &records.collect::<Vec<Record>>());
                    self.state.put(keys)?;
                }
            }
        }
        Ok((at, witness))
    }

    /// The stream of a room, made if it was not there, with settings that keep the numbers of events.
    async fn stream_of(&self, name: &RoomName) -> Result<Info, LogError> {
        let wanted = settings::wanted(&self.names, name, &self.retention, self.replicas);
        let info = match self.info(&wanted.name).await? {
            Some(info) => info,
            None => {
                let made = self.connection.context().create_stream(wanted.clone()).await;
                let refused = |error: CreateStreamError| match error.kind() {
                    CreateStreamErrorKind::JetStream(_) => LogError::new(
                        Fault::Engine,
                        format!("the stream {} of room {name} cannot be made: {error}", wanted.name),
                    ),
                    _ => away(&error),
                };
                match made {
                    Ok(stream) => stream.cached_info().clone(),
                    // Another node with other settings has made it at the same moment.
                    Err(error) if is_taken(&error) => {
                        let there = self.info(&wanted.name).await?;
                        there
                            .ok_or_else(|| away(&format_args!("the stream {} is being made", wanted.name)))?
                    }
                    Err(error) => return Err(refused(error)),
                }
            }
        };
        let wrong = settings::check(&info.config, &wanted);
        let (breaks, differs): (Vec<_>, Vec<_>) =
            wrong.iter().partition(|wrong| wrong.weight != Weight::Differs);
        if !breaks.is_empty() {
            let list: Vec<String> = breaks.iter().map(ToString::to_string).collect();
            let text = format!("the stream {} cannot keep room {name}: {}", wanted.name, list.join("; "));
            return Err(LogError::new(Fault::Engine, text));
        }
        let limits: Vec<_> = differs.iter().filter(|wrong| wrong.name != "num_replicas").collect();
        if !limits.is_empty() {
            let Config { max_messages, max_bytes, max_age, .. } = wanted;
            let config = Config { max_messages, max_bytes, max_age, ..info.config.clone() };
            match self.connection.context().update_stream(&config).await {
                Ok(updated) => return Ok(updated),
                Err(error) => {
                    tracing::warn!(room = %name, %error, "the retention of the room's stream stays as it was");
                }
            }
        }
        for wrong in differs {
            tracing::warn!(room = %name, stream = %wanted.name, "{wrong}");
        }
        Ok(info)
    }

    /// What the leader of a stream says of it; `None` if there is no such stream.
    async fn info(&self, stream: &str) -> Result<Option<Info>, LogError> {
        self.check()?;
        match self.connection.context().get_stream(stream).await {
            Ok(stream) => Ok(Some(stream.cached_info().clone())),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => {
                tracing::debug!(%error, stream, "nothing is said of a stream");
                Err(away(&format_args!("no leader of the stream {stream} answers")))
            }
        }
    }

    /// The run of numbers of a room whose stream was made at a moment: a new one if the directory knows another stream.
    async fn epoch(&self, name: &RoomName, created: i128) -> Result<Epoch, LogError> {
        let key = names::key(name);
        for _ in 0..TRIES_MAX {
            let kept = self.directory.get(&key).await?;
            let known = kept.value.as_deref().and_then(|value| value.split_once(' '));
            if let Some((epoch, _)) = known.filter(|(_, of)| of.parse() == Ok(created)) {
                return Ok(Epoch(epoch.into()));
            }
            let epoch = new_epoch();
            let value = format!("{epoch} {created}");
            if let Swap::Done(_) = self.directory.swap(&key, Some(&value), kept.revision).await? {
                if known.is_some() {
                    tracing::warn!(room = %name, %epoch, "the room's stream is another one than before: its numbers begin anew");
                }
                return Ok(epoch);
            }
        }
        Err(LogError::new(Fault::Busy, format!("other nodes write the epoch of room {name} again and again")))
    }

    /// Whether the directory has a run of numbers for a room; it has none of a room if it was deleted itself.
    pub(super) async fn is_current(&self, room: &RoomName, epoch: &Epoch) -> Result<bool, LogError> {
        let kept = self.directory.get(&names::key(room)).await?;
        let current = kept.value.as_deref().and_then(|value| value.split_once(' ')).map(|(epoch, _)| epoch);
        Ok(current.is_none_or(|current| *current == *epoch.0))
    }

    /// The oldest event of a run of a room's numbers; `None` if that run is over.
    pub(super) async fn first_of(&self, room: &RoomName, epoch: &Epoch) -> Result<Option<Seq>, LogError> {
        if !self.is_current(room, epoch).await? {
            return Ok(None);
        }
        Ok(self.info(&self.names.stream(room)).await?.map(|info| extent(&info).first))
    }

    /// Has a room's numbers begin anew on the stream that there is, unless another node has done that.
    pub(super) async fn begin_anew(&self, entry: &RoomEntry) -> Result<End, LogError> {
        let key = names::key(&entry.name);
        let kept = self.directory.get(&key).await?;
        if kept.value == Some(format!("{} {}", entry.epoch, entry.created)) {
            // Where it is beaten, another node has just done it.
            self.directory
                .swap(&key, Some(&format!("{} {}", new_epoch(), entry.created)), kept.revision)
                .await?;
        }
        Ok(End { ends: Ends::Elsewhere, is_led: true, first: 1, head: 0, bytes: 0 })
    }

    /// Where a room ends, as its leader says.
    pub(super) async fn end_of(&self, entry: &RoomEntry) -> Result<End, LogError> {
        let Some(info) = self.info(&entry.stream).await? else {
            return Ok(End { ends: Ends::Elsewhere, is_led: true, first: 1, head: 0, bytes: 0 });
        };
        // A server that has lost its leader answers as well, and may be behind.
        if info.cluster.as_ref().is_some_and(|cluster| cluster.leader.is_none()) {
            return Err(away(&format_args!("the stream {} has no leader", entry.stream)));
        }
        let ends = if created(&info) == entry.created { Ends::Here } else { Ends::Elsewhere };
        let Extent { first, head, bytes, .. } = extent(&info);
        let is_led = info.cluster.as_ref().is_none_or(is_led);
        Ok(End { ends, is_led, first, head, bytes })
    }

    /// Has the stream let go of everything before an event.
    pub(super) async fn let_go(&self, entry: &RoomEntry, before: Seq) -> Result<(), LogError> {
        self.check()?;
        let stream = self.connection.context().get_stream_no_info(&entry.stream).await;
        let stream = stream.map_err(|error| away(&error))?;
        stream.purge().sequence(before).await.map_err(|error| away(&error))?;
        Ok(())
    }

    /// The room is no longer what this process knew.
    pub(super) fn forget(&self, entry: &RoomEntry) {
        self.rooms().remove(entry.id);
        self.pins.forget(entry.id);
    }

    /// Deletes a room's stream, and what the directory says of it.
    pub(super) async fn delete_stream(&self, name: &RoomName) -> Result<(), LogError> {
        self.check()?;
        let stream = self.names.stream(name);
        match self.connection.context().delete_stream(&stream).await {
            Ok(_) => {}
            Err(_) if self.info(&stream).await?.is_none() => {}
            Err(error) => return Err(away(&error)),
        }
        self.directory.delete(&names::key(name)).await?;
        Ok(())
    }
}

fn is_missing(error: &GetStreamError) -> bool {
    matches!(error.kind(), GetStreamErrorKind::JetStream(said) if said.error_code() == ErrorCode::STREAM_NOT_FOUND)
}

fn is_taken(error: &CreateStreamError) -> bool {
    matches!(error.kind(), CreateStreamErrorKind::JetStream(said) if said.error_code() == ErrorCode::STREAM_NAME_EXIST)
}

fn created(info: &Info) -> i128 {
    info.created.unix_timestamp_nanos()
}

fn extent(info: &Info) -> Extent {
    let head = info.state.last_sequence;
    // Of an empty stream the first number is 0, or the next one.
    let first = if info.state.messages == 0 { head + 1 } else { info.state.first_sequence };
    Extent { first, head, bytes: event_bytes(first, head, info.state.bytes), at: 0 }
}
