//! Who gives the numbers of a room's events.

use std::sync::{Arc, Weak};

use arcane_shared::{RoomName, Seq};

use super::{
    Announcement, Answer, Append, Appended, Carried, Contended, Continues, Level, LogError, Mark, Notify,
    Record, RoomId, SessionEnd, SessionId, Turn,
};
use crate::event::{Body, PreparedFrame};

/// Who gives the numbers of a room's events.
pub enum Sequencer<'a> {
    /// This process alone writes to the log: its room numbers events before the log has them.
    Room(&'a dyn OwnLog),
    /// Other processes write to it, too: the log numbers events when it has them.
    Log(&'a dyn SharedLog),
}

/// A log to which this process alone writes.
pub trait OwnLog: Send + Sync {
    /// Takes events in the order of the calls. For each room these are the next numbers. What becomes of them,
    /// [`Append::commits`] and the receipt are told: they are committed, or refused and their numbers come back, or it is
    /// not known; then the room takes nothing more until [`super::EventLog::open_room`] has said where it ends.
    ///
    /// # Errors
    /// If it can take nothing at the moment; then nothing was taken.
    fn append(&self, append: Append) -> Result<Appended, LogError>;
}

/// A log to which other processes write as well.
pub trait SharedLog: Send + Sync {
    /// Takes events in the order of the calls. What becomes of them, the room's [`Follower`] and the receipt are told: they
    /// appear with their numbers, they are refused, or it is not known whether they will appear.
    ///
    /// # Errors
    /// If it can take nothing at the moment; then nothing was taken.
    fn submit(&self, offer: Offer) -> Result<(), LogError>;

    /// Has a follower told of all that appears in a room after an event, in order and without holes, until it is dropped.
    /// A room has one follower in this process; a new one takes the place of the one before.
    fn follow(&self, room: RoomId, after: Seq, follower: Weak<dyn Follower>);

    /// Whether there is a room that another process has made; from then on it is among [`EventLog::rooms`].
    ///
    /// # Errors
    /// If they do not say it.
    fn find<'a>(&'a self, name: &'a RoomName) -> Answer<'a, bool>;

    /// The latest event of a room, as those say who take events for all processes. It may not have appeared here yet.
    ///
    /// # Errors
    /// If they do not say it.
    fn head(&self, room: RoomId) -> Answer<'_, Seq>;

    /// The state with a key of one of these beginnings that rides with decisions of a room, as of those that have appeared;
    /// `None` if nothing was decided since `known`.
    ///
    /// # Errors
    /// If the room is not open.
    fn carried(&self, room: RoomId, keys: &[&str], known: Option<&Mark>)
    -> Result<Option<Carried>, LogError>;

    /// The end of an agent's session in a room, as those say who take events for all processes; `None` if the room has no event
    /// of it.
    ///
    /// # Errors
    /// If they do not say it.
    fn end_of_session(&self, _room: RoomId, _session: SessionId) -> Answer<'_, Option<SessionEnd>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    /// About how many readers a room has in other processes, or all rooms have.
    fn readers_elsewhere(&self, _room: Option<&RoomName>) -> u64 {
        0
    }

    /// Keeps state that belongs to no event. Completes once the log has it.
    ///
    /// # Errors
    /// If it does not take it, or not all of it.
    fn keep(&self, room: &RoomName, records: Vec<Record>) -> Answer<'_, ()>;

    /// The part that keeps state which several processes change at the same time; `None` if it has none: then this process
    /// alone changes it.
    fn contended(&self) -> Option<&dyn Contended> {
        None
    }

    /// Most events that are taken in one go.
    fn events_max(&self) -> usize;
}

/// Events of one room that the log is to number, next to each other, and the state that has to agree with them.
pub struct Offer {
    /// The room.
    pub room: RoomId,
    /// At least one.
    pub bodies: Vec<Body>,
    /// Kept together with the first of them. The record of an idempotency key has no number yet, see [`Record::numbered`].
    pub records: Vec<Record>,
    /// Under which the log knows them if they are sent again; `None`: nobody sends them again.
    pub id: Option<u128>,
    /// Of a decision: the latest one that it knows of, 0 if none. It is taken only if that is still the latest; otherwise the
    /// receipt says [`super::Fault::Outdated`]. `None`: it is no decision.
    pub decided_on: Option<Seq>,
    /// Of an agent's session: they are taken only if its latest event is the one that they were made on; otherwise the receipt
    /// says [`super::Fault::Outdated`].
    pub continues: Option<Continues>,
    /// What must be true before the receipt says so.
    pub level: Level,
    /// Given back once they are in the log.
    pub turn: Turn,
    /// Told of the numbers, after the follower.
    pub done: Notify,
}

impl Offer {
    /// The event that it was made on, on which it depends; `None`: it depends on none.
    #[must_use]
    pub fn made_on(&self) -> Option<Seq> {
        self.decided_on.or(self.continues.as_ref().map(|continues| continues.on))
    }

    /// Bytes of its events.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bodies.iter().map(|body| body.json.len()).sum()
    }
}

impl std::fmt::Debug for Offer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { room, bodies, level, .. } = self;
        write!(f, "Offer {{ room: {room}, bodies: {}, level: {level:?} }}", bodies.len())
    }
}

/// An event that is in the log.
#[derive(Debug, Clone)]
pub struct Appeared {
    /// The event.
    pub frame: Arc<PreparedFrame>,
    /// The state that is kept with it.
    pub records: Vec<Record>,
    /// Whether this process offered it.
    pub is_own: bool,
}

/// What follows a room of a shared log.
pub trait Follower: Send + Sync {
    /// The next events of the room are in the log: every reader that asks sees them from here on. Readers that wait are
    /// woken by what is returned.
    fn appeared(&self, events: &[Appeared]) -> Announcement;

    /// So many events that were offered here, and the state that was to be kept with them, are not in the log, or it is not
    /// known whether they will appear.
    fn failed(&self, events: usize, records: &[Record]);

    /// How many readers it has in this process.
    fn readers(&self) -> u64;

    /// The room's numbers do not go on, or do not go on here: nothing more appears, and readers come back.
    fn over(&self);
}
