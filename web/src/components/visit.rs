//! A visit to the past, unmistakable: a banner with its moment, what it does, and the way back.

use arcane_stage::playback::{SPEED_WORDS, SPEEDS};
use leptos::prelude::*;

use crate::page::Page;
use crate::reads::{button, choice, maybe, text, when};
use crate::realm::Realm;
use crate::views::When;

/// See the module.
#[component]
pub(crate) fn VisitBanner() -> impl IntoView {
    let realm = expect_context::<Realm>();
    when(move || realm.views.when.with(|when| when.visiting), move || banner(realm))
}

fn banner(realm: Realm) -> AnyView {
    let when = realm.views.when;
    let read = move |pick: fn(&When) -> String| text(move || when.with(pick));
    let chosen = realm.with(|page| page.traveller.speed).unwrap_or(1.0);
    let speeds = SPEEDS.into_iter().zip(SPEED_WORDS);
    let speeds: Vec<AnyView> =
        speeds.map(|(speed, word)| choice(word.into(), speed.to_bits() == chosen.to_bits())).collect();
    let act = move |class, id, label, change: fn(&mut Page)| {
        button(class, id, maybe(|| None::<String>), label, move |_| realm.travel(change))
    };
    let play = read(|visit| if visit.playing { "❚❚ Pause" } else { "▶ Play" }.into());
    view! {
        <div
            class="visit"
            data-testid="travel-banner"
            data-mode=read(|visit| visit.post.mode.into())
            role="group"
            aria-label="visit to the past"
        >
            <p>
                <b>{read(|visit| if visit.playing { "PLAYING" } else { "PAST" }.into())}</b>
                <span>
                    <span class="how">{read(|visit| if visit.post.mode == "looking" { "going to" } else { "as it was at" }.into())}</span>
                    " "
                    <time data-testid="travel-moment">{read(|visit| visit.post.when.clone())}</time>
                    <span class="dim">{read(|visit| format!(" · {}", visit.post.ago))}</span>
                </span>
                <span class="note" data-testid="travel-note">{read(|visit| visit.post.note.clone())}</span>
            </p>
            <div class="transport">
                {act("pill", "play", play, Page::toggle_play)}
                <select
                    class="pill"
                    data-testid="speed"
                    aria-label="speed"
                    on:change=move |event| {
                        let word = event_target_value(&event);
                        let at = SPEED_WORDS.iter().position(|other| *other == word);
                        if let Some(speed) = at.and_then(|at| SPEEDS.get(at)) {
                            realm.travel(|page| page.set_speed(*speed));
                        }
                    }
                >
                    {speeds}
                </select>
                {act("pill back", "back-to-live", text(|| "Back to live"), leave)}
            </div>
        </div>
    }
    .into_any()
}

fn leave(page: &mut Page) {
    page.leave(true);
}

/// What stands in the middle when the past cannot be shown.
pub(crate) fn trouble(realm: Realm, title: &'static str, sentence: String) -> AnyView {
    let act = move |id, label, change: fn(&mut Page)| {
        button("pill", id, maybe(|| None::<String>), text(move || label), move |_| realm.travel(change))
    };
    view! {
        <div class="quiet cutting" data-testid="travel-trouble" role="alert">
            <h2>{title}</h2>
            <p>{sentence}</p>
            <p class="actions">{act("retry", "Try again", Page::retry)} {act("give-up", "Back to live", leave)}</p>
        </div>
    }
    .into_any()
}
