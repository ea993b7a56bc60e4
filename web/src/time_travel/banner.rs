//! A visit to the past, unmistakable: a banner with its moment, what it does, and the way back.

use arcane_stage::time_travel::playback::{SPEED_WORDS, SPEEDS};
use leptos::prelude::*;

use crate::app_handle::AppHandle;
use crate::components::choice::Choice;
use crate::components::recorder;
use crate::pick::Pick;
use crate::time_travel::Travel;
use crate::views::When;

/// Where in time the page is, while that is not now.
#[component]
pub(crate) fn Banner(when: RwSignal<When>, app: AppHandle) -> impl IntoView {
    let how = when.pick(|when| if when.post.mode == "looking" { "going to" } else { "as it was at" });
    view! {
        <div
            class="visit" data-testid="travel-banner" data-mode=when.pick(|when| when.post.mode)
            role="group" aria-label="visit to the past" hidden=when.pick(|when| !when.visiting)
        >
            <p>
                <b>{when.pick(|when| if when.playing { "PLAYING" } else { "PAST" })}</b>
                <span>
                    <span class="how">{how}</span>
                    " "
                    <time data-testid="travel-moment">{when.pick(|when| when.post.when.clone())}</time>
                    <span class="dim" hidden=when.pick(|when| when.post.ago.is_empty())>" · "{when.pick(|when| when.post.ago.clone())}</span>
                </span>
                <span class="note" data-testid="travel-note">{when.pick(|when| when.post.note.clone())}</span>
            </p>
            <div class="transport">
                <button class="pill" data-testid="play" on:click=move |_| app.travel(Travel::TogglePlay)>
                    {when.pick(|when| if when.playing { "❚❚ Pause" } else { "▶ Play" })}
                </button>
                <RecordedRooms app/>
                <Speeds app/>
                <button
                    class="pill back" data-testid="back-to-live"
                    on:click=move |_| app.travel(Travel::Leave)
                >
                    "Back to live"
                </button>
            </div>
        </div>
    }
}

/// The rooms of a recording that holds several: one is shown at a time, daemons of two rooms never met.
#[component]
fn RecordedRooms(app: AppHandle) -> impl IntoView {
    let recorded = app.views.recorded;
    view! {
        <label class="pill" hidden=recorded.pick(|rooms| rooms.len() < 2)>
            <span class="dim">"room"</span>
            <Choice
                testid="recorded-room" label="room of the recording"
                options=recorded chosen=app.views.recorded_room
                on_choice=move |name: String| recorder::show_room(app, &name)
            />
        </label>
    }
    .into_any()
}

/// How fast the past is played.
#[component]
fn Speeds(app: AppHandle) -> impl IntoView {
    let chosen = app.with(|page| page.time_travel.speed).unwrap_or(1.0);
    let choose = move |word: String| {
        let at = SPEED_WORDS.iter().position(|other| *other == word);
        if let Some(speed) = at.and_then(|at| SPEEDS.get(at)) {
            app.travel(Travel::Speed(*speed));
        }
    };
    let option = |(word, speed): (&'static str, &f64)| {
        view! { <option value=word selected=speed.to_bits() == chosen.to_bits()>{word}</option> }
    };
    view! {
        <select
            class="pill" data-testid="speed" aria-label="speed"
            on:change:target=move |event| choose(event.target().value())
        >
            {SPEED_WORDS.into_iter().zip(&SPEEDS).map(option).collect::<Vec<_>>()}
        </select>
    }
}
