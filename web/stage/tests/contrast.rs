//! Each state stands out from the ground by 3 to 1, whatever its colour is, also while another agent is looked at closely.

use arcane_shared::{Rgb, Timestamp};
use arcane_stage::Stage;
use arcane_stage::daemons::Daemons;
use arcane_stage::layout::View;
use arcane_stage::palette::{BACKGROUND, GROUND, LINE, RESTING, SIGN_CONTRAST_MIN, mix, text_color};
use arcane_stage::picture::{Kind, Picture};
use proptest::prelude::*;
use serde_json::{Value, json};

/// The moment that is shown, Unix milliseconds.
const NOW: f64 = 1_000_000.0;
const WHITE: Rgb = Rgb([255; 3]);

/// One in each state but one, which a small court has no room for.
fn stage(color: Rgb, without: usize) -> Stage {
    let mut daemons = Daemons::default();
    let mut tell = |spell: &str, name: &str, success: bool, back: f64, metadata: Value| {
        let mut metadata = metadata;
        metadata["session"] = json!(name);
        metadata["color"] = json!(color.to_string());
        let at = arcane_stage::moment::written(NOW - back);
        let event = json!({"spell_name": spell, "daemon_name": name, "success": success, "description": "d", "timestamp": at, "metadata": metadata});
        daemons.fold(&arcane_stage::message::event(event, Timestamp::from_unix_micros(0)).expect("an event"));
    };
    let begin = || json!({"task": "cargo test", "phase": "begin", "call_id": "c"});
    for name in ["waiting", "failed", "working", "silent", "idle"] {
        tell("summon", name, true, 400_000.0, json!({}));
    }
    tell("voice", "waiting", true, 5_000.0, json!({"attention": true, "task": "git push"}));
    tell("invoke", "failed", false, 5_000.0, json!({"task": "cargo build", "error": "exit 101"}));
    tell("invoke", "working", true, 5_000.0, begin());
    tell("invoke", "silent", true, 300_000.0, begin());
    let gone = ["waiting", "failed", "working", "silent", "idle"][without];
    tell("banish", gone, true, 300.0, json!({}));
    let mut stage = Stage::new(1, 0.0);
    stage.set_view(View { width: 872.0, height: 680.0, stage: [0.0, 0.0, 872.0, 680.0] });
    stage.jump(&daemons, NOW, 0.0);
    stage
}

/// A colour of a painter in some light, by itself: what stands below only adds to it.
fn painted([r, g, b, light]: [f32; 4], share: f32, white: f32) -> Rgb {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
    let color = Rgb([r, g, b].map(|part| (part * 255.0).round().clamp(0.0, 255.0) as u8));
    mix(Rgb([0; 3]), mix(color, WHITE, white), (light * share).min(1.0))
}

/// What stands out by less than it should.
fn faint(picture: &Picture) -> Vec<String> {
    let mut told = Vec::new();
    let mut look = |what: String, color: Rgb| {
        let contrast = color.contrast(GROUND);
        if contrast < SIGN_CONTRAST_MIN - 0.05 {
            told.push(format!("{what}: {contrast:.2}"));
        }
    };
    for mark in &picture.marks {
        let [share, white] = if mark.kind == Kind::Circle { RESTING } else { [1.0, 0.0] };
        look(format!("{:?}", mark.kind), painted(mark.color, share, white));
    }
    for link in &picture.links {
        look(format!("{link:?}"), painted(link.color, LINE, 0.0));
    }
    // A crown and the track of a comet say nothing by themselves: the ring of one that waits does, and the comet.
    for ring in picture
        .rings
        .iter()
        .filter(|ring| ring.fade > 0.0 || (ring.energy - 0.1).abs() < 1e-6 && ring.arc == [0.0, 1.0])
    {
        look(format!("{ring:?}"), painted(ring.color, LINE, 0.0));
    }
    told
}

fn holds(color: Rgb) {
    for without in 0..5 {
        let mut stage = stage(color, without);
        for focus in [None, Some("idle"), Some("working")] {
            stage.set_focus(focus.map(str::to_owned));
            for frame in 0..120_u32 {
                stage.advance(f64::from(frame) * 50.0);
            }
            assert_eq!(faint(stage.picture()), Vec::<String>::new(), "{color} without {without}, {focus:?}");
        }
    }
}

#[test]
fn each_state_of_an_agent_that_is_known_stands_out() {
    for color in
        ["#8B5CF6", "#F59E0B", "#06B6D4", "#7DD3FC", "#F472B6", "#A3893B", "#34D399", "#818CF8", "#A3B34B"]
    {
        holds(Rgb::parse(color).expect("a colour"));
    }
}

#[test]
fn what_the_shaders_paint_is_what_is_counted_on() {
    let marks = include_str!("../../src/painter/shaders/marks.rs");
    let [share, white] = RESTING;
    assert_eq!(marks.matches(&format!("float strength = {share} + 0.4 * light;")).count(), 2);
    assert_eq!(marks.matches(&format!("mix(color, vec3(1.0), {white}) * ink * strength")).count(), 2);
    let links = include_str!("../../src/painter/shaders/links.rs");
    assert!(links.contains("smoothstep(0.16, 0.04, d) + pow(1.0 - d, 2.5) * 0.35) * v_color.a"), "{LINE}");
    // The ground is at least as light as what is said to be below everything.
    assert!(GROUND.luminance() > BACKGROUND.luminance());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn each_state_of_any_agent_stands_out(r: u8, g: u8, b: u8) {
        holds(Rgb([r, g, b]));
    }

    #[test]
    fn any_name_can_be_read_on_the_stage(r: u8, g: u8, b: u8) {
        prop_assert!(text_color(Rgb([r, g, b])).contrast(GROUND) >= 4.5);
    }
}
