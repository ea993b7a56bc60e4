//! Events that a reader keeps in sight, in the room where they were pinned.

use std::rc::Rc;

use arcane_shared::RoomName;

use crate::store::Stored;

/// Events that may be pinned in one room; the one pinned first gives way.
pub const PINS_MAX: usize = 8;
/// Events that are pinned in all rooms together; the one pinned first gives way.
pub const PINS_KEPT_MAX: usize = 64;
/// Ids of pins are of their own: above those of any chronicle, below those of a search.
const FIRST_ID: u64 = 1 << 51;

/// Pinned events, of this and of other rooms.
#[derive(Debug, Clone, Default)]
pub struct Pins {
    /// The latest first. The room: `None` for a recording.
    all: Vec<(Option<RoomName>, Rc<Stored>)>,
    count: u64,
}

impl Pins {
    /// Those of a room, the latest first. `None`: of the recording that is shown.
    pub fn of<'a>(&'a self, room: Option<&'a RoomName>) -> impl Iterator<Item = &'a Rc<Stored>> {
        self.all.iter().filter(move |(of, _)| of.as_ref() == room).map(|(_, stored)| stored)
    }

    /// Where an event of a room is, if it is pinned. Each chronicle has its own ids, so events are told apart by what they tell.
    fn find(&self, room: Option<&RoomName>, event: &Stored) -> Option<usize> {
        self.all.iter().position(|(of, pin)| of.as_ref() == room && pin.event == event.event)
    }

    /// Whether an event of a room is pinned.
    #[must_use]
    pub fn has(&self, room: Option<&RoomName>, event: &Stored) -> bool {
        self.find(room, event).is_some()
    }

    /// Pins an event of a room, or no longer.
    pub fn toggle(&mut self, room: Option<&RoomName>, event: &Stored) {
        if let Some(at) = self.find(room, event) {
            self.all.remove(at);
            return;
        }
        let id = FIRST_ID + self.count;
        self.count += 1;
        self.all.insert(0, (room.cloned(), Rc::new(Stored { id, ..event.clone() })));
        if self.of(room).count() > PINS_MAX
            && let Some(first) = self.all.iter().rposition(|(of, _)| of.as_ref() == room)
        {
            self.all.remove(first);
        }
        self.all.truncate(PINS_KEPT_MAX);
    }

    /// Another recording, or another room of it, is shown: what was pinned in it is gone.
    pub fn leave_recording(&mut self) {
        self.all.retain(|(of, _)| of.is_some());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message;
    use crate::store::Origin;
    use arcane_shared::Timestamp;
    use serde_json::json;

    fn stored(id: u64, task: &str) -> Stored {
        let event = json!({"spell_name": "invoke", "seq": id, "metadata": {"task": task}});
        Stored { id, event: message::event(event, Timestamp::UNKNOWN).unwrap(), origin: Origin::Live }
    }

    fn tasks(pins: &Pins, room: Option<&RoomName>) -> Vec<String> {
        pins.of(room).map(|pin| pin.event.text("task").unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn a_pin_is_of_its_room_and_known_by_what_it_tells() {
        let (main, lab) = (RoomName::default(), RoomName::parse("lab").unwrap());
        let mut pins = Pins::default();
        pins.toggle(Some(&main), &stored(1, "a"));
        pins.toggle(Some(&lab), &stored(1, "b"));
        pins.toggle(None, &stored(1, "c"));
        assert_eq!(
            (tasks(&pins, Some(&main)), tasks(&pins, Some(&lab))),
            (vec!["a".into()], vec!["b".into()])
        );
        let ids: Vec<u64> =
            [Some(&main), Some(&lab), None].map(|room| pins.of(room).next().unwrap().id).into();
        assert!(ids[0] < ids[1] && ids[1] < ids[2], "{ids:?}");
        // The event of another chronicle, with another id there.
        assert!(!pins.has(Some(&main), &stored(1, "b")));
        assert!(pins.has(Some(&main), &Stored { id: 99, ..stored(1, "a") }));
        pins.toggle(Some(&main), &Stored { id: 99, ..stored(1, "a") });
        assert!(tasks(&pins, Some(&main)).is_empty());
        pins.leave_recording();
        assert_eq!((tasks(&pins, None).len(), tasks(&pins, Some(&lab)).len()), (0, 1));
    }

    #[test]
    fn pins_have_a_bound_in_each_room_and_in_all() {
        let mut pins = Pins::default();
        for room in 0..10 {
            let room = RoomName::parse(&format!("r{room}")).unwrap();
            for n in 0..=PINS_MAX as u64 {
                pins.toggle(Some(&room), &stored(n + 1, &n.to_string()));
            }
            assert_eq!(tasks(&pins, Some(&room)).len(), PINS_MAX);
            assert_eq!(tasks(&pins, Some(&room))[0], "8", "the latest is first");
        }
        assert_eq!(pins.all.len(), PINS_KEPT_MAX);
    }
}
