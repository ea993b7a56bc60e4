//! The readers that are caught up, and what happens to each in a turn.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use arcane_shared::Seq;
use bytes::Bytes;
use rustix::net::SendFlags;
use tokio::net::TcpStream;

use super::news::{Cut, News};
use crate::ws::wakeup::{Reason, Wakeup};

/// Takes as many bytes as it can at once, without waiting.
pub(crate) trait Pipe: Send + Sync + 'static {
    /// How many bytes were taken.
    ///
    /// # Errors
    /// `WouldBlock` if none can be taken at the moment; anything else ends the connection.
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize>;
}

impl Pipe for TcpStream {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        // Not through the runtime's own readiness: a member whose socket is full leaves the list, and
        // its task finds out again when it writes.
        // The socket does not block, and Rust's runtime ignores SIGPIPE.
        Ok(rustix::net::send(self, bytes, SendFlags::empty())?)
    }
}

/// How a reader stands to the cohort that shares a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Window {
    /// It cannot join: every frame for it stands alone.
    Never,
    /// It joins when a window begins.
    Waiting,
    /// It has had every frame since a window began.
    Joined,
}

/// What the members need of the next turn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Needs {
    /// A member takes frames that stand alone.
    pub(super) alone: bool,
    /// A member is in the cohort or waits for it.
    pub(super) together: bool,
    /// A member waits for it.
    pub(super) window: bool,
}

/// One list. Members keep their slot for as long as they are in it.
#[derive(Debug)]
pub(super) struct List<P> {
    slots: Vec<Option<Entry<P>>>,
    free: Vec<usize>,
    /// Everything up to here was written to every member, or is being written in this turn.
    cursor: Seq,
    /// Where the turn before ended, or this one if it is over: nobody stands before that.
    settled: Seq,
    /// How many members there are of each [`Window`].
    windows: [usize; 3],
}

#[derive(Debug)]
struct Entry<P> {
    pipe: Arc<P>,
    membership: Arc<Membership>,
    /// Everything up to here was written.
    cursor: Seq,
    window: Window,
}

/// What a reader and its list share: how it is woken, and where it stood when it was let go.
#[derive(Debug)]
pub(super) struct Membership {
    pub(super) wakeup: Arc<Wakeup>,
    departed: Mutex<Option<Departure>>,
}

/// Where a reader was when it left.
#[derive(Debug)]
pub(super) struct Departure {
    /// It has everything up to here, or will have with `rest`.
    pub(super) seq: Seq,
    /// What its socket did not take of a frame.
    pub(super) rest: Bytes,
    pub(super) window: Window,
}

impl Membership {
    pub(super) fn new(wakeup: Arc<Wakeup>) -> Arc<Self> {
        Arc::new(Self { wakeup, departed: Mutex::new(None) })
    }

    fn leave(&self, left: Departure) {
        *self.departed.lock().unwrap_or_else(PoisonError::into_inner) = Some(left);
        self.wakeup.wake(Reason::Left);
    }

    /// Where it stood when the list let it go.
    pub(super) fn take(&self) -> Option<Departure> {
        self.departed.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<P: Pipe> List<P> {
    /// A list whose first turn begins after `cursor`.
    pub(super) fn new(cursor: Seq) -> Self {
        Self { slots: Vec::new(), free: Vec::new(), cursor, settled: cursor, windows: [0; 3] }
    }

    /// Takes a reader in that has everything up to `cursor`, unless a turn has gone past that.
    pub(super) fn join(
        &mut self,
        pipe: &Arc<P>,
        membership: &Arc<Membership>,
        cursor: Seq,
        window: Window,
    ) -> Option<usize> {
        if cursor < self.cursor {
            return None;
        }
        self.windows[window as usize] += 1;
        let entry =
            Some(Entry { pipe: Arc::clone(pipe), membership: Arc::clone(membership), cursor, window });
        if let Some(slot) = self.free.pop() {
            self.slots[slot] = entry;
            return Some(slot);
        }
        self.slots.push(entry);
        Some(self.slots.len() - 1)
    }

    /// Lets a reader go if it is still in its slot, and says where it stood.
    pub(super) fn leave(&mut self, slot: usize, membership: &Arc<Membership>) -> Option<Departure> {
        let taken = self.slots.get_mut(slot)?.take_if(|entry| Arc::ptr_eq(&entry.membership, membership))?;
        self.free.push(slot);
        self.windows[taken.window as usize] -= 1;
        let seq = taken.cursor.max(self.settled);
        Some(Departure { seq, rest: Bytes::new(), window: taken.window })
    }

    /// Begins a turn that goes to `to`: from now on nobody joins who lacks any of its events.
    pub(super) fn begin(&mut self, to: Seq) -> Needs {
        self.settled = std::mem::replace(&mut self.cursor, to);
        let [alone, waiting, along] = self.windows;
        Needs { alone: alone + waiting > 0, together: waiting + along > 0, window: waiting > 0 }
    }

    /// Writes the news to the members in `slots`. Returns the number of deliveries, and whether
    /// there are slots beyond.
    pub(super) fn deliver(&mut self, slots: std::ops::Range<usize>, news: &News) -> (u64, bool) {
        let mut delivered = 0;
        let end = slots.end.min(self.slots.len());
        let served = if news.is_empty() { 0..0 } else { slots.start..end };
        for slot in served {
            let Some(entry) = &mut self.slots[slot] else { continue };
            let stood = (entry.cursor, entry.window);
            let left = entry.offer(news);
            delivered += news.between(stood.0, left.as_ref().map_or(news.to(), |left| left.seq));
            self.windows[stood.1 as usize] -= 1;
            match left {
                None => self.windows[entry.window as usize] += 1,
                Some(left) => {
                    entry.membership.leave(left);
                    self.slots[slot] = None;
                    self.free.push(slot);
                }
            }
        }
        let more = end < self.slots.len() && !news.is_empty();
        if !more {
            self.settled = self.cursor;
        }
        (delivered, more)
    }

    /// Lets everybody go, each where it stands, and goes on after `cursor`.
    pub(super) fn dismiss(&mut self, cursor: Seq) {
        for entry in self.slots.drain(..).flatten() {
            let seq = entry.cursor.max(self.settled);
            entry.membership.leave(Departure { seq, rest: Bytes::new(), window: entry.window });
        }
        *self = Self::new(cursor);
    }
}

impl<P: Pipe> Entry<P> {
    /// Writes what this member lacks. If it does not take all of it, it has to leave.
    fn offer(&mut self, news: &News) -> Option<Departure> {
        let along = self.window == Window::Joined;
        let missing = news.missing(self.cursor, along, self.window != Window::Never);
        let mut written = self.write(missing.alone);
        if written == missing.alone.len() {
            written += self.write(missing.together);
        }
        if written == missing.len() {
            self.cursor = self.cursor.max(news.to());
            self.window = self.window.next(missing.leads_along(along));
            return None;
        }
        let Cut { seq, rest, together } = news.cut(self.cursor, missing, written);
        let still_along = together || along && written == 0;
        Some(Departure { seq, rest, window: self.window.next(still_along) })
    }

    /// How much was taken. A broken connection takes nothing: its own task finds the error when it
    /// reads.
    fn write(&self, bytes: &[u8]) -> usize {
        if bytes.is_empty() { 0 } else { self.pipe.try_write(bytes).unwrap_or(0) }
    }
}

impl Window {
    fn next(self, along: bool) -> Self {
        match self {
            Self::Never => Self::Never,
            Self::Waiting | Self::Joined => {
                if along {
                    Self::Joined
                } else {
                    Self::Waiting
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::Batch;

    struct Deep;

    impl Pipe for Deep {
        fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }
    }

    #[test]
    fn a_turn_with_nothing_for_anybody_takes_everybody_along() {
        let (mut list, mut news) = (List::new(4), News::default());
        let (pipe, membership) = (Arc::new(Deep), Membership::new(Arc::default()));
        let slot = list.join(&pipe, &membership, 4, Window::Never).unwrap();
        let nothing = Batch { seq: 9, ..Batch::default() };
        news.begin(4, &nothing);
        list.begin(9);
        assert_eq!(list.deliver(0..1, &news), (0, false));
        // Otherwise it would look for events 5 to 9 again, in a ring that may have forgotten them.
        assert_eq!(list.leave(slot, &membership).unwrap().seq, 9);
        assert!(list.join(&pipe, &membership, 8, Window::Never).is_none());
    }
}
