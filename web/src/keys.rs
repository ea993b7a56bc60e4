//! The keys of the page; `?` lists them.

use arcane_shared::SpellName;
use arcane_stage::shortcut::Key;
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use crate::app_handle::AppHandle;
use crate::time_travel::Travel;

/// Does what a key is for, wherever it was pressed.
pub(crate) fn press(app: AppHandle, event: &KeyboardEvent) {
    let on = Target::of(event);
    let visiting = app.views.when.with_untracked(|when| when.visiting);
    let in_dialog = crate::views::in_dialog();
    if is_composed(event) {
        return;
    }
    if event.key() == "Escape" && !in_dialog && on != Target::Field {
        if app.close_drawer() {
            // One thing at a time.
        } else if visiting && !event.repeat() {
            app.travel(Travel::Leave);
        } else if app.views.wall.get_untracked() && !event.repeat() {
            app.toggle_wall();
        }
        return;
    }
    let typing = matches!(on, Target::Field | Target::Choice);
    if typing || in_dialog || event.ctrl_key() || event.meta_key() || event.alt_key() {
        return;
    }
    let (key, code) = (event.key(), event.code());
    let Some(meant) = (Key { key: &key, code: &code, shift: event.shift_key(), ..Key::default() }).shortcut()
    else {
        return;
    };
    // A key that is held acts once; what the browser would do at its every repetition, it does not.
    if event.repeat() {
        if meant == ' ' && on != Target::Button {
            event.prevent_default();
        }
        return;
    }
    match meant {
        '/' => {
            event.prevent_default();
            focus(app.views.spells.field.get_untracked().map(Into::into));
        }
        't' => focus(app.views.strip.scrubber.get_untracked().map(Into::into)),
        '?' => app.open_dialog(app.views.help),
        's' => app.toggle_sound(),
        'm' => app.toggle_motion(),
        'f' => app.filter(|filter| filter.failures = !filter.failures),
        'r' => app.travel(Travel::Replay),
        // A button that has the focus is pressed by it.
        ' ' if on != Target::Button => {
            event.prevent_default();
            app.travel(if visiting { Travel::TogglePlay } else { Travel::PauseLive });
        }
        'w' => app.toggle_wall(),
        'a' => app.open_first_wait(),
        'i' => app.open_dialog(app.views.stats.open),
        ',' => app.open_dialog(app.views.settings.open),
        'd' => app.with_later(move |later| (later.save_recording)(app)),
        digit => {
            let at = digit.to_digit(10).and_then(|n| usize::try_from(n).ok()?.checked_sub(1));
            if let Some(spell) = at.and_then(|at| SpellName::ALL.get(at)) {
                app.filter_spell(spell.as_str());
            }
        }
    }
}

/// What has the focus where a key is pressed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    /// A key is typed into it.
    Field,
    /// A key chooses in it.
    Choice,
    /// Enter and the space bar press it.
    Button,
    Other,
}

impl Target {
    fn of(event: &KeyboardEvent) -> Self {
        let Some(element) = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok()) else {
            return Self::Other;
        };
        let has = |name: &str, value: &str| element.get_attribute(name).as_deref() == Some(value);
        match element.tag_name().as_str() {
            // What chooses a file is pressed, not typed into.
            _ if has("role", "button") || has("type", "file") => Self::Button,
            "BUTTON" | "A" => Self::Button,
            "INPUT" | "TEXTAREA" => Self::Field,
            "SELECT" => Self::Choice,
            _ => Self::Other,
        }
    }
}

/// Whether an input method takes the key: it means nothing to the page.
pub(crate) fn is_composed(event: &KeyboardEvent) -> bool {
    let key = event.key();
    Key { key: &key, composing: event.is_composing(), number: event.key_code(), ..Key::default() }
        .is_composed()
}

fn focus(element: Option<HtmlElement>) {
    if let Some(element) = element {
        let _ = element.focus();
    }
}
