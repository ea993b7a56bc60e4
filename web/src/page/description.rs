//! What the page says of itself.

use arcane_stage::message::{object, written};
use arcane_stage::signpost::Signpost;
use serde_json::Value;

use super::Page;
use crate::clock;
use crate::painter::Painter;

impl Page {
    /// Where a daemon's circle is, pixels of the stage.
    pub(crate) fn centre(&self, name: &str) -> Option<[f32; 2]> {
        let mut labels = Vec::new();
        self.stage.labels(clock::now(), &mut labels);
        labels.iter().find(|label| label.name == name).map(|label| label.centre)
    }

    /// What tests ask for, as JSON text.
    pub(crate) fn describe(&mut self) -> String {
        let now = clock::now();
        let mut labels = Vec::new();
        self.stage.labels(now, &mut labels);
        let circle = |label: &arcane_stage::stage::Label| {
            Value::Object(object([
                ("name", label.name.as_str().into()),
                ("x", label.centre[0].into()),
                ("y", label.centre[1].into()),
                ("phase", label.phase.into()),
            ]))
        };
        let travel = self.time_travel.travel.as_ref();
        let mode = travel.map_or(self.link.state().word(), |travel| Signpost::of(travel, 0.0, 0.0).mode);
        let governor = self.stage.governor();
        let (stage, store) = (&self.stage, &self.store);
        written(object([
            ("renderer", self.painter.as_ref().map_or("none", Painter::name).into()),
            ("circles", Value::Array(labels.iter().map(circle).collect())),
            ("particles_alive", stage.particles_alive().into()),
            ("inversions_total", governor.inversions_total().into()),
            ("inversion_times_ms", Value::Array(governor.inversion_times().map(Value::from).collect())),
            ("storm", governor.storm(now).map(|storm| storm.count).into()),
            ("events_total", store.events_total().into()),
            ("live_events", self.heard_events.into()),
            ("failures_total", store.failures_total().into()),
            ("missing", store.missing().into()),
            ("duplicates", store.duplicates().into()),
            ("undecodable", store.undecodable().into()),
            ("last_seq", store.last_seq().into()),
            ("behind", store.behind().into()),
            ("halted", stage.is_halted(now).into()),
            ("mode", mode.into()),
            ("moment", self.moment().into()),
            ("shown_seq", self.shown().last_seq().into()),
            ("held", travel.map(arcane_stage::time_travel::TimeTravel::held).into()),
            ("worked_ms", self.time_travel.worked_ms.into()),
            ("log", self.has_log().into()),
            ("recording", self.recorded.is_some().into()),
            ("tier", self.quality.tier().name.into()),
            ("interval_ms", self.quality.interval().into()),
            ("delay_ms", self.playout.delay().into()),
            ("events_per_mark", stage.events_per_mark().into()),
            ("painted", self.latency.report().painted.into()),
            ("missed", self.latency.report().missed.into()),
            ("sounds", self.speaker.describe()),
        ]))
    }
}
