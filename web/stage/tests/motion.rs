//! What moves is told where it happens and when: by who did it, and at the bus when it arrives there.

use arcane_shared::Timestamp;
use arcane_shared::dictionary::Tongue;
use arcane_stage::Stage;
use arcane_stage::director::direct;
use arcane_stage::layout::View;
use arcane_stage::message;
use arcane_stage::picture::Kind;
use arcane_stage::store::{Origin, Store};
use serde_json::{Value, json};

struct Theatre {
    stage: Stage,
    store: Store,
    now: f64,
}

impl Theatre {
    /// One that is there, and at work if so.
    fn with_codex(works: bool) -> Self {
        let mut stage = Stage::new(1, 0.0);
        stage.set_view(View { width: 900.0, height: 700.0, stage: [0.0, 0.0, 900.0, 640.0] });
        let mut theatre = Self { stage, store: Store::default(), now: 0.0 };
        theatre.tell("summon", &json!({}));
        if works {
            theatre.tell(
                "reveal",
                &json!({"query_type": "progress", "phase": "begin", "call_id": "1", "task": "build"}),
            );
        }
        theatre.wait(4_000.0);
        theatre
    }

    fn tell(&mut self, spell: &str, metadata: &Value) {
        let value =
            json!({"spell_name": spell, "daemon_name": "codex", "success": true, "metadata": metadata});
        #[expect(clippy::cast_possible_truncation, reason = "minutes")]
        let taken = Timestamp::from_unix_micros((self.now * 1000.0) as i64);
        let stored =
            self.store.receive(message::event(value, taken).expect("a readable event")).expect("a new event");
        let cue = direct(&stored.event, Origin::Live, Some(self.now), false, Tongue::Fantasy);
        self.stage.perform(&cue, self.store.daemons().get("codex"), self.now, self.now);
    }

    fn wait(&mut self, ms: f64) {
        let until = self.now + ms;
        while self.now < until {
            self.now += 16.0;
            self.stage.advance(self.now);
        }
    }

    fn count(&self, kind: Kind) -> usize {
        self.stage.picture().marks.iter().filter(|mark| mark.kind == kind).count()
    }

    /// Light of the bus.
    fn bus(&self) -> f32 {
        self.stage.picture().marks.iter().find(|mark| mark.kind == Kind::Bus).expect("a bus").glow
    }
}

#[test]
fn only_a_look_draws_a_veil() {
    let of_work = [
        json!({"query_type": "progress", "phase": "begin", "call_id": "2", "task": "lint"}),
        json!({"query_type": "progress", "task": "41 of 80"}),
        json!({"query_type": "acknowledge"}),
        json!({"query_type": "enrich"}),
    ];
    for metadata in of_work {
        let mut theatre = Theatre::with_codex(false);
        theatre.tell("reveal", &metadata);
        theatre.wait(400.0);
        assert_eq!(theatre.count(Kind::Veil), 0, "{metadata}");
    }
    for metadata in [json!({"query_type": "all"}), json!({"query_type": "state"}), json!({})] {
        let mut theatre = Theatre::with_codex(false);
        theatre.tell("reveal", &metadata);
        theatre.wait(400.0);
        assert_eq!(theatre.count(Kind::Veil), 1, "{metadata}");
    }
}

#[test]
fn the_bus_swells_when_what_was_sent_arrives() {
    let mut theatre = Theatre::with_codex(true);
    let rests = theatre.bus();
    theatre.tell("invoke", &json!({"call_id": "1", "task": "build", "execution_time": 0.4}));
    theatre.wait(300.0);
    assert!(theatre.bus() < rests + 0.2, "{} {rests}", theatre.bus());
    theatre.wait(450.0);
    assert!(theatre.bus() > rests + 0.3, "{} {rests}", theatre.bus());
}

#[test]
fn work_without_a_pause_lets_the_bus_rise_and_fall() {
    let mut theatre = Theatre::with_codex(true);
    let mut lights = Vec::new();
    for _ in 0..300 {
        theatre.tell("invoke", &json!({"task": "build", "execution_time": 0.1}));
        theatre.wait(16.0);
        lights.push(theatre.bus());
    }
    let turns = lights.windows(3).filter(|three| three[1] > three[0] && three[1] >= three[2]).count();
    assert!((3..=12).contains(&turns), "{turns} swells in 4.8 s");
}

#[test]
fn a_comet_fades_with_the_work_that_it_is_the_clock_of() {
    let mut theatre = Theatre::with_codex(true);
    assert_eq!(theatre.count(Kind::Dot), 1);
    theatre.tell("invoke", &json!({"call_id": "1", "task": "build"}));
    theatre.wait(48.0);
    assert_eq!(theatre.count(Kind::Dot), 1);
    theatre.wait(700.0);
    assert_eq!(theatre.count(Kind::Dot), 0);
}

#[test]
fn who_leaves_is_named_while_it_becomes_dust() {
    let mut theatre = Theatre::with_codex(false);
    theatre.tell("banish", &json!({}));
    let mut labels = Vec::new();
    theatre.wait(160.0);
    theatre.stage.labels(theatre.now, &mut labels);
    assert_eq!(
        labels.iter().map(|label| (label.name.as_str(), label.phase)).collect::<Vec<_>>(),
        [("codex", "dissolving")]
    );
    theatre.wait(400.0);
    theatre.stage.labels(theatre.now, &mut labels);
    assert!(labels.is_empty(), "{labels:?}");
}
