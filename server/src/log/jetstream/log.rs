//! What the bus asks of a log on JetStream.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use arcane_shared::api::LogServers;
use arcane_shared::{RoomName, Seq};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::connect::Options;
use super::copies::Copies;
use super::core::{Core, Counts, OpenError, away};
use super::entry::RoomEntry;
use super::pages::{PAGE_MAX, Request};
use super::told;
use crate::clock::SteadyClock;
use crate::event::{Gap, GapReason, PreparedFrame};
use crate::log::retention::Retention;
use crate::log::{
    Answer, EventLog, Fault, History, Level, LogError, LogFigures, Page, PageRequest, Pin, Record, RoomId,
    RoomRecord, Sequencer, Usage,
};
use crate::metrics::ClusterFigures;

/// Bytes of headers and the like that come with each message of a page.
const BESIDE: usize = 512;

/// How long a start waits for servers that are there and do not answer for streams yet, and its pause between two tries. Three
/// servers that are started with their nodes take 5 to 15 s until they have chosen who leads.
const PATIENCE: Duration = Duration::from_secs(30);
/// How much longer the last try may take.
const LAST_MAX: Duration = Duration::from_secs(10);
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// How long letting go of events waits until the state that they carry is kept apart from them.
pub(super) const SNAPSHOT_MAX: Duration = Duration::from_secs(2);

/// A log whose rooms are streams of NATS JetStream. Cheap to clone.
#[derive(Debug, Clone)]
pub struct JetStreamLog(pub(super) Arc<Core>);

impl JetStreamLog {
    /// Opens the log that servers of NATS keep.
    ///
    /// # Errors
    /// Says what is wrong, and which setting it is.
    pub async fn open(options: &Options, retention: Retention) -> Result<Self, OpenError> {
        let until = Instant::now() + PATIENCE;
        let mut tells = true;
        let core = loop {
            // An attempt may take several times as long as one question.
            let prepared =
                tokio::time::timeout_at((until + LAST_MAX).into(), Self::prepare(options, retention));
            let prepared = prepared.await.unwrap_or_else(|_| {
                Err(away(&format_args!(
                    "its servers did not answer for {} s",
                    (PATIENCE + LAST_MAX).as_secs()
                ))
                .into())
            });
            match prepared {
                Ok(core) => break core,
                Err(error) if error.is_passing() && Instant::now() < until => {
                    if std::mem::take(&mut tells) {
                        tracing::warn!("{error}. It is tried again for {} s", PATIENCE.as_secs());
                    }
                    tokio::time::sleep(AGAIN_AFTER).await;
                }
                Err(error) => return Err(error),
            }
        };
        if let Some(dir) = options.mirror.clone()
            && let Some(copies) = Copies::open(dir).await
        {
            // It is empty: this is the only place that sets it.
            let _ = core.copies.set(copies);
            let sweeper = Arc::clone(&core);
            core.spawn(async move { sweeper.sweep_copies().await });
        }
        let monitor = Arc::clone(&core);
        core.spawn(async move { monitor.watch_syncing().await });
        let keeper = Arc::clone(&core);
        core.spawn(async move { keeper.keep_buckets().await });
        let writer = Arc::clone(&core);
        core.spawn(async move { writer.state.write().await });
        let teller = Arc::clone(&core);
        core.spawn(async move { teller.exchange().await });
        Ok(Self(core))
    }

    async fn prepare(options: &Options, retention: Retention) -> Result<Arc<Core>, OpenError> {
        let core = Arc::new(Core::open(options, retention).await?);
        options.check()?;
        core.ask_for_syncing().await;
        core.list().await?;
        // The room that every server has: its stream may be the first thing that servers are asked to make. What is wrong with
        // it for good is told when the room is used.
        match core.open_room(&RoomName::default()).await {
            Err(error) if error.fault == Fault::Away => Err(error.into()),
            _ => Ok(core),
        }
    }

    pub(super) fn entry(&self, room: RoomId) -> Result<Arc<RoomEntry>, LogError> {
        self.0.rooms().by_id(room)
    }

    /// A room, which is opened if it was not yet.
    pub(super) async fn opened(&self, room: RoomId) -> Result<Arc<RoomEntry>, LogError> {
        let listed = self.0.rooms().listed(room);
        if let Some(name) = listed.filter(|_| self.entry(room).is_err()) {
            self.0.open_room(&name).await?;
        }
        self.entry(room)
    }

    /// Events of a room after one, as many as come at once, and up to `through`.
    pub(super) async fn page(&self, room: RoomId, request: PageRequest) -> Result<Page, LogError> {
        let entry = self.opened(room).await?;
        let PageRequest { after, through, events_max, bytes_max } = request;
        if after >= through {
            return Ok(Page::default());
        }
        let wanted = usize::try_from(through - after).unwrap_or(usize::MAX);
        let messages_max = wanted.min(events_max).clamp(1, PAGE_MAX);
        let bytes_max = bytes_max.saturating_add(messages_max * BESIDE);
        let request = Request { from: after + 1, messages_max, bytes_max, subject: None };
        let _place =
            self.0.pages.acquire().await.map_err(|error| LogError::new(Fault::Closed, error.to_string()))?;
        let found = self.0.reader.page(&entry.stream, request).await?;
        let mut frames = Vec::with_capacity(found.messages.len());
        let mut at = i64::MIN;
        for raw in found.messages.into_iter().filter(|raw| raw.seq <= through) {
            let told = told::numbered(raw, &entry.name);
            let mut body = told.entry.body;
            at = at.max(body.at);
            body.at = at;
            frames.push(Arc::new(body.numbered(told.seq, &entry.name)));
        }
        let next = frames.first().map_or_else(|| entry.extent().first, |frame| frame.seq());
        let gap = Gap { from: after + 1, to: next.saturating_sub(1).min(through) };
        Ok(Page { gap: (gap.to >= gap.from).then_some((gap, GapReason::Expired)), frames })
    }

    async fn last_of(&self, room: RoomId, request: PageRequest) -> Result<Vec<Arc<PreparedFrame>>, LogError> {
        let PageRequest { after, through, events_max, bytes_max } = request;
        let oldest = self.opened(room).await?.extent().first.saturating_sub(1);
        let mut next = after.max(through.saturating_sub(events_max as u64)).max(oldest);
        let mut frames: Vec<Arc<PreparedFrame>> = Vec::new();
        while next < through {
            let page = self.page(room, PageRequest { after: next, through, events_max, bytes_max }).await?;
            if page.gap.is_some() {
                frames.clear();
            }
            let Some(last) = page.frames.last() else { break };
            next = last.seq();
            frames.extend(page.frames);
        }
        if frames.last().is_none_or(|last| last.seq() != through) {
            return Ok(Vec::new());
        }
        let (mut bytes, mut fits) = (0, 0);
        for frame in frames.iter().rev() {
            bytes += frame.json().len();
            if fits > 0 && bytes > bytes_max {
                break;
            }
            fits += 1;
        }
        Ok(frames.split_off(frames.len() - fits))
    }

    /// The last event before a moment, found by halves.
    async fn last_before(&self, room: RoomId, at: i64) -> Result<Seq, LogError> {
        let extent = self.opened(room).await?.extent();
        let (mut low, mut high) = (extent.first, extent.head + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            let request = PageRequest { after: middle - 1, through: middle, events_max: 1, bytes_max: 1 };
            let page = self.page(room, request).await?;
            match page.frames.first() {
                Some(frame) if frame.at() >= at => high = middle,
                // What was let go of meanwhile is older.
                _ => low = middle + 1,
            }
        }
        Ok(low - 1)
    }

    async fn purge_before(&self, room: RoomId, before: Seq) -> Result<Seq, LogError> {
        let entry = self.opened(room).await?;
        self.0.check()?;
        // What the state of these events is has to be known without them.
        let snapshot = entry.fold().snapshot(&entry.name);
        self.0.state.put(vec![snapshot])?;
        // A store that is full takes it once it has let go of something.
        if let Err(error) = self.0.state.flushed_within(SNAPSHOT_MAX).await {
            tracing::warn!(%error, room = %entry.name, "events are let go of before the state that they carry is kept");
        }
        self.0.let_go(&entry, before.min(entry.extent().head + 1)).await?;
        let end = self.0.end_of(&entry).await?;
        self.0.pins.set(room, Usage { first: end.first, bytes: end.bytes });
        entry.extend(|extent| (extent.first, extent.bytes) = (end.first, end.bytes));
        Ok(end.first)
    }

    async fn end(&self, patience: Duration) {
        let until = Instant::now() + patience;
        self.0.ended.send_replace(true);
        let is_idle = || self.0.rooms().entries().iter().all(|entry| entry.is_idle());
        while !is_idle() && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        for entry in self.0.rooms().entries() {
            let snapshot = {
                let mut fold = entry.fold();
                fold.is_due(true, u64::MAX).then(|| fold.snapshot(&entry.name))
            };
            if let Some(snapshot) = snapshot
                && let Err(error) = self.0.state.put(vec![snapshot])
            {
                tracing::debug!(%error, room = %entry.name, "the next start reads the room's state from its events");
            }
        }
        let left = until.saturating_duration_since(Instant::now());
        if tokio::time::timeout(left, self.0.state.flushed()).await.is_err() {
            tracing::warn!("state of the event log could not be written before the stop");
        }
        if let Some(copies) = self.0.copies.get() {
            copies.close_by(until).await;
        }
    }
}

impl EventLog for JetStreamLog {
    fn rooms(&self) -> Vec<RoomRecord> {
        self.0.rooms().records()
    }

    fn room(&self, name: &RoomName) -> Option<RoomRecord> {
        self.0.rooms().record(name)
    }

    fn open_room<'a>(&'a self, name: &'a RoomName) -> Answer<'a, RoomRecord> {
        self.0.open_room(name).boxed()
    }

    fn forget_room(&self, room: RoomId) {
        // Its stream stays: another node may be about to publish to it.
        self.0.rooms().remove(room);
    }

    fn delete_room(&self, room: RoomId, records: Vec<Record>) -> Answer<'_, ()> {
        self.delete(room, records).boxed()
    }

    fn sequencer(&self) -> Sequencer<'_> {
        Sequencer::Log(self)
    }

    fn remember(&self, records: Vec<Record>) -> Result<(), LogError> {
        let count = records.len() as u64;
        self.0.state.put(records).inspect_err(|error| {
            tracing::warn!(%error, count, "the event log does not take what is to be remembered");
            self.0.counts.refused_records.fetch_add(count, Ordering::Relaxed);
        })
    }

    fn recall<'a>(&'a self, prefix: &'a str) -> Answer<'a, Vec<(String, String)>> {
        self.state(prefix).boxed()
    }

    fn look_up<'a>(&'a self, key: &'a str) -> Answer<'a, Option<String>> {
        self.state_of(key).boxed()
    }

    fn read(&self, room: RoomId, request: PageRequest) -> Answer<'_, Page> {
        self.page(room, request).boxed()
    }

    fn latest(&self, room: RoomId, request: PageRequest) -> Answer<'_, Vec<Arc<PreparedFrame>>> {
        self.last_of(room, request).boxed()
    }

    fn before(&self, room: RoomId, at: i64) -> Answer<'_, Seq> {
        self.last_before(room, at).boxed()
    }

    fn history(&self) -> Option<&dyn History> {
        Some(self)
    }

    fn pin(&self, room: RoomId, cursor: Seq) -> (Pin, Seq) {
        // Nothing holds a stream back: it keeps ten minutes and a hundredth more than is said.
        self.0.pins.pin(room, cursor, Instant::now())
    }

    fn usage(&self, room: RoomId) -> Usage {
        self.0.pins.usage(room)
    }

    fn purge(&self, room: RoomId, before: Seq) -> Answer<'_, Seq> {
        self.purge_before(room, before).boxed()
    }

    fn promise(&self, _: RoomId, _: Seq) -> bool {
        false
    }

    fn level_max(&self) -> Level {
        if self.0.is_synced().is_ok() { Level::Synced } else { Level::Logged }
    }

    fn why_not_synced(&self) -> Option<String> {
        self.0.is_synced().err()
    }

    fn clock(&self) -> &SteadyClock {
        &self.0.clock
    }

    fn availability(&self) -> Result<(), LogError> {
        self.0.check()?;
        self.0.trouble.check(Instant::now())
    }

    fn servers(&self) -> Option<LogServers> {
        Some(self.0.servers())
    }

    fn generation(&self) -> u64 {
        self.0.generation()
    }

    fn figures(&self) -> Option<LogFigures> {
        let Counts { groups, events, failures, refused_records, .. } = &self.0.counts;
        Some(LogFigures {
            commits: groups.load(Ordering::Relaxed),
            events: events.load(Ordering::Relaxed),
            failures: failures.load(Ordering::Relaxed),
            refused_records: refused_records.load(Ordering::Relaxed),
            ..LogFigures::default()
        })
    }

    fn cluster(&self) -> Option<ClusterFigures> {
        Some(self.0.cluster_figures())
    }

    fn close(&self, patience: Duration) -> BoxFuture<'_, ()> {
        self.end(patience).boxed()
    }
}
