//! The one voice that is heard: the server's sound, or the browser's own. What begins here can be ended here.

use gloo_net::http::Request;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlAudioElement, SpeechSynthesis, SpeechSynthesisUtterance, Url};

/// What is being said, if anything.
#[derive(Default)]
pub(crate) struct Voice {
    file: Option<HtmlAudioElement>,
    /// The token that the server wants for its sounds.
    token: Option<String>,
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
            if let Ok(audio) = HtmlAudioElement::new() {
                audio.set_volume(volume.into());
                wasm_bindgen_futures::spawn_local(play(
                    audio.clone(),
                    path.trim_start_matches('/').to_owned(),
                    self.token.clone(),
                ));
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

    /// Shows a token for the server's sounds from now on.
    pub(crate) fn set_token(&mut self, token: Option<String>) {
        self.token = token;
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
            // What comes only now is not begun.
            file.set_muted(true);
            let _ = Url::revoke_object_url(&file.src());
        }
        if let Some(synthesis) = synthesis() {
            synthesis.cancel();
        }
        self.who.clear();
    }
}

/// Plays a file of the server. A sound that cannot be played has its subtitle.
async fn play(audio: HtmlAudioElement, path: String, token: Option<String>) {
    let Some(url) = playable(path, token).await else { return };
    audio.set_src(&url);
    if audio.muted() {
        let _ = Url::revoke_object_url(&url);
    } else if let Ok(playing) = audio.play() {
        let _ = JsFuture::from(playing).await;
    }
}

/// An address that an element can play from: it can show no token, so what needs one is fetched first.
async fn playable(path: String, token: Option<String>) -> Option<String> {
    let Some(token) = token else { return Some(path) };
    let request = Request::get(&path).header("Authorization", &["Bearer ", &token].concat());
    let answer = request.send().await.ok().filter(gloo_net::http::Response::ok)?;
    let body = JsFuture::from(web_sys::Response::from(answer).blob().ok()?).await.ok()?;
    Url::create_object_url_with_blob(&body.unchecked_into()).ok()
}

fn synthesis() -> Option<SpeechSynthesis> {
    web_sys::window()?.speech_synthesis().ok()
}
