//! What is asked about a room's roster, and how often it is kept. However many ask, one answer at a time is made, outside the
//! room's lock.

use arcane_shared::roster::{DaemonState, Roster};
use arcane_shared::{DaemonName, Seq};
use bytes::Bytes;
use tokio::sync::Mutex;

use super::{Room, roster};
use crate::log::{LogError, RoomRecord, Usage};

/// Answers that are being made, or were.
#[derive(Debug, Default)]
pub(super) struct Rosters {
    /// The latest one; who asks for no more shares it.
    latest: Mutex<Option<ToldRoster>>,
    /// Held while one about the past is made.
    past: Mutex<()>,
}

/// A roster as it is sent.
#[derive(Debug, Clone)]
pub(crate) struct ToldRoster {
    seq: Seq,
    /// Daemons that are present.
    pub(crate) present: usize,
    /// Its JSON.
    pub(crate) json: Bytes,
}

impl ToldRoster {
    fn of(roster: &Roster) -> Self {
        let json = roster::text(roster).into();
        Self { seq: roster.seq(), present: roster.present().count(), json }
    }
}

impl Room {
    /// Who is present and does what, now: with all events that readers can see when this is asked.
    pub(crate) async fn told_roster(&self) -> ToldRoster {
        let head = self.head();
        let mut latest = self.rosters.latest.lock().await;
        if let Some(told) = latest.as_ref().filter(|told| told.seq >= head) {
            return told.clone();
        }
        let roster = self.roster();
        let told = match tokio::task::spawn_blocking(move || ToldRoster::of(&roster)).await {
            Ok(told) => told,
            // The runtime ends.
            Err(_) => ToldRoster::of(&self.roster()),
        };
        latest.insert(told).clone()
    }

    /// Who was present and did what after an event.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub(crate) async fn told_roster_at(&self, seq: Seq) -> Result<ToldRoster, LogError> {
        if seq >= self.head() {
            return Ok(self.told_roster().await);
        }
        Ok(ToldRoster::of(&self.roster_alone_at(seq).await?))
    }

    /// The same for who counts with it.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub(crate) async fn roster_alone_at(&self, seq: Seq) -> Result<Roster, LogError> {
        let _alone = self.rosters.past.lock().await;
        self.roster_at(seq).await
    }

    /// Deletes what is before an event. Returns the oldest event that is kept then.
    ///
    /// # Errors
    /// If the log cannot.
    pub(crate) async fn purge(&self, before: Seq) -> Result<Seq, LogError> {
        let before = before.min(self.head() + 1);
        let then = self.roster_at(before.saturating_sub(1)).await?;
        let records = self.lock().roster.purge((&self.name, &self.epoch), before, then);
        *self.rosters.latest.lock().await = None;
        self.log.remember(records)?;
        self.log.purge(self.id, before).await
    }

    /// Keeps the roster if anything has happened since it was kept: what has left the log by the next start is in it.
    pub(in crate::bus) fn keep_roster(&self) {
        let mut records = Vec::new();
        let first = self.log.usage(self.id).first;
        self.lock().roster.keep((&self.name, &self.epoch), first, &mut records);
        if !records.is_empty()
            && let Err(error) = self.log.remember(records)
        {
            tracing::debug!(%error, room = %self.name, "the roster is kept later");
        }
    }

    /// A daemon as events tell of it; `None`: they tell of none.
    pub(in crate::bus) fn daemon(&self, daemon: &DaemonName) -> Option<DaemonState> {
        self.lock().roster.now().get(daemon.as_str()).cloned()
    }

    /// Whether events tell of a daemon, those too that are still on their way to the log.
    pub(in crate::bus) fn knows(&self, daemon: &DaemonName) -> bool {
        let state = self.lock();
        state.colors.knows(daemon) || state.roster.now().get(daemon.as_str()).is_some()
    }

    /// Reads something from the roster at the room's head, under the room's lock.
    pub(in crate::bus) fn read_roster<R>(&self, read: impl FnOnce(&Roster) -> R) -> R {
        read(self.lock().roster.now())
    }

    pub(in crate::bus) fn roster(&self) -> Roster {
        self.lock().roster.now().clone()
    }

    async fn roster_at(&self, seq: Seq) -> Result<Roster, LogError> {
        let (snapshots, head, at) = {
            let state = self.lock();
            (state.roster.snapshots_up_to(seq), state.ring.head(), state.at)
        };
        if seq >= head {
            return Ok(self.roster());
        }
        let Usage { first, bytes } = self.log.usage(self.id);
        let (id, name, epoch) = (self.id, self.name.clone(), self.epoch.clone());
        let record = RoomRecord { id, name, epoch, first, head, bytes, at };
        roster::at(self.log.as_ref(), &record, seq, &snapshots).await
    }
}
