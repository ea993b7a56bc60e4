//! What a user turns on and off, and the settings that the browser keeps.

use arcane_stage::dictionary::Tongue;
use leptos::prelude::*;

use crate::app_handle::AppHandle;
use crate::speaker::Sound;
use crate::storage;

impl AppHandle {
    /// Takes over what the browser keeps of the settings.
    pub(crate) fn settle_settings(self) {
        let percent = storage::read(storage::VOLUME_KEY).and_then(|text| text.parse::<u8>().ok());
        let volume = f32::from(percent.unwrap_or(60)) / 100.0;
        let tier = storage::read(storage::QUALITY_KEY).unwrap_or_default();
        let tongue = storage::read(storage::WORDS_KEY).and_then(|name| Tongue::named(&name));
        self.with(|page| {
            page.tongue = tongue;
            page.speaker.set_volume(volume);
            page.quality.fix(&tier);
            page.stage.set_routine_sounds(storage::read(storage::SOUNDS_KEY).as_deref() == Some("all"));
        });
    }

    /// Shows nothing but the stage, or everything again.
    pub(crate) fn toggle_wall(self) {
        self.views.wall.update(|wall| *wall = !*wall);
        self.views.stage.tip.set(None);
        self.write_address();
    }

    /// Turns sound on or off; where the system has suspended it, asks for it again.
    pub(crate) fn toggle_sound(self) {
        // What the user sees is what the press is about.
        let shown = self.views.header.sound.get_untracked();
        self.with(|page| match [Sound::Off, Sound::On].map(|sound| shown == sound.word()) {
            [true, _] => page.speaker.enable(move || self.show_sound()),
            [_, true] => page.speaker.disable(),
            _ => page.speaker.wake(),
        });
        self.show_sound();
        let off = self.views.header.sound.get_untracked() == Sound::Off.word();
        storage::write(storage::SOUND_KEY, if off { "off" } else { "on" });
    }

    /// Shows whether the page can be heard.
    fn show_sound(self) {
        crate::views::put(
            self.views.header.sound,
            self.with(|page| page.speaker.state()).unwrap_or_default().word().to_owned(),
        );
    }

    /// Somebody is here: sound that the system has suspended may go on.
    pub(crate) fn wake_sound(self) {
        self.with(|page| page.speaker.wake());
    }

    /// Turns motion on or off, whatever the system prefers.
    pub(crate) fn toggle_motion(self) {
        let reduced = !self.views.header.reduced.get_untracked();
        self.views.header.reduced.set(reduced);
        self.with(|page| page.stage.set_reduced(reduced));
        storage::write(storage::MOTION_KEY, if reduced { "reduced" } else { "full" });
    }
}

/// Whether less motion is shown: what the user chose, or else the system.
pub(crate) fn prefers_reduced() -> bool {
    match storage::read(storage::MOTION_KEY).as_deref() {
        Some("reduced") => true,
        Some("full") => false,
        _ => asks_for("(prefers-reduced-motion: reduce)"),
    }
}

/// Whether a media query holds.
pub(crate) fn asks_for(query: &str) -> bool {
    window().match_media(query).ok().flatten().is_some_and(|query| query.matches())
}
