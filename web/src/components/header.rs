//! The line at the top: how the link is, who needs a human, how many do what, and the switches.

use arcane_stage::counts::Counts;
use arcane_stage::states::State;
use leptos::prelude::*;

use super::choice::Choice;
use crate::app_handle::AppHandle;
use crate::pick::Pick;
use crate::speaker::Sound;
use crate::views::When;

/// The link, and the figures of the page itself, as text.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Figures {
    /// The link in a word.
    pub(crate) state: &'static str,
    pub(crate) detail: String,
    pub(crate) rate: String,
    pub(crate) p50: String,
    pub(crate) p99: String,
    pub(crate) missed: String,
    pub(crate) clock: String,
    pub(crate) watchers: String,
    /// Whether what comes is seen too late: one in a hundred, or more.
    pub(crate) is_late: bool,
    /// Whether what is shown is invented.
    pub(crate) is_demo: bool,
}

/// What the header shows.
#[derive(Clone, Copy)]
pub(crate) struct HeaderState {
    pub(crate) figures: RwSignal<Figures>,
    /// How many daemons do what.
    pub(crate) counts: RwSignal<Counts>,
    /// What the day cost; empty: no event says.
    pub(crate) cost: RwSignal<String>,
    pub(crate) room: RwSignal<String>,
    pub(crate) rooms: RwSignal<Vec<String>>,
    /// Whether the page can be heard: [`Sound::word`].
    pub(crate) sound: RwSignal<String>,
    /// Whether less motion is shown.
    pub(crate) reduced: RwSignal<bool>,
}

impl HeaderState {
    pub(crate) fn new(room: &str, reduced: bool) -> Self {
        Self {
            figures: RwSignal::new(Figures { state: "connecting", ..Figures::default() }),
            counts: RwSignal::default(),
            cost: RwSignal::default(),
            room: RwSignal::new(room.to_owned()),
            rooms: RwSignal::new(vec![room.to_owned()]),
            sound: RwSignal::new(Sound::Off.word().to_owned()),
            reduced: RwSignal::new(reduced),
        }
    }
}

/// The line at the top.
#[component]
pub(crate) fn Header(state: HeaderState, when: RwSignal<When>, app: AppHandle) -> impl IntoView {
    view! {
        <header class="top">
            <h1 class="sigil">
                <svg viewBox="0 0 24 24" aria-hidden="true">
                    <path d="M6.8 22L16.4 9.6M16.4 9.6L12 2M12 2L7.6 9.6M7.6 9.6L17.2 22"></path>
                </svg>
                " ARCANE "
            </h1>
            <RoomSelect room=state.room rooms=state.rooms app/>
            <Link figures=state.figures when/>
            <span
                class="chip demo" data-testid="demo" role="note" hidden=state.figures.pick(|figures| !figures.is_demo)
                title="invented agents; nothing here is yours. To watch your own: arcane serve, then arcane attach claude"
            >
                "demo: invented agents"
            </span>
            <WaitPill counts=state.counts app/>
            <Numbers state/>
            <Switches state app/>
        </header>
    }
}

/// The rooms; they are asked for when somebody looks.
#[component]
fn RoomSelect(room: RwSignal<String>, rooms: RwSignal<Vec<String>>, app: AppHandle) -> impl IntoView {
    view! {
        <label class="pill">
            <span class="dim">"room"</span>
            <Choice
                testid="room-select" label="room" options=rooms chosen=room
                on_focus=move |()| app.learn_rooms() on_choice=move |name: String| app.enter(&name)
            />
        </label>
    }
}

/// How the link is. In the past it goes on, and says so where it does not.
#[component]
fn Link(figures: RwSignal<Figures>, when: RwSignal<When>) -> impl IntoView {
    let (mode, state) = (when.pick(|when| when.post.mode), figures.pick(|figures| figures.state));
    let words = move || match (mode.get(), state.get()) {
        ("live", state) => state.to_owned(),
        (mode, "live") => mode.to_owned(),
        (mode, state) => format!("{mode} · {state}"),
    };
    let dot = move || format!("dot {}", if mode.get() == "live" { state.get() } else { mode.get() });
    view! {
        <p class="link">
            <span class=dot aria-hidden="true"></span>
            <span data-testid="link-state" data-state=state data-mode=mode>{words}</span>
            <span class="dim">{figures.pick(|figures| figures.detail.clone())}</span>
        </p>
    }
}

/// How many questions wait for a human, since when the first of them, and the way there; nothing while nobody waits.
#[component]
fn WaitPill(counts: RwSignal<Counts>, app: AppHandle) -> impl IntoView {
    view! {
        <button
            class="pill wait" data-testid="wait-pill" title="to the first question (a)"
            hidden=counts.pick(|counts| counts.first.is_empty()) on:click=move |_| app.open_first_wait()
        >
            <i class="ring" aria-hidden="true"></i>
            <b>{counts.pick(Counts::waiting)}</b>
            <b aria-hidden="true">"·"</b>
            <b class="clock">{counts.pick(|counts| counts.first.clone())}</b>
            <kbd aria-hidden="true">"A"</kbd>
        </button>
    }
}

/// How many do what, what the day cost, and how many watch.
#[component]
fn Numbers(state: HeaderState) -> impl IntoView {
    let HeaderState { figures, counts, cost, .. } = state;
    let working = counts.pick(|counts| counts.of_state(State::Working).to_string());
    let idle = counts.pick(|counts| counts.of_state(State::Idle).to_string());
    view! {
        <dl class="numbers">
            <div><dd data-testid="working">{working}</dd><dt>"working"</dt></div>
            <div class="failed" hidden=counts.pick(|counts| counts.of_state(State::Failed) == 0)>
                <dd data-testid="failed">{counts.pick(|counts| counts.of_state(State::Failed).to_string())}</dd>
                <dt>"failed"</dt>
            </div>
            <div class="rests" hidden=counts.pick(|counts| counts.of_state(State::Silent) == 0)>
                <dd data-testid="silent">{counts.pick(|counts| counts.of_state(State::Silent).to_string())}</dd>
                <dt>"silent"</dt>
            </div>
            <div class="rests"><dd data-testid="idle">{idle}</dd><dt>"idle"</dt></div>
            <div class="cost" hidden=cost.pick(String::is_empty)>
                <dd data-testid="cost">{cost}</dd><dt>"today"</dt>
            </div>
            <div class="wide end">
                <dd id="watchers">{figures.pick(|f| f.watchers.clone())}</dd><dt>"watching"</dt>
            </div>
        </dl>
    }
}

/// The switches.
#[component]
fn Switches(state: HeaderState, app: AppHandle) -> impl IntoView {
    let HeaderState { sound, reduced, figures, .. } = state;
    let is_late = figures.pick(|figures| figures.is_late);
    view! {
        <div class="switches">
            <button
                class="pill" data-testid="statistics" class:late=is_late
                title=is_late.pick(|late| if *late { "statistics (i): seen too late" } else { "statistics (i)" })
                on:click=move |_| app.open_dialog(app.views.stats.open)
            >
                <span class="long">"Statistics"</span><span class="short" aria-hidden="true">"Σ"</span>
            </button>
            <button
                class="pill" data-testid="sound-toggle"
                aria-pressed=sound.pick(|sound| (sound != Sound::Off.word()).to_string())
                // Any other press wakes it: here the click decides.
                on:pointerdown=move |event| event.stop_propagation()
                on:click=move |_| app.toggle_sound()
            >
                {sound}
            </button>
            <button
                class="pill" data-testid="motion-toggle"
                aria-pressed=reduced.pick(|reduced| (!reduced).to_string()) on:click=move |_| app.toggle_motion()
            >
                {reduced.pick(|reduced| if *reduced { "○ motion" } else { "◐ motion" })}
            </button>
            <button
                class="pill round" aria-label="settings" title="settings (,)"
                on:click=move |_| app.open_dialog(app.views.settings.open)
            >
                "⚙"
            </button>
            <button
                class="pill round" aria-label="keys and help" title="keys (?)"
                on:click=move |_| app.open_dialog(app.views.help)
            >
                "?"
            </button>
        </div>
    }
}
