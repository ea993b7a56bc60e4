//! What the browser keeps of each room, so that a reload forgets nothing.
//!
//! The text is the seed's: one JSON array of events, newest first. Each event has its run of
//! numbers beside it (`epoch`), and where it is not of the page's own server, that one (`server`): additions that the seed's own
//! clients pass over. Every tab of a browser writes this one text, so what is written is what is there and what the tab has seen.

use std::collections::{BTreeMap, VecDeque};

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

#[derive(Debug, Clone, PartialEq)]
struct Kept {
    event: ReceivedEvent,
    epoch: Option<Epoch>,
}

impl Kept {
    fn written(&self, server: &str) -> String {
        let mut event = message::value(&self.event);
        if let Some(epoch) = &self.epoch {
            event["epoch"] = epoch.0.as_str().into();
        }
        if !server.is_empty() {
            event["server"] = server.into();
        }
        event.to_string()
    }

    /// Whether the two tell of one event.
    fn is_same(&self, other: &Self) -> bool {
        match (self.event.seq, other.event.seq) {
            (Some(one), Some(other_one)) => one == other_one && self.epoch == other.epoch,
            _ => self == other,
        }
    }
}

/// What is kept of one room.
#[derive(Debug, Clone)]
struct Chest {
    /// Empty: the page's own.
    server: String,
    room: RoomName,
    /// Oldest first.
    events: VecDeque<Kept>,
    /// Whether it has events that are not written yet.
    touched: bool,
}

impl Chest {
    /// Adds what another tab saw. Runs are in the order of their latest events, and within a run numbers are.
    fn merge(&mut self, others: VecDeque<Kept>) {
        let fresh: Vec<Kept> =
            others.into_iter().filter(|other| !self.events.iter().any(|own| own.is_same(other))).collect();
        if fresh.is_empty() {
            return;
        }
        self.events.extend(fresh);
        let mut latest: BTreeMap<Option<String>, Timestamp> = BTreeMap::new();
        let run = |kept: &Kept| kept.epoch.as_ref().map(|epoch| epoch.0.clone());
        for kept in &self.events {
            let at = latest.entry(run(kept)).or_insert(kept.event.timestamp);
            *at = kept.event.timestamp.max(*at);
        }
        let rank = |kept: &Kept| {
            let run = run(kept);
            (latest.get(&run).copied(), run, kept.event.seq)
        };
        // Nearly in order, and few: the library's sort would cost the page more than it saves.
        for kept in std::mem::take(&mut self.events) {
            let own = rank(&kept);
            let place =
                self.events.iter().rposition(|other| rank(other) <= own).map_or(0, |before| before + 1);
            self.events.insert(place, kept);
        }
        self.trim();
    }

    fn trim(&mut self) {
        let beyond = self.events.len().saturating_sub(EVENTS_MAX);
        self.events.drain(..beyond);
    }
}

/// The kept events of all rooms.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// The server that the page shows; empty: its own.
    server: String,
    /// The one touched last is the last one.
    chests: VecDeque<Chest>,
}

impl History {
    /// Reads what was kept, for a page that shows a server's rooms; an empty name is that of the page's own server. Whatever is wrong
    /// with it is left out.
    #[must_use]
    pub fn decode(text: &str, server: &str) -> Self {
        let mut history = Self { server: server.to_owned(), ..Self::default() };
        let Ok(Value::Array(list)) = serde_json::from_str(text) else { return history };
        for value in list.into_iter().rev() {
            let said = |name: &str| value.get(name).and_then(Value::as_str);
            let epoch = said("epoch").map(|epoch| Epoch(epoch.into()));
            let server = said("server").unwrap_or_default().to_owned();
            if let Some(event) = message::event(value, Timestamp::UNKNOWN) {
                let room = event.room.clone().unwrap_or_default();
                history.put(&server, &room, Kept { event, epoch });
            }
        }
        for chest in &mut history.chests {
            chest.touched = false;
        }
        history
    }

    /// Writes it: newest first, at most [`BYTES_MAX`] bytes.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = String::from("[");
        let all = self
            .chests
            .iter()
            .rev()
            .flat_map(|chest| chest.events.iter().rev().map(move |kept| (kept, chest)));
        for (kept, chest) in all {
            let piece = kept.written(&chest.server);
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

    /// Adds what other tabs wrote meanwhile. What this one has not touched since then goes by their order.
    pub fn merge(&mut self, written: &str) {
        let mut others = Self::decode(written, &self.server);
        for mut own in std::mem::take(&mut self.chests) {
            let known = others
                .chests
                .iter()
                .position(|other| (&other.server, &other.room) == (&own.server, &own.room));
            match known.map(|at| (at, others.chests.remove(at))) {
                Some((at, Some(other))) => {
                    own.merge(other.events);
                    let at = if own.touched { others.chests.len() } else { at };
                    others.chests.insert(at, own);
                }
                _ if own.touched => others.chests.push_back(own),
                _ => others.chests.push_front(own),
            }
        }
        self.chests = others.chests;
        for chest in &mut self.chests {
            chest.touched = false;
        }
        self.trim();
    }

    /// Keeps an event of a room of the server that is shown; the room's oldest gives way.
    pub fn keep(&mut self, room: &RoomName, epoch: Option<&Epoch>, event: &ReceivedEvent) {
        let mut event = event.clone();
        event.room = Some(room.clone());
        let server = std::mem::take(&mut self.server);
        self.put(&server, room, Kept { event, epoch: epoch.cloned() });
        self.server = server;
    }

    fn put(&mut self, server: &str, room: &RoomName, kept: Kept) {
        let at = self.chests.iter().position(|chest| chest.server == server && chest.room == *room);
        let mut chest = at.and_then(|at| self.chests.remove(at)).unwrap_or_else(|| Chest {
            server: server.to_owned(),
            room: room.clone(),
            events: VecDeque::new(),
            touched: true,
        });
        chest.touched = true;
        chest.events.push_back(kept);
        chest.trim();
        self.chests.push_back(chest);
        self.trim();
    }

    fn trim(&mut self) {
        let beyond = self.chests.len().saturating_sub(ROOMS_MAX);
        self.chests.drain(..beyond);
    }

    /// What is kept of a room of the server that is shown, oldest first.
    #[must_use]
    pub fn of_room(&self, room: &RoomName) -> Vec<(Option<Epoch>, ReceivedEvent)> {
        self.chests
            .iter()
            .filter(|chest| chest.server == self.server && chest.room == *room)
            .flat_map(|chest| chest.events.iter().map(|kept| (kept.epoch.clone(), kept.event.clone())))
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

    #[test]
    fn servers_are_kept_apart() {
        let mut own = History::default();
        own.keep(&room("main"), None, &event(1, "main"));
        let mut other = History::decode(&own.encode(), "http://other:8000");
        assert_eq!(other.of_room(&room("main")), []);
        other.keep(&room("main"), None, &event(2, "main"));
        let seqs = |server: &str| {
            let history = History::decode(&other.encode(), server);
            history.of_room(&room("main")).into_iter().map(|(_, event)| event.seq).collect::<Vec<_>>()
        };
        assert_eq!((seqs(""), seqs("http://other:8000")), (vec![Some(1)], vec![Some(2)]));
    }

    #[test]
    fn a_run_that_ended_stands_before_the_one_that_goes_on() {
        let (mut one, mut other) = (History::default(), History::default());
        let mut late = event(1, "main");
        late.timestamp = Timestamp::from_unix_micros(2_000_000_000_000_000);
        one.keep(&room("main"), Some(&Epoch("new".into())), &late);
        other.keep(&room("main"), Some(&Epoch("old".into())), &event(9, "main"));
        other.keep(&room("main"), Some(&Epoch("old".into())), &event(10, "main"));
        other.merge(&one.encode());
        let seqs: Vec<_> = other.of_room(&room("main")).into_iter().map(|(_, event)| event.seq).collect();
        assert_eq!(seqs, [Some(9), Some(10), Some(1)]);
    }

    proptest! {
        #[test]
        fn tabs_that_write_in_turn_keep_what_any_of_them_saw(
            seen in proptest::collection::vec((0..3_usize, 0..3_usize, 1..60_u64), 0..24),
        ) {
            let (mut tabs, mut text) = (vec![History::default(); 3], String::new());
            let mut all = std::collections::BTreeSet::new();
            for (tab, at, seq) in seen {
                let name = format!("room{at}");
                tabs[tab].keep(&room(&name), Some(&Epoch("k".into())), &event(seq, &name));
                tabs[tab].merge(&text);
                text = tabs[tab].encode();
                all.insert((name, seq));
            }
            let history = History::decode(&text, "");
            let mut kept = std::collections::BTreeSet::new();
            for at in 0..3 {
                let name = format!("room{at}");
                kept.extend(history.of_room(&room(&name)).into_iter().map(|(_, event)| (name.clone(), event.seq.unwrap())));
            }
            prop_assert_eq!(kept, all);
        }

        #[test]
        fn what_is_kept_comes_back(picks in proptest::collection::vec(0..12_usize, 0..300)) {
            let mut history = History::default();
            for (seq, pick) in picks.iter().enumerate() {
                let name = format!("room{pick}");
                history.keep(&room(&name), None, &event(seq as u64 + 1, &name));
            }
            let again = History::decode(&history.encode(), "");
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
            let history = History::decode(&text, "");
            let again = History::decode(&history.encode(), "");
            prop_assert_eq!(again.encode(), history.encode());
            let lists = text.starts_with("[{\"spell_name\"");
            prop_assert!(!lists || again.encode().len() > 2, "what are events is kept: {text}");
        }
    }
}
