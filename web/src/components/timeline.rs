//! The strip at the bottom: what happened when, and the scrubber that leads there.

use arcane_shared::SpellName;
use arcane_stage::filter::Filter;
use arcane_stage::span::{Range, Step};
use leptos::ev::{KeyboardEvent, PointerEvent};
use leptos::html;
use leptos::prelude::*;
use web_sys::HtmlDivElement;

use super::recorder::Recorder;
use crate::app_handle::AppHandle;
use crate::pick::Pick;
use crate::time_travel::Travel;
use crate::views::When;

/// What the program reaches of the strip.
#[derive(Clone, Copy, Default)]
pub(crate) struct StripState {
    /// Where the bars are drawn.
    pub(crate) bars: NodeRef<html::Canvas>,
    pub(crate) scrubber: NodeRef<html::Div>,
}

/// What happened when.
#[component]
pub(crate) fn Timeline(state: StripState, when: RwSignal<When>, app: AppHandle) -> impl IntoView {
    view! {
        <section class="panel strip" aria-label="events over time">
            <div class="plot">
                <canvas aria-hidden="true" node_ref=state.bars></canvas>
                <Scrubber scrubber=state.scrubber when app/>
            </div>
            <div class="under">
                <Ranges when app/>
                <Legend filter=app.views.chronicle.filter app/>
                <Recorder app/>
                <button id="replay" class="chip" data-testid="replay-button" on:click=move |_| app.travel(Travel::Replay)>
                    "⟲ Replay"
                </button>
            </div>
        </section>
    }
}

/// Leads to a moment: by pointer, or by keys.
#[component]
fn Scrubber(scrubber: NodeRef<html::Div>, when: RwSignal<When>, app: AppHandle) -> impl IntoView {
    let with_scrubber = move |act: &dyn Fn(&HtmlDivElement)| {
        if let Some(element) = scrubber.get_untracked() {
            act(&element);
        }
    };
    view! {
        <div
            class="scrubber" data-testid="scrubber" role="slider" tabindex="0"
            aria-label="moment" aria-valuemin="0"
            aria-valuemax=when.pick(|when| when.seconds[0].clone())
            aria-valuenow=when.pick(|when| when.seconds[1].clone())
            aria-valuetext=when.pick(|when| when.said.clone())
            node_ref=scrubber
            on:pointerdown=move |event| with_scrubber(&|element| press(app, element, &event))
            on:pointermove=move |event| with_scrubber(&|element| point(app, element, &event))
            on:pointerleave=move |_| app.point_in_time(None)
            on:keydown=move |event| on_key(app, &event)
        >
            <i class="needle" class:live=when.pick(|when| !when.visiting)
                style:left=when.pick(|when| when.needle.clone())></i>
            <span
                class="point" hidden=when.pick(|when| when.hint[1].is_empty())
                style:left=when.pick(|when| when.hint[0].clone())
                style:transform=when.pick(|when| format!("translateX(-{})", when.hint[0]))
            >
                {when.pick(|when| when.hint[1].clone())}
            </span>
        </div>
    }
}

/// How much time the strip shows.
#[component]
fn Ranges(when: RwSignal<When>, app: AppHandle) -> impl IntoView {
    let chip = move |range: Range| {
        let chosen = Signal::derive(move || when.with(|when| when.range == range).to_string());
        view! {
            <button
                class="chip" data-testid="range" data-range=range.word()
                aria-pressed=chosen on:click=move |_| app.travel(Travel::Choose(range))
            >
                {range.word()}
            </button>
        }
    };
    view! { <span class="ranges" role="group" aria-label="range">{Range::ALL.map(chip)}</span> }
}

/// The legend is a filter, too.
#[component]
fn Legend(filter: RwSignal<Filter>, app: AppHandle) -> impl IntoView {
    let tongue = app.views.tongue;
    let spell = move |kind: SpellName| {
        let (spell, word) = (kind.as_str(), Signal::derive(move || tongue.get().kind(kind)));
        let pressed = Signal::derive(move || filter.with(|f| f.spell.as_deref() == Some(spell)).to_string());
        view! {
            <button
                class=format!("key {spell}") data-spell=spell
                aria-pressed=pressed on:click=move |_| app.filter_spell(spell)
            >
                {word}
            </button>
        }
    };
    view! {
        <span class="legend" role="group" aria-label="show only">
            {SpellName::ALL.map(spell)}
            <button
                class="key failed" data-spell="failed"
                aria-pressed=filter.pick(|filter| filter.failures.to_string())
                on:click=move |_| app.filter(|filter| filter.failures = !filter.failures)
            >
                "failed"
            </button>
            <span class="key waited">"somebody waited for you"</span>
        </span>
    }
}

/// The part of the scrubber's width where the pointer is.
fn part(scrubber: &HtmlDivElement, event: &PointerEvent) -> f64 {
    let place = scrubber.get_bounding_client_rect();
    let part = (f64::from(event.client_x()) - place.left()) / place.width().max(1.0);
    part.clamp(0.0, 1.0)
}

fn press(app: AppHandle, scrubber: &HtmlDivElement, event: &PointerEvent) {
    if event.button() == 0 {
        // The pointer may leave the strip while it drags.
        let _ = scrubber.set_pointer_capture(event.pointer_id());
        let part = part(scrubber, event);
        app.travel(Travel::Visit(part));
    }
}

fn point(app: AppHandle, scrubber: &HtmlDivElement, event: &PointerEvent) {
    let part = part(scrubber, event);
    app.point_in_time(Some(part));
    if scrubber.has_pointer_capture(event.pointer_id()) {
        app.travel(Travel::Visit(part));
    }
}

fn on_key(app: AppHandle, event: &KeyboardEvent) {
    if event.ctrl_key() || event.meta_key() || event.alt_key() {
        return;
    }
    if let Some(step) = Step::of_key(&event.key()) {
        event.prevent_default();
        app.travel(Travel::Step(step));
    }
}
