//! How each state is told: by light, lines, shape and motion, so that colour is one voice of several.

use arcane_shared::Rgb;
use arcane_shared::roster::BUDGET_ENDS_AT;

use crate::actors::{Actor, BREAK_MS, INSCRIBE_MS, Spot, swell};
use crate::effects::mark;
use crate::palette;
use crate::picture::{DOTTED, Kind, Mark, OPEN, PLAIN, Picture, RIM, Ring, SEAL};
use crate::states::State;
use crate::wave::{cos, sin};

/// How long a crown takes to widen and fade, seconds.
const CROWN_S: f32 = 2.0;
/// How many turns a circle that loops takes backwards, a second.
const LOOP_TURNS: f32 = 0.125;
/// How long an idle circle takes to breathe, seconds.
const BREATH_S: f32 = 6.0;
/// Most notches of a comet's track: one for each whole minute.
const NOTCHES_MAX: f32 = 12.0;
/// The middle of the gap in a ring that is open, turns: between one and two o'clock.
const GAP: f32 = 0.125;

/// What a frame is drawn by.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// The page's clock, milliseconds.
    pub now: f64,
    /// Time of what moves for ever, seconds; 0.0 with reduced motion.
    pub time: f32,
    /// No travel, no turning; only light changes.
    pub reduced: bool,
    /// More contrast was asked for.
    pub stark: bool,
    /// One measure, pixels.
    pub u: f32,
    /// How much thicker than on a desk lines are.
    pub thick: f32,
}

/// Light of a circle in a state, 0.0–1.0.
#[must_use]
pub fn light(state: State, spot: Spot, stark: bool) -> f32 {
    let light: f32 = match (state, spot) {
        (State::Waiting | State::Looping | State::Working, _) => 1.0,
        (State::Failed, Spot::Home(_)) => 1.0,
        (State::Failed, _) => 0.78,
        (State::Silent, Spot::Home(_)) => 0.6,
        (State::Idle, Spot::Home(_)) => 0.42,
        (State::Idle, _) => 0.35,
        (State::Silent, _) => 0.30,
    };
    if stark { light.max(0.8) } else { light }
}

/// Weight of a circle's lines, pixels.
#[must_use]
fn weight(state: State, spot: Spot, stark: bool) -> f32 {
    let weight: f32 = match (state, spot) {
        (State::Waiting | State::Looping, Spot::Seat(_)) => 2.0,
        (State::Idle, Spot::Seat(_)) => 1.0,
        (_, Spot::Seat(_)) => 1.5,
        (State::Idle | State::Silent, _) => 0.9,
        _ => 1.4,
    };
    if stark { weight.max(1.5) } else { weight }
}

/// The circle, the seal or the moon of a daemon.
#[must_use]
pub fn circle(actor: &Actor, centre: [f32; 2], dim: f32, at: Moment) -> Mark {
    let Moment { now, time, reduced, .. } = at;
    let pulse = swell(now - actor.pulsed, crate::actors::PULSE_MS);
    let broken = swell(now - actor.broke, BREAK_MS);
    let inscribed = if reduced { 1.0 } else { actor.inscribed(now) };
    let fade_in = if reduced { actor.inscribed(now) } else { 1.0 };
    let gone = actor.dissolved(now);
    let direction = if actor.inscription.rim[5].is_multiple_of(2) { 1.0 } else { -1.0 };
    let radius = actor.radius() * (1.0 + if reduced { 0.0 } else { 0.05 * pulse });
    let hollow = swell(now - actor.missed, 1_200.0);
    let is_seated = matches!(actor.spot, Spot::Seat(_));
    let glows = matches!(actor.state, State::Working | State::Waiting | State::Looping);
    let breath = if actor.state == State::Idle && !reduced {
        1.0 + 0.04 * sin(time * std::f32::consts::TAU / BREATH_S + f32::from(actor.inscription.rim[3]))
    } else {
        1.0
    };
    // What happens to one that rests is seen: it brightens for as long as its gesture lasts.
    let lively =
        pulse.max(broken).max(swell(now - actor.appeared - INSCRIBE_MS * 0.8, 900.0)).max(1.0 - inscribed);
    let shown = actor.shown[1] + (1.0 - actor.shown[1]) * lively.min(1.0) * 0.85;
    let color = palette::mix(actor.color, palette::ROSE, broken * 0.45);
    let mut runes = actor.inscription.packed();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few pixels")]
    let weight = (weight(actor.state, actor.spot, at.stark) * at.thick * 16.0) as u32;
    runes[3] = style(actor, is_seated) | weight << 8;
    let glow = if glows { 0.4 } else { 0.0 };
    Mark {
        kind: Kind::Circle,
        centre,
        half: [radius / RIM; 2],
        color: palette::floats(
            color,
            (shown * breath * dim).max(actor.least[0]).min(1.0) * fade_in * (1.0 - gone * gone),
        ),
        turn: match actor.state {
            // Against its own way, and fast enough to be seen.
            State::Looping => time * -LOOP_TURNS * std::f32::consts::TAU * direction,
            _ if glows => time * 0.06 * direction,
            _ => 0.0,
        },
        progress: inscribed,
        glow: glow
            + 0.9 * pulse
            + 0.5 * actor.heat
            + 0.5 * swell(now - actor.appeared - INSCRIBE_MS * 0.8, 900.0),
        // A failure tears the circle for a moment; a banishment takes all of it.
        dissolve: gone.max(broken * 0.42),
        flood: (1.0 - hollow) * if glows || actor.has_failed { 0.55 + 0.45 * pulse } else { 0.45 * pulse },
        corners: f32::from(actor.inscription.corners),
        runes,
        seed: f32::from(actor.inscription.rim[7]) + f32::from(actor.inscription.rim[9]) / 24.0,
    }
}

/// How the lines of its circle are: see [`OPEN`], [`DOTTED`], [`SEAL`] and [`PLAIN`].
fn style(actor: &Actor, is_seated: bool) -> u32 {
    let mut style = 0;
    if !is_seated {
        style |= SEAL;
    }
    if actor.has_failed && is_seated {
        style |= OPEN;
    }
    if actor.state == State::Silent {
        style |= if is_seated { DOTTED | OPEN } else { DOTTED };
    }
    if matches!(actor.state, State::Idle | State::Silent) {
        style |= PLAIN;
    }
    style
}

/// What is around a circle that says its state: comet, crown, badge, cross, dots.
pub fn signs(actor: &Actor, centre: [f32; 2], dim: f32, at: Moment, picture: &mut Picture) {
    if actor.vanished.is_some() || actor.inscribed(at.now) < 1.0 || !actor.is_drawn() {
        return;
    }
    let (u, radius) = (at.u, actor.radius());
    // Who needs nobody is dimmed most, and stands out even then.
    let least = dim.max(actor.least[0]).min(1.0);
    let is_seated = matches!(actor.spot, Spot::Seat(_));
    let arm = if is_seated { 1.0 } else { 0.4 };
    let here = |turn: f32, far: f32| on(centre, turn, far);
    let (since, comet_light) = actor.comet;
    if comet_light > 0.02 {
        let track = radius + if is_seated { 8.0 * u } else { 3.0 * u + 1.0 };
        comet(centre, track, actor.color, since, is_seated, least * comet_light, at, picture);
    }
    if actor.state == State::Waiting {
        let color = |alpha: f32| palette::floats(palette::BEACON, alpha * dim);
        let mut ring = |far: f32, alpha: f32, arc: [f32; 2]| {
            let ring = Ring { arc, ..Ring::whole(centre, radius + far * u * arm, color(alpha), 0.1) };
            picture.rings.push(ring);
        };
        let crown = [-0.36, 0.36];
        let phase = if at.reduced { 0.0 } else { (at.time / CROWN_S).fract() };
        ring(6.0, 1.0, [0.0, 1.0]);
        if is_seated {
            ring(11.0 + 4.0 * phase, 0.75 * (1.0 - phase), crown);
            ring(16.0, 0.35 + 0.3 * (1.0 - phase), crown);
            if phase > 0.0 {
                ring(11.0, 0.75 * phase, crown);
            }
        }
        let size = (10.0 * u * if is_seated { 1.0 } else { 0.7 }).max(6.0);
        picture.marks.push(mark(Kind::Badge, here(GAP, radius), [size; 2], color(1.0), 1.0));
    } else if actor.state == State::Looping {
        let color = palette::floats(palette::BEACON, dim);
        wheel(centre, radius + 6.0 * u * arm, color, at, picture);
        let size = (10.0 * u * if is_seated { 1.0 } else { 0.7 }).max(6.0);
        picture.marks.push(mark(Kind::Badge, here(GAP, radius), [size; 2], color, 1.0));
    } else if actor.has_failed {
        let color = palette::floats(palette::ROSE, dim);
        let size = (19.0 * u * if is_seated { 1.0 } else { 0.55 }).max(8.0);
        picture.marks.push(mark(Kind::Cross, here(GAP, radius), [size; 2], color, 1.0));
    } else if actor.state == State::Silent {
        let color = palette::floats(actor.color, least);
        let size = 9.0 * u * if is_seated { 1.0 } else { 0.6 };
        picture.marks.push(mark(Kind::Dots, here(GAP, radius), [size; 2], color, 1.0));
    }
    if actor.budget > 0 {
        // The smallest of signs: a bar below the circle, rose where all is spent.
        let is_spent = actor.budget >= BUDGET_ENDS_AT;
        let color = palette::floats(if is_spent { palette::ROSE } else { palette::BEACON }, 0.9 * least);
        let half = if is_spent { 0.1 } else { 0.06 };
        let arc = [0.5 - half, 0.5 + half];
        picture.rings.push(Ring { arc, ..Ring::whole(centre, radius + 3.0 * u, color, 0.1) });
    }
    // Both at once: the cross stands on the other side of the badge.
    if matches!(actor.state, State::Waiting | State::Looping) && actor.has_failed {
        let color = palette::floats(palette::ROSE, dim);
        let size = (12.0 * u * if is_seated { 1.0 } else { 0.6 }).max(6.0);
        picture.marks.push(mark(Kind::Cross, here(-GAP, radius), [size; 2], color, 1.0));
    }
}

/// A wheel of three pieces that runs backwards; it stands still with less motion, and is one then, too.
fn wheel(centre: [f32; 2], radius: f32, color: [f32; 4], at: Moment, picture: &mut Picture) {
    let back = (at.time * LOOP_TURNS).fract();
    for piece in [0.0, 1.0 / 3.0, 2.0 / 3.0] {
        let arc = [piece - back, piece - back + 0.25];
        picture.rings.push(Ring { arc, ..Ring::whole(centre, radius, color, 0.1) });
    }
}

/// A clock around who works: its head is the second hand, its tail the current minute, its notches whole minutes.
#[expect(clippy::too_many_arguments, reason = "a comet has this many parts")]
fn comet(
    centre: [f32; 2],
    track: f32,
    color: Rgb,
    since: f64,
    is_seated: bool,
    dim: f32,
    at: Moment,
    picture: &mut Picture,
) {
    let elapsed = ((at.now - since) / 1000.0).max(0.0);
    // With reduced motion it steps once a second.
    let elapsed = if at.reduced { elapsed.floor() } else { elapsed };
    #[expect(clippy::cast_possible_truncation, reason = "a part of a minute")]
    let head = (elapsed / 60.0).fract() as f32;
    #[expect(clippy::cast_possible_truncation, reason = "bounded before")]
    let minutes = (elapsed / 60.0).floor().min(1e6) as f32;
    let bright = palette::mix(color, Rgb([255; 3]), 0.45);
    let ring = |color: [f32; 4], energy: f32, arc: [f32; 2], fade: f32| Ring {
        arc,
        fade,
        ..Ring::whole(centre, track, color, energy)
    };
    if is_seated {
        picture.rings.push(ring(palette::floats(color, 0.28 * dim), 0.0, [0.0, 1.0], 0.0));
    }
    picture.rings.push(ring(palette::floats(bright, 0.95 * dim), 0.22, [0.0, head.max(0.004)], 0.92));
    if is_seated && minutes <= NOTCHES_MAX {
        let mut notch = 0.0;
        while notch < minutes {
            let turn = notch / NOTCHES_MAX;
            let arc = [turn - 0.006, turn + 0.006];
            let far =
                Ring { arc, ..Ring::whole(centre, track + 4.0 * at.u, palette::floats(bright, dim), 0.3) };
            picture.rings.push(far);
            notch += 1.0;
        }
    }
    let size = if is_seated { 4.5 * at.u } else { 2.6 * at.u };
    let dot =
        mark(Kind::Dot, on(centre, head, track), [size.max(2.5) * 1.6; 2], palette::floats(bright, dim), 1.0);
    picture.marks.push(dot);
}

/// A place on a circle around a middle, turns clockwise from the top.
fn on(centre: [f32; 2], turn: f32, far: f32) -> [f32; 2] {
    let angle = turn * std::f32::consts::TAU;
    [centre[0] + sin(angle) * far, centre[1] - cos(angle) * far]
}
