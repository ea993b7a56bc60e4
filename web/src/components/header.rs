//! The line at the top: how the link is, how fast things come, and the switches.

use leptos::prelude::*;

use crate::reads::{choice, click, part, text};
use crate::realm::Realm;
use crate::views::Header as Numbers;

/// See the module.
#[component]
pub(crate) fn Header() -> impl IntoView {
    let realm = expect_context::<Realm>();
    let views = realm.views;
    let header = views.header;
    let mode = move || views.when.with(|when| when.post.mode);
    // In the past the link goes on, and says so where it does not.
    let word = move || match (mode(), header.with(|h| h.state)) {
        ("live", state) => state.to_owned(),
        (mode, "live") => mode.to_owned(),
        (mode, state) => format!("{mode} · {state}"),
    };
    let dot = move || match mode() {
        "live" => format!("dot {}", header.with(|h| h.state)),
        mode => format!("dot {mode}"),
    };
    view! {
        <header class="top">
            <h1 class="sigil">
                <svg viewBox="0 0 24 24" aria-hidden="true">
                    <path d="M6.8 22L16.4 9.6M16.4 9.6L12 2M12 2L7.6 9.6M7.6 9.6L17.2 22"/>
                </svg>
                "ARCANE"
            </h1>
            <label class="pill">
                <span class="dim">"room"</span>
                <select
                    data-testid="room-select"
                    aria-label="room"
                    on:focus=move |_| realm.learn_rooms()
                    on:change=move |event| realm.enter(&event_target_value(&event))
                >
                    {part(move || {
                        let current = views.room.get();
                        let rooms = views.rooms.get().into_iter();
                        rooms
                            .map(|room| {
                                let selected = room == current;
                                choice(room, selected)
                            })
                            .collect_view()
                            .into_any()
                    })}
                </select>
            </label>
            <p class="link">
                <span
                    class=text(dot)
                    aria-hidden="true"
                ></span>
                <span
                    data-testid="link-state"
                    data-state=text(move || header.with(|h| h.state))
                    data-mode=text(mode)
                >
                    {text(word)}
                </span>
                <span class="dim">{text(move || header.with(|h| h.detail.clone()))}</span>
            </p>
            <dl class="numbers">
                {number(header, "", "events/s", |h| &h.rate)}
                {number(header, "wide", "p50", |h| &h.p50)}
                {number(header, "wide", "p99 emit→paint", |h| &h.p99)}
                {number(header, "wide", "missed", |h| &h.missed)}
                {number(header, "wider", "clock", |h| &h.clock)}
                {number(header, "wide end", "watching", |h| &h.watchers)}
            </dl>
            <div class="switches">
                <button
                    class="pill"
                    data-testid="sound-toggle"
                    aria-pressed=text(move || views.sound.get().to_string())
                    on:click=click(move |_| realm.toggle_sound())
                >
                    {text(move || if views.sound.get() { "♪ on" } else { "Enable sound" })}
                </button>
                <button
                    class="pill"
                    data-testid="motion-toggle"
                    aria-pressed=text(move || (!views.reduced.get()).to_string())
                    on:click=click(move |_| realm.toggle_motion())
                >
                    {text(move || if views.reduced.get() { "○ motion" } else { "◐ motion" })}
                </button>
                <button class="pill round" aria-label="keys and help" on:click=click(move |_| views.help.set(true))>"?"</button>
            </div>
        </header>
    }
}

fn number(
    header: RwSignal<Numbers>,
    class: &'static str,
    term: &'static str,
    pick: fn(&Numbers) -> &String,
) -> AnyView {
    let value = text(move || header.with(|header| pick(header).clone()));
    if term == "clock" {
        return view! { <div class=class><dt>{term}</dt><dd>{value}</dd></div> }.into_any();
    }
    view! { <div class=class><dd>{value}</dd><dt>{term}</dt></div> }.into_any()
}
