//! What each spell looks and sounds like: a cue becomes gestures, particles, marks and words.

use arcane_shared::{Rgb, SpellName};

use super::{Caption, DISPLAY_MS, HALT_MS, HALT_SPACING_MS, SUBTITLE_MS, Stage};
use crate::actors::{Actor, Burst, NEVER, PULSE_SPACING_MS};
use crate::director::{Cue, Flow, Gesture, Lateness, Voice};
use crate::effects::{EFFECTS_MAX, Effect, LETTERS_MAX, Shape};
use crate::governor::Verdict;
use crate::moons;
use crate::palette;
use crate::particles::unit;
use crate::runes;
use crate::sounds::Stinger;

impl Stage {
    /// Performs a cue.
    pub fn perform(&mut self, cue: &Cue, now: f64) {
        let performed = cue.is_performed();
        if performed {
            self.energy = (self.energy + 0.06).min(1.0);
            self.bus_pulsed = now;
        }
        match cue.spell.known() {
            Some(SpellName::Summon) if cue.success => self.summon(cue, performed, now),
            Some(SpellName::Banish) if cue.success && !cue.stays => self.banish(cue, performed, now),
            Some(SpellName::Invoke) => self.invoke(cue, performed, now),
            Some(SpellName::Reveal) if performed => self.reveal(cue, now),
            Some(SpellName::Parse) if performed => self.parse(cue, now),
            Some(SpellName::Voice) => self.speak(cue, performed, now),
            _ => {}
        }
        self.last = cue.id;
        if let Some(actor) = cue.daemon.as_ref().and_then(|name| self.actors.get_mut(name)) {
            actor.last = cue.id;
        }
        self.gesture(cue, now);
        self.narrate(cue, performed, now);
    }

    fn gesture(&mut self, cue: &Cue, now: f64) {
        if let Some(actor) = cue.daemon.as_ref().and_then(|name| self.actors.get_mut(name)) {
            match cue.gesture {
                // A pulse that begins anew with every event would never be seen to rise.
                Gesture::Pulse if now - actor.pulsed < PULSE_SPACING_MS => {}
                Gesture::Pulse => actor.pulsed = cue.began(now),
                Gesture::Invert => {
                    actor.broke = cue.began(now);
                    actor.failed.clone_from(&cue.line);
                }
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
            // A storm of failures would stop them for good.
            Flow::Halt if now - self.halted_until < HALT_SPACING_MS - HALT_MS => {}
            Flow::Halt => self.halted_until = now + HALT_MS,
            Flow::FadeToIdle | Flow::Unchanged => {}
        }
        if cue.invert && self.governor.request(now) == Verdict::Invert {
            self.bus_pulsed = NEVER;
        }
        let pitch = cue.daemon.as_ref().map_or(0, |name| (arcane_shared::color::hash(name) % 12) as u8);
        if cue.attention && cue.is_performed() {
            self.sounds.wish(Stinger::Call, pitch, now + cue.left_ms);
        }
        let stinger = match (cue.voice, cue.spell.known(), cue.success) {
            (Voice::Silent, ..) => return,
            (Voice::Error, ..) => Stinger::Error,
            (Voice::Success, Some(SpellName::Summon), true) => Stinger::Arrival,
            (Voice::Success, Some(SpellName::Banish), true) => Stinger::Departure,
            (Voice::Success, ..) => Stinger::Success,
        };
        self.sounds.wish(stinger, pitch, now + cue.left_ms);
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
        let mapping = self.mapping();
        let Some(actor) = self.actor(name, cue.color, cue.parent.as_deref(), now) else { return };
        actor.appeared = if performed { now } else { NEVER };
        actor.line.clone_from(&cue.line);
        actor.working = None;
        let (at, color, is_moon, radius) =
            (actor.at, actor.color, actor.moon.is_some(), actor.radius(&mapping));
        if performed {
            self.effect(Shape::Wave(if is_moon { 0.4 } else { 1.6 }), at, color, now + 900.0);
            self.gather(at, radius, color);
        }
    }

    fn banish(&mut self, cue: &Cue, performed: bool, now: f64) {
        let Some(name) = &cue.daemon else { return };
        let mapping = self.mapping();
        self.crowd.remove(name);
        let Some(actor) = self.actors.get_mut(name).filter(|actor| actor.vanished.is_none()) else { return };
        actor.line.clone_from(&cue.line);
        actor.vanished = Some(if performed { now } else { NEVER });
        let (at, color, radius) = (actor.at, actor.color, actor.radius(&mapping));
        self.ring.leave(name);
        self.arrange();
        if performed {
            self.dust(at, radius, color);
        }
    }

    fn invoke(&mut self, cue: &Cue, performed: bool, now: f64) {
        let Some(name) = &cue.daemon else { return };
        let mapping = self.mapping();
        // A daemon that works is here, whether or not its arrival was seen; one that was refused is not.
        if cue.success {
            let known = self.actors.contains(name);
            if let Some(actor) =
                self.actor(name, cue.color, cue.parent.as_deref(), now).filter(|_| !known && !performed)
            {
                actor.appeared = NEVER;
            }
        }
        let Some(actor) = self.actors.get_mut(name) else {
            if performed && !cue.success {
                self.shards([0.0; 2], mapping.circle_radius);
            }
            return;
        };
        actor.line.clone_from(&cue.line);
        actor.working = cue.begins.then_some(now);
        actor.waiting = None;
        let (at, radius) = (actor.at, actor.radius(&mapping));
        if performed && !cue.begins {
            if cue.success {
                actor.heat = (actor.heat + 0.25).min(1.0);
                actor.burst_seconds = actor.burst_seconds.max(cue.seconds);
                if let Some(weight) = actor.bursts.come(now) {
                    let burst = actor.burst(weight, now);
                    self.burst(burst, now);
                }
            } else {
                // Failures are never merged.
                self.ratio.note(1);
                self.shards(at, radius);
            }
        }
    }

    /// Work done is seen: energy runs to the bus and out, and waves go with it.
    pub(crate) fn burst(&mut self, burst: Burst, now: f64) {
        let Burst { at, to, color, seconds, weight, rested } = burst;
        self.ratio.note(weight);
        self.stream(&burst);
        if rested {
            self.effect(Shape::Wave(0.55), at, color, now);
            #[expect(clippy::cast_precision_loss, reason = "a size, not a count")]
            let crowd = (weight as f32).sqrt() * 0.12;
            let reach = 0.8 + (seconds.sqrt() + crowd).min(2.5);
            if to == [0.0; 2] {
                self.effect(Shape::Wave(reach), to, color, now + 650.0);
            }
        }
    }

    fn reveal(&mut self, cue: &Cue, now: f64) {
        let Some(weight) = self.veils.come(now) else { return };
        self.ratio.note(weight);
        let color = cue.color.unwrap_or(palette::REALM);
        self.effect(Shape::Veil, [0.0; 2], color, now);
    }

    fn parse(&mut self, cue: &Cue, now: f64) {
        // What was not understood is a failure, and never merged.
        match self.spells.come(now).or((!cue.success).then_some(1)) {
            Some(weight) => self.ratio.note(weight),
            None => return,
        }
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
        if performed && let Some(weight) = actor.voices.come(now) {
            self.ratio.note(weight);
            self.effect(Shape::Voice, at, color, now);
        }
    }

    /// The actor of this name; a new one begins to appear now. `None` when the ring is full.
    pub(super) fn actor(
        &mut self,
        name: &str,
        color: Option<Rgb>,
        parent: Option<&str>,
        now: f64,
    ) -> Option<&mut Actor> {
        let returning = self.actors.get(name).is_some_and(|actor| actor.vanished.is_some());
        if returning {
            self.actors.remove(name);
        }
        if !self.actors.contains(name) {
            let root = parent.and_then(|parent| self.circle_of(parent));
            if self.is_full(root.as_deref()) {
                self.crowd.insert(name, parent.unwrap_or_default().to_owned());
                return None;
            }
            self.crowd.remove(name);
            let color = color.unwrap_or_else(|| arcane_shared::color::preferred(name));
            let actor = self.actors.insert(name, Actor::new(name, color, 0, [0.0; 2], now));
            actor.parent = parent.map(str::to_owned);
            // Where the parent is here it becomes a moon, and takes no place on the ring.
            if moons::root_of(&self.actors, name).is_none() {
                let place = self.ring.seat(name);
                self.actors.get_mut(name)?.place = place;
            }
            self.arrange();
            let mapping = self.mapping();
            let at = self.actors.get(name).map(|actor| self.home(actor, &mapping))?;
            self.actors.get_mut(name)?.at = at;
        }
        let actor = self.actors.get_mut(name)?;
        if let Some(color) = color {
            actor.color = color;
        }
        Some(actor)
    }

    fn effect(&mut self, shape: Shape, at: [f32; 2], color: Rgb, since: f64) {
        if self.effects.len() >= EFFECTS_MAX.min(self.tier.effects_max) {
            self.effects.pop_front();
        }
        self.effects.push_back(Effect { shape, since, at, color });
    }

    /// The next random number, 0.0–1.0.
    pub(crate) fn roll(&mut self) -> f32 {
        self.dice = self.dice.wrapping_add(1);
        unit(self.dice)
    }
}
