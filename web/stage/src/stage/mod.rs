//! The stage: cues in, one picture a frame out.

mod choreography;
mod hit;
mod labels;
mod standing;

use std::collections::VecDeque;

use arcane_shared::UnixMillis;

use crate::actors::{Actor, BREAK_MS, Burst, NEVER};
use crate::coalesce::{Gate, Ratio};
use crate::daemons::Daemons;
use crate::effects::{EFFECTS_MAX, Effect};
use crate::forced::Forced;
use crate::governor::{Governor, Style};
use crate::lane::Lane;
use crate::layout::seating::Seating;
use crate::layout::{Court, Mapping, SEATS, View};
use crate::names::Names;
use crate::particles::Particles;
use crate::picture::Picture;
use crate::quality::{TIERS, Tier};
use crate::sounds::{Sound, SoundGate};
use crate::states::State;

pub use self::labels::{Label, LabelKind};

/// How long particles stand still on `halt`.
pub const HALT_MS: f64 = 520.0;
/// Least time between the beginnings of two: between them particles move.
pub const HALT_SPACING_MS: f64 = 1_600.0;

/// Looks within this time are one veil, milliseconds.
pub const VEIL_WINDOW_MS: f64 = 1_500.0;
/// Incantations within this time are one row of letters.
pub const SPELL_WINDOW_MS: f64 = 800.0;

/// The stage: cues in, pictures out.
#[derive(Debug, Clone)]
pub struct Stage {
    pub(crate) view: View,
    pub(crate) court: Court,
    pub(crate) seating: Seating,
    /// Of each seat: how many stand before it in the strip.
    pub(crate) orders: [usize; SEATS],
    pub(crate) actors: Names<Actor>,
    pub(crate) focus: Option<String>,
    /// More contrast was asked for.
    pub(crate) stark: bool,
    pub(crate) forced: Option<Forced>,
    /// What goes as it should is heard, too.
    routine_sounds: bool,
    pub(crate) effects: VecDeque<Effect>,
    pub(crate) particles: Particles,
    pub(crate) governor: Governor,
    pub(crate) picture: Picture,
    pub(crate) reduced: bool,
    pub(crate) particle_ms: f64,
    pub(crate) halted_until: f64,
    pub(crate) last: Option<u64>,
    pub(crate) last_frame: Option<f64>,
    pub(crate) started: f64,
    pub(crate) energy: f32,
    pub(crate) bus_pulsed: f64,
    pub(crate) bus_spark_due: f64,
    pub(crate) budget: f32,
    /// The day that is shown, on the roster's calendar.
    pub(crate) today: i64,
    pub(crate) dice: u32,
    pub(crate) tier: &'static Tier,
    pub(crate) veils: Gate,
    pub(crate) spells: Gate,
    pub(crate) ratio: Ratio,
    pub(crate) bursts: Vec<Burst>,
    /// Radius and light that each actor comes to and where its thread leads, in their order; kept for its memory.
    pub(crate) wanted: Vec<([f32; 2], [f32; 2])>,
    pub(crate) lane: Lane,
    /// The place that each label had which is not a seat's.
    pub(crate) kept: Names<usize>,
    /// From each crest to the homes that it names, pixels.
    pub(crate) ties: Vec<[[f32; 2]; 2]>,
    sounds: SoundGate,
}

impl Stage {
    /// An empty stage at `now`. The seed draws what is random in how things fly, nothing else.
    #[must_use]
    pub fn new(seed: u32, now: f64) -> Self {
        Self {
            view: View::default(),
            court: Court::default(),
            seating: Seating::default(),
            orders: [0; SEATS],
            actors: Names::default(),
            focus: None,
            stark: false,
            forced: None,
            routine_sounds: false,
            effects: VecDeque::with_capacity(EFFECTS_MAX),
            particles: Particles::default(),
            governor: Governor::default(),
            picture: Picture::default(),
            reduced: false,
            particle_ms: 0.0,
            halted_until: NEVER,
            last: None,
            last_frame: None,
            started: now,
            energy: 0.0,
            bus_pulsed: NEVER,
            bus_spark_due: NEVER,
            budget: 400.0,
            today: 0,
            dice: seed,
            tier: &TIERS[0],
            veils: Gate::new(VEIL_WINDOW_MS),
            spells: Gate::new(SPELL_WINDOW_MS),
            ratio: Ratio::default(),
            bursts: Vec::new(),
            wanted: Vec::new(),
            lane: Lane::default(),
            kept: Names::default(),
            ties: Vec::new(),
            sounds: SoundGate::default(),
        }
    }

    /// How stage coordinates are pixels now.
    pub(crate) fn mapping(&self) -> Mapping {
        self.court.mapping
    }

    /// The page has this geometry now.
    pub fn set_view(&mut self, view: View) {
        if self.view != view {
            self.view = view;
            self.set_court(self.seating.is_large());
            self.stand(NEVER, standing::WALK_MS);
        }
    }

    /// Type is so much larger than on a desk: it is read from afar, and lines are thicker.
    pub fn set_type_scale(&mut self, scale: f32) {
        if (self.court.type_scale - scale).abs() > 0.01 {
            self.court.type_scale = scale;
            self.kept.clear();
        }
    }

    pub(crate) fn set_court(&mut self, is_large: bool) {
        let type_scale = self.court.type_scale;
        self.court = Court::new(self.view, is_large);
        self.court.type_scale = type_scale;
        self.kept.clear();
        self.ties.clear();
    }

    /// More contrast was asked for: who rests is as bright as who works.
    pub fn set_stark(&mut self, stark: bool) {
        self.stark = stark;
    }

    /// The system forces its colours on the page, or no longer.
    pub fn set_forced(&mut self, forced: Option<Forced>) {
        self.forced = forced;
    }

    /// The colours that the system forces on the page.
    #[must_use]
    pub fn forced(&self) -> Option<Forced> {
        self.forced
    }

    /// Reduced motion: no travel, opacity steps, a badge instead of an inversion.
    pub fn set_reduced(&mut self, reduced: bool) {
        self.reduced = reduced;
    }

    /// Whether what goes as it should is heard, too.
    pub fn set_routine_sounds(&mut self, wished: bool) {
        self.routine_sounds = wished;
    }

    /// The stage may cost so much from now on.
    pub fn set_tier(&mut self, tier: &'static Tier) {
        self.tier = tier;
    }

    /// Events that one mark stands for, lately; 1 when each event has its own.
    #[must_use]
    pub fn events_per_mark(&self) -> u32 {
        self.ratio.events_per_mark()
    }

    /// How the governor's inversions look.
    #[must_use]
    pub fn inversion_style(&self) -> Style {
        if self.reduced || self.forced.is_some() { Style::Badge } else { Style::Soft }
    }

    /// Everybody leaves at once: another room, another time.
    pub fn clear(&mut self) {
        self.actors.clear();
        self.seating.clear();
        self.set_court(false);
        self.effects.clear();
        self.lane = Lane::default();
        self.kept.clear();
        self.ratio = Ratio::default();
    }

    /// Another moment: what was going on is over, and those present then are there at once.
    pub fn jump(&mut self, daemons: &Daemons, unix: UnixMillis, now: f64) {
        self.clear();
        self.halted_until = NEVER;
        self.settle(daemons, unix, now);
    }

    /// The governor, to read what it did.
    #[must_use]
    pub fn governor(&self) -> &Governor {
        &self.governor
    }

    /// The particles, to upload what is new.
    pub fn particles_mut(&mut self) -> &mut Particles {
        &mut self.particles
    }

    /// The picture of the last [`Stage::advance`].
    #[must_use]
    pub fn picture(&self) -> &Picture {
        &self.picture
    }

    /// Picture and particles: what a painter needs.
    pub fn painted(&mut self) -> (&Picture, &mut Particles) {
        (&self.picture, &mut self.particles)
    }

    /// Particles alive now.
    #[must_use]
    pub fn particles_alive(&self) -> usize {
        self.particles.alive(self.picture.particle_time)
    }

    /// What sounds now.
    pub fn take_sounds(&mut self, now: f64, into: &mut Vec<Sound>) {
        self.sounds.take(now, into);
    }

    /// What is said over the stage.
    #[must_use]
    pub fn lane(&self) -> &Lane {
        &self.lane
    }

    /// Whether particles stand still.
    #[must_use]
    pub fn is_halted(&self, now: f64) -> bool {
        now < self.halted_until
    }

    /// Whether anything but idle breathing is going on at `now`.
    #[must_use]
    pub fn is_busy(&self, now: f64) -> bool {
        !self.effects.is_empty()
            || self.energy > 0.02
            || self.governor.level(now) > 0.0
            || self.actors.values().any(|actor| {
                let rests =
                    actor.state == State::Idle || actor.state == State::Silent && actor.inscribed(now) >= 1.0;
                !rests || now - actor.broke < BREAK_MS || now - actor.walk.since < actor.walk.length
            })
    }
}
