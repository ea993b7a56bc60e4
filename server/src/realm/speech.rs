//! Letting daemons speak: by sound where there is a voice engine, by narration otherwise.

use arcane_shared::DaemonName;
use arcane_shared::api::VoiceAnswer;
use serde_json::json;

use super::Emit;
use super::{Realm, VoiceMoment};
use crate::bus::{EmitError, Emitted};
use crate::lore;

impl Realm {
    /// Lets a daemon say something and waits until it was spoken, or narrates it.
    ///
    /// # Errors
    /// If the event cannot be emitted.
    pub async fn say(&self, name: &DaemonName, text: &str, event: &str) -> Result<VoiceAnswer, EmitError> {
        let (status, audio_path, mut emitted) = match &self.inner.voice {
            None => ("narrated", None, self.narrate(name, text, event)?),
            Some(engine) => {
                let spoken = engine.speak(name, text).await;
                let status = if spoken.is_ok() { "spoken" } else { "narrated" };
                let emitted = self.spoken(name, text, event, &spoken)?;
                (status, spoken.ok().map(|file| audio_path(&file)), emitted)
            }
        };
        let seq = emitted.logged().await?.last();
        Ok(VoiceAnswer { status: status.into(), message: text.into(), audio_path, seq })
    }

    /// Speaks the line of a moment, or of its failure.
    pub(super) fn speak_of(&self, name: &DaemonName, success: bool, moment: VoiceMoment) {
        let moment = if success { moment } else { VoiceMoment::Failure };
        self.voice(name, moment.line(), moment.as_str());
    }

    /// Narrates at once, or has it spoken in the background: a spell never waits for its voice.
    pub(super) fn voice(&self, name: &DaemonName, text: &'static str, event: &'static str) {
        if self.inner.voice.is_none() {
            if let Err(error) = self.narrate(name, text, event) {
                tracing::warn!(%error, daemon = %name, "voice event not emitted");
            }
            return;
        }
        let (realm, name) = (self.clone(), name.clone());
        tokio::spawn(async move {
            let Some(engine) = &realm.inner.voice else { return };
            let spoken = engine.speak(&name, text).await;
            if let Err(error) = realm.spoken(&name, text, event, &spoken) {
                tracing::warn!(%error, daemon = %name, "voice event not emitted");
            }
        });
    }

    fn narrate(&self, name: &DaemonName, text: &str, event: &str) -> Result<Emitted, EmitError> {
        let emit = Emit::default()
            .with("event", json!(event))
            .with("tone", json!(lore::tone(name)))
            .with("narration", json!(true));
        self.inner.bus.emit_voice(name, text, emit)
    }

    fn spoken(
        &self,
        name: &DaemonName,
        text: &str,
        event: &str,
        spoken: &Result<String, String>,
    ) -> Result<Emitted, EmitError> {
        let (emit, description) = match spoken {
            Ok(file) => (Emit::default().with("audio_path", json!(audio_path(file))), text.to_owned()),
            Err(error) => (Emit::failure(error), format!("{text} [audio unavailable: {error}]")),
        };
        let emit = emit.with("event", json!(event)).with("tone", json!(lore::tone(name)));
        self.inner.bus.emit_voice(name, &description, emit)
    }
}

fn audio_path(file: &str) -> String {
    format!("arcane_audio/{file}")
}
