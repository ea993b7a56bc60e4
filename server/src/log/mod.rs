//! What survives: every event in its order, and the state that must agree with it.
//!
//! [`EventLog`] is what the bus asks of a log. Two keep it: [`memory`], for `--ephemeral` and for a bus
//! inside another program, and [`sqlite`], the default. Nothing here knows of SQLite but the latter.
//!
//! An event becomes visible to readers only once it is in the log. So whatever a reader has seen is there
//! after the process was killed, and an append that fails takes back numbers that nobody has seen.

mod carried;
mod commit;
mod contended;
mod error;
#[cfg(test)]
pub(crate) mod far;
pub mod history;
pub mod jetstream;
pub mod memory;
pub mod pins;
pub(crate) mod record;
pub mod retention;
mod run;
mod sequencer;
mod session;
pub mod sqlite;
mod turns;

use std::sync::Arc;
use std::time::Duration;

use arcane_shared::api::LogServers;
use arcane_shared::{Epoch, RoomName, Seq};
use futures_util::future::BoxFuture;

pub use carried::{Carried, Mark};
pub use commit::{Announcement, Append, Appended, Commits, Level, Notify, Receipt, Wake};
pub use contended::{Contended, Heard, Revised};
pub use error::{Fault, LogError};
pub use pins::Pin;
pub use record::Record;
pub use run::Run;
pub use sequencer::{Appeared, Follower, Offer, OwnLog, Sequencer, SharedLog};
pub use session::{Continues, SessionEnd, SessionId};
pub use turns::Turn;
pub(crate) use turns::Turns;

use crate::clock::SteadyClock;
use crate::event::{Gap, GapReason, PreparedFrame};
pub use crate::metrics::{ClusterFigures, LogFigures};
use history::{Activity, ActivityQuery, HistoryPage, HistoryQuery};

/// The number of a room's run of numbers in the log. Never given to another one while its events are kept.
pub type RoomId = u32;

/// A room as the log knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomRecord {
    /// The number of this run of numbers: a room that begins anew has another.
    pub id: RoomId,
    /// Its name.
    pub name: RoomName,
    /// Its run of numbers.
    pub epoch: Epoch,
    /// The oldest event that is kept; `head + 1` if none is.
    pub first: Seq,
    /// The latest event, 0 before the first.
    pub head: Seq,
    /// Bytes of JSON of the kept events.
    pub bytes: u64,
    /// When the latest event was taken: Unix microseconds, never decreasing.
    pub at: i64,
}

/// How much a reader takes at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// Events after this one.
    pub after: Seq,
    /// Up to this one.
    pub through: Seq,
    /// At most so many.
    pub events_max: usize,
    /// About so many bytes; the first event comes in any case.
    pub bytes_max: usize,
}

/// What a reader gets.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Events before `frames` that cannot be had, and why.
    pub gap: Option<(Gap, GapReason)>,
    /// In order, without holes.
    pub frames: Vec<Arc<PreparedFrame>>,
}

/// How much of a room is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// The oldest event that is kept.
    pub first: Seq,
    /// Bytes of JSON of the kept events.
    pub bytes: u64,
}

/// What a log answers in its own time: it may be on a disk, or on another machine.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, LogError>>;

/// What the bus asks of a log.
///
/// Whatever has to ask a disk or another machine is an [`Answer`]; nobody holds a lock while it is awaited. All other
/// methods return at once. Dropping an answer gives the question up, but not what it changes.
pub trait EventLog: std::fmt::Debug + Send + Sync {
    /// Every room that is kept, as far as this process knows.
    fn rooms(&self) -> Vec<RoomRecord>;

    /// A room, if it is kept.
    fn room(&self, name: &RoomName) -> Option<RoomRecord>;

    /// A room, made if it was not there, and where it ends. An append whose end is unknown is in the log by then, or never
    /// will be. A room whose numbers do not go on where they were has a new epoch, and a new id.
    ///
    /// # Errors
    /// If it can be neither read nor made.
    fn open_room<'a>(&'a self, name: &'a RoomName) -> Answer<'a, RoomRecord>;

    /// Forgets a room in which nothing has happened.
    fn forget_room(&self, room: RoomId);

    /// Deletes a room with all of its events, and the state that `records` forgets: all of it, or nothing. Its number is
    /// never given again. Nothing may be appended to it any more.
    ///
    /// # Errors
    /// If it cannot; then nothing was deleted.
    fn delete_room(&self, room: RoomId, records: Vec<Record>) -> Answer<'_, ()>;

    /// How it takes events.
    fn sequencer(&self) -> Sequencer<'_>;

    /// Takes state that belongs to no event: it is written some time soon.
    ///
    /// # Errors
    /// If more is waiting than may wait, or the log has ended; then none of it was taken.
    fn remember(&self, records: Vec<Record>) -> Result<(), LogError>;

    /// State whose key begins so, in order of key.
    ///
    /// # Errors
    /// If it cannot be read.
    fn recall<'a>(&'a self, prefix: &'a str) -> Answer<'a, Vec<(String, String)>>;

    /// The state of one key.
    ///
    /// # Errors
    /// If it cannot be read.
    fn look_up<'a>(&'a self, key: &'a str) -> Answer<'a, Option<String>> {
        Box::pin(async move {
            let found = self.recall(key).await?;
            Ok(found.into_iter().find(|(of, _)| of == key).map(|(_, value)| value))
        })
    }

    /// Events of a room, in order.
    ///
    /// # Errors
    /// If they cannot be read.
    fn read(&self, room: RoomId, request: PageRequest) -> Answer<'_, Page>;

    /// The last events of a page, in order: as many as follow each other without a hole up to `through` itself, within
    /// its bounds.
    ///
    /// # Errors
    /// If they cannot be read.
    fn latest(&self, room: RoomId, request: PageRequest) -> Answer<'_, Vec<Arc<PreparedFrame>>>;

    /// The last event before a moment (Unix microseconds); 0 or the one before the oldest kept if there is none.
    ///
    /// # Errors
    /// If it cannot be read.
    fn before(&self, room: RoomId, at: i64) -> Answer<'_, Seq>;

    /// What can be asked of its past beyond pages, if it can answer that.
    fn history(&self) -> Option<&dyn History>;

    /// Keeps what comes after `cursor` from being purged for as long as the pin lives, though not for
    /// ever. Says which event is the oldest that is kept, at the same moment.
    fn pin(&self, room: RoomId, cursor: Seq) -> (Pin, Seq);

    /// How much of a room is kept.
    fn usage(&self, room: RoomId) -> Usage;

    /// Lets go of everything before `before`, whatever is pinned. Numbers and epoch stay. Answers the oldest event that is
    /// then kept.
    ///
    /// # Errors
    /// If it cannot.
    fn purge(&self, room: RoomId, before: Seq) -> Answer<'_, Seq>;

    /// Returns whether the number of an event may be disclosed before the event is in the log. If not, its publisher
    /// waits for the receipt.
    fn promise(&self, room: RoomId, seq: Seq) -> bool;

    /// The most that can be promised of an event.
    fn level_max(&self) -> Level;

    /// Why it cannot be promised that an event is on the disk, where that has a remedy.
    fn why_not_synced(&self) -> Option<String> {
        None
    }

    /// Completes once the log has caught up with what it does besides taking events. Small publications need not wait for
    /// that, large ones do, for a while: otherwise all of them would wait at some time.
    fn caught_up(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    /// By which it says how old something is.
    fn clock(&self) -> &SteadyClock;

    /// Whether it takes events.
    ///
    /// # Errors
    /// Why not.
    fn availability(&self) -> Result<(), LogError>;

    /// The servers that keep it, if it is not kept by this process.
    fn servers(&self) -> Option<LogServers> {
        None
    }

    /// Grows whenever numbers were taken back, or it is not known whether they were: state that was derived from them has
    /// to be recalled.
    fn generation(&self) -> u64;

    /// What it did so far, if it counts that.
    fn figures(&self) -> Option<LogFigures> {
        None
    }

    /// What it knows of other nodes that share it.
    fn cluster(&self) -> Option<ClusterFigures> {
        None
    }

    /// Writes what was taken and ends. What the next start makes up for is left to it after `patience`.
    fn close(&self, patience: Duration) -> BoxFuture<'_, ()>;
}

/// What a log can be asked of its past that it needs an index for.
pub trait History: Send + Sync {
    /// A page of history, filtered or searched.
    ///
    /// # Errors
    /// If the question cannot be answered.
    fn page(&self, query: HistoryQuery) -> Answer<'_, HistoryPage>;

    /// How much happened when.
    ///
    /// # Errors
    /// If it cannot be read.
    fn activity(&self, query: ActivityQuery) -> Answer<'_, Activity>;
}

/// A name for a new run of numbers.
fn new_epoch() -> Epoch {
    Epoch(format!("{:012x}", rand::random::<u64>() >> 16))
}
