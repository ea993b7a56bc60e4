//! What the browser keeps of each room, so that a reload forgets nothing.
//!
//! The text is the seed's: one JSON array of events, newest first. Each event has its run of
//! numbers beside it (`epoch`), an addition that the seed's own clients pass over.

use std::collections::VecDeque;

use arcane_shared::{Epoch, ReceivedEvent, RoomName, Timestamp};
use serde_json::Value;

use crate::message;

/// Where it is kept.
pub const STORAGE_KEY: &str = "arcaneHistory";
/// Events kept of each room.
pub const EVENTS_MAX: usize = 100;
/// Rooms kept; beyond that the one untouched for longest gives way.
pub const ROOMS_MAX: usize = 8;
/// Longest text written. What does not fit is dropped, oldest first.
pub const BYTES_MAX: usize = 2_000_000;

#[derive(Debug, Clone)]
struct Kept {
    event: ReceivedEvent,
    epoch: Option<Epoch>,
}

impl Kept {
    fn written(&self) -> String {
        let mut event = message::value(&self.event);
        if let Some(epoch) = &self.epoch {
            event["epoch"] = epoch.0.as_str().into();
        }
        event.to_string()
    }
}

/// The kept events of all rooms.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// The room touched last is the last one. Events oldest first.
    rooms: VecDeque<(RoomName, VecDeque<Kept>)>,
}

impl History {
    /// Reads what was kept. Whatever is wrong with it is left out.
    #[must_use]
    pub fn decode(text: &str) -> Self {
        let mut history = Self::default();
        let Ok(Value::Array(list)) = serde_json::from_str(text) else { return history };
        for value in list.into_iter().rev() {
            let epoch = value.get("epoch").and_then(Value::as_str).map(|epoch| Epoch(epoch.into()));
            if let Some(event) = message::event(value, Timestamp::UNKNOWN) {
                let room = event.room.clone().unwrap_or_default();
                history.keep(&room, epoch.as_ref(), &event);
            }
        }
        history
    }

    /// Writes it: newest first, at most [`BYTES_MAX`] bytes.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = String::from("[");
        for kept in self.rooms.iter().rev().flat_map(|(_, events)| events.iter().rev()) {
            let piece = kept.written();
            if text.len() + piece.len() + 2 > BYTES_MAX {
                break;
            }
            if text.len() > 1 {
                text.push(',');
            }
            text.push_str(&piece);
        }
        text.push(']');
        text
    }

    /// Keeps an event; the room's oldest gives way.
    pub fn keep(&mut self, room: &RoomName, epoch: Option<&Epoch>, event: &ReceivedEvent) {
        let at = self.rooms.iter().position(|(name, _)| name == room);
        let mut entry =
            at.and_then(|at| self.rooms.remove(at)).unwrap_or_else(|| (room.clone(), VecDeque::new()));
        let mut event = event.clone();
        event.room = Some(room.clone());
        entry.1.push_back(Kept { event, epoch: epoch.cloned() });
        if entry.1.len() > EVENTS_MAX {
            entry.1.pop_front();
        }
        self.rooms.push_back(entry);
        if self.rooms.len() > ROOMS_MAX {
            self.rooms.pop_front();
        }
    }

    /// What is kept of a room, oldest first.
    #[must_use]
    pub fn of_room(&self, room: &RoomName) -> Vec<(Option<Epoch>, ReceivedEvent)> {
        self.rooms
            .iter()
            .filter(|(name, _)| name == room)
            .flat_map(|(_, events)| events.iter().map(|kept| (kept.epoch.clone(), kept.event.clone())))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn event(seq: u64, room: &str) -> ReceivedEvent {
        let value = serde_json::json!({"spell_name": "voice", "daemon_name": "claude", "seq": seq, "room": room,
            "timestamp": "2026-01-01T00:00:00.000000", "success": true, "description": "x", "metadata": {"a": 1}});
        message::event(value, Timestamp::from_unix_micros(0)).unwrap()
    }

    fn room(name: &str) -> RoomName {
        RoomName::parse(name).unwrap()
    }

    #[test]
    fn the_text_is_the_seeds_newest_first() {
        let mut history = History::default();
        for seq in 1..=130 {
            history.keep(&room("main"), Some(&Epoch("k".into())), &event(seq, "main"));
        }
        let list: Vec<Value> = serde_json::from_str(&history.encode()).unwrap();
        assert_eq!(list.len(), 100);
        assert_eq!((list[0]["seq"].as_u64(), list[99]["seq"].as_u64()), (Some(130), Some(31)));
        assert_eq!(list[0]["spell_name"], "voice");
    }

    proptest! {
        #[test]
        fn what_is_kept_comes_back(picks in proptest::collection::vec(0..12_usize, 0..300)) {
            let mut history = History::default();
            for (seq, pick) in picks.iter().enumerate() {
                let name = format!("room{pick}");
                history.keep(&room(&name), None, &event(seq as u64 + 1, &name));
            }
            let again = History::decode(&history.encode());
            for pick in 0..12 {
                let name = room(&format!("room{pick}"));
                prop_assert_eq!(again.of_room(&name), history.of_room(&name));
                prop_assert!(again.of_room(&name).len() <= EVENTS_MAX);
            }
        }

        #[test]
        fn any_text_is_a_history_that_can_be_written(
            text in ".{0,200}|\\[(\\{\"spell_name\":\"[a-z]{1,9}\",\"seq\":[1-9],\"room\":\"[a-z]{0,2}\"\\},){0,9}(1|\\{\\}|\"\")\\]",
        ) {
            let history = History::decode(&text);
            let again = History::decode(&history.encode());
            prop_assert_eq!(again.encode(), history.encode());
            let lists = text.starts_with("[{\"spell_name\"");
            prop_assert!(!lists || again.encode().len() > 2, "what are events is kept: {text}");
        }
    }
}
