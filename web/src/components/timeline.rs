//! The strip at the bottom: events per second by spell, and the way into the replay.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use crate::reads::{click, text};
use crate::realm::Realm;
use crate::strip;

/// See the module.
#[component]
pub(crate) fn TimelineStrip() -> impl IntoView {
    let realm = expect_context::<Realm>();
    let views = realm.views;
    let hint = RwSignal::new(String::new());
    let point = move |event: web_sys::MouseEvent| {
        let Some(element) = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok()) else {
            return;
        };
        let width = f64::from(element.client_width().max(1));
        let part = 1.0 - (f64::from(event.offset_x()) / width).clamp(0.0, 1.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 300")]
        let back = (part * 300.0) as usize;
        hint.set(realm.with(|page| strip::describe(page.shown().timeline(), back)).unwrap_or_default());
    };
    view! {
        <section class="panel strip" aria-label="events per second">
            <canvas
                id="timeline"
                role="img"
                aria-label="Events per second by spell over the last five minutes"
                on:mousemove=click(point)
                on:mouseleave=click(move |_| hint.set(String::new()))
            ></canvas>
            <div class="under">
                <span>"5 min ago"</span>
                <span class="legend">
                    {["summon", "invoke", "banish", "reveal", "parse", "voice"]
                        .into_iter()
                        .map(|spell| view! { <span class=format!("key {spell}")>{spell}</span> })
                        .collect_view()}
                    <span class="key failed">"failed"</span>
                </span>
                <span class="point">{text(move || hint.get())}</span>
                <button
                    class="chip"
                    data-testid="replay-button"
                    aria-pressed=text(move || views.replay.with(Option::is_some).to_string())
                    on:click=click(move |_| realm.toggle_replay())
                >
                    "⟲ Replay"
                </button>
                <span>"now"</span>
            </div>
        </section>
    }
}
