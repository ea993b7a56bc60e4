//! The stage from outside: events in, pictures out, whatever the events are.

use arcane_shared::Timestamp;
use arcane_stage::Stage;
use arcane_stage::actors::Spot;
use arcane_stage::dictionary::Tongue;
use arcane_stage::director::{Lateness, direct};
use arcane_stage::layout::View;
use arcane_stage::message;
use arcane_stage::picture::Kind;
use arcane_stage::sounds::Stinger;
use arcane_stage::store::{Origin, Store};
use proptest::prelude::*;
use serde_json::{Value, json};

struct Theatre {
    stage: Stage,
    store: Store,
    now: f64,
}

impl Theatre {
    fn new() -> Self {
        let mut stage = Stage::new(1, 0.0);
        stage.set_view(View { width: 900.0, height: 700.0, stage: [0.0, 0.0, 900.0, 640.0] });
        Self { stage, store: Store::default(), now: 0.0 }
    }

    /// As the page does: the store knows of it first, and then it is performed.
    fn tell(&mut self, value: Value) -> Lateness {
        #[expect(clippy::cast_possible_truncation, reason = "minutes")]
        let taken = Timestamp::from_unix_micros((self.now * 1000.0) as i64);
        let event = message::event(value, taken).expect("a readable event");
        let stored = self.store.receive(event).expect("a new event");
        let cue = direct(&stored.event, Origin::Live, Some(self.now), false, Tongue::Fantasy);
        let daemon = cue.daemon.as_ref().and_then(|name| self.store.daemons().get(name));
        self.stage.perform(&cue, daemon, self.now, self.now);
        cue.lateness
    }

    fn reload(&mut self) {
        self.stage.jump(self.store.daemons(), self.now, self.now);
        self.stage.advance(self.now);
    }

    fn wait(&mut self, ms: f64) {
        let until = self.now + ms;
        while self.now < until {
            self.now += 16.0;
            self.stage.advance(self.now);
        }
    }

    fn phases(&self) -> Vec<(String, &'static str)> {
        self.stage.drawn(self.now).map(|(name, _, phase, _)| (name.to_owned(), phase)).collect()
    }

    fn lines(&mut self) -> Vec<(&'static str, String)> {
        self.stage.refresh(self.store.daemons(), self.now, self.now);
        let mut labels = Vec::new();
        self.stage.labels(self.now, &mut labels);
        labels.into_iter().map(|label| (label.phase, label.line)).collect()
    }

    fn circles(&self) -> usize {
        self.stage.picture().marks.iter().filter(|mark| mark.kind == Kind::Circle).count()
    }
}

fn event(spell: &str, daemon: &str, success: bool) -> Value {
    json!({"spell_name": spell, "daemon_name": daemon, "success": success, "metadata": {"task": "t", "execution_time": 0.4}})
}

#[test]
fn a_failure_outlives_new_work() {
    let mut theatre = Theatre::new();
    theatre.tell(event("summon", "codex", true));
    theatre.wait(2_000.0);
    let task = |task: &str, success: bool| json!({"spell_name": "invoke", "daemon_name": "codex", "success": success, "metadata": {"task": task, "error": "exit 1"}});
    let begin = json!({"spell_name": "invoke", "daemon_name": "codex", "metadata": {"phase": "begin", "call_id": "x", "task": "lint"}});
    theatre.tell(task("Edit file95.rs", false));
    let crosses = |theatre: &Theatre| {
        theatre.stage.picture().marks.iter().filter(|mark| mark.kind == Kind::Cross).count()
    };
    for _ in 0..60 {
        theatre.wait(1_000.0);
        assert_eq!(theatre.lines(), [("failed", "Edit file95.rs: exit 1".to_owned())]);
        assert_eq!(crosses(&theatre), 1);
    }
    // The comet of what it does now runs outside of the open ring.
    theatre.tell(begin);
    theatre.wait(1_000.0);
    assert_eq!(theatre.lines(), [("failed", "Edit file95.rs: exit 1".to_owned())]);
    assert!(theatre.stage.picture().rings.len() >= 2 && crosses(&theatre) == 1);
    theatre.tell(task("lint", true));
    theatre.wait(1_000.0);
    assert_eq!(crosses(&theatre), 0);
}

#[test]
fn a_label_is_what_the_roster_says_whatever_was_performed() {
    let begin = |id: &str, task: &str| {
        json!({"spell_name": "reveal", "daemon_name": "codex",
            "metadata": {"query_type": "progress", "phase": "begin", "call_id": id, "task": task}})
    };
    let end = |id: &str, task: &str| json!({"spell_name": "invoke", "daemon_name": "codex", "metadata": {"call_id": id, "task": task}});
    let told = [
        (event("summon", "codex", true), "idle 2 s"),
        (begin("a", "build"), "build"),
        (begin("b", "lint"), "build"),
        (end("b", "lint"), "build"),
        (end("a", "build"), "idle 2 s"),
    ];
    let mut theatre = Theatre::new();
    for (event, line) in told {
        theatre.tell(event);
        theatre.wait(2_000.0);
        assert_eq!(theatre.lines()[0].1, line);
        theatre.reload();
        assert_eq!(theatre.lines()[0].1, line);
    }
}

#[test]
fn a_life_from_summon_to_banish() {
    let mut theatre = Theatre::new();
    theatre.tell(event("summon", "claude", true));
    theatre.wait(200.0);
    assert_eq!(theatre.phases(), [("claude".to_owned(), "inscribing")]);
    theatre.wait(2_000.0);
    assert_eq!(theatre.phases(), [("claude".to_owned(), "idle")]);
    theatre.tell(
        json!({"spell_name": "invoke", "daemon_name": "claude", "metadata": {"phase": "begin", "task": "t"}}),
    );
    theatre.wait(100.0);
    assert_eq!(theatre.phases()[0].1, "working");
    let before = theatre.stage.particles_alive();
    theatre.tell(event("invoke", "claude", true));
    theatre.wait(100.0);
    assert!(theatre.stage.particles_alive() > before + 30);
    theatre.tell(json!({"spell_name": "voice", "daemon_name": "claude", "description": "Go on?", "metadata": {"attention": true}}));
    theatre.wait(50.0);
    assert_eq!(theatre.phases()[0].1, "waiting");
    assert!(theatre.stage.picture().marks.iter().any(|mark| mark.kind == Kind::Badge));
    // A request stands in the lane for as long as it is open: it is no message.
    assert!(theatre.stage.lane().is_empty());
    theatre.tell(json!({"spell_name": "voice", "daemon_name": "claude", "description": "I go on."}));
    theatre.wait(50.0);
    assert_eq!(theatre.stage.lane().now().unwrap().0.text, "I go on.");
    theatre.tell(event("banish", "claude", true));
    theatre.wait(100.0);
    assert_eq!(theatre.phases()[0].1, "dissolving");
    theatre.wait(1_500.0);
    assert_eq!(theatre.circles(), 0);
}

#[test]
fn a_failure_halts_inverts_once_and_says_why() {
    let mut theatre = Theatre::new();
    theatre.tell(event("summon", "claude", true));
    theatre.wait(2_000.0);
    theatre.tell(event("invoke", "claude", false));
    theatre.wait(60.0);
    let frozen = theatre.stage.picture().particle_time;
    assert!(theatre.stage.picture().veil[3] > 0.0);
    assert_eq!(theatre.stage.lane().now().unwrap().0.text, "Rune destabilization detected · t");
    theatre.tell(event("invoke", "claude", false));
    theatre.wait(200.0);
    assert_eq!(theatre.stage.picture().particle_time.to_bits(), frozen.to_bits());
    assert_eq!(theatre.stage.governor().inversions_total(), 1);
    let mut sounds = Vec::new();
    theatre.stage.take_sounds(theatre.now, &mut sounds);
    assert!(sounds.iter().any(|sound| sound.stinger == Stinger::Error));
    theatre.wait(1_000.0);
    assert!(theatre.stage.picture().particle_time > frozen);
    assert!(theatre.stage.picture().veil[3] <= 0.0);
}

#[test]
fn reduced_motion_moves_nothing_and_inverts_nothing() {
    let mut theatre = Theatre::new();
    theatre.stage.set_reduced(true);
    theatre.tell(event("summon", "claude", true));
    for _ in 0..20 {
        theatre.tell(event("invoke", "claude", true));
        theatre.tell(event("invoke", "claude", false));
        theatre.wait(120.0);
        assert!(theatre.stage.picture().veil[3] <= 0.0);
    }
    assert_eq!(theatre.stage.particles_alive(), 0);
}

#[test]
fn the_same_story_makes_the_same_picture() {
    let told = || {
        let mut theatre = Theatre::new();
        for name in ["claude", "gemini", "codex"] {
            theatre.tell(event("summon", name, true));
            theatre.wait(300.0);
            theatre.tell(event("invoke", name, true));
        }
        theatre.wait(500.0);
        let mut shapes = Vec::new();
        theatre.stage.picture().encode_shapes(&mut shapes);
        (shapes, theatre.stage.particles_alive())
    };
    assert_eq!(told(), told());
}

#[test]
fn a_flood_is_few_marks_that_say_how_many_they_are_and_loses_no_failure() {
    let mut theatre = Theatre::new();
    theatre.tell(event("summon", "claude", true));
    theatre.wait(2_000.0);
    theatre.tell(event("invoke", "claude", true));
    assert_eq!(theatre.stage.events_per_mark(), 1);
    for _ in 0..100 {
        for _ in 0..17 {
            theatre.tell(event("invoke", "claude", true));
        }
        theatre.wait(100.0);
    }
    let ratio = theatre.stage.events_per_mark();
    assert!((15..=19).contains(&ratio), "{ratio}");
    theatre.wait(20_000.0);
    for _ in 0..50 {
        theatre.tell(event("invoke", "claude", false));
    }
    assert_eq!(theatre.stage.events_per_mark(), 1);
}

#[test]
fn more_daemons_than_places_are_bounded() {
    let mut theatre = Theatre::new();
    for n in 0..1_000 {
        theatre.tell(event("summon", &format!("daemon-{n}"), true));
    }
    theatre.wait(100.0);
    assert!(theatre.circles() <= 8 + arcane_stage::layout::band::SLOTS && theatre.circles() >= 8 + 20);
    assert_eq!(theatre.store.daemons().present().count(), 1_000);
}

fn absurd_event() -> impl Strategy<Value = Value> {
    let spells = prop_oneof![
        Just("summon".to_owned()),
        Just("invoke".to_owned()),
        Just("banish".to_owned()),
        Just("reveal".to_owned()),
        Just("parse".to_owned()),
        Just("voice".to_owned()),
        ".{0,30}",
    ];
    let texts = prop_oneof![".{0,60}", Just("x".repeat(10_240)), Just("\u{202e}\u{200b}שלום🜁".to_owned())];
    let numbers = prop_oneof![
        Just(json!(null)),
        Just(json!(0)),
        Just(json!(1_000_000_000_u64)),
        Just(json!(-5)),
        Just(json!("7")),
        Just(json!(1e300)),
    ];
    (spells, "[a-c]{0,2}", any::<bool>(), texts, numbers.clone(), numbers).prop_map(
        |(spell, daemon, success, text, number, deadline)| {
            json!({"spell_name": spell, "daemon_name": daemon, "success": success, "description": text.clone(),
                "metadata": {"task": text.clone(), "execution_time": number, "invocation_number": number, "spell_text": text.clone(),
                    "color": text.clone(), "attention": success, "phase": "begin",
                    "sync": {"deadline_ms": deadline, "animation": text.clone(), "display_text": text, "emitted_at": number}}})
        },
    )
}

proptest! {
    #[test]
    fn nothing_breaks_the_stage(events in proptest::collection::vec((absurd_event(), 0.0..700.0_f64), 0..40)) {
        let mut theatre = Theatre::new();
        for (event, wait) in events {
            theatre.tell(event);
            theatre.wait(wait);
            let picture = theatre.stage.picture();
            let finite = |v: &f32| v.is_finite();
            prop_assert!(picture.marks.iter().all(|mark| mark.centre.iter().chain(&mark.half).chain(&mark.color).all(finite)));
            prop_assert!(picture.marks.len() <= arcane_stage::picture::MARKS_MAX * 4);
        }
        let times: Vec<f64> = theatre.stage.governor().inversion_times().collect();
        prop_assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= 1_000.0));
    }
}

fn subagent(spell: &str, daemon: &str, parent: &str) -> Value {
    json!({"spell_name": spell, "daemon_name": daemon,
        "metadata": {"task": "look", "parent_daemon": parent, "session": "s", "agent_id": daemon}})
}

#[test]
fn a_subagent_is_a_moon_of_who_started_it_from_its_first_frame() {
    let mut theatre = Theatre::new();
    for daemon in ["claude", "gemini", "liquidmetal", "codex"] {
        theatre.tell(event("summon", daemon, true));
    }
    theatre.wait(3_000.0);
    let centre = |theatre: &Theatre, name: &str| {
        let mut drawn = theatre.stage.drawn(theatre.now);
        drawn.find(|one| one.0 == name).map(|(_, at, _, spot)| (at, spot == Spot::Moon))
    };
    let before = centre(&theatre, "claude").unwrap();
    // A moon takes no seat, so nobody moves.
    theatre.tell(subagent("summon", "explore", "claude"));
    theatre.tell(subagent("summon", "grep", "explore"));
    theatre.wait(16.0);
    let far = |name: &str| {
        let (at, is_moon) = centre(&theatre, name).unwrap();
        (is_moon, (at[0] - before.0[0]).hypot(at[1] - before.0[1]))
    };
    for name in ["explore", "grep"] {
        let (is_moon, far) = far(name);
        assert!(is_moon && far > 20.0 && far < 220.0, "{name} {far}");
    }
    assert_eq!(centre(&theatre, "claude"), Some(before));
    // Its thread leads to who started it, not to the bus.
    let links = &theatre.stage.picture().links;
    let to = |name: &str| {
        let (at, _) = centre(&theatre, name).unwrap();
        links.iter().find(|link| link.from == at).map(|link| link.to)
    };
    assert_eq!(to("explore"), Some(before.0));
    assert_eq!(to("grep"), centre(&theatre, "explore").map(|(at, _)| at));
    // After a reload it is the same picture.
    let moons: Vec<_> = ["explore", "grep"].map(|name| centre(&theatre, name)).into();
    theatre.reload();
    theatre.wait(16.0);
    assert_eq!(moons, ["explore", "grep"].map(|name| centre(&theatre, name)));
    // Without its parent it has a place of its own.
    theatre.tell(event("banish", "claude", true));
    theatre.wait(2_000.0);
    let (_, is_moon) = centre(&theatre, "explore").unwrap();
    assert!(!is_moon && centre(&theatre, "grep").unwrap().1);
}

#[test]
fn moons_beyond_the_places_are_counted_at_the_last() {
    let mut theatre = Theatre::new();
    theatre.tell(event("summon", "claude", true));
    for n in 0..9 {
        theatre.tell(subagent("summon", &format!("explore-{n}"), "claude"));
    }
    theatre.wait(2_000.0);
    let mut labels = Vec::new();
    theatre.stage.labels(theatre.now, &mut labels);
    assert_eq!(theatre.circles(), 1 + 2);
    assert!(labels.iter().any(|label| label.name == "+7"), "{labels:?}");
}

#[test]
fn a_session_that_ends_beside_others_takes_no_circle_away() {
    let told = |spell: &str, session: &str, left: u64| json!({"spell_name": spell, "daemon_name": "claude", "metadata": {"session": session, "manifestations": left}});
    let mut theatre = Theatre::new();
    theatre.tell(told("summon", "a", 1));
    theatre.tell(told("summon", "b", 2));
    theatre.wait(2_000.0);
    theatre.tell(told("banish", "b", 1));
    theatre.wait(3_000.0);
    assert_eq!(theatre.phases(), [("claude".to_owned(), "idle")]);
    theatre.tell(told("banish", "a", 0));
    theatre.wait(3_000.0);
    assert_eq!(theatre.phases(), []);
}

#[test]
fn a_moon_that_waits_is_drawn_and_brings_its_circle_to_a_seat() {
    let mut theatre = Theatre::new();
    for n in 0..40 {
        theatre.tell(event("summon", &format!("p{n}"), true));
    }
    for n in 0..5 {
        theatre.tell(subagent("summon", &format!("a{n}"), "p39"));
    }
    theatre.wait(2_000.0);
    assert!(!theatre.phases().iter().any(|(name, _)| name == "a4"));
    theatre.tell(json!({"spell_name": "voice", "daemon_name": "a4", "description": "May I?",
        "metadata": {"attention": true, "session": "s", "agent_id": "a4", "parent_daemon": "p39"}}));
    theatre.wait(1_000.0);
    for _ in 0..2 {
        let spots: Vec<_> = theatre
            .stage
            .drawn(theatre.now)
            .map(|(name, _, phase, spot)| (name.to_owned(), phase, spot))
            .collect();
        assert!(
            spots.iter().any(|(name, _, spot)| name == "p39" && matches!(spot, Spot::Seat(_))),
            "{spots:?}"
        );
        assert!(spots.contains(&("a4".to_owned(), "waiting", Spot::Moon)), "{spots:?}");
        theatre.reload();
    }
}
