//! Stingers, synthesised and scheduled on the audio clock, and the voice. Silent until the first click.

use arcane_stage::sounds::{Sound as Sounding, Stinger};
use js_sys::{Function, Reflect};
use serde_json::{Value, json};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AudioContext, AudioContextState, GainNode, OscillatorType};

use crate::clock;
use crate::voice::Voice;

/// Seconds ahead of the audio clock that a sound needs to be scheduled.
const AHEAD: f64 = 0.006;

/// The loudest that stingers are.
const GAIN_MAX: f32 = 0.36;

/// The audio of the page.
#[derive(Default)]
pub(crate) struct Speaker {
    kit: Option<(AudioContext, GainNode)>,
    on: bool,
    voice: Voice,
    heard: Heard,
    volume: f32,
}

/// Whether the page can be heard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Sound {
    /// The user has not asked for it.
    #[default]
    Off,
    /// It can.
    On,
    /// The user has asked for it, and the system lets nothing be heard now: it has suspended the page's audio.
    Paused,
}

impl Sound {
    /// What the button says that turns it on and off.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Off => "Enable sound",
            Self::On => "♪ on",
            Self::Paused => "♪ paused",
        }
    }
}

/// What became of the stingers.
#[derive(Default)]
struct Heard {
    played: u32,
    /// They would have been heard after their deadline.
    too_late: u32,
    /// How much later than its picture the last one was heard, milliseconds; negative: sooner.
    skew_ms: f64,
    skew_ms_max: f64,
}

impl Speaker {
    /// Turns sound on; only a click or key may. `on_change` hears when the system suspends it, or lets it go on.
    pub(crate) fn enable(&mut self, on_change: impl FnMut() + 'static) {
        if self.kit.is_none() {
            self.kit = Self::build();
            self.set_volume(self.volume);
            if let Some((context, _)) = &self.kit {
                let on_change = Closure::<dyn FnMut()>::new(on_change);
                context.set_onstatechange(Some(on_change.as_ref().unchecked_ref()));
                on_change.forget();
            }
        }
        self.on = self.kit.is_some();
        self.wake();
    }

    /// Whether it is on, and can be heard.
    pub(crate) fn state(&self) -> Sound {
        match &self.kit {
            Some((context, _)) if self.on => {
                if context.state() == AudioContextState::Running {
                    Sound::On
                } else {
                    Sound::Paused
                }
            }
            _ => Sound::Off,
        }
    }

    /// Asks the system to let sound go on, if it is on and was suspended.
    pub(crate) fn wake(&self) {
        if let Some((context, _)) = self.kit.as_ref().filter(|_| self.state() == Sound::Paused) {
            let _ = context.resume();
        }
    }

    /// How loud, 0.0–1.0.
    pub(crate) fn set_volume(&mut self, volume: f32) {
        self.volume = volume.clamp(0.0, 1.0);
        self.voice.set_volume(self.volume);
        if let Some((_, master)) = &self.kit {
            master.gain().set_value(GAIN_MAX * self.volume);
        }
    }

    /// Turns sound off.
    pub(crate) fn disable(&mut self) {
        self.on = false;
        self.voice.end();
        if let Some((context, _)) = &self.kit {
            let _ = context.suspend();
        }
    }

    fn build() -> Option<(AudioContext, GainNode)> {
        let context = AudioContext::new().ok()?;
        let master = context.create_gain().ok()?;
        let limiter = context.create_dynamics_compressor().ok()?;
        master.connect_with_audio_node(&limiter).ok()?;
        limiter.connect_with_audio_node(&context.destination()).ok()?;
        Some((context, master))
    }

    /// Plays stingers so that they are heard when their picture is seen, at `seen_at` of the page's clock; what could
    /// only be heard after its deadline stays silent.
    pub(crate) fn play(&mut self, sounds: &[Sounding], seen_at: f64) {
        if sounds.is_empty() || !self.on {
            return;
        }
        let Some((context, master)) = self.kit.as_ref() else { return };
        if context.state() != AudioContextState::Running {
            return;
        }
        // What leaves the speaker now: context time and page time of the same sample.
        let (mut heard_context, mut heard_page) = (context.current_time(), clock::now());
        if let Some(stamp) = output_timestamp(context) {
            (heard_context, heard_page) = stamp;
        }
        let earliest = context.current_time() + AHEAD;
        let start = (heard_context + (seen_at - heard_page) / 1000.0).max(earliest);
        let heard_at = heard_page + (start - heard_context) * 1000.0;
        for sound in sounds {
            if heard_at > sound.due {
                self.heard.too_late += 1;
                continue;
            }
            self.heard.played += 1;
            self.heard.skew_ms = heard_at - seen_at;
            self.heard.skew_ms_max = self.heard.skew_ms_max.max(self.heard.skew_ms.abs());
            let tone = f64::from((f32::from(sound.pitch) / 12.0 * std::f32::consts::LN_2).exp());
            // Louder for many, and never much.
            let gain = (0.42 + 0.08 * f64::from(sound.weight).sqrt()).min(1.0);
            let wave = |kind, from, to, delay, length, gain| {
                voice(context, master, kind, [from, to], start + delay, length, gain);
            };
            match sound.stinger {
                Stinger::Call => {
                    wave(OscillatorType::Sine, 880.0, 880.0, 0.0, 0.9, gain * 0.8);
                    wave(OscillatorType::Sine, 1_318.51, 1_318.51, 0.18, 1.1, gain * 0.6);
                }
                Stinger::Success => {
                    wave(OscillatorType::Sine, 523.25 * tone, 523.25 * tone, 0.0, 0.22, gain);
                    wave(OscillatorType::Sine, 783.99 * tone, 783.99 * tone, 0.07, 0.3, gain * 0.7);
                }
                Stinger::Arrival => {
                    wave(OscillatorType::Triangle, 220.0 * tone, 440.0 * tone, 0.0, 0.45, gain * 0.8);
                    wave(OscillatorType::Sine, 659.25 * tone, 880.0 * tone, 0.16, 0.42, gain * 0.6);
                }
                Stinger::Departure => {
                    wave(OscillatorType::Triangle, 440.0 * tone, 165.0 * tone, 0.0, 0.55, gain * 0.7);
                }
                Stinger::Error => {
                    wave(OscillatorType::Sawtooth, 233.08, 110.0, 0.0, 0.4, gain * 0.5);
                    wave(OscillatorType::Triangle, 164.81, 77.78, 0.02, 0.5, gain * 0.8);
                }
            }
        }
    }

    /// What tests ask for.
    pub(crate) fn describe(&self) -> Value {
        json!({
            "on": self.on,
            "played": self.heard.played,
            "too_late": self.heard.too_late,
            "skew_ms": self.heard.skew_ms,
            "skew_ms_max": self.heard.skew_ms_max,
        })
    }

    /// Lets a daemon speak: the server's sound, or the browser's own voice. The subtitle stands anyway.
    pub(crate) fn speak(&mut self, who: &str, text: &str, audio_path: Option<&str>) {
        if self.on && self.volume > 0.0 {
            self.voice.say(who, text, audio_path, self.volume);
        }
    }

    /// Shows a token for the server's sounds from now on.
    pub(crate) fn set_token(&mut self, token: Option<String>) {
        self.voice.set_token(token);
    }

    /// Ends what is being said.
    pub(crate) fn hush(&mut self) {
        self.voice.end();
    }

    /// Ends what a daemon says.
    pub(crate) fn hush_daemon(&mut self, who: &str) {
        self.voice.end_of(who);
    }
}

/// `getOutputTimestamp()`, which web-sys does not have: seconds of the context and milliseconds of the page.
fn output_timestamp(context: &AudioContext) -> Option<(f64, f64)> {
    let get = |object: &JsValue, key: &str| Reflect::get(object, &key.into()).ok();
    let method: Function = get(context, "getOutputTimestamp")?.dyn_into().ok()?;
    let stamp = method.call0(context).ok()?;
    let stamp = (get(&stamp, "contextTime")?.as_f64()?, get(&stamp, "performanceTime")?.as_f64()?);
    (stamp.1 > 0.0).then_some(stamp)
}

fn voice(
    context: &AudioContext,
    master: &GainNode,
    kind: OscillatorType,
    [from, to]: [f64; 2],
    start: f64,
    length: f64,
    gain: f64,
) {
    let (Ok(oscillator), Ok(envelope)) = (context.create_oscillator(), context.create_gain()) else { return };
    oscillator.set_type(kind);
    #[expect(clippy::cast_possible_truncation, reason = "audio parameters are 32 bits")]
    let [from, to, gain] = [from, to, gain].map(|v| v as f32);
    let frequency = oscillator.frequency();
    let _ = frequency.set_value_at_time(from, start);
    let _ = frequency.exponential_ramp_to_value_at_time(to.max(1.0), start + length);
    let level = envelope.gain();
    let _ = level.set_value_at_time(0.0001, start);
    let _ = level.exponential_ramp_to_value_at_time(gain.max(0.001), start + 0.015);
    let _ = level.exponential_ramp_to_value_at_time(0.0001, start + length);
    let _ = oscillator.connect_with_audio_node(&envelope);
    let _ = envelope.connect_with_audio_node(master);
    let _ = oscillator.start_with_when(start);
    let _ = oscillator.stop_with_when(start + length + 0.05);
}
