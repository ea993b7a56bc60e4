//! An event in full, as text.

use leptos::html::Dialog;
use leptos::prelude::*;

use crate::reads::{click, pair, part, text};
use crate::realm::Realm;
use crate::views::Detail;

/// See the module.
#[component]
pub(crate) fn EventDetail() -> impl IntoView {
    let realm = expect_context::<Realm>();
    let views = realm.views;
    let dialog = NodeRef::<Dialog>::new();
    let copied = RwSignal::new(false);
    Effect::new(move |_| {
        let open = views.detail.with(Option::is_some);
        if let Some(element) = dialog.get() {
            if open && !element.open() {
                copied.set(false);
                let _ = element.show_modal();
            } else if !open && element.open() {
                element.close();
            }
        }
    });
    let copy = move |_| {
        if let Some(detail) = views.detail.get_untracked() {
            let _ = window().navigator().clipboard().write_text(&detail.json);
            copied.set(true);
        }
    };
    view! {
        <dialog
            class="detail"
            data-testid="event-detail"
            aria-labelledby="detail-title"
            node_ref=dialog
            on:close=move |_| views.detail.set(None)
        >
            {part(move || views.detail.get().map_or_else(|| ().into_any(), whole))}
            <div class="actions">
                <button class="pill" on:click=click(copy)>
                    {text(move || if copied.get() { "Copied" } else { "Copy JSON" })}
                </button>
                <button class="pill" on:click=click(move |_| views.detail.set(None))>"Close"</button>
            </div>
        </dialog>
    }
}

fn whole(detail: Detail) -> AnyView {
    view! {
        <h2 id="detail-title">{detail.title}</h2>
        <p class="sentence">{detail.description}</p>
        <dl>
            {detail
                .facts
                .into_iter()
                .map(|(name, value)| pair(name, value))
                .collect_view()}
        </dl>
        <pre tabindex="0" aria-label="the event as JSON">{detail.json}</pre>
    }
    .into_any()
}
