//! From an event that arrived to its frame: when it is performed, and how long that took.

use arcane_shared::UnixMillis;
use arcane_shared::control::{MissReason, PaintSample};
use arcane_stage::director::{Cue, Lateness, direct};
use arcane_stage::particles::SOFTWARE_CAPACITY;
use arcane_stage::playout::Waiting;
use arcane_stage::quality::Quality;
use arcane_stage::store::{Origin, Stored};

use super::Page;
use crate::{clock, storage};

/// How far from the future, and how old, a live event may be before the clock is doubted.
const CLOCK_DOUBT_MS: [f64; 2] = [250.0, 60_000.0];

/// A cue whose frame is not finished yet.
pub(super) struct Performed {
    seq: u64,
    emitted_at: UnixMillis,
    deadline_ms: f64,
    /// It is shown as one that came too late.
    missed: bool,
    /// Its deadline was over when it arrived.
    came_late: bool,
}

/// Cues that may wait to be measured.
const PERFORMED_MAX: usize = 4_096;

impl Page {
    /// An event that is from the future, or a minute old although it has just come, says that this clock was set: the
    /// server's is asked for anew, and until it answers nothing counts as late.
    pub(super) fn doubt_clock(&mut self, stored: &Stored) {
        let now = self.sync.server_time(clock::unix());
        let age = now.zip(stored.event.sync().emitted_at).map(|(now, emitted)| now - emitted);
        let plausible = -CLOCK_DOUBT_MS[0]..CLOCK_DOUBT_MS[1];
        if stored.origin == Origin::Live && age.is_some_and(|age| !plausible.contains(&age)) {
            self.sync.restart(clock::now());
            // What waits was aimed by the wrong clock.
            self.playout.release();
        }
    }

    /// What waits for its moment leaves its state only: nobody would see more.
    pub(crate) fn collapse(&mut self) {
        let tongue = self.viewer().tongue;
        while let Some(waiting) = self.playout.next(None, 0.0) {
            let mut cue = direct(&waiting.stored.event, waiting.stored.origin, None, true, tongue);
            cue.id = Some(waiting.stored.id);
            self.enact(&cue, clock::now());
        }
    }

    /// The page was hidden, or is visible again: then the stage is what has become of it.
    pub(crate) fn turn_away(&mut self, hidden: bool) {
        self.collapse();
        self.performed.clear();
        self.is_turned(hidden);
        if !hidden {
            // The machine may have slept, and its clock with it.
            self.sync.restart(clock::now());
            if self.time_travel.travel.is_none() {
                let present = self.present();
                self.stage.settle(self.store.daemons(), present, clock::now());
            }
        }
    }

    /// When a frame that begins at `now` is seen, as a rule: the compositor needs about one more.
    pub(super) fn seen_at(&self, now: f64) -> f64 {
        now + self.quality.interval().clamp(8.0, 50.0)
    }

    /// Whether the painter can paint. The first time that it can, it is known how much the stage may cost.
    pub(crate) fn can_paint(&mut self) -> bool {
        let Some(painter) = &mut self.painter else { return false };
        match painter.is_ready() {
            Ok(true) if !self.settled => {
                let software = painter.is_software();
                self.settled = true;
                let fixed = storage::read(storage::QUALITY_KEY).unwrap_or_default();
                self.quality = Quality::new(software);
                self.quality.fix(&fixed);
                if software {
                    self.stage.particles_mut().resize(SOFTWARE_CAPACITY);
                }
                true
            }
            Ok(ready) => ready,
            Err(reason) => {
                leptos::logging::warn!("the stage cannot be painted: {reason}");
                self.painter = None;
                self.painter_failed = true;
                false
            }
        }
    }

    /// Whether something is due in a frame that begins at `now`.
    pub(crate) fn is_due(&self, now: f64) -> bool {
        let seen_at = self.sync.server_time(clock::unix_of(self.seen_at(now)));
        self.playout.is_due(seen_at, self.quality.interval())
    }

    /// Performs what belongs into a frame that begins at `now`.
    pub(super) fn perform_due(&mut self, now: f64) {
        let interval = self.quality.interval();
        let seen_at = self.sync.server_time(clock::unix_of(self.seen_at(now)));
        self.playout.adapt(now, interval);
        let tongue = self.viewer().tongue;
        while let Some(waiting) = self.playout.next(seen_at, interval) {
            let mut cue = direct(&waiting.stored.event, waiting.stored.origin, seen_at, false, tongue);
            cue.id = Some(waiting.stored.id);
            self.perform(&waiting, &cue, now);
        }
    }

    pub(super) fn perform(&mut self, waiting: &Waiting, cue: &Cue, now: f64) {
        self.enact(cue, now);
        if cue.is_performed()
            && let Some(text) = &cue.subtitle
        {
            self.speaker.speak(cue.daemon.as_deref().unwrap_or_default(), text, cue.audio_path.as_deref());
        }
        if cue.lateness != Lateness::Historical
            && self.performed.len() < PERFORMED_MAX
            && let (Some(seq), Some(emitted_at)) = (waiting.stored.event.seq, cue.emitted_at)
        {
            self.performed.push(Performed {
                seq,
                emitted_at,
                deadline_ms: cue.deadline_ms,
                missed: cue.lateness == Lateness::Missed,
                came_late: waiting.arrived.is_some_and(|age| age >= cue.deadline_ms),
            });
        }
    }

    /// One frame: what is due, picture, paint, sound. Says whether anything of it waits to be measured.
    pub(crate) fn frame(&mut self, now: f64, scale: f32) -> bool {
        self.step_past(now);
        self.perform_due(now);
        self.stage.set_tier(self.quality.tier());
        self.stage.advance(now);
        if !self.context_lost
            && self.can_paint()
            && let Some(painter) = &mut self.painter
        {
            let (picture, particles) = self.stage.painted();
            painter.paint(picture, particles, scale);
        }
        self.stage.take_sounds(now, &mut self.sounds);
        self.speaker.play(&self.sounds, self.seen_at(now));
        !self.performed.is_empty()
    }

    /// The frame has been handed on: its cues are visible as soon as the browser has composed it.
    pub(crate) fn measure(&mut self) {
        let Some(server_now) = self.sync.server_time(clock::unix()) else {
            self.performed.clear();
            return;
        };
        for cue in self.performed.drain(..) {
            let late_ms = server_now - cue.emitted_at;
            let missed = cue.missed || late_ms > cue.deadline_ms;
            let reason = if cue.came_late { MissReason::Transport } else { MissReason::Frame };
            self.latency.painted(PaintSample {
                seq: cue.seq,
                painted_at: server_now,
                late_ms,
                missed,
                reason: missed.then_some(reason),
            });
        }
    }
}
