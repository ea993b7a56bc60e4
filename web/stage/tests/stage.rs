//! The stage from outside: events in, pictures out, whatever the events are.

use arcane_shared::Timestamp;
use arcane_stage::Stage;
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

    fn tell(&mut self, value: Value) -> Lateness {
        let event = message::event(value, Timestamp::from_unix_micros(0)).expect("a readable event");
        let stored = self.store.receive(event).expect("a new event");
        let cue = direct(&stored.event, Origin::Live, Some(self.now), false);
        self.stage.perform(&cue, self.now);
        cue.lateness
    }

    fn wait(&mut self, ms: f64) {
        let until = self.now + ms;
        while self.now < until {
            self.now += 16.0;
            self.stage.advance(self.now);
        }
    }

    fn phases(&self) -> Vec<(String, &'static str)> {
        let mut labels = Vec::new();
        self.stage.labels(self.now, &mut labels);
        labels.into_iter().map(|label| (label.name, label.phase)).collect()
    }

    /// As the page does: a cue is performed, and then the daemon does what is known of it.
    fn follow(&mut self, value: Value) {
        self.tell(value);
        let daemons: Vec<_> = self.store.daemons().iter().cloned().collect();
        for daemon in &daemons {
            self.stage.follow(daemon, self.now);
        }
    }

    fn lines(&self) -> Vec<(&'static str, String)> {
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
fn red_is_the_call_that_failed_and_not_the_one_after_it() {
    let mut theatre = Theatre::new();
    theatre.follow(event("summon", "codex", true));
    theatre.wait(2_000.0);
    let task = |task: &str, success: bool| json!({"spell_name": "invoke", "daemon_name": "codex", "success": success, "metadata": {"task": task}});
    theatre.follow(task("Edit file95.rs", false));
    for n in 96..120 {
        theatre.follow(task(&format!("Edit file{n}.rs"), true));
        theatre.wait(16.0);
        assert_eq!(theatre.lines(), [("failing", "Edit file95.rs".to_owned())]);
    }
    theatre.wait(2_000.0);
    assert_eq!(theatre.lines(), [("idle", "Edit file119.rs".to_owned())]);
}

#[test]
fn a_caption_is_what_the_roster_says_whatever_was_performed() {
    let begin = |id: &str, task: &str| {
        json!({"spell_name": "reveal", "daemon_name": "codex",
            "metadata": {"query_type": "progress", "phase": "begin", "call_id": id, "task": task}})
    };
    let end = |id: &str, task: &str| json!({"spell_name": "invoke", "daemon_name": "codex", "metadata": {"call_id": id, "task": task}});
    let told = [
        (event("summon", "codex", true), "materializes"),
        (begin("a", "build"), "build"),
        (begin("b", "lint"), "lint"),
        (end("b", "lint"), "build"),
        (end("a", "build"), "build"),
        (json!({"spell_name": "voice", "daemon_name": "codex", "description": "Done."}), "Done."),
    ];
    let mut theatre = Theatre::new();
    for (event, line) in told {
        theatre.follow(event);
        theatre.wait(2_000.0);
        assert_eq!(theatre.lines()[0].1, line);
        // A reload shows the same, but for a daemon that has done nothing.
        theatre.stage.jump(theatre.store.daemons(), theatre.now);
        assert!(theatre.lines()[0].1 == line || line == "materializes");
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
    assert!(theatre.stage.picture().marks.iter().any(|mark| mark.kind == Kind::Beacon));
    assert_eq!(theatre.stage.subtitle(theatre.now).unwrap().text, "Go on?");
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
    assert_eq!(theatre.stage.display(theatre.now).unwrap().text, "Rune destabilization detected");
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
    assert_eq!(theatre.circles(), arcane_stage::stage::ACTORS_MAX);
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
        theatre.follow(event("summon", daemon, true));
    }
    theatre.wait(3_000.0);
    let centre = |theatre: &Theatre, name: &str| {
        let mut labels = Vec::new();
        theatre.stage.labels(theatre.now, &mut labels);
        labels.into_iter().find(|label| label.name == name).map(|label| (label.centre, label.is_moon))
    };
    let before = centre(&theatre, "claude").unwrap();
    // No fifth place on the ring, so nobody moves.
    theatre.follow(subagent("summon", "explore", "claude"));
    theatre.follow(subagent("summon", "grep", "explore"));
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
    theatre.stage.jump(theatre.store.daemons(), theatre.now);
    theatre.wait(16.0);
    assert_eq!(moons, ["explore", "grep"].map(|name| centre(&theatre, name)));
    // Without its parent it has a place of its own.
    theatre.follow(event("banish", "claude", true));
    theatre.wait(2_000.0);
    let (_, is_moon) = centre(&theatre, "explore").unwrap();
    assert!(!is_moon && centre(&theatre, "grep").unwrap().1);
}

#[test]
fn moons_beyond_the_places_are_counted_on_the_label() {
    let mut theatre = Theatre::new();
    theatre.follow(event("summon", "claude", true));
    for n in 0..9 {
        theatre.follow(subagent("summon", &format!("explore-{n}"), "claude"));
    }
    theatre.wait(2_000.0);
    let mut labels = Vec::new();
    theatre.stage.labels(theatre.now, &mut labels);
    assert_eq!((labels.len(), theatre.circles()), (7, 7));
    assert!(labels[0].line.starts_with("+3 · "), "{}", labels[0].line);
}

#[test]
fn a_session_that_ends_beside_others_takes_no_circle_away() {
    let told = |spell: &str, session: &str, left: u64| json!({"spell_name": spell, "daemon_name": "claude", "metadata": {"session": session, "manifestations": left}});
    let mut theatre = Theatre::new();
    theatre.follow(told("summon", "a", 1));
    theatre.follow(told("summon", "b", 2));
    theatre.wait(2_000.0);
    theatre.follow(told("banish", "b", 1));
    theatre.wait(3_000.0);
    assert_eq!(theatre.phases(), [("claude".to_owned(), "idle")]);
    theatre.follow(told("banish", "a", 0));
    theatre.wait(3_000.0);
    assert_eq!(theatre.phases(), []);
}

#[test]
fn a_crowd_is_counted_and_hides_nobody_who_waits() {
    let mut theatre = Theatre::new();
    theatre.follow(event("summon", "boss", true));
    for n in 0..60 {
        theatre.follow(subagent("summon", &format!("a{n}"), "boss"));
    }
    theatre.follow(event("summon", "other", true));
    theatre.wait(2_000.0);
    let told = |theatre: &Theatre| {
        let mut labels = Vec::new();
        theatre.stage.labels(theatre.now, &mut labels);
        let boss = labels.iter().find(|label| label.name == "boss").unwrap().line.clone();
        let other = labels.iter().any(|label| label.name == "other");
        (labels.len(), boss.split(' ').next().unwrap().to_owned(), other, theatre.stage.left_out())
    };
    assert_eq!(told(&theatre), (8, "+54".to_owned(), true, 0));
    theatre.stage.jump(theatre.store.daemons(), theatre.now);
    assert_eq!(told(&theatre), (8, "+54".to_owned(), true, 0));
    // Forty that nobody started: there is no room for all of them, but for who waits, also after a reload.
    for n in 0..40 {
        theatre.follow(event("summon", &format!("p{n}"), true));
    }
    assert_eq!(theatre.stage.left_out(), 40 + 2 - arcane_stage::stage::ACTORS_MAX);
    let waits = |name: &str, parent: Option<&str>| {
        json!({"spell_name": "voice", "daemon_name": name, "description": "May I?",
            "metadata": {"attention": true, "session": "s", "agent_id": name, "parent_daemon": parent}})
    };
    theatre.follow(waits("p39", None));
    theatre.follow(waits("a59", Some("boss")));
    for _ in 0..2 {
        let phases = theatre.phases();
        for name in ["p39", "a59"] {
            assert!(phases.iter().any(|(other, _)| other == name), "{name}: {phases:?}");
        }
        assert_eq!(told(&theatre).1, "+54");
        theatre.stage.jump(theatre.store.daemons(), theatre.now);
    }
}
