//! What of each room is kept, and what must not go at the moment.
//!
//! A reader that was promised everything after its position pins it; a purge goes no further than the
//! oldest pin. Both look at the same lock, so a promise cannot be broken in between.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arcane_shared::Seq;

use super::{RoomId, Usage};

/// A reader that has not read on by then is too slow to be waited for: then retention wins.
const PIN_MAX: Duration = Duration::from_mins(5);

/// All rooms' pins.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pins(Arc<Mutex<HashMap<RoomId, Pinned>>>);

#[derive(Debug, Default)]
struct Pinned {
    usage: Usage,
    /// Cursors of readers, with the moment from which each counts, and a number that tells them apart.
    pins: BTreeMap<(Seq, u64), Instant>,
    next_pin: u64,
}

/// Keeps events from being purged. Dropping it lets them go.
#[derive(Debug)]
pub struct Pin {
    pins: Pins,
    room: RoomId,
    key: (Seq, u64),
}

impl Pins {
    pub(crate) fn set(&self, room: RoomId, usage: Usage) {
        self.lock().entry(room).or_default().usage = usage;
    }

    pub(crate) fn usage(&self, room: RoomId) -> Usage {
        self.lock().get(&room).map(|room_pins| room_pins.usage).unwrap_or_default()
    }

    pub(crate) fn forget(&self, room: RoomId) {
        self.lock().remove(&room);
    }

    /// See [`super::EventLog::pin`].
    pub(crate) fn pin(&self, room: RoomId, cursor: Seq, now: Instant) -> (Pin, Seq) {
        let mut pins = self.lock();
        let room_pins = pins.entry(room).or_default();
        room_pins.next_pin += 1;
        let key = (cursor, room_pins.next_pin);
        room_pins.pins.insert(key, now);
        let first = room_pins.usage.first;
        drop(pins);
        (Pin { pins: self.clone(), room, key }, first)
    }

    /// Moves the oldest kept event up to `wanted`, or as far as pins allow. Returns where it is now: what
    /// is before that may be deleted.
    pub(crate) fn advance(&self, room: RoomId, wanted: Seq, now: Instant) -> Seq {
        let mut pins = self.lock();
        let room_pins = pins.entry(room).or_default();
        let pinned = room_pins.pins.iter().find(|(_, since)| now.duration_since(**since) < PIN_MAX);
        let allowed = pinned.map_or(wanted, |((cursor, _), _)| wanted.min(cursor + 1));
        room_pins.usage.first = room_pins.usage.first.max(allowed);
        room_pins.usage.first
    }

    /// Moves it up to `wanted` whatever is pinned.
    pub(crate) fn force(&self, room: RoomId, wanted: Seq) {
        let mut pins = self.lock();
        let usage = &mut pins.entry(room).or_default().usage;
        usage.first = usage.first.max(wanted);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RoomId, Pinned>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        if let Some(room_pins) = self.pins.lock().get_mut(&self.room) {
            room_pins.pins.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purge_goes_up_to_the_oldest_pin_and_on_when_it_is_gone_or_old() {
        let pins = Pins::default();
        pins.set(1, Usage { first: 1, bytes: 0 });
        let now = Instant::now();
        let (ahead, _) = pins.pin(1, 80, now);
        let (pin, first) = pins.pin(1, 40, now);
        assert_eq!(first, 1);
        assert_eq!(pins.advance(1, 60, now), 41);
        assert_eq!(pins.advance(1, 30, now), 41, "never back");
        assert_eq!(pins.advance(1, 60, now + PIN_MAX), 60, "an old pin holds nothing");
        drop(pin);
        assert_eq!(pins.advance(1, 100, now), 81);
        drop(ahead);
        assert_eq!(pins.advance(1, 100, now), 100);
    }
}
