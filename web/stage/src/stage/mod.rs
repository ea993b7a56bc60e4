//! The stage: cues in, one picture a frame out.

mod choreography;
mod crowd;
mod hit;

use std::collections::VecDeque;

use arcane_shared::Rgb;
use arcane_shared::roster::DaemonState;

use crate::actors::{Actor, BREAK_MS, Burst, NEVER};
use crate::coalesce::{Gate, Ratio};
use crate::daemons::{self, Daemons};
use crate::effects::{EFFECTS_MAX, Effect};
use crate::governor::{Governor, Style};
use crate::layout::{Mapping, Ring, View};
use crate::names::Names;
use crate::palette;
use crate::particles::Particles;
use crate::picture::Picture;
use crate::quality::{TIERS, Tier};
use crate::sounds::{Sound, SoundGate};

/// How long particles stand still on `halt`.
pub const HALT_MS: f64 = 520.0;
/// Least time between the beginnings of two: between them particles move.
pub const HALT_SPACING_MS: f64 = 1_600.0;
/// How long a phrase stands in the middle.
pub const DISPLAY_MS: f64 = 2_600.0;
/// How long a subtitle stands.
pub const SUBTITLE_MS: f64 = 4_500.0;
/// Daemons drawn; the page says how many more there are.
pub const ACTORS_MAX: usize = 28;

/// Looks within this time are one veil, milliseconds.
pub const VEIL_WINDOW_MS: f64 = 1_500.0;
/// Incantations within this time are one row of letters.
pub const SPELL_WINDOW_MS: f64 = 800.0;

/// A text that stands for a while.
#[derive(Debug, Clone, PartialEq)]
pub struct Caption {
    /// What.
    pub text: String,
    /// Whose; empty for nobody's.
    pub speaker: String,
    /// Until when.
    pub until: f64,
}

/// A label that follows a circle.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// Whose.
    pub name: String,
    /// What it does, in a line; while it fails, what failed.
    pub line: String,
    /// Top middle of the label, pixels.
    pub at: [f32; 2],
    /// Middle of the circle, pixels.
    pub centre: [f32; 2],
    /// 0.0–1.0.
    pub opacity: f32,
    /// Readable colour.
    pub color: Rgb,
    /// See [`Actor::phase`].
    pub phase: &'static str,
    /// Whether it is a subagent's, beside the circle that it belongs to.
    pub is_moon: bool,
}

/// Who started a daemon.
fn parent_of(daemon: &DaemonState) -> Option<&str> {
    daemon.parent().map(|parent| parent.as_str())
}

/// The stage: cues in, pictures out.
#[derive(Debug, Clone)]
pub struct Stage {
    pub(crate) view: View,
    pub(crate) ring: Ring,
    pub(crate) actors: Names<Actor>,
    /// Who is present and not drawn, and who started each; empty: nobody.
    pub(crate) crowd: Names<String>,
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
    pub(crate) dice: u32,
    pub(crate) tier: &'static Tier,
    pub(crate) veils: Gate,
    pub(crate) spells: Gate,
    pub(crate) ratio: Ratio,
    pub(crate) bursts: Vec<Burst>,
    /// Where each actor belongs and where its thread leads, in their order; kept for its memory.
    pub(crate) homes: Vec<([f32; 2], [f32; 2])>,
    /// Whose drawer is open.
    pub(crate) focus: Option<String>,
    sounds: SoundGate,
    display: Option<Caption>,
    subtitle: Option<Caption>,
}

impl Stage {
    /// An empty stage at `now`. The seed draws what is random in how things fly, nothing else.
    #[must_use]
    pub fn new(seed: u32, now: f64) -> Self {
        Self {
            view: View::default(),
            ring: Ring::default(),
            actors: Names::default(),
            crowd: Names::default(),
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
            dice: seed,
            tier: &TIERS[0],
            veils: Gate::new(VEIL_WINDOW_MS),
            spells: Gate::new(SPELL_WINDOW_MS),
            ratio: Ratio::default(),
            bursts: Vec::new(),
            homes: Vec::new(),
            focus: None,
            sounds: SoundGate::default(),
            display: None,
            subtitle: None,
        }
    }

    /// How stage coordinates are pixels now.
    pub(crate) fn mapping(&self) -> Mapping {
        Mapping::new(self.view, self.ring.size())
    }

    /// The page has this geometry now.
    pub fn set_view(&mut self, view: View) {
        self.view = view;
    }

    /// Reduced motion: no travel, opacity steps, a badge instead of an inversion.
    pub fn set_reduced(&mut self, reduced: bool) {
        self.reduced = reduced;
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
        if self.reduced { Style::Badge } else { Style::Soft }
    }

    /// Everybody leaves at once: another room, another time.
    pub fn clear(&mut self) {
        self.actors.clear();
        self.crowd.clear();
        self.ring.clear();
        self.effects.clear();
        self.display = None;
        self.subtitle = None;
        self.ratio = Ratio::default();
    }

    /// Makes the actors those that are present, without performing anything.
    pub fn settle(&mut self, daemons: &Daemons, now: f64) {
        let mut new = Vec::new();
        let ring = &mut self.ring;
        self.actors.retain(|name, actor| {
            let stays = actor.vanished.is_some() || daemons.get(name).is_some_and(|d| d.is_present());
            if !stays {
                ring.leave(name);
            }
            stays
        });
        self.crowd.clear();
        // Who needs a place first, then who has others beside it.
        let rank = |daemon: &&DaemonState| match (daemon.waiting.is_empty(), parent_of(daemon)) {
            (false, _) => 0,
            (true, None) => 1,
            (true, Some(_)) => 2,
        };
        let ranked = (0..3).flat_map(|own| daemons.present().filter(move |daemon| rank(daemon) == own));
        for daemon in ranked {
            let name = daemon.daemon_name.as_str();
            let is_known = self.actors.contains(name);
            let (color, parent) = (Some(daemons::color_of(daemon)), parent_of(daemon));
            let Some(actor) = self.actor(name, color, parent, now) else { continue };
            if !is_known {
                actor.appeared = NEVER;
                new.push(name.to_owned());
            }
            actor.line.clear();
            self.follow(daemon, now);
        }
        self.arrange();
        // Circles before their moons, wherever those stand.
        for moons in [false, true] {
            for name in &new {
                let Some(actor) = self.actors.get(name).filter(|actor| actor.moon.is_some() == moons) else {
                    continue;
                };
                let at = self.home(actor, &self.mapping());
                if let Some(actor) = self.actors.get_mut(name) {
                    actor.at = at;
                }
            }
        }
    }

    /// What a daemon does, whatever was performed of it. One that is present and was not seen coming is here now.
    pub fn follow(&mut self, daemon: &DaemonState, now: f64) {
        let name = daemon.daemon_name.as_str();
        if daemon.is_present() && !self.actors.contains(name) {
            let (color, parent) = (Some(daemons::color_of(daemon)), parent_of(daemon));
            let is_out = self.actor(name, color, parent, now).is_none();
            let root = parent.and_then(|parent| self.circle_of(parent));
            if is_out && !daemon.waiting.is_empty() && self.make_room(root.as_deref(), now) {
                self.actor(name, color, parent, now);
            }
        }
        if let Some(actor) = self.actors.get_mut(name) {
            let line = daemons::line(daemon);
            if daemon.is_present() && !line.is_empty() {
                line.clone_into(&mut actor.line);
            }
            actor.working = (!daemon.calls.is_empty()).then(|| actor.working.unwrap_or(now));
            actor.waiting = (!daemon.waiting.is_empty()).then(|| actor.waiting.unwrap_or(now));
            if actor.parent.as_deref() != parent_of(daemon) && daemon.is_present() {
                actor.parent = parent_of(daemon).map(str::to_owned);
                self.arrange();
            }
        }
    }

    /// Another moment: what was going on is over, and those present then are there at once.
    pub fn jump(&mut self, daemons: &Daemons, now: f64) {
        self.clear();
        self.halted_until = NEVER;
        self.settle(daemons, now);
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

    /// The phrase in the middle.
    #[must_use]
    pub fn display(&self, now: f64) -> Option<&Caption> {
        self.display.as_ref().filter(|caption| now < caption.until)
    }

    /// The subtitle.
    #[must_use]
    pub fn subtitle(&self, now: f64) -> Option<&Caption> {
        self.subtitle.as_ref().filter(|caption| now < caption.until)
    }

    /// Labels of all circles, in order of name.
    pub fn labels(&self, now: f64, into: &mut Vec<Label>) {
        into.clear();
        let (mapping, beside) = (self.mapping(), self.beside());
        for (name, actor) in self.actors.iter() {
            let centre = mapping.px(actor.at);
            // The colour of failure belongs to what failed, whatever has followed.
            let phase = actor.phase(now);
            let mut line = if phase == "failing" { actor.failed.clone() } else { actor.line.clone() };
            let more = beside.iter().filter(|circle| *circle == name).count();
            if more > 0 {
                line = format!("+{more} · {line}");
            }
            // The label stays in the window, whatever its text: half of what it may be wide, at most.
            let wide = if self.view.width < 520.0 { 66.0 } else { 106.0_f32 };
            #[expect(clippy::cast_precision_loss, reason = "a width in characters")]
            let half = match actor.moon {
                Some(_) => name.len() as f32 * 3.6 + 6.0,
                None => name.len().max(line.len().min(60)) as f32 * 5.0 + 8.0,
            };
            let half = half.min(wide);
            let x = centre[0].min(self.view.width - half).max(half);
            into.push(Label {
                name: name.to_owned(),
                line,
                is_moon: actor.moon.is_some(),
                at: [x, centre[1] + actor.radius(&mapping) * 1.16],
                centre,
                opacity: actor.inscribed(now) * (1.0 - actor.dissolved(now)),
                color: palette::text_color(actor.color),
                phase,
            });
        }
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
            || self.actors.values().any(|actor| actor.phase(now) != "idle" || now - actor.broke < BREAK_MS)
    }
}
