//! The line at the top: how the link is, how fast things come, and the switches.

use leptos::prelude::*;

use crate::realm::Realm;

/// See the module.
#[component]
pub(crate) fn Header() -> impl IntoView {
    let realm = expect_context::<Realm>();
    let views = realm.views;
    let header = views.header;
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
                    {move || {
                        let current = views.room.get();
                        views
                            .rooms
                            .get()
                            .into_iter()
                            .map(|room| {
                                let selected = room == current;
                                let value = room.clone();
                                view! { <option value=value selected=selected>{room}</option> }
                            })
                            .collect_view()
                    }}
                </select>
            </label>
            <p class="link">
                <span class=move || format!("dot {}", header.with(|h| h.state)) aria-hidden="true"></span>
                <span data-testid="link-state" data-state=move || header.with(|h| h.state)>
                    {move || header.with(|h| h.state)}
                </span>
                <span class="dim">{move || header.with(|h| h.detail.clone())}</span>
            </p>
            <dl class="numbers">
                <div><dd>{move || header.with(|h| h.rate.clone())}</dd><dt>"events/s"</dt></div>
                <div class="wide"><dd>{move || header.with(|h| h.p50.clone())}</dd><dt>"p50"</dt></div>
                <div class="wide"><dd>{move || header.with(|h| h.p99.clone())}</dd><dt>"p99 emit→paint"</dt></div>
                <div class="wide"><dd>{move || header.with(|h| h.missed.clone())}</dd><dt>"missed"</dt></div>
                <div class="wider"><dt>"clock"</dt><dd>{move || header.with(|h| h.clock.clone())}</dd></div>
                <div class="wide end"><dd>{move || header.with(|h| h.watchers.clone())}</dd><dt>"watching"</dt></div>
            </dl>
            <div class="switches">
                <button
                    class="pill"
                    data-testid="sound-toggle"
                    aria-pressed=move || views.sound.get().to_string()
                    on:click=move |_| realm.toggle_sound()
                >
                    {move || if views.sound.get() { "♪ on" } else { "Enable sound" }}
                </button>
                <button
                    class="pill"
                    data-testid="motion-toggle"
                    aria-pressed=move || (!views.reduced.get()).to_string()
                    on:click=move |_| realm.toggle_motion()
                >
                    {move || if views.reduced.get() { "○ motion" } else { "◐ motion" }}
                </button>
                <button class="pill round" aria-label="keys and help" on:click=move |_| views.help.set(true)>"?"</button>
            </div>
        </header>
    }
}
