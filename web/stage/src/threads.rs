//! Lines between marks: threads to the bus that tell a state, ties of moons, empty chairs, and a group's homes as a constellation.

use arcane_shared::Rgb;

use crate::actors::{Actor, BREAK_MS, Spot, swell};
use crate::effects::mark;
use crate::layout::Form;
use crate::layout::band::SLOTS;
use crate::looks::Moment;
use crate::palette;
use crate::picture::{Kind, Link};
use crate::stage::Stage;
use crate::states::State;

/// Where the queue of one that waits stands, along its thread.
pub(crate) const BAR: f32 = 0.36;
/// Between which parts the thread of a failure is broken.
const BREACH: [f32; 2] = [0.38, 0.56];
/// Length of a head, measures; and where on a thread heads are: of a circle's, of a seal's or a moon's, before the bar.
const HEAD: f32 = 11.0;
const HEADS: [f32; 3] = [0.4, 0.58, 0.76];
const ONE_HEAD: [f32; 1] = [0.55];
const BEFORE_BAR: [f32; 1] = [BAR - 0.05];
/// Longest thread to an empty chair, measures.
const CHAIR_FAR: f32 = 190.0;
/// Most slots between two homes that are joined.
const JOINED_FAR: usize = 14;

/// The control point of the curve from a place to the bus, or to another circle.
pub(crate) fn bend(at: [f32; 2], to: [f32; 2]) -> [f32; 2] {
    if to != [0.0; 2] {
        return [0, 1].map(|i| (at[i] + to[i]) / 2.0);
    }
    [at[0] * 0.5 - at[1] * 0.16, at[1] * 0.5 + at[0] * 0.16 - at[1] * 0.08]
}

/// A part of a curve: from, control, to.
pub(crate) fn piece([a, b, c]: [[f32; 2]; 3], t0: f32, t1: f32) -> [[f32; 2]; 3] {
    let mix = |p: [f32; 2], q: [f32; 2], t: f32| [0, 1].map(|i| p[i] + (q[i] - p[i]) * t);
    let at = |t: f32| mix(mix(a, b, t), mix(b, c, t), t);
    let control = mix(mix(a, b, t0), mix(b, c, t0), t1);
    [at(t0), control, at(t1)]
}

fn link([from, control, to]: [[f32; 2]; 3], color: [f32; 4], energy: f32) -> Link {
    Link { from, control, to, color, energy, progress: 1.0 }
}

/// Heads along a curve, where nothing flows that would tell its direction: two lines each, the point ahead.
fn heads(ends: [[f32; 2]; 3], at: &[f32], color: [f32; 4], u: f32, links: &mut Vec<Link>) {
    for part in at {
        let [before, _, tip] = piece(ends, part - 0.02, *part);
        let along = [tip[0] - before[0], tip[1] - before[1]];
        let length = along[0].hypot(along[1]).max(0.001);
        let [x, y] = along.map(|way| way / length * HEAD * u.max(0.6));
        for side in [-0.6, 0.6] {
            links.push(straight([tip[0] - x - y * side, tip[1] - y + x * side], tip, color));
        }
    }
}

fn straight(from: [f32; 2], to: [f32; 2], color: [f32; 4]) -> Link {
    let control = [0, 1].map(|i| (from[i] + to[i]) / 2.0);
    link([from, control, to], color, 0.0)
}

impl Stage {
    /// All lines of a frame.
    pub(crate) fn lines(&mut self, at: Moment) {
        let mut links = std::mem::take(&mut self.picture.links);
        links.clear();
        for (name, actor) in self.actors.iter() {
            let dim = self.dims(name, actor);
            match actor.spot {
                Spot::Seat(_) if self.court.form != Form::Strip => self.thread(actor, dim, at, &mut links),
                Spot::Moon => {
                    let there = actor.inscribed(at.now) * (1.0 - actor.dissolved(at.now));
                    let ends =
                        [actor.at, bend(actor.at, actor.to), actor.to].map(|at| self.court.mapping.px(at));
                    let alpha = if actor.state == State::Idle { 0.35 } else { 0.7 } * dim;
                    let alpha = alpha.max(actor.least[1]) * there;
                    links.push(link(ends, palette::floats(actor.color, alpha), actor.heat * 0.4));
                    if at.reduced && actor.state == State::Working {
                        heads(ends, &ONE_HEAD, palette::floats(actor.color, alpha), at.u * 0.7, &mut links);
                    }
                }
                Spot::Home(_) if actor.state == State::Working => {
                    let ends =
                        [actor.at, bend(actor.at, actor.to), actor.to].map(|at| self.court.mapping.px(at));
                    links.push(link(ends, palette::floats(actor.color, 0.22 * dim), actor.heat * 0.6));
                    if at.reduced {
                        heads(ends, &ONE_HEAD, palette::floats(actor.color, 0.5 * dim), at.u, &mut links);
                    }
                }
                Spot::Seat(_) | Spot::Home(_) | Spot::Folded => {}
            }
        }
        if self.court.form == Form::Large {
            self.chairs(&mut links);
            self.constellations(&mut links);
        }
        self.picture.links = links;
    }

    /// The thread of a circle to the bus.
    fn thread(&self, actor: &Actor, dim: f32, at: Moment, links: &mut Vec<Link>) {
        let there = actor.inscribed(at.now) * (1.0 - actor.dissolved(at.now));
        let ends = [actor.at, bend(actor.at, actor.to), actor.to].map(|at| self.court.mapping.px(at));
        // Outside of the circle: nothing is written over its rune.
        let length = (ends[2][0] - ends[0][0]).hypot(ends[2][1] - ends[0][1]);
        let edge = ((actor.radius() + 8.0 * at.u) / length.max(1.0)).min(BAR * 0.8);
        let color =
            |color: Rgb, alpha: f32| palette::floats(color, (alpha * dim).max(actor.least[1]) * there);
        let lively = 0.5 * actor.heat;
        match actor.state {
            State::Waiting => {
                links.push(link(piece(ends, edge, BAR), color(palette::BEACON, 0.6), 0.0));
                links
                    .push(Link { energy: -1.0, ..link(piece(ends, BAR, 1.0), color(actor.color, 0.3), 0.0) });
                // The bar lies across the thread.
                let [before, _, bar] = piece(ends, BAR - 0.02, BAR);
                let along = [bar[0] - before[0], bar[1] - before[1]];
                let length = along[0].hypot(along[1]).max(0.001);
                let half = 9.0 * at.u;
                let across = [-along[1] / length * half, along[0] / length * half];
                let end = |sign: f32| [bar[0] + across[0] * sign, bar[1] + across[1] * sign];
                links.push(straight(end(-1.0), end(1.0), color(palette::BEACON, 1.0)));
                if at.reduced {
                    heads(ends, &BEFORE_BAR, color(palette::BEACON, 0.9), at.u, links);
                }
            }
            State::Failed => {
                let pale = palette::mix(actor.color, Rgb([255; 3]), 0.2);
                let torn = swell(at.now - actor.broke, BREAK_MS);
                let half = torn * 0.05;
                links.push(link(piece(ends, edge, BREACH[0] - half), color(pale, 0.5 + lively), 0.0));
                links.push(link(piece(ends, BREACH[1] + half, 1.0), color(pale, 0.35 + lively), 0.0));
            }
            State::Working | State::Looping => {
                links.push(Link {
                    progress: there,
                    ..link(ends, color(actor.color, 0.42 + lively), actor.heat)
                });
                if at.reduced {
                    heads(ends, &HEADS, color(actor.color, 0.9), at.u, links);
                }
            }
            State::Idle => {
                links.push(Link {
                    progress: there,
                    ..link(ends, color(actor.color, 0.16 + lively), actor.heat)
                });
            }
            State::Silent => links.push(Link { energy: -1.0, ..link(ends, color(actor.color, 0.3), 0.0) }),
        }
    }

    /// Empty chairs: the homes of those who sit, tied to them where the tie is short and crosses no circle.
    fn chairs(&mut self, links: &mut Vec<Link>) {
        let mapping = self.court.mapping;
        let seats: Vec<[f32; 2]> = self
            .actors
            .values()
            .filter(|actor| matches!(actor.spot, Spot::Seat(_)))
            .map(|actor| mapping.px(actor.at))
            .collect();
        let mut chairs = Vec::new();
        for (name, actor) in self.actors.iter().filter(|(_, actor)| actor.vanished.is_none()) {
            let home =
                self.seating.get(actor.key).filter(|member| member.seat.is_some()).and_then(|m| m.home);
            let Some(slot) = home.and_then(|home| self.court.slot(home)) else { continue };
            let (chair, seat, dim) = (slot.at, mapping.px(actor.at), self.dims(name, actor));
            let size = [3.6 * mapping.u; 2];
            chairs.push(mark(Kind::Dot, chair, size, palette::floats(actor.color, 0.6 * dim), 1.0));
            let far = (chair[0] - seat[0]).hypot(chair[1] - seat[1]);
            let crosses = seats.iter().filter(|other| **other != seat).any(|other| {
                let t = ((other[0] - chair[0]) * (seat[0] - chair[0])
                    + (other[1] - chair[1]) * (seat[1] - chair[1]))
                    / (far * far).max(1.0);
                let t = t.clamp(0.0, 1.0);
                let near = [0, 1].map(|i| chair[i] + (seat[i] - chair[i]) * t);
                (other[0] - near[0]).hypot(other[1] - near[1]) < 56.0 * mapping.u
            });
            if far < CHAIR_FAR * mapping.u && !crosses {
                let color = palette::floats(actor.color, 0.25 * dim);
                links.push(Link { energy: -1.0, ..straight(chair, seat, color) });
            }
        }
        for mut chair in chairs {
            chair.flood = 0.0;
            self.picture.marks.push(chair);
        }
    }

    /// A group's homes, joined in the order of the band and tied to the crest that names them.
    fn constellations(&self, links: &mut Vec<Link>) {
        let mut owners = [None; SLOTS];
        for member in self.seating.members() {
            if let Some(home) = member.home.filter(|_| !self.seating.group(member.group).name.is_empty()) {
                owners[home] = Some(member.group);
            }
        }
        let color = palette::floats(palette::REALM, 0.3 * if self.focus.is_some() { 0.36 } else { 1.0 });
        // A crest is of homes on the band, not of the circles beside it.
        links.extend(self.ties.iter().map(|[crest, homes]| straight(*crest, *homes, color)));
        for from in 0..SLOTS {
            if owners[from].is_none() {
                continue;
            }
            let next = (1..=JOINED_FAR).map(|k| (from + k) % SLOTS).find(|to| owners[*to].is_some());
            if let Some(to) = next.filter(|to| owners[*to] == owners[from])
                && let (Some(a), Some(b)) = (self.court.slot(from), self.court.slot(to))
            {
                links.push(straight(a.at, b.at, color));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_points_along_its_thread() {
        let (from, to) = ([-300.0, 40.0], [10.0, -20.0]);
        let ends = [from, [-120.0, 90.0], to];
        let mut links = Vec::new();
        heads(ends, &HEADS, [1.0; 4], 1.0, &mut links);
        assert_eq!(links.len(), 2 * HEADS.len());
        let far = |at: [f32; 2]| (at[0] - to[0]).hypot(at[1] - to[1]);
        for two in links.chunks(2) {
            assert_eq!(two[0].to, two[1].to);
            assert!(two.iter().all(|line| far(line.from) > far(line.to) + HEAD * 0.7), "{two:?}");
        }
    }

    #[test]
    fn a_piece_of_a_curve_is_on_it() {
        let whole = [[0.0, 0.0], [10.0, 20.0], [30.0, 0.0]];
        assert_eq!(piece(whole, 0.0, 1.0), whole);
        let [from, control, to] = piece(whole, 0.25, 0.75);
        let at = |[a, b, c]: [[f32; 2]; 3], t: f32| {
            [0, 1].map(|i| (1.0 - t) * (1.0 - t) * a[i] + 2.0 * t * (1.0 - t) * b[i] + t * t * c[i])
        };
        let (middle, wished) = (at([from, control, to], 0.5), at(whole, 0.5));
        assert!(
            (middle[0] - wished[0]).abs() < 1e-4 && (middle[1] - wished[1]).abs() < 1e-4,
            "{middle:?} {wished:?}"
        );
    }
}
