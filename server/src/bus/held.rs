//! A room that stays in memory for as long as a handle of it is held.

use std::sync::Arc;
use std::time::Duration;

use arcane_shared::roster::{DaemonState, Roster};
use arcane_shared::{DaemonName, Epoch, RoomName, Seq};

use super::resume::Since;
use super::room::{Room, ToldRoster};
use crate::log::{Carried, LogError, Mark, Record, Sequencer, SessionEnd, SessionId};

/// How long a reader waits for what it has seen on another node.
const REACH_MAX: Duration = Duration::from_secs(2);

/// A room that is in memory and stays there for as long as this is held.
#[derive(Debug, Clone)]
pub struct HeldRoom(pub(super) Arc<Room>);

impl HeldRoom {
    /// Who is present and does what: now, or at an earlier position.
    pub(crate) async fn roster(&self, at: Option<Seq>) -> Result<ToldRoster, LogError> {
        match at {
            Some(seq) => self.0.told_roster_at(seq).await,
            None => Ok(self.0.told_roster().await),
        }
    }

    /// The same for who counts with it.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub(crate) async fn roster_at(&self, seq: Seq) -> Result<Roster, LogError> {
        self.0.roster_alone_at(seq).await
    }

    /// A daemon as the events that readers can see tell of it; `None`: they tell of none.
    pub(crate) fn daemon(&self, daemon: &DaemonName) -> Option<DaemonState> {
        self.0.daemon(daemon)
    }

    /// Whether its events tell of a daemon, those too that are still on their way to the log.
    pub(crate) fn knows(&self, daemon: &DaemonName) -> bool {
        self.0.knows(daemon)
    }

    /// Keeps state that belongs to no event, and completes once the log has it.
    ///
    /// # Errors
    /// If the log does not take it; then it is not kept.
    pub(crate) async fn keep(&self, records: Vec<Record>) -> Result<(), LogError> {
        self.0.keep(records).await
    }

    /// The state that rides with decisions of this room, where other processes decide as well, see
    /// [`crate::log::SharedLog::carried`]; `None` if it has not changed, or this process alone decides.
    ///
    /// # Errors
    /// If the room's numbers have begun anew: it has to be opened again.
    pub(crate) fn carried(&self, keys: &[&str], known: Option<&Mark>) -> Result<Option<Carried>, LogError> {
        match self.0.log().sequencer() {
            Sequencer::Room(_) => Ok(None),
            Sequencer::Log(log) => log.carried(self.0.id(), keys, known),
        }
    }

    /// The end of an agent's session in this room, where other processes may tell of it, see
    /// [`crate::log::SharedLog::end_of_session`].
    ///
    /// # Errors
    /// If the log does not say it.
    pub(crate) async fn end_of_session(&self, session: SessionId) -> Result<Option<SessionEnd>, LogError> {
        match self.0.log().sequencer() {
            Sequencer::Room(_) => Ok(None),
            Sequencer::Log(log) => log.end_of_session(self.0.id(), session).await,
        }
    }

    /// Waits, for a short while, until something was decided since `known` and has appeared here.
    pub(crate) async fn decided_since(&self, known: &Mark) {
        let mut head = self.0.watch();
        let is_known = || matches!(self.carried(&[], Some(known)), Ok(None));
        let decided = head.wait_for(|head| head.is_over || !is_known());
        let _ = tokio::time::timeout(REACH_MAX, decided).await;
    }

    /// Every daemon that its events tell of.
    pub(crate) fn daemons(&self) -> Roster {
        self.0.roster()
    }

    /// Reads something from its roster under the room's lock: that has to be quick, and may not come back here.
    pub(crate) fn read_roster<R>(&self, read: impl FnOnce(&Roster) -> R) -> R {
        self.0.read_roster(read)
    }

    /// The latest event that readers can see.
    pub(crate) fn head(&self) -> Seq {
        self.0.head()
    }

    /// Waits, for a short while, until readers can see here what a position says. Where other processes publish, a reader may
    /// have seen on another node what has not appeared on this one; whether there is such an event is asked where all events
    /// are taken.
    ///
    /// # Errors
    /// If that cannot be found out: then nothing can be said about the position.
    pub(crate) async fn reach(&self, since: &Since) -> Result<(), LogError> {
        let is_of_this_run = since.epoch.as_ref().is_none_or(|named| named == self.epoch());
        let Sequencer::Log(log) = self.0.log().sequencer() else { return Ok(()) };
        if is_of_this_run && since.seq > self.head() && log.head(self.0.id()).await? >= since.seq {
            let mut head = self.0.watch();
            let shown = head.wait_for(|head| head.is_over || head.seq >= since.seq);
            // What does not appear in time is told as it is here.
            let _ = tokio::time::timeout(REACH_MAX, shown).await;
        }
        Ok(())
    }

    /// Brings the history for newcomers back into memory, as far as memory had to give it up.
    pub(crate) async fn recall_history(&self) {
        self.0.recall_history().await;
    }

    /// Deletes what is before an event. Returns the oldest event that is kept then.
    pub(crate) async fn purge(&self, before: Seq) -> Result<Seq, LogError> {
        self.0.purge(before).await
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &RoomName {
        self.0.name()
    }

    /// Its run of numbers.
    #[must_use]
    pub fn epoch(&self) -> &Epoch {
        self.0.epoch()
    }
}
