//! What the page says of itself.

use arcane_stage::actors::Spot;
use arcane_stage::signpost::Signpost;
use serde_json::{Value, json};

use super::Page;
use crate::clock;
use crate::painter::Painter;

impl Page {
    /// What tests ask for, as JSON text.
    pub(crate) fn describe(&mut self) -> String {
        let now = clock::now();
        let circle = |(name, [x, y], phase, spot): (&str, [f32; 2], &str, Spot)| {
            let spot = match spot {
                Spot::Seat(_) => "seat",
                Spot::Home(_) => "home",
                Spot::Moon => "moon",
                Spot::Folded => "folded",
            };
            json!({"name": name, "x": x, "y": y, "phase": phase, "spot": spot})
        };
        let travel = self.time_travel.travel.as_ref();
        let mode = travel.map_or(self.link.state().word(), |travel| Signpost::of(travel, 0.0, 0.0).mode);
        let governor = self.stage.governor();
        let (stage, store) = (&self.stage, &self.store);
        let members = [
            ("renderer", json!(self.painter.as_ref().map_or("none", Painter::name))),
            ("circles", json!(self.stage.drawn(now).map(circle).collect::<Vec<Value>>())),
            ("particles_alive", json!(stage.particles_alive())),
            ("inversions_total", json!(governor.inversions_total())),
            ("inversion_times_ms", json!(governor.inversion_times().collect::<Vec<f64>>())),
            ("storm", json!(governor.storm(now).map(|storm| storm.count))),
            ("events_total", json!(store.events_total())),
            ("live_events", json!(self.heard_events)),
            ("failures_total", json!(store.failures_total())),
            ("missing", json!(store.missing())),
            ("duplicates", json!(store.duplicates())),
            ("undecodable", json!(store.undecodable())),
            ("last_seq", json!(store.last_seq())),
            ("behind", json!(store.behind())),
            ("halted", json!(stage.is_halted(now))),
            ("mode", json!(mode)),
            ("moment", json!(self.moment())),
            ("shown_seq", json!(self.shown().last_seq())),
            ("held", json!(travel.map(arcane_stage::time_travel::TimeTravel::held))),
            ("worked_ms", json!(self.time_travel.worked_ms)),
            ("log", json!(self.has_log())),
            ("recording", json!(self.recorded.is_some())),
            ("tier", json!(self.quality.tier().name)),
            ("interval_ms", json!(self.quality.interval())),
            ("delay_ms", json!(self.playout.delay())),
            ("events_per_mark", json!(stage.events_per_mark())),
            ("painted", json!(self.latency.report().painted)),
            ("missed", json!(self.latency.report().missed)),
            ("sounds", json!(self.speaker.describe())),
        ];
        // Member by member, not as one literal: that would be three times the code.
        members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Value>().to_string()
    }
}
