//! The stage: cues in, one picture a frame out.

use std::collections::{BTreeMap, VecDeque};

use arcane_shared::{Rgb, SpellName};

use crate::actors::{Actor, BREAK_MS, NEVER};
use crate::daemons::{Daemons, Doing};
use crate::director::{Cue, Flow, Gesture, Lateness, Voice};
use crate::effects::{EFFECTS_MAX, Effect, LETTERS_MAX, Shape};
use crate::governor::{Governor, Style, Verdict};
use crate::layout::{Mapping, Ring, View};
use crate::palette;
use crate::particles::{Particles, unit};
use crate::picture::Picture;
use crate::runes;
use crate::sounds::{Sound, SoundGate, Stinger};

/// How long particles stand still on `halt`.
pub const HALT_MS: f64 = 520.0;
/// How long a phrase stands in the middle.
pub const DISPLAY_MS: f64 = 2_600.0;
/// How long a subtitle stands.
pub const SUBTITLE_MS: f64 = 4_500.0;
/// Daemons drawn; the page says how many more there are.
pub const ACTORS_MAX: usize = 28;

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
    /// What it does, in a line.
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
}

/// See the module.
#[derive(Debug, Clone)]
pub struct Stage {
    pub(crate) view: View,
    pub(crate) ring: Ring,
    pub(crate) actors: BTreeMap<String, Actor>,
    pub(crate) effects: VecDeque<Effect>,
    pub(crate) particles: Particles,
    pub(crate) governor: Governor,
    pub(crate) picture: Picture,
    pub(crate) reduced: bool,
    pub(crate) particle_ms: f64,
    pub(crate) halted_until: f64,
    pub(crate) last_frame: Option<f64>,
    pub(crate) started: f64,
    pub(crate) energy: f32,
    pub(crate) bus_pulsed: f64,
    pub(crate) bus_spark_due: f64,
    pub(crate) budget: f32,
    pub(crate) dice: u32,
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
            actors: BTreeMap::new(),
            effects: VecDeque::with_capacity(EFFECTS_MAX),
            particles: Particles::default(),
            governor: Governor::default(),
            picture: Picture::default(),
            reduced: false,
            particle_ms: 0.0,
            halted_until: NEVER,
            last_frame: None,
            started: now,
            energy: 0.0,
            bus_pulsed: NEVER,
            bus_spark_due: NEVER,
            budget: 400.0,
            dice: seed,
            sounds: SoundGate::default(),
            display: None,
            subtitle: None,
        }
    }

    /// The page has this geometry now.
    pub fn set_view(&mut self, view: View) {
        self.view = view;
    }

    /// Reduced motion: no travel, opacity steps, a badge instead of an inversion.
    pub fn set_reduced(&mut self, reduced: bool) {
        self.reduced = reduced;
    }

    /// How the governor's inversions look.
    #[must_use]
    pub fn inversion_style(&self) -> Style {
        if self.reduced { Style::Badge } else { Style::Soft }
    }

    /// Everybody leaves at once: another room, another time.
    pub fn clear(&mut self) {
        self.actors.clear();
        self.ring.clear();
        self.effects.clear();
        self.display = None;
        self.subtitle = None;
    }

    /// Makes the actors those that are present, without performing anything.
    pub fn settle(&mut self, daemons: &Daemons, now: f64) {
        let gone: Vec<String> = self
            .actors
            .iter()
            .filter(|(name, actor)| {
                actor.vanished.is_none() && !daemons.get(name).is_some_and(|d| d.is_present())
            })
            .map(|(name, _)| name.clone())
            .collect();
        for name in gone {
            self.actors.remove(&name);
            self.ring.leave(&name);
        }
        for daemon in daemons.present() {
            let known = self.actors.contains_key(&daemon.name);
            let Some(actor) = self.actor(&daemon.name, Some(daemon.color), now) else { continue };
            if !known {
                actor.appeared = NEVER;
            }
            actor.line.clone_from(&daemon.last);
            actor.working = (daemon.doing == Doing::Working).then_some(now);
            actor.waiting = (daemon.doing == Doing::Waiting).then_some(now);
        }
    }

    /// Performs a cue.
    pub fn perform(&mut self, cue: &Cue, now: f64) {
        let performed = matches!(cue.lateness, Lateness::OnTime | Lateness::Late);
        if performed {
            self.energy = (self.energy + 0.06).min(1.0);
            self.bus_pulsed = now;
        }
        match cue.spell.known() {
            Some(SpellName::Summon) if cue.success => self.summon(cue, performed, now),
            Some(SpellName::Banish) if cue.success => self.banish(cue, performed, now),
            Some(SpellName::Invoke) => self.invoke(cue, performed, now),
            Some(SpellName::Reveal) if performed => self.reveal(cue, now),
            Some(SpellName::Parse) if performed => self.parse(cue, now),
            Some(SpellName::Voice) => self.speak(cue, performed, now),
            _ => {}
        }
        self.gesture(cue, now);
        self.narrate(cue, performed, now);
    }

    fn gesture(&mut self, cue: &Cue, now: f64) {
        if let Some(actor) = cue.daemon.as_ref().and_then(|name| self.actors.get_mut(name)) {
            match cue.gesture {
                Gesture::Pulse => actor.pulsed = now,
                Gesture::Invert => actor.broke = now,
                Gesture::None => {}
            }
            if cue.lateness == Lateness::Missed {
                actor.missed = now;
            }
        }
        if cue.lateness == Lateness::Missed && !cue.success {
            self.governor.note(now);
        }
        match cue.flow {
            Flow::Halt => self.halted_until = now + HALT_MS,
            Flow::FadeToIdle | Flow::Unchanged => {}
        }
        if cue.invert && self.governor.request(now) == Verdict::Invert {
            self.bus_pulsed = NEVER;
        }
        let pitch = cue.daemon.as_ref().map_or(0, |name| (arcane_shared::color::hash(name) % 12) as u8);
        match (cue.voice, cue.spell.known(), cue.success) {
            (Voice::Silent, ..) => {}
            (Voice::Error, ..) => self.sounds.wish(Stinger::Error, pitch),
            (Voice::Success, Some(SpellName::Summon), true) => self.sounds.wish(Stinger::Arrival, pitch),
            (Voice::Success, Some(SpellName::Banish), true) => self.sounds.wish(Stinger::Departure, pitch),
            (Voice::Success, ..) => self.sounds.wish(Stinger::Success, pitch),
        }
    }

    fn narrate(&mut self, cue: &Cue, performed: bool, now: f64) {
        if cue.lateness == Lateness::Historical {
            return;
        }
        let speaker = cue.daemon.clone().unwrap_or_default();
        if let Some(text) = &cue.display_text {
            self.display =
                Some(Caption { text: text.clone(), speaker: speaker.clone(), until: now + DISPLAY_MS });
        }
        if let Some(text) = cue.subtitle.as_ref().filter(|text| performed && !text.trim().is_empty()) {
            self.subtitle = Some(Caption { text: text.clone(), speaker, until: now + SUBTITLE_MS });
        }
    }

    fn summon(&mut self, cue: &Cue, performed: bool, now: f64) {
        let Some(name) = &cue.daemon else { return };
        let Some(actor) = self.actor(name, cue.color, now) else { return };
        actor.appeared = if performed { now } else { NEVER };
        actor.line.clone_from(&cue.line);
        actor.working = None;
        let (at, color) = (actor.at, actor.color);
        if performed {
            self.effect(Shape::Wave(1.6), at, color, now + 900.0);
            self.gather(at, color, now);
        }
    }

    fn banish(&mut self, cue: &Cue, performed: bool, now: f64) {
        let Some(name) = &cue.daemon else { return };
        let Some(actor) = self.actors.get_mut(name).filter(|actor| actor.vanished.is_none()) else { return };
        actor.line.clone_from(&cue.line);
        actor.vanished = Some(if performed { now } else { NEVER });
        let (at, color) = (actor.at, actor.color);
        self.ring.leave(name);
        if performed {
            self.dust(at, color, now);
        }
    }

    fn invoke(&mut self, cue: &Cue, performed: bool, now: f64) {
        let Some(name) = &cue.daemon else { return };
        // A daemon that works is here, whether or not its arrival was seen; one that was refused is not.
        if cue.success {
            let known = self.actors.contains_key(name);
            if let Some(actor) = self.actor(name, cue.color, now).filter(|_| !known && !performed) {
                actor.appeared = NEVER;
            }
        }
        let Some(actor) = self.actors.get_mut(name) else {
            if performed && !cue.success {
                self.shards([0.0; 2], now);
            }
            return;
        };
        actor.line.clone_from(&cue.line);
        actor.working = cue.begins.then_some(now);
        actor.waiting = None;
        let (at, color) = (actor.at, actor.color);
        if performed && !cue.begins {
            if cue.success {
                actor.heat = (actor.heat + 0.25).min(1.0);
                let rested = now - actor.waved > 260.0;
                if rested {
                    actor.waved = now;
                }
                self.stream(at, color, cue.seconds, now);
                if rested {
                    self.effect(Shape::Wave(0.55), at, color, now);
                    let reach = 0.8 + cue.seconds.sqrt().min(2.5);
                    self.effect(Shape::Wave(reach), [0.0; 2], color, now + 650.0);
                }
            } else {
                self.shards(at, now);
            }
        }
    }

    fn reveal(&mut self, cue: &Cue, now: f64) {
        let color = cue.color.unwrap_or(palette::REALM);
        self.effect(Shape::Veil, [0.0; 2], color, now);
    }

    fn parse(&mut self, cue: &Cue, now: f64) {
        let letters = cue.line.chars().filter(char::is_ascii_alphanumeric).take(LETTERS_MAX);
        let mut runes = [0; LETTERS_MAX];
        let mut count = 0;
        for letter in letters {
            runes[count] = runes::of_letter(letter);
            count += 1;
        }
        let color = if cue.success { palette::REALM } else { palette::ROSE };
        self.effect(Shape::Incantation { runes, count }, [0.0; 2], color, now);
    }

    fn speak(&mut self, cue: &Cue, performed: bool, now: f64) {
        let Some(actor) = cue.daemon.as_ref().and_then(|name| self.actors.get_mut(name)) else { return };
        actor.waiting = cue.attention.then_some(now);
        if cue.attention {
            actor.line.clone_from(&cue.line);
        }
        let (at, color) = (actor.at, actor.color);
        if performed {
            self.effect(Shape::Voice, at, color, now);
        }
    }

    /// The actor of this name; a new one begins to appear now. `None` when the ring is full.
    fn actor(&mut self, name: &str, color: Option<Rgb>, now: f64) -> Option<&mut Actor> {
        let returning = self.actors.get(name).is_some_and(|actor| actor.vanished.is_some());
        if returning {
            self.actors.remove(name);
        }
        if !self.actors.contains_key(name) {
            if self.actors.len() >= ACTORS_MAX {
                return None;
            }
            let place = self.ring.seat(name);
            let at = Ring::at(place, self.ring.size());
            let color = color.unwrap_or_else(|| arcane_shared::color::assign(name, &[]));
            self.actors.insert(name.to_owned(), Actor::new(name, color, place, at, now));
        }
        let actor = self.actors.get_mut(name)?;
        if let Some(color) = color {
            actor.color = color;
        }
        Some(actor)
    }

    fn effect(&mut self, shape: Shape, at: [f32; 2], color: Rgb, since: f64) {
        if self.effects.len() >= EFFECTS_MAX {
            self.effects.pop_front();
        }
        self.effects.push_back(Effect { shape, since, at, color });
    }

    /// The next random number, 0.0–1.0.
    pub(crate) fn roll(&mut self) -> f32 {
        self.dice = self.dice.wrapping_add(1);
        unit(self.dice)
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
        let mapping = Mapping::new(self.view, self.ring.size());
        for (name, actor) in &self.actors {
            let centre = mapping.px(actor.at);
            into.push(Label {
                name: name.clone(),
                line: actor.line.clone(),
                at: [centre[0], centre[1] + mapping.circle_radius * 1.16],
                centre,
                opacity: actor.inscribed(now) * (1.0 - actor.dissolved(now)),
                color: palette::text_color(actor.color),
                phase: actor.phase(now),
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
