//! One frame of the stage: what moves on by itself, and the picture of it.

use arcane_shared::Rgb;

use crate::actors::Actor;
use crate::actors::{Burst, swell};
use crate::effects::mark;
use crate::layout::{Mapping, Ring};
use crate::moons;
use crate::palette;
use crate::particles::{Motion, Record};
use crate::picture::{Kind, Link, Picture, RIM};
use crate::runes::inscribe;
use crate::stage::Stage;
use crate::wave::{cos, sin};

/// Particle time is set back when it exceeds this, so that 32 bits stay exact on a wall.
const REBASE_S: f32 = 1_800.0;
/// The longest step of particle time: a page that slept goes on where it was.
const STEP_MAX_MS: f64 = 250.0;

impl Stage {
    /// Moves on to `now` and describes the frame.
    pub fn advance(&mut self, now: f64) -> &Picture {
        let dt = self.last_frame.map_or(0.0, |last| (now - last).clamp(0.0, STEP_MAX_MS));
        self.last_frame = Some(now);
        self.move_on(now, dt);
        self.compose(now);
        &self.picture
    }

    fn move_on(&mut self, now: f64, dt: f64) {
        #[expect(clippy::cast_possible_truncation, reason = "at most a quarter of a second")]
        let seconds = (dt / 1000.0) as f32;
        let [rate, saved] = self.tier.spawn;
        self.budget = (self.budget + rate * seconds).min(saved);
        self.ratio.fade(seconds);
        self.energy *= (-seconds * 0.5).exp();
        if now >= self.halted_until {
            self.particle_ms += dt;
        }
        let time = self.particle_seconds();
        self.particles.retire(time);
        if time > REBASE_S {
            self.particles.rebase(time);
            self.particle_ms = 0.0;
        }
        let count = self.actors.len();
        self.actors.retain(|_, actor| !actor.is_over(now));
        if self.actors.len() != count {
            self.arrange();
        }
        self.effects.retain(|effect| !effect.is_over(now));
        let mapping = self.mapping();
        let mut homes = std::mem::take(&mut self.homes);
        homes.clear();
        homes.extend(self.actors.values().map(|actor| (self.home(actor, &mapping), self.toward(actor))));
        let glide = if self.reduced { 1.0 } else { 1.0 - (-seconds * 4.0).exp() };
        for (actor, (home, to)) in self.actors.values_mut().zip(&homes) {
            actor.to = *to;
            for (at, home) in actor.at.iter_mut().zip(home) {
                *at += (*home - *at) * glide;
            }
            actor.heat *= (-seconds * 0.9).exp();
            if let Some(weight) = actor.bursts.due(now) {
                self.bursts.push(actor.burst(weight, now));
            }
        }
        self.homes = homes;
        let mut bursts = std::mem::take(&mut self.bursts);
        for burst in bursts.drain(..) {
            self.burst(burst, now);
        }
        self.bursts = bursts;
        if !self.reduced {
            self.sparks(now);
        }
    }

    /// Where an actor belongs, stage coordinates.
    pub(crate) fn home(&self, actor: &Actor, mapping: &Mapping) -> [f32; 2] {
        let root = actor.moon.as_ref().and_then(|moon| Some((self.actors.get(&moon.of)?, moon.slot)));
        match root {
            _ if actor.vanished.is_some() => actor.at,
            Some((root, slot)) => moons::place(mapping, self.view, root.at, slot),
            None => Ring::at(actor.place, self.ring.size()),
        }
    }

    /// Where an actor's thread leads, stage coordinates: to who started it, if that is drawn.
    fn toward(&self, actor: &Actor) -> [f32; 2] {
        let Some(moon) = &actor.moon else {
            return if actor.vanished.is_some() { actor.to } else { [0.0; 2] };
        };
        let parent = actor.parent.as_ref().and_then(|parent| self.actors.get(parent));
        parent.or_else(|| self.actors.get(&moon.of)).map_or([0.0; 2], |parent| parent.at)
    }

    /// Idle drift along the links and sparks around those who work.
    fn sparks(&mut self, now: f64) {
        let mapping = self.mapping();
        let mut actors = std::mem::take(&mut self.actors);
        for actor in actors.values_mut() {
            if actor.vanished.is_some() || actor.inscribed(now) < 1.0 || now < actor.spark_due {
                continue;
            }
            let (at, color, working, heat) = (actor.at, actor.color, actor.working.is_some(), actor.heat);
            let radius = actor.radius(&mapping);
            actor.spark_due = now + if working { 60.0 } else { 210.0 / (1.0 + 7.0 * f64::from(heat)) };
            if working {
                let spread = radius * (1.16 + 0.1 * self.roll());
                self.spawn(Motion::Orbit, [at, at, at], color, 0.0, (1.8, 2.4), spread, 230);
            }
            let control = bend(at, actor.to);
            let (size, alpha) = (1.7 + heat, if heat > 0.1 { 230 } else { 170 });
            let bright = if self.roll() > 0.7 { palette::mix(color, Rgb([255; 3]), 0.6) } else { color };
            self.spawn(Motion::Stream, [at, control, actor.to], bright, 0.0, (3.0, size), 8.0, alpha);
        }
        self.actors = actors;
        if now >= self.bus_spark_due {
            self.bus_spark_due = now + 420.0 / (1.0 + 4.0 * f64::from(self.energy));
            let spread = self.view.stage[2].min(self.view.stage[3]) * 0.3;
            self.spawn(Motion::Burst, [[0.0; 2]; 3], palette::REALM, 0.0, (5.5, 1.5), spread, 120);
        }
    }

    /// Work done: energy runs from the circle to the bus and out to the rim. A crowd's is denser and brighter.
    pub(crate) fn stream(&mut self, burst: &Burst) {
        let Burst { at, to, color, seconds, weight, .. } = *burst;
        #[expect(clippy::cast_precision_loss, reason = "a size, not a count")]
        let crowd = (weight as f32).sqrt();
        let wished = (64.0 + 60.0 * seconds.max(0.0).sqrt().min(4.0)) * crowd.min(4.0);
        let count = self.grant(wished);
        let control = bend(at, to);
        for _ in 0..count {
            let delay = self.roll() * self.roll() * 0.8;
            let life = 0.8 + 0.5 * self.roll();
            let bright = if self.roll() > 0.8 { palette::mix(color, Rgb([255; 3]), 0.75) } else { color };
            let size = (1.7 + 2.4 * self.roll() * self.roll()) * (0.9 + 0.1 * crowd.min(6.0));
            let stray = 5.0 + 16.0 * self.roll();
            self.spawn(Motion::Stream, [at, control, to], bright, delay, (life, size), stray, 255);
        }
        // What a subagent has done reaches who started it.
        let out = if to == [0.0; 2] { count / 2 } else { 0 };
        for _ in 0..out {
            let angle = self.roll() * std::f32::consts::TAU;
            let far = 0.75 + 0.55 * self.roll();
            let to = [cos(angle) * far, sin(angle) * far];
            let turned = [cos(angle + 0.5) * far * 0.5, sin(angle + 0.5) * far * 0.5];
            let delay = 0.75 + 0.3 * self.roll();
            let size = 1.4 + 1.4 * self.roll();
            self.spawn(Motion::Stream, [[0.0; 2], turned, to], color, delay, (1.5, size), 10.0, 190);
        }
    }

    /// Light gathers where a circle inscribes itself.
    pub(crate) fn gather(&mut self, at: [f32; 2], radius: f32, color: Rgb) {
        for _ in 0..self.grant(90.0) {
            let delay = self.roll() * 0.7;
            let size = 1.5 + 1.6 * self.roll();
            self.spawn(Motion::Implode, [at; 3], color, delay, (1.1, size), radius * 1.9, 220);
        }
    }

    /// A circle becomes dust, inwards.
    pub(crate) fn dust(&mut self, at: [f32; 2], radius: f32, color: Rgb) {
        for _ in 0..self.grant(170.0) {
            let delay = self.roll() * 0.45;
            let life = 0.9 + 0.5 * self.roll();
            let size = 1.4 + 1.8 * self.roll();
            self.spawn(Motion::Implode, [at; 3], color, delay, (life, size), radius, 255);
        }
    }

    /// A failure: nothing reaches the bus, shards fly off.
    pub(crate) fn shards(&mut self, at: [f32; 2], radius: f32) {
        // Failures are never thinned out to nothing.
        let least = if self.reduced { 0 } else { 6 };
        for _ in 0..self.grant(46.0).max(least) {
            let life = 1.0 + 0.9 * self.roll();
            let size = 1.6 + 1.8 * self.roll();
            self.spawn(Motion::Burst, [at; 3], palette::ROSE, 0.0, (life, size), radius * 1.75, 235);
        }
    }

    /// How many of the wished records there are, by the budget: at least one.
    fn grant(&mut self, wished: f32) -> u32 {
        if self.reduced {
            return 0;
        }
        let share = wished.min((self.budget * 0.25).max(1.0));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 1 and a few hundred"
        )]
        let count = share.max(1.0) as u32;
        count
    }

    #[expect(clippy::too_many_arguments, reason = "a record has this many parts")]
    fn spawn(
        &mut self,
        motion: Motion,
        [from, control, to]: [[f32; 2]; 3],
        color: Rgb,
        delay: f32,
        (life, size): (f32, f32),
        spread: f32,
        alpha: u8,
    ) {
        self.budget = (self.budget - 1.0).max(0.0);
        self.dice = self.dice.wrapping_add(1);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 12 bits")]
        let spread = spread.clamp(0.0, 4_095.0) as u16;
        let life = life.min(self.tier.life_max);
        let born = self.particle_seconds() + delay;
        #[expect(clippy::cast_possible_truncation, reason = "the middle bits are the random ones")]
        let seed = (self.dice.wrapping_mul(40_503) >> 8) as u16;
        self.particles.spawn(Record {
            from,
            control,
            to,
            born,
            life,
            color,
            alpha,
            size,
            motion,
            spread,
            seed,
        });
    }

    #[expect(clippy::cast_possible_truncation, reason = "set back long before it matters")]
    fn particle_seconds(&self) -> f32 {
        (self.particle_ms / 1000.0) as f32
    }

    fn compose(&mut self, now: f64) {
        let mapping = self.mapping();
        #[expect(clippy::cast_possible_truncation, reason = "wrapped to an hour")]
        let time =
            if self.reduced { 0.0 } else { ((now - self.started) / 1000.0).rem_euclid(3_600.0) as f32 };
        let particle_time = self.particle_seconds();
        let level = if self.reduced { 0.0 } else { self.governor.level(now) };
        let picture = &mut self.picture;
        picture.mapping = mapping;
        picture.size = [self.view.width, self.view.height];
        picture.veil = palette::floats(palette::SOFT_INVERT, level);
        picture.particle_time = particle_time;
        picture.particle_glow = 1.0;
        picture.time = time;
        picture.energy = self.energy;
        picture.links.clear();
        picture.rings.clear();
        picture.marks.clear();
        for actor in self.actors.values() {
            let there = actor.inscribed(now) * (1.0 - actor.dissolved(now));
            let broken = swell(now - actor.broke, crate::actors::BREAK_MS);
            picture.links.push(Link {
                from: mapping.px(actor.at),
                control: mapping.px(bend(actor.at, actor.to)),
                to: mapping.px(actor.to),
                color: palette::floats(actor.color, (0.42 + 0.5 * actor.heat) * there * (1.0 - 0.8 * broken)),
                energy: actor.heat,
                progress: there,
            });
        }
        let pulse = swell(now - self.bus_pulsed, 700.0);
        let mut bus = mark(
            Kind::Bus,
            mapping.centre,
            [mapping.bus_radius / RIM; 2],
            palette::floats(palette::REALM, 1.0),
            1.0,
        );
        bus.turn = time * -0.035;
        bus.glow = 0.5 + 0.1 * sin(time * 0.8) + 0.6 * pulse + 0.5 * self.energy;
        bus.runes = inscribe("arcane-event-bus").packed();
        picture.marks.push(bus);
        for effect in self.effects.iter().filter(|effect| now >= effect.since) {
            effect.draw(self.view.stage, now, self.reduced, picture);
        }
        for actor in self.actors.values() {
            let (centre, radius) = (mapping.px(actor.at), actor.radius(&mapping));
            if actor.waiting.is_some() && actor.vanished.is_none() {
                let color = palette::floats(palette::BEACON, 0.9);
                let phase = if self.reduced { 0.5 } else { (time * 0.45).fract() };
                picture.marks.push(mark(Kind::Beacon, centre, [radius * 1.95; 2], color, phase));
            }
            picture.marks.push(actor.mark(centre, radius, now, time, self.reduced));
        }
    }
}

/// The control point of the curve from a place to the bus, or to another circle.
pub(crate) fn bend(at: [f32; 2], to: [f32; 2]) -> [f32; 2] {
    if to != [0.0; 2] {
        return [0, 1].map(|i| (at[i] + to[i]) / 2.0);
    }
    [at[0] * 0.5 - at[1] * 0.16, at[1] * 0.5 + at[0] * 0.16 - at[1] * 0.08]
}
