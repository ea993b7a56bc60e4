//! The strip at the bottom: what happened when, and the scrubber that leads there.

use arcane_stage::span::{Range, Step};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent, PointerEvent};

use crate::reads::{button, flag, maybe, text};
use crate::realm::Realm;
use crate::views::When;

/// The spells with their colours; nothing in it ever changes.
const LEGEND: &str = "<span class='key summon'>summon</span><span class='key invoke'>invoke</span>\
    <span class='key banish'>banish</span><span class='key reveal'>reveal</span><span class='key parse'>parse</span>\
    <span class='key voice'>voice</span><span class='key failed'>failed</span>";

/// See the module.
#[component]
pub(crate) fn TimelineStrip() -> impl IntoView {
    let realm = expect_context::<Realm>();
    let when = realm.views.when;
    let read = move |pick: fn(&When) -> String| text(move || when.with(pick));
    let range = |range: Range| {
        let pressed = maybe(move || Some(when.with(|when| when.range == range).to_string()));
        button("chip", "range", pressed, text(move || range.word()), move |_| {
            realm.travel(|page| page.choose(range));
        })
    };
    let replay =
        button("chip", "replay-button", maybe(|| None::<String>), text(|| "⟲ Replay"), move |_| {
            realm.travel(crate::page::Page::replay);
        });
    view! {
        <section class="panel strip" aria-label="events over time">
            <div class="plot">
                <canvas id="timeline" aria-hidden="true"></canvas>
                <div
                    id="scrubber"
                    class="scrubber"
                    data-testid="scrubber"
                    role="slider"
                    tabindex="0"
                    aria-label="moment"
                    aria-valuemin="0"
                    aria-valuemax=read(|when| when.seconds[0].clone())
                    aria-valuenow=read(|when| when.seconds[1].clone())
                    aria-valuetext=read(|when| when.said.clone())
                    on:pointerdown=move |event| press(realm, &event)
                    on:pointermove=move |event| point(realm, &event)
                    on:pointerleave=move |_| leave(realm)
                    on:keydown=move |event| on_key(realm, &event)
                >
                    <i
                        class="needle"
                        class:live=flag(move || when.with(|when| !when.visiting))
                        style:left=read(|when| when.needle.clone())
                    ></i>
                    <span
                        class="point"
                        hidden=flag(move || when.with(|when| when.hint[1].is_empty()))
                        style:left=read(|when| when.hint[0].clone())
                        style:transform=read(|when| format!("translateX(-{})", when.hint[0]))
                    >
                        {read(|when| when.hint[1].clone())}
                    </span>
                </div>
            </div>
            <div class="under">
                <span class="ranges" role="group" aria-label="range">{Vec::from(Range::ALL.map(range))}</span>
                <span class="legend" inner_html=LEGEND></span>
                {replay}
            </div>
        </section>
    }
    .into_any()
}

/// The scrubber and the part of its width where the pointer is.
fn part(event: &PointerEvent) -> Option<(Element, f64)> {
    let element: Element = event.current_target()?.dyn_into().ok()?;
    let place = element.get_bounding_client_rect();
    let part = (f64::from(event.client_x()) - place.left()) / place.width().max(1.0);
    Some((element, part.clamp(0.0, 1.0)))
}

fn press(realm: Realm, event: &PointerEvent) {
    if event.button() != 0 {
        return;
    }
    if let Some((element, part)) = part(event) {
        // The pointer may leave the strip while it drags.
        let _ = element.set_pointer_capture(event.pointer_id());
        realm.travel(|page| page.visit(page.span().moment(part)));
    }
}

fn point(realm: Realm, event: &PointerEvent) {
    let Some((element, part)) = part(event) else { return };
    let drags = element.has_pointer_capture(event.pointer_id());
    realm.with(|page| page.traveller.point = Some(part));
    if drags {
        realm.travel(|page| page.visit(page.span().moment(part)));
    } else {
        realm.show_when();
    }
}

fn leave(realm: Realm) {
    realm.with(|page| page.traveller.point = None);
    realm.show_when();
}

fn on_key(realm: Realm, event: &KeyboardEvent) {
    if event.ctrl_key() || event.meta_key() || event.alt_key() {
        return;
    }
    if let Some(step) = Step::of_key(&event.key()) {
        event.prevent_default();
        realm.travel(|page| page.step(step));
    }
}
