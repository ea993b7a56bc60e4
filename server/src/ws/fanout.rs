//! One loop per room for everyone who has taken all there is.
//!
//! A reader that is caught up needs no task to wake and no batch of its own: whatever is new is the
//! same bytes for all of them. The loop takes the news once and writes it to each socket with one
//! vectored write that does not wait. A socket that does not take everything leaves the list with
//! the rest and goes at its own pace, in its own task, until it has caught up again. Readers with a
//! filter always go at their own pace.

use std::collections::HashMap;
use std::io::{self, IoSlice};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use arcane_shared::{RoomName, Seq};
use bytes::Bytes;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use super::turn::{Outbox, SLICES_MAX};
use crate::bus::{ArcaneEventBus, NoSuchRoom, Observer};
use crate::metrics::Metrics;

/// Most bytes of one turn.
const TURN_BYTES_MAX: usize = 64 * 1024;

/// The lists of every room that has plain readers.
#[derive(Debug)]
pub(crate) struct Fanouts {
    bus: ArcaneEventBus,
    metrics: Metrics,
    /// Lists of one room: as many as there are cores, so that no core serves all readers.
    rooms: Mutex<HashMap<RoomName, Vec<Weak<Fanout>>>>,
    lists_per_room: usize,
    next: AtomicUsize,
}

/// One list and the loop that serves it; the loop ends with the list's last reader.
#[derive(Debug)]
struct Fanout {
    state: Mutex<State>,
    served_by: Mutex<Option<AbortHandle>>,
}

#[derive(Debug)]
struct State {
    members: Vec<Arc<Place>>,
    /// Everything up to here was written to every member, or is in what it left with.
    cursor: Seq,
}

/// A reader's place in its list, and what it left with.
#[derive(Debug)]
struct Place {
    stream: Arc<TcpStream>,
    state: Mutex<PlaceState>,
    left: Notify,
}

#[derive(Debug, Default)]
struct PlaceState {
    /// Where in the list it stands; `None` while it goes at its own pace.
    index: Option<usize>,
    /// Everything up to here was written, or is in `rest`.
    cursor: Seq,
    /// What the socket did not take.
    rest: Outbox,
}

/// A reader that can join its room's list.
#[derive(Debug)]
pub(super) struct Member {
    fanout: Arc<Fanout>,
    place: Arc<Place>,
}

impl Fanouts {
    pub(crate) fn new(bus: ArcaneEventBus, metrics: Metrics) -> Self {
        let lists_per_room = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { bus, metrics, rooms: Mutex::default(), lists_per_room, next: AtomicUsize::new(0) }
    }

    /// A reader of a room, not yet in a list.
    pub(super) fn member(&self, room: &RoomName, stream: Arc<TcpStream>) -> Result<Member, NoSuchRoom> {
        let at = self.next.fetch_add(1, Ordering::Relaxed) % self.lists_per_room;
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        rooms.retain(|_, lists| lists.iter().any(|list| list.strong_count() > 0));
        let lists = rooms
            .entry(room.clone())
            .or_insert_with(|| std::iter::repeat_with(Weak::new).take(self.lists_per_room).collect());
        let fanout = match lists[at].upgrade() {
            Some(fanout) => fanout,
            None => {
                let fanout = Fanout::start(self.bus.observe(room)?, self.metrics.clone());
                lists[at] = Arc::downgrade(&fanout);
                fanout
            }
        };
        let place = Arc::new(Place { stream, state: Mutex::default(), left: Notify::new() });
        Ok(Member { fanout, place })
    }
}

impl Fanout {
    fn start(mut observer: Observer, metrics: Metrics) -> Arc<Self> {
        let state = Mutex::new(State { members: Vec::new(), cursor: observer.cursor() });
        let fanout = Arc::new(Self { state, served_by: Mutex::default() });
        let list = Arc::downgrade(&fanout);
        let task = tokio::spawn(async move {
            loop {
                observer.ready().await;
                let Some(fanout) = list.upgrade() else { return };
                metrics.delivered(fanout.turn(&mut observer));
            }
        });
        *fanout.served_by.lock().unwrap_or_else(PoisonError::into_inner) = Some(task.abort_handle());
        fanout
    }

    /// Writes what is new to every member. Returns the number of deliveries.
    fn turn(&self, observer: &mut Observer) -> u64 {
        let mut state = self.lock();
        let batch = observer.take(SLICES_MAX, TURN_BYTES_MAX);
        if batch.gap.is_some() {
            // The loop itself was too slow for the ring: every reader finds out on its own what it lost.
            for place in std::mem::take(&mut state.members) {
                place.leave();
            }
            state.cursor = batch.seq;
            return 0;
        }
        let from = std::mem::replace(&mut state.cursor, batch.seq);
        let frames: Vec<Bytes> = batch.frames.iter().map(|frame| frame.ws()).collect();
        let mut slices = [IoSlice::new(&[]); SLICES_MAX];
        for (slice, frame) in slices.iter_mut().zip(&frames) {
            *slice = IoSlice::new(frame);
        }
        let news = News { from, frames: &frames, slices: &slices[..frames.len()] };
        let (mut at, mut delivered) = (0, 0);
        while at < state.members.len() {
            if state.members[at].deliver(&news, &mut delivered) {
                at += 1;
            } else {
                state.remove(at).left.notify_one();
            }
        }
        delivered
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Fanout {
    fn drop(&mut self) {
        if let Some(task) = self.served_by.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }
}

impl State {
    fn remove(&mut self, at: usize) -> Arc<Place> {
        let place = self.members.swap_remove(at);
        place.lock().index = None;
        if let Some(moved) = self.members.get(at) {
            moved.lock().index = Some(at);
        }
        place
    }
}

struct News<'a> {
    /// The event before the first frame.
    from: Seq,
    frames: &'a [Bytes],
    slices: &'a [IoSlice<'a>],
}

impl Place {
    /// Writes what this reader does not have; false if it has to go at its own pace from here on.
    fn deliver(&self, news: &News<'_>, delivered: &mut u64) -> bool {
        let mut state = self.lock();
        // A reader may have joined with some of the news already.
        let known = usize::try_from(state.cursor.saturating_sub(news.from)).unwrap_or(usize::MAX);
        let Some(slices) = news.slices.get(known..).filter(|slices| !slices.is_empty()) else { return true };
        let frames = &news.frames[known..];
        state.cursor += frames.len() as u64;
        *delivered += frames.len() as u64;
        let written = match self.stream.try_write_vectored(slices) {
            Ok(written) => written,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            // Its own task finds the same error when it reads.
            Err(_) => return false,
        };
        if written == slices.iter().map(|slice| slice.len()).sum::<usize>() {
            return true;
        }
        for frame in frames {
            state.rest.push(frame.clone());
        }
        state.rest.advance(written);
        false
    }

    fn leave(&self) {
        self.lock().index = None;
        self.left.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, PlaceState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Member {
    /// Joins the list, if nothing that the list has handled is missing up to `cursor`.
    pub(super) fn join(&self, cursor: Seq) -> bool {
        let mut list = self.fanout.lock();
        if cursor < list.cursor {
            return false;
        }
        let mut place = self.place.lock();
        place.cursor = cursor;
        place.index = Some(list.members.len());
        drop(place);
        list.members.push(Arc::clone(&self.place));
        true
    }

    /// Completes when the list has let this reader go. Cancel-safe.
    pub(super) async fn left(&self) {
        self.place.left.notified().await;
    }

    /// Leaves the list, if it is in it, and takes over: where it is, and what its socket did not take.
    pub(super) fn take_over(&self) -> (Seq, Outbox) {
        self.quit();
        let mut place = self.place.lock();
        (place.cursor, std::mem::take(&mut place.rest))
    }

    fn quit(&self) {
        let mut list = self.fanout.lock();
        let index = self.place.lock().index;
        if let Some(index) = index {
            list.remove(index);
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.quit();
    }
}
