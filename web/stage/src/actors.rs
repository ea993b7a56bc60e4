//! A daemon on the stage: where it stands and what it is in the middle of. How it looks is in [`crate::looks`].

use arcane_shared::Rgb;

use crate::coalesce::Gate;
use crate::moons::Moon;
use crate::palette;
use crate::runes::{Inscription, inscribe};
use crate::states::State;

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
pub const INSCRIBE_MS: f64 = 900.0;
/// How long it takes to become dust.
pub const DISSOLVE_MS: f64 = 700.0;
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

/// Where a daemon stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Spot {
    /// A circle in a seat of the court.
    Seat(usize),
    /// A seal at its home on the band.
    Home(usize),
    /// Beside the circle that it belongs to, at one of its places. See [`crate::moons::Moon`].
    Moon,
    /// Not drawn: a crest counts it.
    #[default]
    Folded,
}

/// A daemon on the stage. Times are milliseconds of the page's clock.
#[derive(Debug, Clone)]
pub struct Actor {
    /// Its colour.
    pub color: Rgb,
    /// The least light of its circle and of its lines, 0.0–1.0: see [`palette::least_light`].
    pub least: [f32; 2],
    /// What the seating knows it by.
    pub key: u64,
    /// Where it stands.
    pub spot: Spot,
    /// Where it is now, stage coordinates.
    pub at: [f32; 2],
    /// Where it walks from, where to, since when and for how long, if it walks.
    pub walk: Walk,
    /// Where its thread leads, stage coordinates: to the bus, or to who started it.
    pub to: [f32; 2],
    /// Who started it, as events say.
    pub parent: Option<String>,
    /// Project and machine; empty: no event says.
    pub group: [String; 2],
    /// Its place beside the circle that it belongs to, if that is here.
    pub moon: Option<Moon>,
    /// How it is written.
    pub inscription: Inscription,
    /// Since when it is present, Unix milliseconds.
    pub came: f64,
    /// When it began to appear.
    pub appeared: f64,
    /// When it began to vanish.
    pub vanished: Option<f64>,
    /// Its last pulse.
    pub pulsed: f64,
    /// When its last failure was seen.
    pub broke: f64,
    /// Its last cue that missed its deadline.
    pub missed: f64,
    /// What it does.
    pub state: State,
    /// Whether a failure of it lasts, whatever else it does.
    pub has_failed: bool,
    /// Percent of its budget of the day that are spent, as they were told: 80, 100; 0: nothing was told.
    pub budget: u64,
    /// Since when its oldest call goes on, if one does and gives signs.
    pub working: Option<f64>,
    /// Its comet: since when what it is the clock of went on, and its light now, 0.0–1.0.
    pub comet: (f64, f32),
    /// Its radius and its light as they are now, on the way to those of its state: pixels, 0.0–1.0.
    pub shown: [f32; 2],
    /// What flows from it, 0.0–1.0, cooling down.
    pub heat: f32,
    /// How long it has been in its state, in words.
    pub figure: String,
    /// What it does, in a line.
    pub line: String,
    /// Its last event.
    pub last: Option<u64>,
    /// When the next spark is due.
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

/// The way from one place to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Walk {
    /// Stage coordinates.
    pub from: [f32; 2],
    /// Stage coordinates.
    pub to: [f32; 2],
    /// When it began.
    pub since: f64,
    /// How long it takes, milliseconds.
    pub length: f64,
}

impl Walk {
    /// Standing at a place.
    #[must_use]
    pub fn at(place: [f32; 2]) -> Self {
        Self { from: place, to: place, since: NEVER, length: 1.0 }
    }

    /// Where it has come.
    #[must_use]
    pub fn now(&self, now: f64) -> [f32; 2] {
        let t = part(now - self.since, self.length);
        let eased = t * t * (3.0 - 2.0 * t);
        [0, 1].map(|i| self.from[i] + (self.to[i] - self.from[i]) * eased)
    }
}

/// Longest ago: nothing of it is left to see.
pub const NEVER: f64 = -1e12;

impl Actor {
    /// A daemon that begins to appear at `now`.
    #[must_use]
    pub fn new(name: &str, color: Rgb, now: f64) -> Self {
        let color = palette::sign_color(color);
        Self {
            color,
            least: palette::least_light(color),
            key: arcane_shared::color::hash(name),
            spot: Spot::Folded,
            at: [0.0; 2],
            walk: Walk::at([0.0; 2]),
            to: [0.0; 2],
            parent: None,
            group: Default::default(),
            moon: None,
            inscription: inscribe(name),
            came: 0.0,
            appeared: now,
            vanished: None,
            pulsed: NEVER,
            broke: NEVER,
            missed: NEVER,
            state: State::Idle,
            has_failed: false,
            budget: 0,
            working: None,
            comet: (NEVER, 0.0),
            shown: [0.0, 0.0],
            heat: 0.0,
            figure: String::new(),
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

    /// Radius of its mark now, pixels.
    #[must_use]
    pub fn radius(&self) -> f32 {
        self.shown[0]
    }

    /// Whether it is drawn: also while it fades into its crest.
    #[must_use]
    pub fn is_drawn(&self) -> bool {
        self.shown[1] > 0.01 && self.shown[0] > 0.5
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
        } else {
            self.state.word()
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
