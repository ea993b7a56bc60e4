//! The stage with many daemons: labels find room or are not there, and each state has a shape of its own.

use arcane_shared::{Rgb, Timestamp};
use arcane_stage::Stage;
use arcane_stage::actors::Spot;
use arcane_stage::daemons::Daemons;
use arcane_stage::forced::Forced;
use arcane_stage::layout::View;
use arcane_stage::layout::labels::Room;
use arcane_stage::message;
use arcane_stage::picture::{DOTTED, Kind, OPEN, PLAIN};
use arcane_stage::stage::LabelKind;
use proptest::prelude::*;
use serde_json::{Value, json};

/// The moment that is shown, Unix milliseconds.
const NOW: f64 = 1_000_000.0;

fn daemons(events: impl IntoIterator<Item = Value>) -> Daemons {
    let mut daemons = Daemons::default();
    for event in events {
        daemons.fold(&message::event(event, Timestamp::from_unix_micros(0)).expect("a readable event"));
    }
    daemons
}

fn at(millis: f64) -> String {
    arcane_stage::moment::written(millis)
}

fn event(spell: &str, name: &str, success: bool, metadata: Value) -> Value {
    let mut metadata = metadata;
    metadata["session"] = json!(name);
    json!({"spell_name": spell, "daemon_name": name, "success": success, "description": "d", "timestamp": at(NOW - 5_000.0),
        "metadata": metadata})
}

/// A daemon of a project, in a state.
fn cast(name: &str, project: &str, state: usize) -> Vec<Value> {
    let mut told = vec![event("summon", name, true, json!({"project": project, "host": "kestrel"}))];
    match state {
        0 => told.push(event("voice", name, true, json!({"attention": true, "task": "git push"}))),
        1 => told.push(event("invoke", name, false, json!({"task": "cargo build", "error": "exit 101"}))),
        2 => told.push(event(
            "invoke",
            name,
            true,
            json!({"task": "cargo test", "phase": "begin", "call_id": "c"}),
        )),
        3 => {
            let mut begins =
                event("invoke", name, true, json!({"task": "t", "phase": "begin", "call_id": "c"}));
            begins["timestamp"] = json!(at(NOW - 300_000.0));
            told[0]["timestamp"] = json!(at(NOW - 300_000.0));
            told.push(begins);
        }
        _ => {}
    }
    told
}

fn staged(events: impl IntoIterator<Item = Value>, size: [f32; 2]) -> Stage {
    let mut stage = Stage::new(1, 0.0);
    stage.set_view(View { width: size[0], height: size[1], stage: [0.0, 0.0, size[0], size[1]] });
    stage.jump(&daemons(events), NOW, 0.0);
    stage.advance(0.0);
    stage.advance(16.0);
    stage
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_label_is_free_or_absent(
        cast_of in prop::collection::vec((0..6_usize, 0..5_usize), 1..90), w in 700.0..2_200.0_f32, h in 500.0..1_400.0_f32
    ) {
        let told = cast_of.iter().enumerate().flat_map(|(n, (project, state))| cast(&format!("daemon{n}"), &format!("p{project}"), *state));
        let mut stage = staged(told, [w, h]);
        let (mut labels, drawn) = (Vec::new(), stage.drawn(0.0).count());
        stage.labels(0.0, &mut labels);
        let rooms: Vec<(LabelKind, &str, Room)> = labels.iter().map(|l| (l.kind, l.key.as_str(), Room(l.room))).collect();
        for (i, (_, key, room)) in rooms.iter().enumerate() {
            prop_assert!(room.is_within([0.0, 0.0, w, h]), "{key} {room:?}");
            for (_, other, taken) in &rooms[..i] {
                prop_assert!(!room.meets(taken), "{key} {room:?} {other} {taken:?}");
            }
        }
        // Each circle has its label; labels of others lie on no mark.
        let circles = stage.drawn(0.0).filter(|one| matches!(one.3, Spot::Seat(_))).count();
        prop_assert_eq!(rooms.iter().filter(|(kind, ..)| *kind == LabelKind::Seat).count(), circles);
        prop_assert!(drawn >= circles);
        for mark in stage.picture().marks.iter().filter(|mark| mark.kind == Kind::Circle) {
            let r = mark.half[0] * arcane_stage::picture::RIM;
            for (kind, key, room) in rooms.iter().filter(|(kind, ..)| *kind != LabelKind::Seat) {
                prop_assert!(!room.touches(mark.centre, r - 1.0), "{kind:?} {key} {room:?} {mark:?}");
            }
        }
        // What was shown keeps its place.
        let before = labels.clone();
        stage.labels(0.0, &mut labels);
        prop_assert_eq!(before, labels);
    }
}

#[test]
fn each_state_differs_in_shape_with_colour_removed() {
    let shape = |state: usize| {
        let stage = staged(cast("codex", "ledger", state), [872.0, 680.0]);
        let picture = stage.picture();
        let circle = picture.marks.iter().find(|mark| mark.kind == Kind::Circle).unwrap();
        let style = circle.runes[3] & (OPEN | DOTTED | PLAIN);
        let signs: Vec<Kind> = picture
            .marks
            .iter()
            .map(|mark| mark.kind)
            .filter(|kind| !matches!(kind, Kind::Circle | Kind::Bus))
            .collect();
        (style, signs, picture.rings.len(), picture.links.len())
    };
    let shapes: Vec<_> = (0..5).map(shape).collect();
    for (i, one) in shapes.iter().enumerate() {
        for other in &shapes[..i] {
            assert!(one.0 != other.0 || one.1 != other.1, "{shapes:?}");
        }
    }
    assert_eq!(shapes[0].1, [Kind::Badge]);
    assert_eq!((shapes[1].0, &shapes[1].1[..]), (OPEN, &[Kind::Cross][..]));
    assert_eq!((shapes[2].0, &shapes[2].1[..]), (0, &[Kind::Dot][..]));
    assert_eq!((shapes[3].0, &shapes[3].1[..]), (OPEN | DOTTED | PLAIN, &[Kind::Dots][..]));
    assert_eq!((shapes[4].0, &shapes[4].1[..]), (PLAIN, &[][..]));
    // Waiting has its ring and its crown, a failure a thread that is broken in two.
    assert!(shapes[0].2 >= 3);
    assert_eq!((shapes[1].3, shapes[4].3), (2, 1));
}

#[test]
fn sixty_are_all_there_and_those_in_need_are_large() {
    let told = (0..60).flat_map(|n| {
        cast(
            &format!("d{n}"),
            &format!("p{}", n % 6),
            if n == 41 {
                0
            } else if n == 17 {
                1
            } else {
                4
            },
        )
    });
    let mut stage = staged(told, [872.0, 680.0]);
    let spot = |stage: &Stage, name: &str| stage.drawn(0.0).find(|one| one.0 == name).map(|one| one.3);
    assert!(matches!(spot(&stage, "d41"), Some(Spot::Seat(_))));
    assert!(matches!(spot(&stage, "d17"), Some(Spot::Seat(_))));
    assert_eq!(stage.left_out(), 0);
    assert_eq!(stage.drawn(0.0).count(), 60);
    let mut labels = Vec::new();
    stage.labels(0.0, &mut labels);
    assert_eq!(labels.iter().filter(|label| label.kind == LabelKind::Crest).count(), 6);
    let waits = labels.iter().find(|label| label.name == "d41").unwrap();
    assert_eq!(
        (waits.phase, waits.line.as_str(), waits.figure.as_str()),
        ("waiting", "waits for you: git push", "0:05")
    );
}

#[test]
fn a_phone_has_a_strip_with_those_in_need_first() {
    let told = (0..9).flat_map(|n| {
        cast(
            &format!("d{n}"),
            "p",
            if n == 6 {
                0
            } else if n == 3 {
                1
            } else {
                4
            },
        )
    });
    let mut stage = staged(told, [390.0, 170.0]);
    let mut drawn: Vec<_> = stage.drawn(0.0).map(|(name, at, ..)| (at[0], name.to_owned())).collect();
    drawn.sort_by(|a, b| a.0.total_cmp(&b.0));
    let names: Vec<_> = drawn.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(names[..2], ["d6", "d3"]);
    // A finger leads to the others, and no further.
    assert_eq!(drawn.len(), 8);
    assert!(drawn[3].0 < 370.0 && drawn[7].0 > 390.0, "{drawn:?}");
    let last = |stage: &Stage| stage.drawn(0.0).map(|(_, at, ..)| at[0]).fold(0.0, f32::max);
    stage.scroll_strip(10_000.0);
    stage.advance(32.0);
    assert!((320.0..390.0).contains(&last(&stage)), "{}", last(&stage));
    stage.scroll_strip(-10_000.0);
    stage.advance(48.0);
    assert!((last(&stage) - drawn[7].0).abs() < 0.5);
}

#[test]
fn less_motion_tells_the_direction_of_a_thread_by_heads() {
    // Who waits has one before its bar, who works has three on its way; who rests, or is silent, sends nothing.
    let more = [2, 0, 6, 0, 0];
    for (state, more) in more.into_iter().enumerate() {
        let lines = |reduced: bool| {
            let mut stage = staged(cast("codex", "ledger", state), [872.0, 680.0]);
            stage.set_reduced(reduced);
            stage.advance(32.0);
            stage.picture().links.len()
        };
        assert_eq!(lines(true), lines(false) + more, "state {state}");
    }
}

#[test]
fn a_crest_is_tied_to_the_homes_that_it_names() {
    let told = (0..12).flat_map(|n| cast(&format!("daemon{n}"), &format!("p{}", n % 3), 4));
    let mut stage = staged(told, [1200.0, 800.0]);
    let before = stage.picture().links.len();
    let mut labels = Vec::new();
    stage.labels(0.0, &mut labels);
    stage.advance(32.0);
    let crests = labels.iter().filter(|label| label.kind == LabelKind::Crest).count();
    assert_eq!((crests, stage.picture().links.len()), (3, before + 3));
}

#[test]
fn a_crest_counts_subagents_beside_those_that_have_a_circle() {
    let line = |children: usize| {
        let mut told = cast("claude", "shop", 4);
        for n in 0..children {
            let of = json!({"project": "shop", "host": "kestrel", "agent_id": format!("a{n}"), "parent_daemon": "claude"});
            told.push(event("summon", &format!("sub{n}"), true, of));
        }
        let mut labels = Vec::new();
        staged(told, [1200.0, 800.0]).labels(0.0, &mut labels);
        labels.iter().find(|label| label.kind == LabelKind::Crest).unwrap().line.clone()
    };
    assert_eq!(
        [0, 1, 40].map(line),
        ["kestrel · 1", "kestrel · 1 + 1 subagent", "kestrel · 1 + 40 subagents"]
    );
}

#[test]
fn a_request_that_finds_no_room_says_first_what_it_asks() {
    let line = |task: &str| {
        let mut told = cast("codex", "ledger", 4);
        told.extend((0..5).flat_map(|n| cast(&format!("idle{n}"), "p", 4)));
        told.push(event("voice", "codex", true, json!({"attention": true, "task": task})));
        let mut stage = staged(told, [872.0, 680.0]);
        let mut labels = Vec::new();
        stage.labels(0.0, &mut labels);
        labels.iter().find(|label| label.name == "codex").unwrap().line.clone()
    };
    assert_eq!(line("git push"), "waits for you: git push");
    assert_eq!(line("git push origin"), "asks: git push origin");
    // Where even that is cut, the badge and the amber say that it asks.
    assert_eq!(line("git push origin main"), "git push origin main");
}

#[test]
fn where_colours_are_forced_a_figure_is_whole_before_a_word_says_the_state() {
    let figure = |name: &str| {
        let mut told = cast(name, "ledger", 4);
        told.extend((0..5).flat_map(|n| cast(&format!("idle{n}"), "p", 4)));
        told.push(event("voice", name, true, json!({"attention": true, "task": "git push"})));
        let mut stage = staged(told, [872.0, 680.0]);
        let black = Rgb([0, 0, 0]);
        stage.set_forced(Some(Forced { ground: black, ink: black, chosen: black }));
        let mut labels = Vec::new();
        stage.labels(0.0, &mut labels);
        labels.iter().find(|label| label.name == name).unwrap().figure.clone()
    };
    let (short, long) = (figure("codex"), figure("a-reviewer-with-a-long-name"));
    assert_eq!(short, ["waits ", long.as_str()].concat());
}
