//! A daemon on the stage: what its circle is in the middle of.

use arcane_shared::Rgb;

use crate::coalesce::Gate;
use crate::layout::Mapping;
use crate::moons::Moon;
use crate::palette;
use crate::picture::{Kind, Mark, RIM};
use crate::runes::{Inscription, inscribe};
use crate::wave::sin;

/// Work done, to be shown now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Burst {
    pub(crate) at: [f32; 2],
    pub(crate) to: [f32; 2],
    pub(crate) color: Rgb,
    pub(crate) seconds: f32,
    /// Events that it stands for.
    pub(crate) weight: u32,
    /// Whether the last wave from here has gone far enough for another one.
    pub(crate) rested: bool,
}

/// How long a circle takes to inscribe itself, milliseconds.
pub const INSCRIBE_MS: f64 = 1_500.0;
/// How long it takes to become dust.
pub const DISSOLVE_MS: f64 = 1_300.0;
/// How long a pulse lasts.
pub const PULSE_MS: f64 = 900.0;
/// Least time between the beginnings of two.
pub const PULSE_SPACING_MS: f64 = 300.0;
/// How long the failure gesture lasts.
pub const BREAK_MS: f64 = 1_400.0;

/// Work done within this time after a burst becomes one burst, milliseconds.
pub const BURST_WINDOW_MS: f64 = 100.0;
/// Least time between two waves from one circle, milliseconds.
pub const WAVE_SPACING_MS: f64 = 420.0;
/// Voices within this time become one ring; its subtitle is the last one's.
pub const VOICE_WINDOW_MS: f64 = 700.0;

/// A daemon on the stage. Times are milliseconds of the page's clock.
#[derive(Debug, Clone)]
pub struct Actor {
    /// Its colour.
    pub color: Rgb,
    /// Its place on the ring.
    pub place: usize,
    /// Where it is now, stage coordinates; glides when the ring grows.
    pub at: [f32; 2],
    /// Where its thread leads, stage coordinates: to the bus, or to who started it.
    pub to: [f32; 2],
    /// Who started it, as events say.
    pub parent: Option<String>,
    /// Its place beside the circle that it belongs to, if that is here.
    pub moon: Option<Moon>,
    /// How it is written.
    pub inscription: Inscription,
    /// When it began to appear.
    pub appeared: f64,
    /// When it began to vanish.
    pub vanished: Option<f64>,
    /// Its last pulse.
    pub pulsed: f64,
    /// Its last failure.
    pub broke: f64,
    /// What failed then, in a line.
    pub failed: String,
    /// Its last cue that missed its deadline.
    pub missed: f64,
    /// Since when it works.
    pub working: Option<f64>,
    /// Since when it waits for a human.
    pub waiting: Option<f64>,
    /// What flows from it, 0.0–1.0, cooling down.
    pub heat: f32,
    /// What it does, in a line.
    pub line: String,
    /// Its last event.
    pub last: Option<u64>,
    /// When the next idle or working spark is due.
    pub spark_due: f64,
    /// When its last wave began.
    pub waved: f64,
    /// Work done: each its own burst, or several as one.
    pub bursts: Gate,
    /// The longest of those that wait for their burst, seconds.
    pub burst_seconds: f32,
    /// Voices, likewise.
    pub voices: Gate,
}

/// Longest ago: nothing of it is left to see.
pub const NEVER: f64 = -1e12;

impl Actor {
    /// A daemon that begins to appear at `now`.
    #[must_use]
    pub fn new(name: &str, color: Rgb, place: usize, at: [f32; 2], now: f64) -> Self {
        Self {
            color,
            place,
            at,
            to: [0.0; 2],
            parent: None,
            moon: None,
            inscription: inscribe(name),
            appeared: now,
            vanished: None,
            pulsed: NEVER,
            broke: NEVER,
            failed: String::new(),
            missed: NEVER,
            working: None,
            waiting: None,
            heat: 0.0,
            line: String::new(),
            last: None,
            spark_due: now,
            waved: NEVER,
            bursts: Gate::new(BURST_WINDOW_MS),
            burst_seconds: 0.0,
            voices: Gate::new(VOICE_WINDOW_MS),
        }
    }

    /// Work done that is to be seen now, standing for so many events.
    pub(crate) fn burst(&mut self, weight: u32, now: f64) -> Burst {
        let rested = now - self.waved > WAVE_SPACING_MS;
        if rested {
            self.waved = now;
        }
        let seconds = std::mem::take(&mut self.burst_seconds);
        Burst { at: self.at, to: self.to, color: self.color, seconds, weight, rested }
    }

    /// Radius of its circle, pixels.
    #[must_use]
    pub fn radius(&self, mapping: &Mapping) -> f32 {
        if self.moon.is_some() { mapping.moon_radius() } else { mapping.circle_radius }
    }

    /// How much of it is inscribed, 0.0–1.0.
    #[must_use]
    pub fn inscribed(&self, now: f64) -> f32 {
        part(now - self.appeared, INSCRIBE_MS)
    }

    /// How much of it is dust, 0.0–1.0.
    #[must_use]
    pub fn dissolved(&self, now: f64) -> f32 {
        self.vanished.map_or(0.0, |since| part(now - since, DISSOLVE_MS))
    }

    /// Whether nothing of it is left.
    #[must_use]
    pub fn is_over(&self, now: f64) -> bool {
        self.vanished.is_some_and(|since| now - since >= DISSOLVE_MS)
    }

    /// What it is doing, in a word.
    #[must_use]
    pub fn phase(&self, now: f64) -> &'static str {
        if self.vanished.is_some() {
            "dissolving"
        } else if self.inscribed(now) < 1.0 {
            "inscribing"
        } else if now - self.broke < BREAK_MS {
            "failing"
        } else if self.waiting.is_some() {
            "waiting"
        } else if self.working.is_some() {
            "working"
        } else {
            "idle"
        }
    }

    /// Its circle. `reduced`: no travel, no turning; only light changes.
    #[must_use]
    pub fn mark(&self, centre: [f32; 2], radius: f32, now: f64, time: f32, reduced: bool) -> Mark {
        let pulse = swell(now - self.pulsed, PULSE_MS);
        let broken = swell(now - self.broke, BREAK_MS);
        let inscribed = if reduced { 1.0 } else { self.inscribed(now) };
        let fade_in = if reduced { self.inscribed(now) } else { 1.0 };
        let gone = self.dissolved(now);
        let direction = if self.inscription.rim[5].is_multiple_of(2) { 1.0 } else { -1.0 };
        let grown = radius * (1.0 + if reduced { 0.0 } else { 0.05 * pulse });
        let hollow = swell(now - self.missed, 1_200.0);
        let color = palette::mix(self.color, palette::ROSE, broken * 0.45);
        let breath = 0.5 + 0.5 * sin(time * 0.9 + f32::from(self.inscription.rim[3]));
        Mark {
            kind: Kind::Circle,
            centre,
            half: [grown / RIM; 2],
            color: palette::floats(color, fade_in * (1.0 - gone * gone)),
            turn: time * 0.06 * direction,
            progress: inscribed,
            glow: 0.35
                + 0.12 * breath
                + 0.9 * pulse
                + 0.5 * self.heat
                + 0.5 * swell(now - self.appeared - INSCRIBE_MS * 0.8, 900.0),
            // A failure tears the circle for a moment; a banishment takes all of it.
            dissolve: gone.max(broken * 0.42),
            flood: (1.0 - hollow) * (0.55 + 0.45 * pulse) * if self.waiting.is_some() { 0.75 } else { 1.0 },
            corners: f32::from(self.inscription.corners),
            runes: self.inscription.packed(),
            seed: f32::from(self.inscription.rim[7]) + f32::from(self.inscription.rim[9]) / 24.0,
        }
    }
}

/// From 0.0 to 1.0 over `length`.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "between 0 and 1")]
pub fn part(age: f64, length: f64) -> f32 {
    (age / length).clamp(0.0, 1.0) as f32
}

/// Up fast, down slowly, within `length`; 0.0 outside of it.
#[must_use]
pub fn swell(age: f64, length: f64) -> f32 {
    if !(0.0..length).contains(&age) {
        return 0.0;
    }
    let t = part(age, length);
    let rise = (t / 0.12).min(1.0);
    let fall = 1.0 - t;
    rise * fall * fall
}
