//! The keys of the page; `?` lists them.

use arcane_shared::SpellName;
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use crate::app_handle::AppHandle;
use crate::components::recorder;
use crate::page::Page;

/// Does what a key is for, wherever it was pressed.
pub(crate) fn press(app: AppHandle, event: &KeyboardEvent) {
    let target = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok());
    let tag = target.map(|element| element.tag_name()).unwrap_or_default();
    let visiting = app.views.when.with_untracked(|when| when.visiting);
    let in_dialog = app.views.in_dialog();
    if event.key() == "Escape" && !in_dialog && tag != "INPUT" {
        if visiting {
            app.travel(|page| page.leave(true));
        } else if app.views.wall.get_untracked() {
            app.toggle_wall();
        }
        return;
    }
    let typing = matches!(tag.as_str(), "INPUT" | "TEXTAREA" | "SELECT");
    if typing || in_dialog || event.ctrl_key() || event.meta_key() || event.alt_key() {
        return;
    }
    match event.key().as_str() {
        "/" => {
            event.prevent_default();
            focus(app.views.spells.field.get_untracked().map(Into::into));
        }
        "t" => focus(app.views.strip.scrubber.get_untracked().map(Into::into)),
        "?" => app.views.help.set(true),
        "s" => app.toggle_sound(),
        "m" => app.toggle_motion(),
        "f" => app.filter(|filter| filter.failures = !filter.failures),
        "r" => app.travel(Page::replay),
        // A button that has the focus is pressed by it.
        " " if !matches!(tag.as_str(), "BUTTON" | "A") => {
            event.prevent_default();
            app.travel(if visiting { Page::toggle_play } else { Page::pause_live });
        }
        "w" => app.toggle_wall(),
        "i" => app.open_stats(),
        "," => app.views.settings.open.set(true),
        "d" => recorder::save(app),
        key => {
            let spell =
                key.parse::<usize>().ok().and_then(|n| SpellName::ALL.get(n.checked_sub(1)?).copied());
            if let Some(spell) = spell {
                app.filter_spell(spell.as_str());
            }
        }
    }
}

fn focus(element: Option<HtmlElement>) {
    if let Some(element) = element {
        let _ = element.focus();
    }
}
