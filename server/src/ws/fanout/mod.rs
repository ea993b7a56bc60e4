//! One loop per list of readers that are caught up and want the same events.
//!
//! A reader that is caught up needs no task to wake and no batch of its own: whatever is new is the
//! same bytes for all of them. The loop takes the news once and writes it to each socket with one
//! write that does not wait. A socket that does not take everything leaves the list and goes at its
//! own pace, in its own task, until it has caught up again.

mod list;
mod news;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use arcane_shared::{EventFilter, RoomName, Seq};
use bytes::Bytes;
use tokio::net::TcpStream;
use tokio::task::AbortHandle;

use super::bell::Bell;
use crate::bus::{ArcaneEventBus, NoSuchRoom, Observer};
use crate::metrics::Metrics;
pub(crate) use list::Pipe;
use list::{List, Place};
use news::News;

/// Most frames of one turn.
pub(super) const TURN_FRAMES_MAX: usize = 64;
/// Most bytes of one turn, give or take a frame.
pub(super) const TURN_BYTES_MAX: usize = 64 * 1024;
/// Members that are served in one go; in between, others may join or leave.
const STRETCH: usize = 64;

/// The lists of every room that has readers.
#[derive(Debug)]
pub(crate) struct Fanouts {
    bus: ArcaneEventBus,
    metrics: Metrics,
    lists: Mutex<Lists>,
    /// Lists of one kind: as many as there are cores, so that no core serves all readers.
    lists_per_kind: usize,
    next: AtomicUsize,
}

#[derive(Debug, Default)]
struct Lists {
    by_kind: BTreeMap<Kind, Vec<Weak<Fanout<TcpStream>>>>,
    /// At this many kinds, those that nobody reads any more are forgotten.
    sweep_at: usize,
}

/// Readers of one kind get the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    room: RoomName,
    filter: EventFilter,
}

/// One list and the loop that serves it; the loop ends with the list's last reader.
#[derive(Debug)]
struct Fanout<P> {
    list: Mutex<List<P>>,
    served_by: Mutex<Option<AbortHandle>>,
}

/// A reader that can join its list.
#[derive(Debug)]
pub(super) struct Member<P: Pipe = TcpStream> {
    fanout: Arc<Fanout<P>>,
    pipe: Arc<P>,
    place: Arc<Place>,
    slot: Option<usize>,
}

impl Fanouts {
    pub(crate) fn new(bus: ArcaneEventBus, metrics: Metrics) -> Self {
        let lists_per_kind = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { bus, metrics, lists: Mutex::default(), lists_per_kind, next: AtomicUsize::new(0) }
    }

    /// A reader of a room, not yet in a list. `bell` rings when its list lets it go.
    pub(super) fn member(
        &self,
        room: &RoomName,
        filter: &EventFilter,
        pipe: Arc<TcpStream>,
        bell: Arc<Bell>,
    ) -> Result<Member, NoSuchRoom> {
        let at = self.next.fetch_add(1, Ordering::Relaxed) % self.lists_per_kind;
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        lists.sweep();
        let kind = Kind { room: room.clone(), filter: filter.clone() };
        let alike = lists
            .by_kind
            .entry(kind)
            .or_insert_with(|| std::iter::repeat_with(Weak::new).take(self.lists_per_kind).collect());
        let fanout = match alike[at].upgrade() {
            Some(fanout) => fanout,
            None => {
                let fanout = Fanout::start(self.bus.observe(room)?, filter.clone(), self.metrics.clone());
                alike[at] = Arc::downgrade(&fanout);
                fanout
            }
        };
        Ok(Member { fanout, pipe, place: Place::new(bell), slot: None })
    }
}

impl Lists {
    fn sweep(&mut self) {
        if self.by_kind.len() >= self.sweep_at {
            self.by_kind.retain(|_, alike| alike.iter().any(|list| list.strong_count() > 0));
            self.sweep_at = 64.max(2 * self.by_kind.len());
        }
    }
}

impl<P: Pipe> Fanout<P> {
    fn start(observer: Observer, filter: EventFilter, metrics: Metrics) -> Arc<Self> {
        let list = Mutex::new(List::new(observer.cursor()));
        let fanout = Arc::new(Self { list, served_by: Mutex::default() });
        let task = tokio::spawn(serve(Arc::downgrade(&fanout), observer, filter, metrics));
        *fanout.served_by.lock().unwrap_or_else(PoisonError::into_inner) = Some(task.abort_handle());
        fanout
    }

    fn list(&self) -> MutexGuard<'_, List<P>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn serve<P: Pipe>(
    fanout: Weak<Fanout<P>>,
    mut observer: Observer,
    filter: EventFilter,
    metrics: Metrics,
) {
    let mut news = News::default();
    loop {
        gather(&mut observer).await;
        let Some(fanout) = fanout.upgrade() else { return };
        metrics.delivered(turn(&fanout, &mut observer, &filter, &mut news));
    }
}

/// Waits for something new, and for whatever publishers that are about to run add to it. Nobody
/// waits for them: as soon as nothing more comes, the turn begins.
async fn gather(observer: &mut Observer) {
    observer.ready().await;
    let mut pending = observer.pending();
    while pending < TURN_FRAMES_MAX as u64 {
        tokio::task::yield_now().await;
        let now_pending = observer.pending();
        if now_pending == pending {
            return;
        }
        pending = now_pending;
    }
}

/// Writes what is new to every member. Returns the number of deliveries.
fn turn<P: Pipe>(fanout: &Fanout<P>, observer: &mut Observer, filter: &EventFilter, news: &mut News) -> u64 {
    let from = observer.cursor();
    let mut batch = observer.take(TURN_FRAMES_MAX, TURN_BYTES_MAX);
    if batch.gap.is_some() {
        // The loop itself was too slow for the ring: every reader finds out on its own what it lost.
        fanout.list().dismiss(batch.seq);
        return 0;
    }
    if !filter.is_empty() {
        batch.frames.retain(|frame| frame.passes(filter));
    }
    news.fill(from, &batch);
    fanout.list().begin(news);
    let (mut delivered, mut at) = (0, 0);
    loop {
        let (n, more) = fanout.list().deliver(at..at + STRETCH, news);
        delivered += n;
        at += STRETCH;
        if !more {
            return delivered;
        }
    }
}

impl<P> Drop for Fanout<P> {
    fn drop(&mut self) {
        if let Some(task) = self.served_by.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }
}

impl<P: Pipe> Member<P> {
    /// Joins the list, if nothing that the list has handled is missing up to `cursor`.
    pub(super) fn join(&mut self, cursor: Seq) -> bool {
        self.slot = self.fanout.list().join(&self.pipe, &self.place, cursor);
        self.slot.is_some()
    }

    /// Leaves the list, if it is in it, and takes over: the last event that was written or is in
    /// the rest, and the rest of a frame that the socket did not take as a whole.
    pub(super) fn take_over(&mut self) -> Option<(Seq, Bytes)> {
        let slot = self.slot.take()?;
        let left = self.fanout.list().leave(slot, &self.place);
        match left {
            Some(seq) => Some((seq, Bytes::new())),
            None => self.place.take().map(|cut| (cut.seq, cut.rest)),
        }
    }
}

impl Member {
    /// The same reader with another filter. It has to be out of its list.
    pub(super) fn moved(
        &self,
        fanouts: &Fanouts,
        room: &RoomName,
        filter: &EventFilter,
    ) -> Result<Self, NoSuchRoom> {
        fanouts.member(room, filter, Arc::clone(&self.pipe), Arc::clone(&self.place.bell))
    }
}

impl<P: Pipe> Drop for Member<P> {
    fn drop(&mut self) {
        self.take_over();
    }
}
