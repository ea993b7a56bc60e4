//! The one voice that is heard: the server's sound, or the browser's own. What begins here can be ended here.

use web_sys::{HtmlAudioElement, SpeechSynthesis, SpeechSynthesisUtterance};

/// What is being said, if anything.
#[derive(Default)]
pub(crate) struct Voice {
    file: Option<HtmlAudioElement>,
    /// Who says it; empty: the realm.
    who: String,
}

impl Voice {
    /// Lets a daemon speak; whoever spoke before ends.
    pub(crate) fn say(&mut self, who: &str, text: &str, audio_path: Option<&str>, volume: f32) {
        self.end();
        who.clone_into(&mut self.who);
        // Only sounds of the same origin: a path, not an address.
        if let Some(path) = audio_path.filter(|path| !path.contains(':') && !path.starts_with("//")) {
            // Beside the page, which may be behind a path.
            if let Ok(audio) = HtmlAudioElement::new_with_src(path.trim_start_matches('/')) {
                audio.set_volume(volume.into());
                if let Ok(playing) = audio.play() {
                    // A sound that cannot be played has its subtitle.
                    wasm_bindgen_futures::spawn_local(async move {
                        let _ = wasm_bindgen_futures::JsFuture::from(playing).await;
                    });
                }
                self.file = Some(audio);
                return;
            }
        }
        if let Some(synthesis) = synthesis()
            && let Ok(utterance) = SpeechSynthesisUtterance::new_with_text(text)
        {
            utterance.set_volume(volume);
            utterance.set_rate(0.95);
            synthesis.speak(&utterance);
        }
    }

    /// Changes how loud it is. A browser's own voice is as loud as it began, and ends at nothing.
    pub(crate) fn set_volume(&mut self, volume: f32) {
        if volume <= 0.0 {
            self.end();
        } else if let Some(file) = &self.file {
            file.set_volume(volume.into());
        }
    }

    /// Ends it if a daemon says it.
    pub(crate) fn end_of(&mut self, who: &str) {
        if self.who == who {
            self.end();
        }
    }

    /// Ends it.
    pub(crate) fn end(&mut self) {
        if let Some(file) = self.file.take() {
            let _ = file.pause();
        }
        if let Some(synthesis) = synthesis() {
            synthesis.cancel();
        }
        self.who.clear();
    }
}

fn synthesis() -> Option<SpeechSynthesis> {
    web_sys::window()?.speech_synthesis().ok()
}
