//! One loop per list of readers that are caught up and want the same events.
//!
//! A reader that is caught up needs no task to wake and no batch of its own: whatever is new is the
//! same bytes for all of them. The loop takes the news once and writes it to each socket with one
//! write that does not wait. A socket that does not take everything leaves the list and goes at its
//! own pace, in its own task, until it has caught up again.

mod cohort;
mod list;
mod member;
mod news;
mod turns;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use arcane_shared::{EventFilter, RoomName, Seq};
use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::net::TcpStream;
use tokio::task::AbortHandle;

use super::deflate;
use super::wakeup::Wakeup;
use crate::budget::Charge;
use crate::bus::{ArcaneEventBus, Batch, NoSuchRoom};
use crate::event::PreparedFrame;
use crate::metrics::Metrics;
use cohort::SharedCohort;
pub(crate) use list::Pipe;
use list::{List, Needs};
pub(super) use member::Member;
use news::News;

/// Most frames of one turn.
pub(super) const TURN_FRAMES_MAX: usize = 64;
/// Most bytes of one turn, give or take a frame.
pub(super) const TURN_BYTES_MAX: usize = 64 * 1024;
/// Members that are served in one go; in between, others may join or leave, and other tasks run.
const STRETCH: usize = 256;
/// Most kinds whose readers share a window; a compressor takes some memory. Readers of further kinds
/// get frames that were compressed alone.
const COHORTS_MAX: usize = 64;

/// Runs a list's loop beside everything else; `None` if it cannot be stopped from outside.
type Spawn = Box<dyn Fn(BoxFuture<'static, ()>) -> Option<AbortHandle> + Send + Sync>;

/// The lists of every room that has readers.
pub(crate) struct Fanouts<P = TcpStream> {
    bus: ArcaneEventBus,
    metrics: Metrics,
    spawn: Spawn,
    lists: Mutex<Lists<P>>,
    /// Lists of one kind: as many as there are cores, so that no core serves all readers.
    lists_per_kind: usize,
    /// Members that are served in one go.
    stretch: usize,
    next: AtomicUsize,
}

struct Lists<P> {
    by_kind: BTreeMap<Kind, KindLists<P>>,
    /// At this many kinds, those that nobody reads any more are forgotten.
    sweep_at: usize,
}

/// Readers of one kind get the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    room: RoomName,
    /// A room that goes on with other numbers has readers of its own.
    epoch: String,
    filter: EventFilter,
    encoding: Encoding,
}

/// The lists of one kind.
struct KindLists<P> {
    lists: Vec<Weak<Fanout<P>>>,
    cohort: Weak<SharedCohort>,
}

/// What a reader agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Encoding {
    /// No compression.
    Plain,
    /// permessage-deflate. `together`: its inflater keeps its window from one message to the next.
    Deflate {
        /// Whether it can be in a cohort.
        together: bool,
    },
}

impl Encoding {
    /// A frame that this reader understands whatever it has read before.
    pub(super) fn frame(self, frame: &PreparedFrame) -> &Bytes {
        match self {
            Self::Plain => frame.ws(),
            Self::Deflate { .. } => frame.deflated(deflate::alone),
        }
    }
}

/// One list and the loop that serves it; the loop ends with the list's last reader.
#[derive(Debug)]
struct Fanout<P> {
    list: Mutex<List<P>>,
    served_by: Mutex<Option<AbortHandle>>,
    /// For readers that can share a window.
    cohort: Option<Arc<SharedCohort>>,
}

impl Fanouts {
    pub(crate) fn new(bus: ArcaneEventBus, metrics: Metrics) -> Self {
        let lists_per_kind = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let spawn: Spawn = Box::new(|served| Some(tokio::spawn(served).abort_handle()));
        Self::with(bus, metrics, lists_per_kind, STRETCH, spawn)
    }
}

impl<P: Pipe> Fanouts<P> {
    pub(super) fn with(
        bus: ArcaneEventBus,
        metrics: Metrics,
        lists_per_kind: usize,
        stretch: usize,
        spawn: Spawn,
    ) -> Self {
        let lists = Mutex::new(Lists { by_kind: BTreeMap::new(), sweep_at: 0 });
        Self { bus, metrics, spawn, lists, lists_per_kind, stretch, next: AtomicUsize::new(0) }
    }

    /// A reader of a room, not yet in a list. `wakeup` rings when its list lets it go.
    pub(super) fn member(
        &self,
        room: &RoomName,
        filter: &EventFilter,
        encoding: Encoding,
        pipe: Arc<P>,
        wakeup: Arc<Wakeup>,
    ) -> Result<Member<P>, NoSuchRoom> {
        let at = self.next.fetch_add(1, Ordering::Relaxed) % self.lists_per_kind;
        let kind =
            Kind { room: room.clone(), epoch: self.bus.epoch(room)?.0, filter: filter.clone(), encoding };
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        lists.sweep();
        let cohorts = lists.by_kind.values().filter(|alike| alike.cohort.strong_count() > 0).count();
        let alike = lists.by_kind.entry(kind).or_insert_with(|| KindLists {
            lists: std::iter::repeat_with(Weak::new).take(self.lists_per_kind).collect(),
            cohort: Weak::new(),
        });
        let fanout = match alike.lists[at].upgrade() {
            Some(fanout) => fanout,
            None => {
                let cohort = match (encoding, alike.cohort.upgrade()) {
                    (Encoding::Deflate { together: true }, None) if cohorts < COHORTS_MAX => {
                        Charge::compressor(self.bus.budget())
                            .map(|charge| Arc::new(SharedCohort::new(charge)))
                    }
                    (_, cohort) => cohort,
                };
                alike.cohort = cohort.as_ref().map(Arc::downgrade).unwrap_or_default();
                let observer = self.bus.watch(room)?;
                let fanout = Arc::new(Fanout::new(observer.cursor(), cohort));
                let list = Arc::downgrade(&fanout);
                let metrics = self.metrics.clone();
                let served = turns::serve(list, observer, filter.clone(), encoding, metrics, self.stretch);
                fanout.served_by((self.spawn)(served.boxed()));
                alike.lists[at] = Arc::downgrade(&fanout);
                fanout
            }
        };
        Ok(Member::new(fanout, encoding, pipe, wakeup))
    }
}

impl<P> Lists<P> {
    fn sweep(&mut self) {
        if self.by_kind.len() >= self.sweep_at {
            self.by_kind.retain(|_, alike| alike.lists.iter().any(|list| list.strong_count() > 0));
            self.sweep_at = 64.max(2 * self.by_kind.len());
        }
    }
}

impl<P: Pipe> Fanout<P> {
    fn new(cursor: Seq, cohort: Option<Arc<SharedCohort>>) -> Self {
        Self { list: Mutex::new(List::new(cursor)), served_by: Mutex::default(), cohort }
    }

    fn served_by(&self, task: Option<AbortHandle>) {
        *self.served_by.lock().unwrap_or_else(PoisonError::into_inner) = task;
    }

    fn list(&self) -> MutexGuard<'_, List<P>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lays out what the members need of a batch.
    fn lay_out(&self, news: &mut News, from: Seq, batch: &Batch, needs: Needs, encoding: Encoding) {
        news.begin(from, batch);
        let cohort = self.cohort.as_ref().filter(|_| needs.together);
        let together = cohort.and_then(|cohort| cohort.frames(from, batch, needs.window, Instant::now()));
        if needs.alone || together.is_none() {
            for frame in &batch.frames {
                news.push_alone(encoding.frame(frame));
            }
        }
        news.fill_together(&together.unwrap_or_default());
    }
}

impl<P> std::fmt::Debug for Fanouts<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fanouts").field("lists_per_kind", &self.lists_per_kind).finish_non_exhaustive()
    }
}

impl<P> Drop for Fanout<P> {
    fn drop(&mut self) {
        if let Some(task) = self.served_by.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }
}
