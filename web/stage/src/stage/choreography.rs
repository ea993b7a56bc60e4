//! What each spell looks and sounds like: a cue becomes gestures, particles, marks and words.

use arcane_shared::roster::DaemonState;
use arcane_shared::{Rgb, SpellName, UnixMillis};

use super::{HALT_MS, HALT_SPACING_MS, Stage};
use crate::actors::{Burst, NEVER, PULSE_SPACING_MS, Spot};
use crate::director::{Cue, Flow, Gesture, Lateness, Voice};
use crate::effects::{EFFECTS_MAX, Effect, LETTERS_MAX, Shape};
use crate::governor::Verdict;
use crate::lane::Kind;
use crate::palette;
use crate::particles::unit;
use crate::runes;
use crate::sounds::Stinger;
use crate::states::State;

/// How long what a daemon sends is on its way to the bus, milliseconds.
const ARRIVAL_MS: f64 = 650.0;
/// Least time between two arrivals at which the bus swells, milliseconds: it would never be seen to rise.
const BUS_SPACING_MS: f64 = 900.0;

impl Stage {
    /// Performs a cue. `daemon`: what is known of whom it is about, with the cue's event; `unix`: the moment that is shown.
    pub fn perform(&mut self, cue: &Cue, daemon: Option<&DaemonState>, unix: UnixMillis, now: f64) {
        let performed = cue.is_performed();
        if let Some(daemon) = daemon {
            let known = self.actors.contains(daemon.daemon_name.as_str());
            self.follow(daemon, unix, now);
            let actor = self.actors.get_mut(daemon.daemon_name.as_str());
            if let Some(actor) = actor.filter(|_| !known && !performed) {
                actor.appeared = NEVER;
            }
        }
        if performed {
            self.energy = (self.energy + 0.06).min(1.0);
        }
        match cue.spell.known() {
            Some(SpellName::Summon) if cue.success => self.summon(cue, performed, now),
            Some(SpellName::Banish) if cue.success && !cue.stays => self.banish(cue, performed),
            Some(SpellName::Invoke) => self.invoke(cue, performed, now),
            Some(SpellName::Reveal) if performed && cue.looks => self.reveal(cue, now),
            Some(SpellName::Reveal) if performed => self.stir(cue),
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
            // What goes as it should is silent, unless it is wished for: a bell for each call is noise by noon.
            (Voice::Success, ..) if !self.routine_sounds => return,
            (Voice::Success, ..) => Stinger::Success,
        };
        self.sounds.wish(stinger, pitch, now + cue.left_ms);
    }

    fn narrate(&mut self, cue: &Cue, performed: bool, now: f64) {
        if cue.lateness == Lateness::Historical {
            return;
        }
        let speaker = cue.daemon.as_deref().unwrap_or_default();
        if let Some(text) = &cue.display_text {
            let kind = if cue.success { Kind::Hint } else { Kind::Failure };
            let text = if cue.success || cue.line.is_empty() {
                text.clone()
            } else {
                format!("{text} · {}", cue.line)
            };
            self.lane.tell(kind, speaker, &text, now);
        }
        // What waits for a human stands in the lane for as long as it waits.
        let said =
            cue.subtitle.as_ref().filter(|text| performed && !cue.attention && !text.trim().is_empty());
        if let Some(text) = said {
            self.lane.tell(Kind::Said, speaker, text, now);
        }
    }

    fn summon(&mut self, cue: &Cue, performed: bool, now: f64) {
        let Some(actor) = cue.daemon.as_ref().and_then(|name| self.actors.get_mut(name)) else { return };
        actor.appeared = if performed { now } else { NEVER };
        let (at, color, is_moon, is_drawn) =
            (actor.at, actor.color, actor.moon.is_some(), actor.spot != Spot::Folded);
        if performed && is_drawn {
            let radius = self.radius_at(cue.daemon.as_deref());
            self.effect(Shape::Wave(if is_moon { 0.4 } else { 1.6 }), at, color, now + 700.0);
            self.gather(at, radius, color);
        }
    }

    fn banish(&mut self, cue: &Cue, performed: bool) {
        let Some(actor) = cue.daemon.as_ref().and_then(|name| self.actors.get_mut(name)) else { return };
        if !performed {
            actor.vanished = actor.vanished.map(|_| NEVER);
            return;
        }
        let (at, color, radius) = (actor.at, actor.color, actor.radius());
        if actor.is_drawn() {
            self.dust(at, radius, color);
        }
    }

    /// Radius of a daemon's mark as it will be, pixels: one that has just come has none yet.
    fn radius_at(&self, name: Option<&str>) -> f32 {
        let actor = name.and_then(|name| self.actors.get(name));
        actor.map_or(0.0, |actor| self.wanted(actor, &self.taken())[0])
    }

    fn invoke(&mut self, cue: &Cue, performed: bool, now: f64) {
        if !performed || cue.begins {
            return;
        }
        let radius = self.radius_at(cue.daemon.as_deref());
        let Some(actor) = cue.daemon.as_ref().and_then(|name| self.actors.get_mut(name)) else {
            if !cue.success {
                self.shards([0.0; 2], self.mapping().circle_radius());
            }
            return;
        };
        let at = actor.at;
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
                self.effect(Shape::Wave(reach), to, color, now + ARRIVAL_MS);
                self.reach_bus(now + ARRIVAL_MS);
            }
        }
    }

    /// Something comes to the bus at a moment: it swells then, and not before. One that is awaited is not put off by the next.
    fn reach_bus(&mut self, at: f64) {
        if at - self.bus_pulsed > BUS_SPACING_MS {
            self.bus_pulsed = at;
        }
    }

    /// Work goes on: what flows from it is denser for a moment.
    fn stir(&mut self, cue: &Cue) {
        let actor = cue.daemon.as_ref().and_then(|name| self.actors.get_mut(name));
        if let Some(actor) = actor.filter(|actor| actor.state == State::Working) {
            actor.heat = (actor.heat + 0.3).min(1.0);
        }
    }

    fn reveal(&mut self, cue: &Cue, now: f64) {
        let Some(weight) = self.veils.come(now) else { return };
        self.reach_bus(now);
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
        if cue.success {
            self.reach_bus(now + ARRIVAL_MS);
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
        let (at, color, is_drawn) = (actor.at, actor.color, actor.is_drawn());
        if performed
            && is_drawn
            && let Some(weight) = actor.voices.come(now)
        {
            self.ratio.note(weight);
            self.effect(Shape::Voice, at, color, now);
        }
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
