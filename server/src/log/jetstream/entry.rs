//! A room of this process, as the log knows it: what its task and those who ask for it share.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use arcane_shared::{Epoch, RoomName, Seq};
use tokio::sync::Notify;

use super::fold::Fold;
use super::group::Named;
use super::witness::Witness;
use crate::log::sqlite::mirror::Copied;
use crate::log::{Fault, Follower, LogError, RoomId, RoomRecord};

/// Offers of a room that may wait.
const OFFERS_MAX: usize = 4_096;
/// Bytes of these, give or take one.
const BYTES_MAX: usize = 16 * 1024 * 1024;

/// A room.
#[derive(Debug)]
pub(super) struct RoomEntry {
    pub(super) id: RoomId,
    pub(super) name: RoomName,
    pub(super) epoch: Epoch,
    /// When its stream was made, nanoseconds since 1970: another stream is another run of numbers.
    pub(super) created: i128,
    pub(super) stream: String,
    /// What its events are sent under.
    pub(super) subject: String,
    /// What its decisions are sent under.
    pub(super) decisions: String,
    /// What they are told under.
    pub(super) live: String,
    pub(super) fold: Mutex<Fold>,
    extent: Mutex<Extent>,
    queue: Mutex<Queue>,
    /// How far another node says that the room is.
    heard: AtomicU64,
    /// Whether there is a reason to ask the leader.
    doubted: AtomicBool,
    /// The last event that was given when no task followed the stream.
    witness: Mutex<Option<Witness>>,
    /// What of it is copied on this node.
    pub(super) copied: Arc<tokio::sync::Mutex<Option<Copied>>>,
    /// Something was offered, another follower is there, or something was heard of the room.
    pub(super) stirred: Notify,
}

/// Where a room begins and ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) first: Seq,
    pub(super) head: Seq,
    pub(super) bytes: u64,
    /// When the latest event was taken, Unix microseconds.
    pub(super) at: i64,
}

#[derive(Default)]
struct Queue {
    offers: VecDeque<Named>,
    bytes: usize,
    /// Whether a task takes from it.
    is_served: bool,
    /// A follower that the task does not know yet, and after which event it begins.
    follower: Option<(Seq, Weak<dyn Follower>)>,
    /// Who follows the room, whether the task knows it or not.
    follows: Option<Weak<dyn Follower>>,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Queue {{ offers: {}, bytes: {} }}", self.offers.len(), self.bytes)
    }
}

/// What of a room has to be known to make its entry.
pub(super) struct Facts {
    pub(super) id: RoomId,
    pub(super) name: RoomName,
    pub(super) epoch: Epoch,
    pub(super) created: i128,
    pub(super) stream: String,
    pub(super) subject: String,
    pub(super) decisions: String,
    pub(super) live: String,
}

impl RoomEntry {
    pub(super) fn new(facts: Facts, extent: Extent, fold: Fold, witness: Option<Witness>) -> Self {
        let Facts { id, name, epoch, created, stream, subject, decisions, live } = facts;
        Self {
            id,
            name,
            epoch,
            created,
            stream,
            subject,
            decisions,
            live,
            fold: Mutex::new(fold),
            extent: Mutex::new(extent),
            queue: Mutex::default(),
            heard: AtomicU64::new(0),
            doubted: AtomicBool::new(false),
            witness: Mutex::new(witness),
            copied: Arc::default(),
            stirred: Notify::new(),
        }
    }

    pub(super) fn record(&self) -> RoomRecord {
        let Extent { first, head, bytes, at } = self.extent();
        let (id, name, epoch) = (self.id, self.name.clone(), self.epoch.clone());
        RoomRecord { id, name, epoch, first, head, bytes, at }
    }

    pub(super) fn extent(&self) -> Extent {
        *self.extent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes where it begins and ends: neither goes back.
    pub(super) fn extend(&self, change: impl FnOnce(&mut Extent)) {
        let mut extent = self.extent.lock().unwrap_or_else(PoisonError::into_inner);
        let before = *extent;
        change(&mut extent);
        extent.first = extent.first.max(before.first);
        extent.head = extent.head.max(before.head);
        extent.at = extent.at.max(before.at);
    }

    pub(super) fn fold(&self) -> MutexGuard<'_, Fold> {
        self.fold.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an offer, for the room's task to send.
    pub(super) fn offer(&self, offer: Named) -> Result<(), LogError> {
        let mut queue = self.queue();
        if !queue.is_served {
            let text = format!("room {} is being opened again", self.name);
            return Err(LogError::new(Fault::Busy, text));
        }
        if queue.offers.len() >= OFFERS_MAX || queue.bytes >= BYTES_MAX {
            let text =
                format!("{} publications of room {} wait for its stream", queue.offers.len(), self.name);
            return Err(LogError::new(Fault::Busy, text));
        }
        queue.bytes += offer.offer.size();
        queue.offers.push_back(offer);
        drop(queue);
        self.stirred.notify_one();
        Ok(())
    }

    /// Has the task take from the queue what it wants.
    pub(super) fn take<R>(&self, take: impl FnOnce(&mut VecDeque<Named>) -> R) -> R {
        let mut queue = self.queue();
        let taken = take(&mut queue.offers);
        queue.bytes = queue.offers.iter().map(|named| named.offer.size()).sum();
        taken
    }

    /// Whether a task follows its stream.
    pub(super) fn is_served(&self) -> bool {
        self.queue().is_served
    }

    /// Whether nothing waits.
    pub(super) fn is_idle(&self) -> bool {
        self.queue().offers.is_empty()
    }

    /// Names the room's follower. Returns whether a task has to be started.
    pub(super) fn follow(&self, after: Seq, follower: Weak<dyn Follower>) -> bool {
        let mut queue = self.queue();
        queue.follows = Some(Weak::clone(&follower));
        queue.follower = Some((after, follower));
        let starts = !std::mem::replace(&mut queue.is_served, true);
        drop(queue);
        self.stirred.notify_one();
        starts
    }

    /// Who follows the room; `None` if it is not open.
    pub(super) fn follower(&self) -> Option<Arc<dyn Follower>> {
        self.queue().follows.as_ref()?.upgrade()
    }

    /// Another node says that the room is so far.
    pub(super) fn hear(&self, head: Seq) {
        if head > self.extent().head {
            self.heard.fetch_max(head, Ordering::Relaxed);
            self.stirred.notify_one();
        }
    }

    /// How far another node said that the room is; 0 if none did.
    pub(super) fn heard(&self) -> Seq {
        self.heard.load(Ordering::Relaxed)
    }

    /// The room's stream may not be what it was: its leader should be asked.
    pub(super) fn doubt(&self) {
        self.doubt_later();
        self.stirred.notify_one();
    }

    /// The same with the next tick: where all rooms have the same reason, their leaders are not asked at one moment.
    pub(super) fn doubt_later(&self) {
        self.doubted.store(true, Ordering::Relaxed);
    }

    /// The last event that was given before a task began.
    pub(super) fn witness(&self) -> Option<Witness> {
        *self.witness.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the leader should be asked, once.
    pub(super) fn take_doubt(&self) -> bool {
        self.doubted.swap(false, Ordering::Relaxed)
    }

    /// The follower that was named since this was asked the last time.
    pub(super) fn new_follower(&self) -> Option<(Seq, Weak<dyn Follower>)> {
        self.queue().follower.take()
    }

    /// The room's task ends, unless something came meanwhile. Returns whether it may. `last`: what it has given last; the next
    /// task asks for it.
    pub(super) fn leave(&self, last: Option<Witness>) -> bool {
        let mut queue = self.queue();
        let may = queue.offers.is_empty() && queue.follower.is_none();
        if may {
            *self.witness.lock().unwrap_or_else(PoisonError::into_inner) = last;
            self.doubt_later();
        }
        queue.is_served &= !may;
        may
    }

    /// The room's task ends for good: what waits is given back.
    pub(super) fn abandon(&self) -> VecDeque<Named> {
        let mut queue = self.queue();
        (queue.is_served, queue.bytes) = (false, 0);
        std::mem::take(&mut queue.offers)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
