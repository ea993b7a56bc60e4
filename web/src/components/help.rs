//! The keys, and what the signs mean.

use leptos::prelude::*;

use super::dialog::{Actions, Dialog};

/// The keys and what they do.
const KEYS: [(&str, &str); 16] = [
    ("/", "speak a spell"),
    ("Tab", "take the completion"),
    ("↑ ↓", "in the spell bar: earlier spells, completions; in the chronicle: from event to event"),
    ("a", "to who has waited for you for longest"),
    ("f", "failures only"),
    ("r", "replay what the strip shows"),
    ("t", "to the strip: ← → PageUp PageDown Home End"),
    ("Space", "stand still; again: go on from there"),
    ("1 – 6", "only this spell: summon, invoke, banish, reveal, parse, voice"),
    ("s", "sound"),
    ("m", "motion"),
    ("w", "the wall: nothing but the stage"),
    ("i", "statistics"),
    (",", "settings"),
    ("d", "save this history as a file; drop one here to see it"),
    ("Esc", "back, and back to live"),
];

/// The signs of the chronicle.
const SIGNS: [(&str, &str); 10] = [
    ("◔", "a call goes on"),
    ("✓", "invoke: a task is done"),
    ("✕", "it failed"),
    ("◎", "it waits for you"),
    ("→", "it was answered, or seen"),
    ("△", "summon: a daemon appears"),
    ("▽", "banish: a daemon leaves"),
    ("◇", "reveal: somebody looked"),
    ("⋄", "parse: a spell was read"),
    ("❝", "voice: a daemon speaks"),
];

/// The help, while `open` says so.
#[component]
pub(crate) fn Help(open: RwSignal<bool>) -> impl IntoView {
    view! {
        <Dialog open on_close=move |()| open.set(false) class="help" testid="help-dialog" title="Keys and signs">
            <div class="columns" translate="yes">
                <dl class="keys">{described(&KEYS)}</dl>
                <dl>{described(&SIGNS)}</dl>
            </div>
            <Actions/>
        </Dialog>
    }
}

fn described(terms: &'static [(&'static str, &'static str)]) -> impl IntoView {
    terms.iter().map(|(term, what)| view! { <div><dt>{*term}</dt><dd>{*what}</dd></div> }).collect::<Vec<_>>()
}
