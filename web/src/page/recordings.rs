//! A recording instead of the server's stream, and the visible history as one.

use arcane_stage::Store;
use arcane_stage::recording::{self, Recording};
use arcane_stage::time_travel::TimeTravel;
use arcane_stage::time_travel::past::taken_at;

use super::Page;
use crate::clock;
use crate::time_travel::TimeTraveller;

/// Silence before the first and after the last event of a recording.
const RECORDING_LEAD_MS: f64 = 500.0;
const RECORDING_TAIL_MS: f64 = 3_000.0;

impl Page {
    /// The visible history as a file: its name, its text, and how many events that are.
    pub(crate) fn recording(&mut self) -> (String, String, usize) {
        let (text, count) = recording::encode(&self.room, self.shown());
        let at: String = clock::timestamp().to_string().chars().take(19).filter(|c| *c != ':').collect();
        (format!("arcane-{}-{at}.ndjson", self.room), text, count)
    }

    /// Shows a recording instead of the server's stream, from its beginning on.
    pub(crate) fn show_recording(&mut self, shown: Recording) {
        self.save();
        self.socket = None;
        self.stage.clear();
        self.playout.clear();
        self.performed.clear();
        self.roster_asked_at = None;
        self.lagging = 0;
        self.pins.clear();
        self.room = shown.room;
        let times = || shown.events.iter().map(taken_at);
        let (first, last) = (times().fold(f64::INFINITY, f64::min), times().fold(0.0, f64::max));
        self.recorded = Some(last + RECORDING_TAIL_MS);
        self.store = Store::default();
        self.store.restore(shown.events.iter().map(|event| (None, event.clone())));
        self.time_travel = TimeTraveller::of_recording(&self.store);
        let moment = first - RECORDING_LEAD_MS;
        self.time_travel.travel = Some(TimeTravel::of_recording(moment, &shown.present, shown.events));
        self.settle_past();
        self.play();
    }

    /// Back from a recording to the server's stream.
    pub(crate) fn end_recording(&mut self) {
        if self.recorded.take().is_some() {
            self.time_travel.travel = None;
            self.enter(self.room.clone());
            self.reopens = true;
        }
    }
}
