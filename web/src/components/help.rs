//! The keys, and what the signs mean.

use arcane_stage::dictionary::Term;
use leptos::prelude::*;

use super::dialog::{Actions, Dialog};
use crate::app_handle::AppHandle;

/// What is said of a key or a sign.
#[derive(Clone, Copy)]
enum Words {
    /// In fantasy and in plain words the same.
    Same(&'static str),
    /// In the viewer's words.
    In(Term),
}
use Words::{In, Same};

/// The keys and what they do.
const KEYS: [(&str, Words); 16] = [
    ("/", In(Term::KeySpeak)),
    ("Tab", Same("take the completion")),
    ("↑ ↓", In(Term::KeyArrows)),
    ("a", Same("the first that waits for you; there: j k next, previous, y to yes, n no")),
    ("f", Same("failures only")),
    ("r", Same("replay what the strip shows")),
    ("t", Same("to the strip: ← → PageUp PageDown Home End")),
    ("Space", Same("stand still; again: go on from there")),
    ("1 – 6", In(Term::KeyKinds)),
    ("s", Same("sound")),
    ("m", Same("motion")),
    ("w", Same("the wall: nothing but the stage")),
    ("i", Same("statistics")),
    (",", Same("settings")),
    ("d", Same("save this history as a file; drop one here to see it")),
    ("Esc", Same("back, and back to live")),
];

/// The signs of the chronicle.
const SIGNS: [(&str, Words); 10] = [
    ("◔", Same("a call goes on")),
    ("✓", In(Term::SignInvoke)),
    ("✕", Same("it failed")),
    ("◎", Same("it waits for you")),
    ("→", Same("it was answered, or seen")),
    ("△", In(Term::SignSummon)),
    ("▽", In(Term::SignBanish)),
    ("◇", In(Term::SignReveal)),
    ("⋄", In(Term::SignParse)),
    ("❝", In(Term::SignVoice)),
];

/// The states of the stage: shape and words, the most urgent first.
const STATES: [(&str, &str); 6] = [
    ("waiting", "large, amber, two rings and a “!”: it needs you"),
    (
        "looping",
        "a wheel of three pieces that turns backwards: the same call, the same result, again and again",
    ),
    ("failed", "an open ring with a cross, until the next success or “OK, seen”"),
    ("silent", "a dotted ring: a call goes on, and gave no sign for two minutes"),
    ("working", "bright; the comet around it is the second hand of its call"),
    ("idle", "small and dim: nothing goes on"),
];

/// The help, while `open` says so.
#[component]
pub(crate) fn Help(open: RwSignal<bool>, app: AppHandle) -> impl IntoView {
    view! {
        <Dialog open on_close=move |()| open.set(false) class="help" testid="help-dialog" title="Keys and signs">
            <div class="columns" translate="yes">
                <dl class="keys">{described(&KEYS, app)}</dl>
                <div>
                    <dl>{described(&SIGNS, app)}</dl>
                    <dl data-testid="help-states">{STATES.map(|(state, what)| view! { <div><dt>{state}</dt><dd>{what}</dd></div> })}</dl>
                </div>
            </div>
            <Actions/>
        </Dialog>
    }
}

fn described(terms: &'static [(&'static str, Words)], app: AppHandle) -> impl IntoView {
    let words = |words: Words| match words {
        Same(words) => Signal::stored(words),
        In(term) => app.views.say(term),
    };
    terms
        .iter()
        .map(|(term, what)| view! { <div><dt>{*term}</dt><dd>{words(*what)}</dd></div> })
        .collect::<Vec<_>>()
}
