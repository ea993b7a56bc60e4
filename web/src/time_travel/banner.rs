//! A visit to the past, unmistakable: a banner with its moment, what it does, and the way back.

use arcane_stage::time_travel::playback::{SPEED_WORDS, SPEEDS};
use leptos::prelude::*;
use web_sys::HtmlSelectElement;

use crate::app_handle::AppHandle;
use crate::dom::{attribute, choices, click, on, shown, text, the};
use crate::page::Page;
use crate::views::When;

/// Ties the banner to the page's state.
pub(crate) fn attach(app: AppHandle) {
    let when = app.views.when;
    shown("visit", move || when.with(|when| when.visiting));
    attribute("visit", "data-mode", move || Some(when.with(|when| when.post.mode.into())));
    let read = |name, pick: fn(&When) -> String| text(name, move || when.with(pick));
    read("visit-word", |visit| if visit.playing { "PLAYING" } else { "PAST" }.into());
    read("visit-how", |visit| if visit.post.mode == "looking" { "going to" } else { "as it was at" }.into());
    read("visit-when", |visit| visit.post.when.clone());
    read("visit-ago", |visit| format!(" · {}", visit.post.ago));
    read("visit-note", |visit| visit.post.note.clone());
    read("play", |visit| if visit.playing { "❚❚ Pause" } else { "▶ Play" }.into());
    click("play", move || app.travel(Page::toggle_play));
    click("back", move || app.travel(|page| page.leave(true)));

    let speeds: HtmlSelectElement = the("speed");
    let chosen = app.with(|page| page.time_travel.speed).unwrap_or(1.0);
    let at = SPEEDS.iter().position(|speed| speed.to_bits() == chosen.to_bits()).unwrap_or(0);
    choices(&speeds, 0, &SPEED_WORDS.map(String::from), SPEED_WORDS[at]);
    let select = speeds.clone();
    on(&speeds, "change", move |_| {
        let word = select.value();
        let at = SPEED_WORDS.iter().position(|other| *other == word);
        if let Some(speed) = at.and_then(|at| SPEEDS.get(at)) {
            app.travel(|page| page.set_speed(*speed));
        }
    });
}
