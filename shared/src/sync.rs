//! `metadata.sync`: how the stage shows an event, and until when.

use serde_json::Value;

use crate::event::Metadata;

/// The seed's latency budget for all cues of an event, milliseconds.
pub const DEADLINE_MS_DEFAULT: u64 = 200;
/// The key of the block in an event's metadata.
pub const SYNC_KEY: &str = "sync";
/// What a failure shows where its publisher named nothing better.
pub const FAILURE_TEXT: &str = "Rune destabilization detected";

/// How a rune circle ends its gesture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Animation {
    /// A swell and a calm.
    Pulse,
    /// The failure gesture.
    Invert,
    /// A value of a later version or of a publisher's own; shown as [`Animation::Pulse`].
    Other(String),
}

/// What particles do after the gesture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Particles {
    /// They calm down.
    FadeToIdle,
    /// They freeze for a moment.
    Halt,
    /// Any other value; treated as [`Particles::FadeToIdle`].
    Other(String),
}

/// Which stinger sounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audio {
    /// The success stinger.
    Success,
    /// The error stinger.
    Error,
    /// Any other value: silent.
    Other(String),
}

/// One event's directives, read leniently: what is missing or of the wrong type has its default.
#[derive(Debug, Clone, PartialEq)]
pub struct SyncDirectives {
    /// Budget for all cues, counted from `emitted_at`, milliseconds.
    pub deadline_ms: u64,
    /// `None`: no gesture at all.
    pub animation: Option<Animation>,
    /// `None`: particles go on as they are.
    pub particles: Option<Particles>,
    /// `None`: no sound.
    pub audio: Option<Audio>,
    /// Whether colours invert briefly.
    pub invert: bool,
    /// A phrase to render in the middle; on failures only.
    pub display_text: Option<String>,
    /// Its colour, `#rrggbb`.
    pub text_color: Option<String>,
    /// When the bus took the event, Unix milliseconds on the server's clock.
    pub emitted_at: Option<f64>,
}

impl SyncDirectives {
    /// What an outcome gets when nobody says otherwise.
    #[must_use]
    pub fn of_outcome(success: bool) -> Self {
        if success {
            Self {
                deadline_ms: DEADLINE_MS_DEFAULT,
                animation: Some(Animation::Pulse),
                particles: Some(Particles::FadeToIdle),
                audio: Some(Audio::Success),
                invert: false,
                display_text: None,
                text_color: None,
                emitted_at: None,
            }
        } else {
            Self {
                deadline_ms: DEADLINE_MS_DEFAULT,
                animation: Some(Animation::Invert),
                particles: Some(Particles::Halt),
                audio: Some(Audio::Error),
                invert: true,
                display_text: Some(FAILURE_TEXT.into()),
                text_color: Some("#ff1744".into()),
                emitted_at: None,
            }
        }
    }

    /// Without its sound: for events that come in numbers and are nobody's achievement.
    #[must_use]
    pub fn silent(self) -> Self {
        Self { audio: None, ..self }
    }

    /// Reads the block of an event that succeeded or failed.
    #[must_use]
    pub fn read(metadata: &Metadata, success: bool) -> Self {
        let defaults = Self::of_outcome(success);
        let Some(Value::Object(block)) = metadata.get(SYNC_KEY) else {
            return defaults;
        };
        let text = |key: &str, default: Option<String>| match block.get(key) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Null) => None,
            _ => default,
        };
        Self {
            deadline_ms: block.get("deadline_ms").and_then(Value::as_u64).unwrap_or(defaults.deadline_ms),
            animation: match block.get("animation") {
                Some(Value::String(name)) => Some(Animation::from(name.as_str())),
                Some(Value::Null) => None,
                _ => defaults.animation,
            },
            particles: match block.get("particles") {
                Some(Value::String(name)) => Some(Particles::from(name.as_str())),
                Some(Value::Null) => None,
                _ => defaults.particles,
            },
            audio: match block.get("audio") {
                Some(Value::String(name)) => Some(Audio::from(name.as_str())),
                Some(Value::Null) => None,
                _ => defaults.audio,
            },
            invert: block.get("invert").and_then(Value::as_bool).unwrap_or(defaults.invert),
            display_text: text("display_text", defaults.display_text).filter(|_| !success),
            text_color: text("text_color", defaults.text_color),
            emitted_at: block.get("emitted_at").and_then(Value::as_f64),
        }
    }

    /// Writes what is missing into an event's metadata; values that are there stay, except
    /// `emitted_at`, which is always the bus's own.
    ///
    /// A block that is no object is replaced: callers that take outside events check it before.
    /// `display_text` and `text_color` are written for failures only.
    pub fn complete(&self, metadata: &mut Metadata, emitted_at: f64) {
        if !metadata.get(SYNC_KEY).is_some_and(Value::is_object) {
            metadata.insert(SYNC_KEY.into(), Value::Object(Metadata::new()));
        }
        let Some(Value::Object(block)) = metadata.get_mut(SYNC_KEY) else {
            return;
        };
        let mut fill = |key: &str, value: Value| {
            if !block.contains_key(key) {
                block.insert(key.into(), value);
            }
        };
        fill("deadline_ms", self.deadline_ms.into());
        fill("animation", self.animation.as_ref().map(Animation::as_str).into());
        fill("particles", self.particles.as_ref().map(Particles::as_str).into());
        fill("audio", self.audio.as_ref().map(Audio::as_str).into());
        fill("invert", self.invert.into());
        if let Some(text) = &self.text_color {
            fill("text_color", text.as_str().into());
        }
        if let Some(text) = &self.display_text {
            fill("display_text", text.as_str().into());
        }
        block.insert("emitted_at".into(), emitted_at.into());
    }
}

/// Declares the two-way mapping between a directive's values and their names.
macro_rules! named_values {
    ($type:ident { $($variant:ident = $name:literal),+ }) => {
        impl $type {
            /// Its name on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $name,)+
                    Self::Other(name) => name,
                }
            }
        }

        impl From<&str> for $type {
            fn from(name: &str) -> Self {
                match name {
                    $($name => Self::$variant,)+
                    other => Self::Other(other.into()),
                }
            }
        }
    };
}
named_values!(Animation { Pulse = "pulse", Invert = "invert" });
named_values!(Particles { FadeToIdle = "fade_to_idle", Halt = "halt" });
named_values!(Audio { Success = "success", Error = "error" });
