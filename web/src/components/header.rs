//! The line at the top: how the link is, how fast things come, and the switches.

use leptos::prelude::*;
use web_sys::HtmlSelectElement;

use crate::app_handle::AppHandle;
use crate::dom::{attribute, choices, click, follow, on, text, the};
use crate::views::Header;

/// Ties the header to the page's state.
pub(crate) fn attach(app: AppHandle) {
    let views = app.views;
    let header = views.header;
    let mode = move || views.when.with(|when| when.post.mode);
    // In the past the link goes on, and says so where it does not.
    text("link-state", move || match (mode(), header.with(|h| h.state)) {
        ("live", state) => state.to_owned(),
        (mode, "live") => mode.to_owned(),
        (mode, state) => format!("{mode} · {state}"),
    });
    attribute("link-state", "data-state", move || Some(header.with(|h| h.state.to_owned())));
    attribute("link-state", "data-mode", move || Some(mode().to_owned()));
    attribute("link-dot", "class", move || {
        let word = Some(mode()).filter(|mode| *mode != "live").unwrap_or_else(|| header.with(|h| h.state));
        Some(format!("dot {word}"))
    });
    let number = |name, pick: fn(&Header) -> &String| {
        text(name, move || header.with(|header| pick(header).clone()));
    };
    number("link-detail", |h| &h.detail);
    number("rate", |h| &h.rate);
    number("p50", |h| &h.p50);
    number("p99", |h| &h.p99);
    number("missed", |h| &h.missed);
    number("clock", |h| &h.clock);
    number("watchers", |h| &h.watchers);

    let rooms: HtmlSelectElement = the("room");
    on(&rooms, "focus", move |_| app.learn_rooms());
    {
        let rooms = rooms.clone();
        follow(move || views.rooms.with(|names| choices(&rooms, 0, names, &views.room.get())));
    }
    let select = rooms.clone();
    on(&rooms, "change", move |_| app.enter(&select.value()));

    let pressed = |on: bool| Some(on.to_string());
    text("sound", move || if views.sound.get() { "♪ on" } else { "Enable sound" }.into());
    attribute("sound", "aria-pressed", move || pressed(views.sound.get()));
    click("sound", move || app.toggle_sound());
    text("motion", move || if views.reduced.get() { "○ motion" } else { "◐ motion" }.into());
    attribute("motion", "aria-pressed", move || pressed(!views.reduced.get()));
    click("motion", move || app.toggle_motion());
}
