//! From an event's sync directives to a cue: what the stage does, and whether there is still time.

use arcane_shared::api::AWAIT_END;
use arcane_shared::roster::{ACKNOWLEDGE, ENRICH, FORGET, PROGRESS, is_of_a_guard};
use arcane_shared::sync::{Animation, Audio, Particles};
use arcane_shared::{AnySpell, ReceivedEvent, Rgb, SpellName, UnixMillis};

use crate::dictionary::{Term, Tongue};
use crate::store::Origin;
use crate::summary;

/// Above this many milliseconds of remaining time a cue is performed in full.
pub const COMFORT_MS: f64 = 40.0;
/// A cue without that skips its attack, which takes so many milliseconds, and ends when it would have ended.
pub const ATTACK_MS: f64 = 108.0;
/// An event older than this is history: its state is shown, nothing is performed.
pub const HISTORY_MS: f64 = 2_000.0;

/// How late a cue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lateness {
    /// Enough time: everything.
    OnTime,
    /// Little time: at once, shortened, sound only if still in time.
    Late,
    /// Past its deadline: final state and a hollow mark, no flash, no sound. Counted.
    Missed,
    /// History, a replayed backlog or a hidden page: state only. Not counted.
    Historical,
}

/// How a circle ends its gesture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gesture {
    /// No gesture.
    None,
    /// A swell and a calm; also what an unknown animation becomes.
    Pulse,
    /// The failure gesture.
    Invert,
}

/// What particles do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Unchanged,
    /// Calm down.
    FadeToIdle,
    /// Freeze for a moment.
    Halt,
}

/// Which stinger, if any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// None.
    Silent,
    /// The success stinger.
    Success,
    /// The error stinger.
    Error,
}

/// One event as the stage performs it.
#[derive(Debug, Clone, PartialEq)]
pub struct Cue {
    /// The number by which a mark can be asked for its event.
    pub id: Option<u64>,
    /// The event's number.
    pub seq: Option<u64>,
    /// What happened.
    pub spell: AnySpell,
    /// To whom; `None` for the realm.
    pub daemon: Option<String>,
    /// Who started it, if it is a subagent and the event says.
    pub parent: Option<String>,
    /// The daemon's colour if the event says.
    pub color: Option<Rgb>,
    /// Whether it worked.
    pub success: bool,
    /// How late.
    pub lateness: Lateness,
    /// The circle's gesture.
    pub gesture: Gesture,
    /// The particles' gesture.
    pub flow: Flow,
    /// The sound.
    pub voice: Voice,
    /// Whether colours invert, if the governor allows.
    pub invert: bool,
    /// A phrase in the middle.
    pub display_text: Option<String>,
    /// The event in a line.
    pub line: String,
    /// What a voice says.
    pub subtitle: Option<String>,
    /// Where its sound is, if the server made one.
    pub audio_path: Option<String>,
    /// Seconds that it took.
    pub seconds: f32,
    /// An invocation that has only begun.
    pub begins: bool,
    /// Somebody looked: at the realm, or at a daemon.
    pub looks: bool,
    /// It waits for a human.
    pub attention: bool,
    /// A session of the daemon has ended, and others go on.
    pub stays: bool,
    /// When the bus took it, server clock.
    pub emitted_at: Option<UnixMillis>,
    /// Its budget, milliseconds.
    pub deadline_ms: f64,
    /// What is left of that; infinite where no clock says.
    pub left_ms: f64,
}

impl Cue {
    /// Whether anything of it is to be seen or heard, beyond the state that it leaves.
    #[must_use]
    pub fn is_performed(&self) -> bool {
        matches!(self.lateness, Lateness::OnTime | Lateness::Late)
    }

    /// When its gestures began, as seen at `now`: a late one has skipped its attack and what it is late by.
    #[must_use]
    pub fn began(&self, now: f64) -> f64 {
        match self.lateness {
            Lateness::Late => now - ATTACK_MS - (COMFORT_MS - self.left_ms).clamp(0.0, COMFORT_MS),
            Lateness::OnTime | Lateness::Missed | Lateness::Historical => now,
        }
    }
}

/// Decides. `server_now` is `None` while the server's clock is unknown: then nothing counts as late. What is
/// told is told in `tongue`.
#[must_use]
pub fn direct(
    event: &ReceivedEvent,
    origin: Origin,
    server_now: Option<UnixMillis>,
    hidden: bool,
    tongue: Tongue,
) -> Cue {
    let sync = event.sync();
    #[expect(clippy::cast_precision_loss, reason = "a deadline beyond 2^52 ms is as good as none")]
    let deadline_ms = sync.deadline_ms as f64;
    let left_ms = left(sync.emitted_at, server_now, deadline_ms);
    let lateness = lateness(origin, left_ms, deadline_ms, hidden);
    let performed = matches!(lateness, Lateness::OnTime | Lateness::Late);
    let text = |key: &str| event.text(key).map(|text| summary::shorten(text, 400));
    // How a request ended is told by its row: nobody says it.
    let is_end = event.text("event") == Some(AWAIT_END);
    let is_voice = event.spell_name.as_str() == "voice" && !is_end;
    Cue {
        id: None,
        seq: event.seq,
        spell: event.spell_name.clone(),
        daemon: event.daemon_name.as_ref().map(|name| name.as_str().to_owned()),
        parent: event.text("parent_daemon").map(str::to_owned),
        color: event.color(),
        success: event.success,
        lateness,
        gesture: match sync.animation.filter(|_| performed) {
            None => Gesture::None,
            Some(Animation::Invert) => Gesture::Invert,
            Some(Animation::Pulse | Animation::Other(_)) => Gesture::Pulse,
        },
        flow: match sync.particles {
            _ if !performed => Flow::Unchanged,
            None => Flow::Unchanged,
            Some(Particles::Halt) => Flow::Halt,
            Some(Particles::FadeToIdle | Particles::Other(_)) => Flow::FadeToIdle,
        },
        voice: match sync.audio {
            _ if !performed || is_end => Voice::Silent,
            Some(Audio::Success) => Voice::Success,
            Some(Audio::Error) => Voice::Error,
            Some(Audio::Other(_)) | None => Voice::Silent,
        },
        invert: sync.invert && performed,
        display_text: sync
            .display_text
            .map(|text| {
                let is = |term: &Term| *text == *Tongue::Fantasy.say(*term);
                let known = [Term::TaskFailed, Term::DeniedByRule].into_iter().find(is);
                known.map_or_else(|| summary::shorten(&text, 120), |term| tongue.say(term).into())
            })
            .filter(|text| !text.trim().is_empty()),
        line: line(event, tongue),
        subtitle: is_voice.then(|| said(event, tongue)),
        audio_path: is_voice.then(|| text("audio_path")).flatten(),
        #[expect(clippy::cast_possible_truncation, reason = "clamped before")]
        seconds: event.number("execution_time").filter(|s| s.is_finite()).unwrap_or(0.0).clamp(0.0, 3_600.0)
            as f32,
        begins: event.text("phase") == Some(arcane_shared::roster::BEGIN),
        looks: event.spell_name.known() == Some(SpellName::Reveal)
            && !matches!(event.text("query_type"), Some(PROGRESS | ACKNOWLEDGE | ENRICH | FORGET)),
        attention: event.metadata.get("attention").and_then(serde_json::Value::as_bool).unwrap_or(false),
        stays: event.number("manifestations").is_some_and(|left| left >= 1.0),
        emitted_at: sync.emitted_at,
        deadline_ms,
        left_ms,
    }
}

/// What happened; of a failure also why, if that was told.
fn line(event: &ReceivedEvent, tongue: Tongue) -> String {
    let line = summary::of(event, tongue);
    match event.text("error") {
        Some(_) if !event.success && !is_of_a_guard(event) => [line, summary::aside(event)].join(": "),
        _ => line,
    }
}

/// What is said. What a guard tells has before it of whom it is.
fn said(event: &ReceivedEvent, tongue: Tongue) -> String {
    if is_of_a_guard(event) {
        return summary::of(event, tongue);
    }
    summary::shorten(&event.description, 240)
}

/// What is left of a deadline. A publisher's clock that runs ahead gives nobody more time.
fn left(emitted_at: Option<UnixMillis>, server_now: Option<UnixMillis>, deadline_ms: f64) -> f64 {
    let age = emitted_at.zip(server_now).map(|(emitted_at, server_now)| server_now - emitted_at);
    age.filter(|age| age.is_finite()).map_or(f64::INFINITY, |age| deadline_ms - age.max(0.0))
}

fn lateness(origin: Origin, left_ms: f64, deadline_ms: f64, hidden: bool) -> Lateness {
    if origin != Origin::Live || hidden {
        Lateness::Historical
    } else if left_ms >= COMFORT_MS {
        Lateness::OnTime
    } else if left_ms > 0.0 {
        Lateness::Late
    } else if deadline_ms - left_ms > HISTORY_MS {
        Lateness::Historical
    } else {
        Lateness::Missed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn event(metadata: &serde_json::Value, success: bool) -> ReceivedEvent {
        let value = json!({"spell_name": "invoke", "daemon_name": "claude", "success": success, "metadata": metadata});
        crate::message::event(value, arcane_shared::Timestamp::from_unix_micros(0)).unwrap()
    }

    fn cue(metadata: &serde_json::Value, success: bool, now: f64) -> Cue {
        direct(&event(metadata, success), Origin::Live, Some(now), false, Tongue::Fantasy)
    }

    #[test]
    fn remaining_time_decides() {
        let at =
            |age: f64| cue(&json!({"sync": {"deadline_ms": 200, "emitted_at": 1000.0}}), false, 1000.0 + age);
        assert_eq!(at(10.0).lateness, Lateness::OnTime);
        assert!(at(10.0).invert);
        assert_eq!(at(180.0).lateness, Lateness::Late);
        assert_eq!(at(180.0).began(5_000.0), 5_000.0 - ATTACK_MS - 20.0);
        let missed = at(250.0);
        assert_eq!((missed.lateness, missed.invert, missed.voice), (Lateness::Missed, false, Voice::Silent));
        assert_eq!(at(5_000.0).lateness, Lateness::Historical);
    }

    #[test]
    fn an_unknown_animation_is_a_pulse_and_none_is_none() {
        assert_eq!(cue(&json!({"sync": {"animation": "aurora"}}), true, 0.0).gesture, Gesture::Pulse);
        assert_eq!(cue(&json!({"sync": {"animation": null}}), true, 0.0).gesture, Gesture::None);
        assert_eq!(
            cue(&json!({"sync": {"particles": "confetti", "audio": "gong"}}), true, 0.0).flow,
            Flow::FadeToIdle
        );
        assert_eq!(cue(&json!({"sync": {"audio": "gong"}}), true, 0.0).voice, Voice::Silent);
        assert_eq!(cue(&json!({}), false, 0.0).voice, Voice::Error);
    }

    #[test]
    fn how_a_request_ended_is_not_spoken() {
        let voice = |event: &str| {
            let value = json!({"spell_name": "voice", "daemon_name": "claude", "success": true, "description": "d",
                "metadata": {"event": event, "request_id": "r", "audio_path": "/a.mp3"}});
            let event = crate::message::event(value, arcane_shared::Timestamp::from_unix_micros(0)).unwrap();
            direct(&event, Origin::Live, Some(0.0), false, Tongue::Fantasy)
        };
        assert_eq!(voice("said").subtitle.as_deref(), Some("d"));
        let end = voice("await_end");
        assert_eq!((end.subtitle, end.audio_path, end.voice), (None, None, Voice::Silent));
    }

    #[test]
    fn what_a_hidden_page_gets_is_history() {
        let cue = direct(&event(&json!({}), false), Origin::Live, Some(0.0), true, Tongue::Fantasy);
        assert_eq!((cue.lateness, cue.invert), (Lateness::Historical, false));
    }

    proptest! {
        #[test]
        fn absurd_numbers_decide_something(deadline: u64, emitted: f64, now: f64, time: f64) {
            let metadata = json!({"execution_time": time, "sync": {"deadline_ms": deadline, "emitted_at": emitted}});
            let cue = cue(&metadata, false, now);
            prop_assert!(cue.seconds.is_finite() && cue.seconds >= 0.0);
        }
    }
}
