//! The readers that are caught up, and what happens to each in a turn.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use arcane_shared::Seq;
use tokio::net::TcpStream;

use super::news::{Cut, News};
use crate::ws::bell::{Bell, Reason};

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
        TcpStream::try_write(self, bytes)
    }
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
}

#[derive(Debug)]
struct Entry<P> {
    pipe: Arc<P>,
    place: Arc<Place>,
    /// Everything up to here was written.
    cursor: Seq,
}

/// What a reader and its list share: how it is woken, and where it stood when it was let go.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) bell: Arc<Bell>,
    left_at: Mutex<Option<Cut>>,
}

impl Place {
    pub(super) fn new(bell: Arc<Bell>) -> Arc<Self> {
        Arc::new(Self { bell, left_at: Mutex::new(None) })
    }

    fn leave_at(&self, cut: Cut) {
        *self.left_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(cut);
        self.bell.ring(Reason::Left);
    }

    /// Where it stood when the list let it go.
    pub(super) fn take(&self) -> Option<Cut> {
        self.left_at.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<P: Pipe> List<P> {
    /// A list whose first turn begins after `cursor`.
    pub(super) fn new(cursor: Seq) -> Self {
        Self { slots: Vec::new(), free: Vec::new(), cursor, settled: cursor }
    }

    /// Takes a reader in that has everything up to `cursor`, unless a turn has gone past that.
    pub(super) fn join(&mut self, pipe: &Arc<P>, place: &Arc<Place>, cursor: Seq) -> Option<usize> {
        if cursor < self.cursor {
            return None;
        }
        let entry = Some(Entry { pipe: Arc::clone(pipe), place: Arc::clone(place), cursor });
        if let Some(slot) = self.free.pop() {
            self.slots[slot] = entry;
            return Some(slot);
        }
        self.slots.push(entry);
        Some(self.slots.len() - 1)
    }

    /// Lets a reader go if it is still in its slot, and says where it stood.
    pub(super) fn leave(&mut self, slot: usize, place: &Arc<Place>) -> Option<Seq> {
        let taken = self.slots.get_mut(slot)?.take_if(|entry| Arc::ptr_eq(&entry.place, place))?;
        self.free.push(slot);
        Some(taken.cursor.max(self.settled))
    }

    /// Begins a turn: from now on nobody joins who lacks any of the news.
    pub(super) fn begin(&mut self, news: &News) {
        self.settled = std::mem::replace(&mut self.cursor, news.to());
    }

    /// Writes the news to the members in `slots`. Returns the number of deliveries, and whether
    /// there are slots beyond.
    pub(super) fn deliver(&mut self, slots: std::ops::Range<usize>, news: &News) -> (u64, bool) {
        let mut delivered = 0;
        if news.is_empty() {
            self.settled = self.cursor;
            return (0, false);
        }
        let end = slots.end.min(self.slots.len());
        for slot in slots.start..end {
            let Some(entry) = &mut self.slots[slot] else { continue };
            let (frames, bytes) = news.after(entry.cursor);
            match entry.offer(bytes) {
                Some(written) if written == bytes.len() => {
                    delivered += frames as u64;
                    entry.cursor = entry.cursor.max(news.to());
                }
                written => {
                    let cut = news.cut(entry.cursor, written.unwrap_or(0));
                    delivered += news.between(entry.cursor, cut.seq);
                    entry.place.leave_at(cut);
                    self.slots[slot] = None;
                    self.free.push(slot);
                }
            }
        }
        let more = end < self.slots.len();
        if !more {
            self.settled = self.cursor;
        }
        (delivered, more)
    }

    /// Lets everybody go, each where it stands, and goes on after `cursor`.
    pub(super) fn dismiss(&mut self, cursor: Seq) {
        for entry in self.slots.drain(..).flatten() {
            entry.place.leave_at(Cut { seq: entry.cursor.max(self.settled), rest: bytes::Bytes::new() });
        }
        self.free.clear();
        (self.cursor, self.settled) = (cursor, cursor);
    }
}

impl<P: Pipe> Entry<P> {
    /// How much was taken; `None` for nothing. A broken connection takes nothing: its own task
    /// finds the error when it reads.
    fn offer(&self, bytes: &[u8]) -> Option<usize> {
        if bytes.is_empty() { Some(0) } else { self.pipe.try_write(bytes).ok() }
    }
}
