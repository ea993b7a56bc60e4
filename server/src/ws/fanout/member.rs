//! A reader's side of its list.

use std::sync::Arc;

use arcane_shared::{EventFilter, RoomName, Seq};
use bytes::Bytes;
use tokio::net::TcpStream;

use super::list::{Departure, Membership, Pipe, Window};
use super::{Encoding, Fanout, Fanouts};
use crate::bus::NoSuchRoom;
use crate::ws::wakeup::Wakeup;

/// A reader that can join its list.
pub(in crate::ws) struct Member<P: Pipe = TcpStream> {
    fanout: Arc<Fanout<P>>,
    pipe: Arc<P>,
    membership: Arc<Membership>,
    slot: Option<usize>,
    encoding: Encoding,
    window: Window,
}

impl<P: Pipe> Member<P> {
    pub(super) fn new(fanout: Arc<Fanout<P>>, encoding: Encoding, pipe: Arc<P>, wakeup: Arc<Wakeup>) -> Self {
        let window = if fanout.cohort.is_some() { Window::Waiting } else { Window::Never };
        Self { fanout, pipe, membership: Membership::new(wakeup), slot: None, encoding, window }
    }

    /// Joins the list, if nothing that the list has handled is missing up to `cursor`.
    pub(in crate::ws) fn join(&mut self, cursor: Seq) -> bool {
        self.slot = self.fanout.list().join(&self.pipe, &self.membership, cursor, self.window);
        self.slot.is_some()
    }

    /// Leaves the list, if it is in it, and takes over: the last event that was written or is in
    /// the rest, and the rest of a frame that the socket did not take as a whole.
    pub(in crate::ws) fn take_over(&mut self) -> Option<(Seq, Bytes)> {
        let slot = self.slot.take()?;
        let left = self.fanout.list().leave(slot, &self.membership);
        let Departure { seq, rest, window } = left.or_else(|| self.membership.take())?;
        self.window = window;
        Some((seq, rest))
    }

    /// An event goes to this reader outside its list, or is lost to it: from here on it has missed one of
    /// the cohort's.
    pub(in crate::ws) fn went_alone(&mut self) {
        if self.window == Window::Joined {
            self.window = Window::Waiting;
        }
    }
}

impl<P: Pipe> Member<P> {
    /// The same reader with another filter. It has to be out of its list.
    pub(in crate::ws) fn moved(
        &self,
        fanouts: &Fanouts<P>,
        room: &RoomName,
        filter: &EventFilter,
    ) -> Result<Self, NoSuchRoom> {
        let (pipe, wakeup) = (Arc::clone(&self.pipe), Arc::clone(&self.membership.wakeup));
        fanouts.member(room, filter, self.encoding, pipe, wakeup)
    }
}

impl<P: Pipe> Drop for Member<P> {
    fn drop(&mut self) {
        self.take_over();
    }
}
