//! What a page shows, as a recording: the events at once, the roster before them as soon as it is known.

use arcane_shared::roster::Roster;
use arcane_shared::{ReceivedEvent, Rgb, RoomName, Seq, SpellName};

use super::{Head, Listed, Present, VERSION};
use crate::daemons::{Daemons, color_of};
use crate::message::written;
use crate::store::{Entry, Store};

/// A history that is to be written, but for the roster that it begins with.
pub struct Draft {
    room: RoomName,
    present: Vec<(String, Rgb)>,
    events: String,
    count: usize,
    begins_after: Option<Seq>,
}

impl Draft {
    /// The chronicle of a store, as it is now.
    #[must_use]
    pub fn of(room: &RoomName, store: &Store) -> Self {
        let mut present: Vec<(String, Rgb)> = store
            .daemons()
            .present()
            .map(|daemon| (daemon.daemon_name.to_string(), color_of(daemon)))
            .collect();
        let mut events: Vec<&ReceivedEvent> = Vec::new();
        let (mut hole, mut is_whole) = (false, true);
        for entry in store.newest_first() {
            let Entry::Event(stored, _) = entry else {
                hole = true;
                continue;
            };
            is_whole &= !hole;
            undo(&mut present, &stored.event, store.daemons());
            events.push(&stored.event);
        }
        let mut text = String::new();
        for event in events.iter().rev() {
            text.push_str(&written(event));
            text.push('\n');
        }
        let first = events.last().and_then(|event| event.seq);
        let begins_after = first.filter(|_| is_whole).and_then(|first| first.checked_sub(1));
        Self { room: room.clone(), present, events: text, count: events.len(), begins_after }
    }

    /// The event after which the roster is that the recording begins with; `None`: events are missing in between, and no roster
    /// would make it whole.
    #[must_use]
    pub fn begins_after(&self) -> Option<Seq> {
        self.begins_after
    }

    /// How many events it has.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// The file. A roster of another moment is left out.
    #[must_use]
    pub fn text(self, roster: Option<Roster>) -> String {
        let daemons =
            self.present.into_iter().map(|(daemon_name, color)| Present { daemon_name, color: Some(color) });
        let mut text = written(&Head {
            arcane_recording: Some(VERSION),
            room: self.room,
            present: Listed(daemons.collect()),
            roster: roster.filter(|roster| Some(roster.seq()) == self.begins_after),
        });
        text.push('\n');
        text.push_str(&self.events);
        text
    }
}

/// Who was there before an event, if these are there after it.
fn undo(present: &mut Vec<(String, Rgb)>, event: &ReceivedEvent, daemons: &Daemons) {
    let Some(name) = event.daemon_name.as_ref().map(|name| name.as_str()) else { return };
    match event.spell_name.known() {
        Some(SpellName::Summon) if event.success => present.retain(|(other, _)| other != name),
        Some(SpellName::Banish) if event.success && !present.iter().any(|(other, _)| other == name) => {
            present.push((name.to_owned(), event.color().unwrap_or_else(|| daemons.color(name))));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::{RecordedRoom, decode};
    use crate::time_travel::TimeTravel;
    use arcane_shared::Timestamp;
    use serde_json::json;

    fn event(spell: &str, daemon: &str, seq: Seq) -> ReceivedEvent {
        let metadata = json!({"color": "#8B5CF6", "task": "build", "cost_usd": 0.25, "session": "s"});
        let at = format!("2026-01-31T09:{:02}:{:02}.000000", seq / 60, seq % 60);
        let value = json!({"spell_name": spell, "daemon_name": daemon, "seq": seq, "timestamp": at, "metadata": metadata});
        crate::message::event(value, Timestamp::from_unix_micros(0)).unwrap()
    }

    fn lab() -> RoomName {
        RoomName::parse("lab").unwrap()
    }

    fn recorded(draft: Draft, roster: Option<Roster>) -> RecordedRoom {
        let recording = decode(&draft.text(roster)).unwrap();
        assert_eq!((recording.rooms.len(), recording.unread), (1, 0));
        recording.rooms.into_iter().next().unwrap()
    }

    #[test]
    fn a_history_comes_back_with_who_was_there_before() {
        let mut before = Daemons::default();
        before.admit("old", Rgb::parse("#8B5CF6").unwrap());
        let mut store = Store::of_past(before);
        for (n, (spell, daemon)) in
            [("summon", "claude"), ("banish", "gemini"), ("invoke", "codex"), ("summon", "codex")]
                .iter()
                .enumerate()
        {
            store.receive(event(spell, daemon, n as u64 + 1));
        }
        let draft = Draft::of(&lab(), &store);
        assert_eq!(draft.count(), 4);
        let lab = recorded(draft, None);
        assert_eq!((lab.room.as_str(), lab.events.len()), ("lab", 4));
        let names: Vec<&str> = lab.present.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["old", "gemini"]);
        assert_eq!(lab.events[0], event("summon", "claude", 1));
        assert!(!lab.is_whole(), "nobody says what `old` had done");
    }

    /// A page that came when 200 events had happened and knows the last 100 of them, and the roster.
    fn late() -> (Store, Roster) {
        let (mut before, mut store) = (Daemons::default(), Store::default());
        for seq in 1..=200 {
            let spell = if seq == 1 { "summon" } else { "invoke" };
            let event = event(spell, "claude", seq);
            if seq <= 100 {
                before.fold(&event);
            } else {
                store.receive(event);
            }
        }
        let mut now = before.clone();
        store.newest_first().collect::<Vec<_>>().into_iter().rev().for_each(|entry| {
            if let Entry::Event(stored, _) = entry {
                now.fold(&stored.event);
            }
        });
        store.adopt(now.roster().clone());
        (store, before.roster().clone())
    }

    #[test]
    fn a_recording_of_a_page_that_came_late_has_the_figures_of_the_page() {
        let (store, before) = late();
        let draft = Draft::of(&lab(), &store);
        assert_eq!(draft.begins_after(), Some(100));
        let lab = recorded(draft, Some(before));
        assert!(lab.is_whole());
        let travel = TimeTravel::of_recording(f64::INFINITY, lab.clone());
        assert_eq!(travel.store().daemons(), store.daemons());
        assert_eq!(travel.partial(), None);
        // What is saved of the recording is the same again, from wherever it is shown.
        let again = recorded(Draft::of(&lab.room, travel.store()), travel.begins_with());
        assert_eq!(again.roster, lab.roster);
        // Without the roster it is of a part, and says so; an old page finds who was there.
        let part = recorded(Draft::of(&lab.room, &store), None);
        assert!(!part.is_whole() && part.present.len() == 1);
        let travel = TimeTravel::of_recording(f64::INFINITY, part);
        assert!(travel.partial().is_some());
        assert_eq!(travel.begins_with(), None);
    }

    #[test]
    fn a_roster_of_another_moment_and_a_history_with_a_hole_make_no_whole() {
        let (mut store, before) = late();
        let mut early = before.clone();
        early.fold(101, None);
        assert_eq!(recorded(Draft::of(&lab(), &store), Some(early)).roster, None);
        store.receive(event("invoke", "claude", 300));
        let draft = Draft::of(&lab(), &store);
        assert_eq!(draft.begins_after(), None);
        assert_eq!(recorded(draft, Some(before)).roster, None);
    }

    #[test]
    fn a_roster_that_is_none_costs_itself_alone() {
        let line = json!({"arcane_recording": 1, "room": "lab", "roster": {"seq": "x"}}).to_string();
        let lab = decode(&format!("{line}\n{}", written(&event("summon", "claude", 7)))).unwrap();
        assert_eq!((lab.rooms[0].roster.clone(), lab.rooms[0].events.len()), (None, 1));
    }
}
