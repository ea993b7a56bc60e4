//! The keys, and what the signs mean.

use leptos::html::Dialog;
use leptos::prelude::*;

use crate::reads::{click, pair};
use crate::realm::Realm;

const KEYS: [(&str, &str); 9] = [
    ("/", "speak a spell"),
    ("Tab", "take the completion"),
    ("f", "failures only"),
    ("r", "replay what the strip shows"),
    ("t", "to the strip: ← → PageUp PageDown Home End"),
    ("Space", "play the past, or pause"),
    ("s", "sound"),
    ("m", "motion"),
    ("Esc", "back, and back to live"),
];
const SIGNS: [(&str, &str); 7] = [
    ("▲", "summon: a daemon appears"),
    ("✦", "invoke: a task is done"),
    ("▽", "banish: a daemon leaves"),
    ("◇", "reveal: somebody looked"),
    ("⋄", "parse: a spell was read"),
    ("❝", "voice: a daemon speaks"),
    ("✕", "it failed"),
];

/// See the module.
#[component]
pub(crate) fn Help() -> impl IntoView {
    let realm = expect_context::<Realm>();
    let open = realm.views.help;
    let dialog = NodeRef::<Dialog>::new();
    Effect::new(move |_| {
        let open = open.get();
        if let Some(element) = dialog.get() {
            if open && !element.open() {
                let _ = element.show_modal();
            } else if !open && element.open() {
                element.close();
            }
        }
    });
    let list = |items: &[(&'static str, &'static str)]| {
        items.iter().map(|(sign, what)| pair(sign, (*what).to_owned())).collect_view()
    };
    view! {
        <dialog
            class="help"
            data-testid="help-dialog"
            aria-labelledby="help-title"
            node_ref=dialog
            on:close=move |_| open.set(false)
        >
            <h2 id="help-title">"Keys and signs"</h2>
            <div class="columns">
                <dl class="keys">{list(&KEYS)}</dl>
                <dl>{list(&SIGNS)}</dl>
            </div>
            <div class="actions"><button class="pill" on:click=click(move |_| open.set(false))>"Close"</button></div>
        </dialog>
    }
}
