//! One frame of the stage: what moves on by itself, and the picture of it.

use arcane_shared::Rgb;

use crate::actors::{Actor, Burst, Spot, swell};
use crate::effects::mark;
use crate::forced::THICK;
use crate::layout::Form;
use crate::looks::{self, Moment};
use crate::palette;
use crate::particles::{Motion, Record};
use crate::picture::{Kind, Mark, Picture, RIM};
use crate::runes::inscribe;
use crate::stage::Stage;
use crate::states::State;
use crate::threads::{BAR, bend, piece};
use crate::wave::{cos, sin};

/// Particle time is set back when it exceeds this, so that 32 bits stay exact on a wall.
const REBASE_S: f32 = 1_800.0;
/// The longest step of particle time: a page that slept goes on where it was.
const STEP_MAX_MS: f64 = 250.0;
/// Light and size come to those of a state within three of these, seconds.
const CHANGE_S: f32 = 0.1;

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
        self.actors.retain(|_, actor| !actor.is_over(now));
        self.effects.retain(|effect| !effect.is_over(now));
        let waits = self.actors.values().any(|actor| actor.state == State::Waiting);
        self.lane.advance(now, waits);
        self.come_to_rest(now, seconds);
        let mut bursts = std::mem::take(&mut self.bursts);
        for burst in bursts.drain(..) {
            self.burst(burst, now);
        }
        self.bursts = bursts;
        if !self.reduced {
            self.sparks(now);
        }
    }

    /// Walks, and light and size on their way to those of a state.
    fn come_to_rest(&mut self, now: f64, seconds: f32) {
        let taken = self.taken();
        let mut wanted = std::mem::take(&mut self.wanted);
        wanted.clear();
        wanted.extend(self.actors.values().map(|actor| (self.wanted(actor, &taken), self.toward(actor))));
        let part = if self.reduced { 1.0 } else { 1.0 - (-seconds / CHANGE_S).exp() };
        for (actor, (wanted, to)) in self.actors.values_mut().zip(&wanted) {
            actor.to = *to;
            actor.at = actor.walk.now(now);
            if actor.vanished.is_none() {
                // What has just come has its size at once, and inscribes itself.
                let is_new = actor.shown[0] <= 0.0;
                let part = if is_new { 1.0 } else { part };
                for (shown, wanted) in actor.shown.iter_mut().zip(wanted) {
                    *shown += (*wanted - *shown) * part;
                }
                let (since, light) = actor.comet;
                let goes_on = if actor.working.is_some() { 1.0 } else { 0.0 };
                actor.comet = (actor.working.unwrap_or(since), light + (goes_on - light) * part);
            }
            actor.heat *= (-seconds * 0.9).exp();
            if let Some(weight) = actor.bursts.due(now) {
                self.bursts.push(actor.burst(weight, now));
            }
        }
        self.wanted = wanted;
    }

    /// Where an actor's thread leads, stage coordinates: to who started it, if that is drawn.
    fn toward(&self, actor: &Actor) -> [f32; 2] {
        let Some(moon) = &actor.moon else {
            return if actor.vanished.is_some() { actor.to } else { [0.0; 2] };
        };
        let parent = actor.parent.as_ref().and_then(|parent| self.actors.get(parent));
        parent.or_else(|| self.actors.get(&moon.of)).map_or([0.0; 2], |parent| parent.at)
    }

    /// What flows along the threads: to the bus from who works, to the bar from who waits.
    fn sparks(&mut self, now: f64) {
        let mut actors = std::mem::take(&mut self.actors);
        let mapping = self.mapping();
        for actor in actors.values_mut() {
            let flows = matches!(actor.state, State::Working | State::Waiting | State::Looping);
            let is_out = actor.vanished.is_some() || matches!(actor.spot, Spot::Folded) || !flows;
            if is_out || actor.inscribed(now) < 1.0 || now < actor.spark_due {
                continue;
            }
            let (at, heat, waits) = (actor.at, actor.heat, actor.state == State::Waiting);
            let is_seated = matches!(actor.spot, Spot::Seat(_));
            actor.spark_due = now + if is_seated { 55.0 } else { 260.0 } / (1.0 + 5.0 * f64::from(heat));
            // From the ring on: nothing passes over a rune.
            let ([x0, y0], [x1, y1]) = (mapping.px(at), mapping.px(actor.to));
            let edge = actor.radius() / (x1 - x0).hypot(y1 - y0).max(1.0);
            let curve = piece([at, bend(at, actor.to), actor.to], edge.min(BAR * 0.8), 1.0);
            let color = if waits { palette::BEACON } else { actor.color };
            let bright = if self.roll() > 0.7 { palette::mix(color, Rgb([255; 3]), 0.6) } else { color };
            if waits {
                if is_seated && self.court.form != Form::Strip {
                    let bar = (BAR - edge) / (1.0 - edge).max(0.1);
                    let queue = piece(curve, 0.0, (bar - 0.03 - 0.05 * self.roll()).max(0.02));
                    self.spawn(Motion::Stream, queue, bright, 0.0, (3.4, 1.9), 5.0, 230);
                }
            } else {
                let (size, alpha) = (2.1 + heat, if heat > 0.1 { 240 } else { 210 });
                self.spawn(Motion::Stream, curve, bright, 0.0, (2.6, size), 8.0, alpha);
            }
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
        picture.particle_glow = if self.focus.is_some() { 0.36 } else { 1.0 };
        picture.time = time;
        picture.energy = self.energy;
        picture.rings.clear();
        picture.marks.clear();
        let has_homes = self.court.form == Form::Large;
        picture.band =
            self.court.band().filter(|_| has_homes).map(|band| (band, palette::floats(palette::REALM, 0.2)));
        let mut thick = if self.court.type_scale > 1.0 { 1.5 } else { 1.0 };
        if self.forced.is_some() {
            thick *= THICK;
        }
        let at = Moment { now, time, reduced: self.reduced, stark: self.stark, u: mapping.u, thick };
        self.lines(at);
        if self.court.form != Form::Strip {
            let bus = self.bus(now, time);
            self.picture.marks.push(bus);
        }
        let mut picture = std::mem::take(&mut self.picture);
        for effect in self.effects.iter().filter(|effect| now >= effect.since) {
            effect.draw(self.view.stage, now, self.reduced, &mut picture);
        }
        // Seals first: what walks from a seat passes over them.
        for seated in [false, true] {
            let here = |actor: &&Actor| matches!(actor.spot, Spot::Seat(_) | Spot::Moon) == seated;
            for (name, actor) in self.actors.iter().filter(|(_, actor)| here(actor) && actor.is_drawn()) {
                let (centre, dim) = (mapping.px(actor.at), self.dims(name, actor));
                picture.marks.push(looks::circle(actor, centre, dim, at));
                looks::signs(actor, centre, dim, at, &mut picture);
            }
        }
        picture.force(self.forced);
        self.picture = picture;
    }

    /// The bus in the middle.
    fn bus(&self, now: f64, time: f32) -> Mark {
        let mapping = self.mapping();
        let dim = if self.focus.is_some() { 0.75 } else { 1.0 };
        // It connects, and is nobody: violet, and darker than who works.
        let color = palette::floats(palette::mix(palette::REALM, Rgb([0x8B, 0x5C, 0xF6]), 0.5), 0.95 * dim);
        let mut bus = mark(Kind::Bus, mapping.centre, [mapping.bus_radius / RIM; 2], color, 1.0);
        let pulse = swell(now - self.bus_pulsed, 700.0);
        bus.turn = time * -0.035;
        bus.glow = 0.35 + 0.1 * sin(time * 0.8) + 1.1 * pulse + 0.5 * self.energy;
        bus.runes = inscribe("arcane-event-bus").packed();
        bus
    }
}
