//! The visible history as one file, and back: NDJSON, so that it can be read, cut and joined with any tool.
//!
//! The first line says what it is, who was present before the first event, and, where it is known, the room's roster at that
//! moment; every other line is an event as the bus sends it. A file without such a first line will do as well: what `arcane export` writes, or lines that a user kept. A file may hold
//! several rooms: each is a history of its own.

mod draft;

use arcane_shared::lenient::Plain;
use arcane_shared::roster::{DAEMONS_MAX, Roster};
use arcane_shared::{ReceivedEvent, Rgb, RoomName, Timestamp, UnixMillis, lenient};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::draft::Draft;
use crate::daemons::Daemons;
use crate::message;
use crate::time_travel::past::taken_at;

/// Most events of a file that are shown.
pub const EVENTS_MAX: usize = 20_000;
/// Longest file that is read, bytes.
pub const BYTES_MAX: usize = 32 << 20;
/// The version of the format.
pub const VERSION: u64 = 1;

/// The first line of a file.
#[derive(Serialize, Deserialize)]
struct Head {
    #[serde(default, deserialize_with = "lenient::or_default")]
    arcane_recording: Option<u64>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    room: RoomName,
    #[serde(default, deserialize_with = "lenient::or_default")]
    present: Listed,
    /// The roster before the first event, as the bus had it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "lenient::or_default")]
    roster: Option<Roster>,
}

/// Daemons; what is none is left out.
#[derive(Default, Serialize, Deserialize)]
struct Listed(#[serde(deserialize_with = "lenient::list")] Vec<Present>);

#[derive(Serialize, Deserialize)]
struct Present {
    daemon_name: String,
    #[serde(default, deserialize_with = "lenient::or_default")]
    color: Option<Rgb>,
}

/// A recording as it was read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recording {
    /// Its rooms that have events, in the order of the file. One read from a file has at least one.
    pub rooms: Vec<RecordedRoom>,
    /// Lines that are no events.
    pub unread: usize,
}

/// What a recording holds of one room.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RecordedRoom {
    /// Where it happened.
    pub room: RoomName,
    /// Who was present before the first event.
    pub present: Vec<(String, Rgb)>,
    /// What was known of all daemons before the first event, if the file says.
    pub roster: Option<Roster>,
    /// Oldest first.
    pub events: Vec<ReceivedEvent>,
}

impl RecordedRoom {
    /// Whether states and figures are those that the bus had: no event is missing between its roster, or else the
    /// beginning of the room, and its end.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let begins = self.roster.as_ref().map(Roster::seq);
        let mut next = begins.unwrap_or(0);
        let follows = self.events.iter().all(|event| {
            next = next.saturating_add(1);
            event.seq == Some(next)
        });
        follows && (begins.is_some() || self.present.is_empty())
    }

    /// From when to when its events are.
    #[must_use]
    pub fn span(&self) -> [UnixMillis; 2] {
        let times = || self.events.iter().map(taken_at);
        [times().fold(f64::INFINITY, f64::min), times().fold(0.0, f64::max)]
    }

    /// What was known before its first event.
    #[must_use]
    pub fn before(&self) -> Daemons {
        let first = self.events.first().and_then(|event| event.seq).unwrap_or(0);
        // One of another moment, in a file that was cut, knows what these events do not tell, or tell again.
        if let Some(roster) = self.roster.as_ref().filter(|roster| roster.seq().checked_add(1) == Some(first))
        {
            return Daemons::of(roster.clone());
        }
        let mut before = Daemons::of(Roster::after(first.saturating_sub(1), 0));
        for (name, color) in &self.present {
            before.admit(name, *color);
        }
        before
    }
}

impl Recording {
    fn room(&mut self, name: &RoomName) -> &mut RecordedRoom {
        let at = self.rooms.iter().position(|known| known.room == *name).unwrap_or_else(|| {
            self.rooms.push(RecordedRoom { room: name.clone(), ..RecordedRoom::default() });
            self.rooms.len() - 1
        });
        &mut self.rooms[at]
    }
}

/// Reads a file; says what is wrong with one that holds no event.
///
/// # Errors
/// A sentence for the user who opened it.
pub fn decode(text: &str) -> Result<Recording, String> {
    if text.len() > BYTES_MAX {
        return Err(format!("This file is larger than {} MB: cut it into pieces.", BYTES_MAX >> 20));
    }
    let (mut recording, mut events) = (Recording::default(), 0);
    // Where events happened that do not say it.
    let mut current = RoomName::default();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let value: Option<Value> = serde_json::from_str(line).ok();
        match value {
            Some(head) if head.get("arcane_recording").is_some() => {
                let head = read_head(head)?;
                let room = recording.room(&head.room);
                // The first of files that were joined says what was before.
                if room.events.is_empty() {
                    (room.present, room.roster) = (head.present, head.roster);
                }
                current = head.room;
            }
            Some(mark) if is_mark(&mark) => {
                if let Some(Ok(room)) = mark.get("room").and_then(Value::as_str).map(RoomName::parse) {
                    current = room;
                }
            }
            Some(value) if events < EVENTS_MAX => match message::event(value, Timestamp::UNKNOWN) {
                Some(event) => {
                    events += 1;
                    let room = event.room.clone().unwrap_or_else(|| current.clone());
                    recording.room(&room).events.push(event);
                }
                None => recording.unread += 1,
            },
            _ => recording.unread += 1,
        }
    }
    recording.rooms.retain(|room| !room.events.is_empty());
    if recording.rooms.is_empty() {
        return Err("This file holds no events: a recording has one event of the bus on each line.".into());
    }
    Ok(recording)
}

/// Whether it is a line of `arcane export` that is not meant to be an event.
fn is_mark(value: &Value) -> bool {
    let kind = value.get("type").and_then(Value::as_str);
    value.get("spell_name").is_none() && matches!(kind, Some("arcane-export" | "room" | "end"))
}

fn read_head(head: Value) -> Result<RecordedRoom, String> {
    let head = Head::deserialize(Plain(head))
        .ok()
        .filter(|head| head.arcane_recording.is_some_and(|version| version <= VERSION));
    let Some(head) = head else {
        return Err("This recording is of a later version: open it with a newer dashboard.".into());
    };
    let daemons = head.present.0.into_iter().take(DAEMONS_MAX);
    let present = daemons
        .map(|daemon| {
            let color = daemon.color.unwrap_or_else(|| arcane_shared::color::preferred(&daemon.daemon_name));
            (daemon.daemon_name, color)
        })
        .collect();
    let roster =
        head.roster.filter(|roster| roster.iter().count() <= DAEMONS_MAX && roster.seq() < u64::MAX >> 1);
    Ok(RecordedRoom { room: head.room, present, roster, events: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_backup_is_one_history_for_each_room() {
        let line = |room: &str, daemon: &str| {
            json!({"spell_name": "summon", "daemon_name": daemon, "room": room}).to_string()
        };
        let lines = [
            r#"{"type":"arcane-export","version":1}"#.to_owned(),
            r#"{"type":"room","room":"lab","epoch":"k","first":1,"head":2}"#.to_owned(),
            line("lab", "claude"),
            // One that does not say where it happened.
            r#"{"spell_name":"invoke","daemon_name":"claude"}"#.to_owned(),
            r#"{"type":"room","room":"empty","epoch":"k","first":1,"head":0}"#.to_owned(),
            r#"{"type":"room","room":"ops","epoch":"k","first":1,"head":1}"#.to_owned(),
            line("ops", "watch"),
            r#"{"type":"end","events":3}"#.to_owned(),
            r#"{"type":"news"}"#.to_owned(),
        ];
        let recording = decode(&lines.join("\n")).unwrap();
        let rooms: Vec<_> =
            recording.rooms.iter().map(|room| (room.room.as_str(), room.events.len())).collect();
        assert_eq!((rooms, recording.unread), (vec![("lab", 2), ("ops", 1)], 1));
    }

    #[test]
    fn a_roster_of_another_moment_is_not_believed() {
        let mut roster = Roster::after(40, 0);
        let summons =
            json!({"spell_name": "summon", "daemon_name": "claude", "timestamp": "2026-01-31T09:00:00"});
        let summons = message::event(summons, Timestamp::UNKNOWN).unwrap();
        roster.fold(41, arcane_shared::roster::Sign::read(&summons).as_ref());
        let head =
            json!({"arcane_recording": 1, "room": "main", "present": [], "roster": roster}).to_string();
        let event = |seq: u64| {
            json!({"spell_name": "reveal", "daemon_name": "codex", "room": "main", "seq": seq}).to_string()
        };
        let known = |lines: &[String]| {
            let recording = decode(&lines.join("\n")).unwrap();
            let room = &recording.rooms[0];
            (room.before().iter().count(), room.is_whole())
        };
        assert_eq!(known(&[head.clone(), event(42)]), (1, true));
        // A file that was cut, and the second of two that were joined.
        assert_eq!(known(&[head.clone(), event(60)]), (0, false));
        assert_eq!(known(&[event(1), head, event(42)]), (0, false));
    }

    #[test]
    fn what_is_no_recording_is_refused_with_a_reason() {
        insta::assert_snapshot!(decode("").unwrap_err(), @"This file holds no events: a recording has one event of the bus on each line.");
        insta::assert_snapshot!(decode("{\"arcane_recording\":2}").unwrap_err(), @"This recording is of a later version: open it with a newer dashboard.");
        let mixed = decode("hello\n{\"spell_name\":\"invoke\"}\n[1]\n").unwrap();
        assert_eq!((mixed.rooms[0].events.len(), mixed.unread), (1, 2));
    }

    proptest! {
        #[test]
        fn every_line_is_an_event_or_counted(text in "\\PC{0,300}|(\\{\"spell_name\":\"[a-z]{1,9}\",\"metadata\":\\{\\}\\}\n){0,9}") {
            let head = format!("{{\"arcane_recording\":1,\"present\":[{}]}}\n", text.lines().next().unwrap_or_default());
            let events = |recording: &Recording| recording.rooms.iter().map(|room| room.events.len()).sum::<usize>();
            let lines = |text: &str| text.lines().filter(|line| !line.trim().is_empty()).count();
            if let Ok(recording) = decode(&text) {
                prop_assert_eq!(events(&recording) + recording.unread, lines(&text));
            }
            if let Ok(recording) = decode(&(head.clone() + &text)) {
                let is_head = serde_json::from_str::<Value>(&head).is_ok();
                prop_assert_eq!(events(&recording) + recording.unread, lines(&text) + usize::from(!is_head));
            }
        }
    }
}
