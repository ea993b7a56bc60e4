//! A recording instead of the server's stream, and the visible history as one.
//!
//! The page's room stays what it is: a recording is of a room, maybe of another server's, and is left to where the page came from.

use arcane_shared::roster::Roster;
use arcane_shared::{Epoch, ReceivedEvent, RoomName, UnixMillis, counted};
use arcane_stage::Store;
use arcane_stage::recording::{Draft, RecordedRoom, Recording};
use arcane_stage::time_travel::TimeTravel;
use arcane_stage::time_travel::ask::Ask;

use super::Page;
use crate::clock;
use crate::time_travel::TimeTraveller;

/// Silence before the first and after the last event of a recording.
const RECORDING_LEAD_MS: f64 = 500.0;
const RECORDING_TAIL_MS: f64 = 3_000.0;

/// The recording that the page shows.
pub(crate) struct Recorded {
    /// When it ends.
    pub(crate) end: UnixMillis,
    rooms: Vec<RecordedRoom>,
    /// Which of them is shown.
    at: usize,
}

/// A recording that is being saved.
pub(crate) struct Saving {
    /// The file's name.
    pub(crate) name: String,
    pub(crate) draft: Draft,
    /// The roster that it begins with, as far as the page knows it.
    pub(crate) roster: Option<Roster>,
    /// The question that brings it, and the run of numbers that it is of.
    pub(crate) ask: Option<(String, Epoch)>,
}

impl Recorded {
    /// The room that is shown.
    pub(crate) fn room(&self) -> Option<&RoomName> {
        Some(&self.rooms.get(self.at)?.room)
    }

    /// What it is, for the user who opened it; `unread`: lines that are no events.
    pub(crate) fn words(&self, unread: usize) -> String {
        let (Some(shown), rooms) = (self.rooms.get(self.at), self.rooms.len()) else { return String::new() };
        let among = if rooms > 1 { format!(", one of {rooms} rooms") } else { String::new() };
        let left =
            if unread > 0 { format!("; {} left out", counted(unread as u64, "line")) } else { String::new() };
        let (events, room) = (counted(shown.events.len() as u64, "event"), &shown.room);
        let part = if shown.is_whole() { "" } else { "; figures are of these events alone" };
        format!("A recording of {events} of the room {room}{among}{left}{part}. Esc: back to the bus.")
    }

    /// The events of the room that is shown, also those that were not played yet.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &ReceivedEvent> {
        self.rooms.get(self.at).into_iter().flat_map(|room| room.events.iter().rev())
    }

    /// Its rooms.
    pub(crate) fn rooms(&self) -> impl Iterator<Item = &RoomName> {
        self.rooms.iter().map(|room| &room.room)
    }
}

impl Page {
    /// The visible history, to be a file.
    pub(crate) fn draft(&mut self) -> Saving {
        let room = self.recorded.as_ref().and_then(Recorded::room).unwrap_or(&self.room);
        let draft = Draft::of(room, self.shown());
        let at: String = clock::timestamp().to_string().chars().take(19).filter(|c| *c != ':').collect();
        let name = format!("arcane-{room}-{at}.ndjson");
        let travel = self.time_travel.travel.as_ref().filter(|travel| travel.has_shown());
        let (roster, epoch) = (travel.and_then(TimeTravel::begins_with), self.store.epoch());
        let ask = epoch.filter(|_| travel.is_none()).zip(draft.begins_after());
        let ask =
            ask.map(|(epoch, after)| (Ask::Roster(after).path(room.as_str(), Some(epoch)), epoch.clone()));
        Saving { name, draft, roster, ask }
    }

    /// Shows a recording instead of the server's stream: what it holds of its first room, or of the page's own.
    pub(crate) fn open_recording(&mut self, recording: Recording) {
        self.save();
        self.socket = None;
        let at = recording.rooms.iter().position(|room| room.room == self.room).unwrap_or(0);
        self.recorded = Some(Recorded { end: 0.0, rooms: recording.rooms, at });
        self.show_recorded(at);
    }

    /// Shows one room of the recording, from its beginning on.
    pub(crate) fn show_recorded(&mut self, at: usize) {
        let Some(recorded) = &mut self.recorded else { return };
        let Some(shown) = recorded.rooms.get(at).cloned() else { return };
        let [first, last] = shown.span();
        (recorded.at, recorded.end) = (at, last + RECORDING_TAIL_MS);
        self.stage.clear();
        self.speaker.hush();
        self.playout.clear();
        self.performed.clear();
        self.roster_asked_at = None;
        self.lagging = 0;
        self.pins.leave_recording();
        self.search.begin_again();
        self.store = Store::default();
        self.store.restore(shown.events.iter().map(|event| (None, event.clone())));
        self.time_travel = TimeTraveller::of_recording(&self.store);
        let moment = first - RECORDING_LEAD_MS;
        self.time_travel.travel = Some(TimeTravel::of_recording(moment, shown));
        self.settle_past();
        self.play();
    }

    /// Back from a recording to the server's stream, in the room from before.
    pub(crate) fn end_recording(&mut self) {
        if self.recorded.is_some() {
            self.enter(self.room.clone());
            self.reopens = true;
        }
    }
}
