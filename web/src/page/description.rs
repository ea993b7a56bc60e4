//! What the page says of itself.

use arcane_stage::signpost::Signpost;
use serde_json::{Value, json};

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
        let circle = |label: &arcane_stage::stage::Label| json!({"name": label.name, "x": label.centre[0], "y": label.centre[1], "phase": label.phase});
        let travel = self.time_travel.travel.as_ref();
        let mode = travel.map_or(self.link.state().word(), |travel| Signpost::of(travel, 0.0, 0.0).mode);
        let governor = self.stage.governor();
        let (stage, store) = (&self.stage, &self.store);
        json!({
            "renderer": self.painter.as_ref().map_or("none", Painter::name),
            "circles": labels.iter().map(circle).collect::<Vec<Value>>(),
            "particles_alive": stage.particles_alive(),
            "inversions_total": governor.inversions_total(),
            "inversion_times_ms": governor.inversion_times().collect::<Vec<f64>>(),
            "storm": governor.storm(now).map(|storm| storm.count),
            "events_total": store.events_total(),
            "live_events": self.heard_events,
            "failures_total": store.failures_total(),
            "missing": store.missing(),
            "duplicates": store.duplicates(),
            "undecodable": store.undecodable(),
            "last_seq": store.last_seq(),
            "behind": store.behind(),
            "halted": stage.is_halted(now),
            "mode": mode,
            "moment": self.moment(),
            "shown_seq": self.shown().last_seq(),
            "held": travel.map(arcane_stage::time_travel::TimeTravel::held),
            "worked_ms": self.time_travel.worked_ms,
            "log": self.has_log(),
            "recording": self.recorded.is_some(),
            "tier": self.quality.tier().name,
            "interval_ms": self.quality.interval(),
            "delay_ms": self.playout.delay(),
            "events_per_mark": stage.events_per_mark(),
            "painted": self.latency.report().painted,
            "missed": self.latency.report().missed,
            "sounds": self.speaker.describe(),
        })
        .to_string()
    }
}
